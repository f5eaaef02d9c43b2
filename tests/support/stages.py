"""A run that stops at a named stage and waits there, to be told to end or to be killed.

As a program: STAGE, the directory of a root file system, a file to say in that the stage is
reached (with the work directory's name). Started from source text, as another user may not be
able to read this file.
"""

from __future__ import annotations

import os
import sys
import time
from contextlib import suppress
from pathlib import Path

from jettison.events import Silent
from jettison.image import ImageConfig, Platform
from jettison.linux.isolation import IsolationOptions, run_isolated
from jettison.linux.workdir import work_directory
from jettison.runtime.container import Container, ContainerHost, ExecOptions
from jettison.runtime.engine import find_runtime
from jettison.runtime.options import RunOptions

STAGES = ("directory", "isolated", "prepared", "created", "started", "exec", "unwinding", "deaf")

# A runc that creates a container and then never comes back to start it.
STUCK_RUNC = """#!/bin/sh
arguments=
for argument; do
  case $argument in
    run) argument=create stuck=yes ;;
    --detach) continue ;;
  esac
  arguments="$arguments $argument"
done
[ $stuck ] || exec runc "$@"
runc $arguments || exit 1
echo "$STAGE_NAME" >"$STAGE_FILE"
exec sleep 3600
"""

CONFIG = ImageConfig(
    platform=Platform(os="linux", architecture="amd64"),
    diff_ids=(),
    entrypoint=("sh", "-c", "sleep 3600 & sleep 3600"),
)


def main(stage: str, rootfs: str, marker: str) -> None:
    with work_directory() as workdir:

        def reached(name: str) -> None:
            if name == stage:
                # Whole or not at all: somebody waits for it to be there.
                Path(marker + "~").write_text(workdir.name)
                Path(marker + "~").rename(marker)
                time.sleep(3600)

        def inside(_events: object) -> str:
            reached("isolated")
            if stage == "deaf":
                hear_nothing()
            runtime = find_runtime(_stuck(workdir, marker) if stage == "created" else None)
            options = RunOptions(env=(("MARK", os.environ["MARK"]),))
            host = ContainerHost(workdir=workdir, runtime=runtime)
            # A layer of our own on top, as an ordinary user cannot write into root's directories.
            top = workdir / "top"
            (top / "etc").mkdir(parents=True, mode=0o755)
            with Container((Path(rootfs), top), CONFIG, options, host) as container:
                reached("prepared")
                container.start()
                reached("started")
                if stage == "exec":
                    container.exec(
                        ("sh", "-c", "echo in >/tmp/in; sleep 3600"), ExecOptions(timeout_s=0.2)
                    )
                    reached("exec")
                try:
                    reached("unwinding")
                finally:
                    if stage == "unwinding":
                        time.sleep(3600)
                if stage == "error":
                    raise ZeroDivisionError("as planned")
            return "done"

        def hear_nothing() -> None:
            while True:
                with suppress(KeyboardInterrupt):
                    reached("deaf")

        reached("directory")
        options = IsolationOptions(grace_s=0.3 if stage == "unwinding" else 30.0)
        sys.stdout.write(run_isolated(inside, events=Silent(), workdir=workdir, options=options))


def _stuck(workdir: Path, marker: str) -> str:
    path = workdir / "stuck-runc"
    path.write_text(STUCK_RUNC)
    path.chmod(0o755)
    os.environ["STAGE_FILE"] = marker
    os.environ["STAGE_NAME"] = workdir.name
    return str(path)


if __name__ == "__main__":
    main(*sys.argv[1:4])
