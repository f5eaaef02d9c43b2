"""Waiting for processes in pid namespaces below ours."""

from __future__ import annotations

import os
import signal
import time
from functools import partial
from pathlib import Path

import pytest

from jettison.events import Silent
from jettison.linux import libc
from jettison.linux.isolation import run_isolated
from jettison.linux.libc import Namespace
from jettison.runtime.child import Child, reap_orphans
from support.waiting import wait_until

pytestmark = pytest.mark.needs("root")


def fork_first_process() -> int:
    """The pid of a process that is pid 1 of a new namespace and, as we are pid 1, our child."""
    read_end, write_end = os.pipe()
    if os.fork() == 0:
        libc.unshare(Namespace.PID)
        first = os.fork()
        if first == 0:
            time.sleep(3600)
        os.write(write_end, str(first).encode())
        os._exit(0)
    os.wait()
    return int(os.read(read_end, 32))


def fork_orphan_in(namespace: str, status: int) -> int:
    """As what a runtime leaves behind that fails in the middle of an exec; dead at once."""
    read_end, write_end = os.pipe()
    helper = os.fork()
    if helper == 0:
        libc.setns(os.open(namespace, os.O_RDONLY), Namespace.PID)
        orphan = os.fork()
        if orphan == 0:
            os._exit(status)
        os.write(write_end, str(orphan).encode())
        os._exit(0)
    os.waitpid(helper, 0)
    return int(os.read(read_end, 32))


def is_zombie(pid: int) -> bool:
    return "State:\tZ" in Path(f"/proc/{pid}/status").read_text()


def test_a_dead_orphan_does_not_keep_a_container_from_ending(tmp_path: Path) -> None:
    def inside(_events: object) -> int | None:
        child = Child(fork_first_process())
        orphan = fork_orphan_in(f"/proc/{child.pid}/ns/pid", 0)
        wait_until(lambda: is_zombie(orphan))
        child.send(signal.SIGKILL)
        return child.wait(10.0)

    assert run_isolated(inside, events=Silent(), workdir=tmp_path) == 128 + signal.SIGKILL


def test_what_somebody_waits_for_is_left_to_him(tmp_path: Path) -> None:
    def inside(_events: object) -> tuple[int | None, int]:
        first = Child(fork_first_process())
        awaited = Child.of(lambda: fork_orphan_in(f"/proc/{first.pid}/ns/pid", 7))
        plain = os.posix_spawn("/bin/sh", ("sh", "-c", "exit 3"), {})
        for pid in (awaited.pid, plain):
            wait_until(partial(is_zombie, pid))
        reap_orphans()
        status = os.waitstatus_to_exitcode(os.waitpid(plain, 0)[1])
        found = (awaited.wait(0.0), status)
        awaited.close()
        first.close()
        return found

    assert run_isolated(inside, events=Silent(), workdir=tmp_path) == (7, 3)
