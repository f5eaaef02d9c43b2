"""Every installed runtime starts the same container, also where it has to be helped a little."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from support.abilities import REPOSITORY
from support.containers import Plan
from support.rootfs import make_small_rootfs

pytestmark = pytest.mark.needs("runc", "root")

RUNTIMES = [name for name in ("runc", "crun") if shutil.which(name)]
# crun refuses hosts where both versions of control groups are mounted; here is one without the
# first.
UNIFIED = 'umount -R -l /sys/fs/cgroup; mount -t cgroup2 none /sys/fs/cgroup; exec "$@"'


@pytest.fixture(scope="module")
def rootfs() -> Iterator[str]:
    directory = Path(tempfile.mkdtemp(prefix="jt-rootfs-", dir="/tmp"))
    yield str(make_small_rootfs(directory / "rootfs"))
    shutil.rmtree(directory)


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_a_container_runs_under_it(runtime: str, rootfs: str) -> None:
    plan = Plan(
        rootfs=rootfs,
        config={"entrypoint": ["sh", "-c", "id -u; sleep 600"], "user": "app"},
        execs=(
            {"argv": ["sh", "-c", "id -G; exit 3"]},
            {"argv": ["nope"]},
            {"argv": ["/etc/passwd"]},
            {"argv": ["sleep", "600"], "timeout_s": 0.2},
        ),
        runtime=shutil.which(runtime),
    )
    answer = run(plan)
    assert answer["error"] is None
    assert answer["output"] == "999\n"
    assert [status for status, _ in answer["execs"]] == [3, 127, 126, None]
    assert answer["execs"][0][1] == "998 4 26\n"


@pytest.mark.parametrize("runtime", RUNTIMES)
@pytest.mark.parametrize(
    ("argv", "texts"), [(["/run.sh"], {"/run.sh": "#!/bin/nope\n"}), (["nope"], {})]
)
def test_what_does_not_start_is_an_error(
    runtime: str, rootfs: str, argv: list[str], texts: dict[str, str]
) -> None:
    plan = Plan(
        rootfs=rootfs, config={"entrypoint": argv}, texts=texts, runtime=shutil.which(runtime)
    )
    answer = run(plan)
    assert answer["error"] is not None, answer
    kind, found, hint, _ = answer["error"]
    assert kind == "ContainerError"
    assert found.startswith("the container did not start: ")
    assert hint


def run(plan: Plan) -> dict[str, Any]:
    program = (sys.executable, "-m", "support.containers", json.dumps(asdict(plan)))
    unshared = ("unshare", "--mount", "--propagation", "private", "sh", "-c", UNIFIED, "sh")
    done = subprocess.run(
        (*unshared, *program) if Path(str(plan.runtime)).name == "crun" else program,
        env={"PYTHONPATH": f"{REPOSITORY}/src:{REPOSITORY}/tests", "PATH": _path()},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _path() -> str:
    return "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
