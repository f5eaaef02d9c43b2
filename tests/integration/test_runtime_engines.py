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

# crun refuses hosts where both versions of control groups are mounted; UNIFIED is without the
# first, as most hosts are.
RUNTIMES = [
    (name, wrapper)
    for name, wrapper in (("runc", ""), ("runc", "unified"), ("crun", "unified"))
    if shutil.which(name)
]
WRAPPERS = {
    "": 'exec "$@"',
    "unified": 'umount -R -l /sys/fs/cgroup; mount -t cgroup2 none /sys/fs/cgroup; exec "$@"',
    # As in a container whose /tmp is part of its own root.
    "overlay": """
        mkdir "$TMPDIR/l" "$TMPDIR/u" "$TMPDIR/w" "$TMPDIR/m"
        mount -t overlay o -o lowerdir=$TMPDIR/l,upperdir=$TMPDIR/u,workdir=$TMPDIR/w "$TMPDIR/m"
        TMPDIR=$TMPDIR/m
        exec "$@"
    """,
}


@pytest.fixture(scope="module")
def rootfs() -> Iterator[str]:
    directory = Path(tempfile.mkdtemp(prefix="jt-rootfs-", dir="/tmp"))
    yield str(make_small_rootfs(directory / "rootfs"))
    shutil.rmtree(directory)


@pytest.mark.parametrize(("runtime", "wrapper"), RUNTIMES)
def test_a_container_runs_under_it(runtime: str, wrapper: str, rootfs: str) -> None:
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
    answer = run(plan, WRAPPERS[wrapper])
    assert answer["error"] is None
    assert answer["output"] == "999\n"
    assert [status for status, _ in answer["execs"]] == [3, 127, 126, None]
    assert answer["execs"][0][1] == "998 4 26\n"


@pytest.mark.parametrize(("runtime", "wrapper"), RUNTIMES)
@pytest.mark.parametrize(
    ("argv", "texts"), [(["/run.sh"], {"/run.sh": "#!/bin/nope\n"}), (["nope"], {})]
)
def test_what_does_not_start_is_an_error(
    runtime: str, wrapper: str, rootfs: str, argv: list[str], texts: dict[str, str]
) -> None:
    plan = Plan(
        rootfs=rootfs, config={"entrypoint": argv}, texts=texts, runtime=shutil.which(runtime)
    )
    answer = run(plan, WRAPPERS[wrapper])
    assert answer["error"] is not None, answer
    kind, found, hint, _ = answer["error"]
    assert kind == "ContainerError"
    assert found.startswith("the container did not start: ")
    assert hint


def test_a_work_directory_on_an_overlay_is_no_hindrance(rootfs: str) -> None:
    plan = Plan(rootfs=rootfs, config={"entrypoint": ["sh", "-c", "echo x >/new; cat /new"]})
    answer = run(plan, WRAPPERS["overlay"])
    assert answer["error"] is None
    assert answer["output"] == "x\n"
    assert "/new" in answer["written"]


def run(plan: Plan, wrapper: str) -> dict[str, Any]:
    """Run in a process whose mounts are its own, after `wrapper` has changed them."""
    program = (sys.executable, "-m", "support.containers", json.dumps(asdict(plan)))
    unshared = ("unshare", "--mount", "--propagation", "private", "sh", "-c", wrapper, "sh")
    done = subprocess.run(
        (*unshared, *program),
        env={
            "PYTHONPATH": f"{REPOSITORY}/src:{REPOSITORY}/tests",
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "TMPDIR": tempfile.gettempdir(),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found
