"""Fork a child into a user namespace of its own."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from typing import NoReturn

from jettison.errors import HostError
from jettison.linux import libc
from jettison.linux.idmap import IdMapping, write_full_mapping, write_single_mapping
from jettison.linux.libc import Namespace


def fork_mapped(mapping: IdMapping | None, body: Callable[[], int]) -> int:
    """Fork; the child runs `body` as uid 0 of a new user namespace, and ends with what it returns.

    Shape: the child's pid, which the caller must wait for; without `mapping` the child stays in
    our user namespace.
    Raises: OSError if the namespace could not be made or mapped; then there is no child.
    HostError if no more processes may run.
    """
    # What is still buffered must not be written twice, by us and by the child.
    sys.stdout.flush()
    sys.stderr.flush()
    ready_read, ready_write = os.pipe()
    go_read, go_write = os.pipe()
    try:
        child = os.fork()
    except OSError as err:
        for descriptor in (ready_read, ready_write, go_read, go_write):
            os.close(descriptor)
        raise HostError(
            f"no process could be started: {err.strerror}",
            hint="let this user, or the container around it, have more processes (ulimit -u)",
        ) from err
    if child == 0:
        _run_child(lambda: _child(mapping, (ready_write, go_read), (ready_read, go_write), body))
    os.close(ready_write)
    os.close(go_read)
    try:
        with os.fdopen(ready_read, "rb") as ready, os.fdopen(go_write, "wb", 0) as go:
            # The child says at once what went wrong, or nothing before it is told to go on.
            said = ready.read(1)
            if said != b"+":
                _raise_failure(said + ready.read())
            if mapping is not None and not mapping.is_single:
                write_full_mapping(child, mapping)
            go.write(b"+")
            failure = ready.read()
            if failure:
                _raise_failure(failure)
    except BaseException:
        # Closing the pipe has already ended a child that waited for it.
        os.waitpid(child, 0)
        raise
    return child


def _raise_failure(said: bytes) -> NoReturn:
    number, _, message = said.decode("utf-8", "replace").partition(" ")
    raise OSError(int(number) if number.isdecimal() else 0, message or "the child ended")


def _child(
    mapping: IdMapping | None,
    ours: tuple[int, int],
    theirs: tuple[int, int],
    body: Callable[[], int],
) -> int:
    ready, go = ours
    for descriptor in theirs:
        os.close(descriptor)
    try:
        if mapping is not None:
            libc.unshare(Namespace.USER)
        os.write(ready, b"+")
        if os.read(go, 1) != b"+":
            return 1
        if mapping is not None and mapping.is_single:
            write_single_mapping(mapping)
    except OSError as err:
        os.write(ready, f"{err.errno or 0} {err.filename}: {err.strerror}".encode())
        return 1
    os.close(go)
    os.close(ready)
    return body()


def _run_child(body: Callable[[], int]) -> NoReturn:
    """Never return into the parent's code, whatever happens."""
    status = 70
    try:
        _renew_streams()
        status = body()
    except BaseException:  # noqa: BLE001  # the child has nobody to raise to
        with suppress(Exception):
            traceback.print_exc()
    finally:
        with suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(status)


def _renew_streams() -> None:
    """Another thread may have been writing, and its locks stay locked in a forked child."""
    with suppress(OSError):
        sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115  # for the process's life
        sys.stderr = open(2, "w", buffering=1, closefd=False)  # noqa: SIM115  # as above


def run_mapped(mapping: IdMapping | None, body: Callable[[], int]) -> int:
    """As `fork_mapped`, and wait for the end; the exit status, negative for a signal."""
    _, status = os.waitpid(fork_mapped(mapping, body), 0)
    return os.waitstatus_to_exitcode(status)
