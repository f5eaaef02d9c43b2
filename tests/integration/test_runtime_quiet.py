"""A container is quiet when nothing in it runs, and a stop signal comes then."""

from __future__ import annotations

import select
import subprocess
import sys
from pathlib import Path

import pytest

from jettison.runtime.quiet import wait_until_quiet

pytestmark = pytest.mark.needs("root")

# Processes in a pid namespace of their own, as a container's are.
_UNSHARE = ("unshare", "--pid", "--fork", "--kill-child", sys.executable, "-c")


def _first_inside(process: subprocess.Popen[bytes]) -> int:
    assert process.stdout is not None
    assert process.stdout.readline() == b"started\n"
    pid = process.pid
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return int(children.split()[0])


@pytest.mark.parametrize(
    ("program", "comes"),
    [
        ("import time; print('started', flush=True); time.sleep(60)", True),
        ("print('started', flush=True)\nwhile True: pass", False),
        (
            "import threading, time\n"
            "def work():\n  while True: time.sleep(0.005)\n"
            "threading.Thread(target=work).start(); print('started', flush=True)",
            False,
        ),
    ],
    ids=["sleeps", "spins", "has a restless thread"],
)
def test_quiet_is_when_no_thread_runs(program: str, comes: bool) -> None:
    with subprocess.Popen((*_UNSHARE, program), stdout=subprocess.PIPE) as process:
        try:
            inside = _first_inside(process)
            assert wait_until_quiet(inside, within_s=10.0 if comes else 0.3) is comes
        finally:
            process.kill()


def test_work_under_way_is_waited_for() -> None:
    program = (
        "import time; print('started', flush=True)\n"
        "end = time.monotonic() + 0.4\n"
        "while time.monotonic() < end: pass\n"
        "print('worked', flush=True); time.sleep(60)"
    )
    with subprocess.Popen((*_UNSHARE, program), stdout=subprocess.PIPE) as process:
        try:
            inside = _first_inside(process)
            assert wait_until_quiet(inside, within_s=10.0)
            assert process.stdout is not None
            assert select.select([process.stdout], [], [], 0)[0], "it was still at work"
            assert process.stdout.readline() == b"worked\n"
        finally:
            process.kill()


def test_what_has_ended_is_quiet() -> None:
    with subprocess.Popen((*_UNSHARE, "print('started', flush=True)"), stdout=-1) as process:
        process.wait()
    assert wait_until_quiet(process.pid, within_s=1.0)
