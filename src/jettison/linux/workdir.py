"""The one directory that holds everything temporary of a run, and removing those of dead runs."""

from __future__ import annotations

import fcntl
import os
import secrets
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from jettison.linux.abilities import detect
from jettison.linux.cgroups import remove_cgroups
from jettison.linux.removal import remove_directory
from jettison.linux.signals import signals_deferred, termination_raises
from jettison.linux.userns import run_mapped

_LOCK: Final = ".lock"
# runc puts a socket into it whose path must fit into 108 bytes: unix(7).
_TOKEN_BYTES: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class _Held:
    """A work directory and the locked file beside it; the lock ends with the last who has it."""

    directory: Path
    lock: Path
    descriptor: int


@contextmanager
def work_directory() -> Iterator[Path]:
    """An empty directory of our own below TMPDIR, removed when the block ends, however it ends.

    While the block runs, SIGTERM and SIGHUP raise SystemExit. What earlier runs left behind
    because they were killed is removed first.
    Raises: OSError.
    """
    # What runs elsewhere is told of it, so a TMPDIR of `.` must not depend on where we are.
    base = Path(tempfile.gettempdir()).absolute()
    held: _Held | None = None
    with termination_raises():
        try:
            with signals_deferred():
                _sweep(base)
                held = _create(base)
            yield held.directory
        finally:
            with signals_deferred():
                if held is not None:
                    _remove(held)


def remove_tree(directory: Path) -> None:
    """Remove a directory in which files may belong to ids that only our mapping can touch.

    Raises: OSError.
    """
    try:
        remove_directory(directory)
    except PermissionError:
        mapping = detect().mapping
        if mapping is None or os.geteuid() == 0:
            raise
    else:
        # Also where no user namespace can be made, as nothing in it can then be another's.
        return

    def remove() -> int:
        remove_directory(directory)
        return 0

    if run_mapped(mapping, remove) != 0:
        # The child has printed why.
        raise OSError(0, "cannot be removed", str(directory))


def discard_work_directory(directory: Path) -> None:
    """Remove a work directory whose owner has died, from a process that can touch its files.

    Raises: OSError.
    """
    remove_cgroups(directory.name)
    remove_directory(directory)
    directory.with_name(directory.name + _LOCK).unlink(missing_ok=True)


def _prefix() -> str:
    return f"jettison-{os.getuid()}-"


def _create(base: Path) -> _Held:
    while True:
        name = _prefix() + secrets.token_hex(_TOKEN_BYTES)
        lock = base / (name + _LOCK)
        descriptor = os.open(lock, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, 0o600)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        # A sweep may have taken the lock first, between its creation and here.
        if os.fstat(descriptor).st_nlink == 1:
            break
        os.close(descriptor)
    directory = base / name
    directory.mkdir(mode=0o700)
    return _Held(directory=directory, lock=lock, descriptor=descriptor)


def _remove(held: _Held) -> None:
    """First the content, then the lock, so that a sweep finds again what we could not remove."""
    remove_cgroups(held.directory.name)
    if held.directory.exists():
        remove_tree(held.directory)
    held.lock.unlink(missing_ok=True)
    os.close(held.descriptor)


def _sweep(base: Path) -> None:
    """Remove the work directories of runs that no process holds any more."""
    for lock in base.glob(f"{_prefix()}*{_LOCK}"):
        # One that cannot be removed now is no reason not to work.
        with suppress(OSError):
            _sweep_one(lock)


def _sweep_one(lock: Path) -> None:
    descriptor = os.open(lock, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
    found = os.fstat(descriptor)
    try:
        # In a directory where anyone may write, the name alone proves nothing.
        if not stat.S_ISREG(found.st_mode) or found.st_uid != os.getuid():
            return
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        directory = lock.with_name(lock.name.removesuffix(_LOCK))
        if directory.is_dir() and not directory.is_symlink():
            if directory.lstat().st_uid != os.getuid():
                return
            remove_tree(directory)
        remove_cgroups(directory.name)
        lock.unlink(missing_ok=True)
    finally:
        os.close(descriptor)
