"""Run a function in namespaces of its own, such that nothing of it can outlive the run.

Three processes. The *caller* asked for it and stays what it is. The *janitor* is a child of it, in
the user namespace where there is one, but with the caller's mounts and processes; it survives even
a SIGKILL of the caller, long enough to clean up. The *worker*, its child, is pid 1 of a pid
namespace with mounts of its own: it runs the function, and when it ends, all below it does.
"""

from __future__ import annotations

import errno
import os
import pickle
import select
import signal
import struct
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NoReturn, TypeVar, cast

from jettison.errors import HostError, JettisonError
from jettison.events import Event, EventSink
from jettison.linux import libc
from jettison.linux.abilities import detect, find_switch
from jettison.linux.cgroups import remove_cgroups
from jettison.linux.libc import MountFlag, Namespace
from jettison.linux.signals import (
    STOPPING,
    interrupt_on_sigterm,
    read_signals,
    signals_to_descriptor,
)
from jettison.linux.userns import fork_mapped
from jettison.linux.workdir import discard_work_directory

T = TypeVar("T")
_HEADER: Final = struct.Struct("=Q")


@dataclass(frozen=True, slots=True, kw_only=True)
class IsolationOptions:
    """How long the function may take to unwind once it was told to stop, and more.

    Shape: `forwarded` are signals that are handed on to the function's process;
    `user_namespace` is a descriptor of one to enter in place of a new one.
    """

    grace_s: float = 8.0
    forwarded: tuple[signal.Signals, ...] = ()
    user_namespace: int | None = None


_DEFAULTS: Final = IsolationOptions()


@dataclass(frozen=True, slots=True)
class _Emitted:
    event: Event


@dataclass(frozen=True, slots=True)
class _Returned:
    value: Any


@dataclass(frozen=True, slots=True)
class _Raised:
    error: BaseException


_Message = _Emitted | _Returned | _Raised


class _Channel:
    """The worker's end of the pipe to the caller; an EventSink as well."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._lock = threading.Lock()

    def emit(self, event: Event) -> None:
        """Hand an event to the caller's sink; dropped if the caller has gone."""
        with suppress(OSError):
            self.send(_Emitted(event))

    def send(self, message: _Message) -> None:
        """Write one message whole."""
        self.send_pickled(pickle.dumps(message))

    def send_pickled(self, body: bytes) -> None:
        """Write one message that is pickled already."""
        rest = memoryview(_HEADER.pack(len(body)) + body)
        with self._lock:
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]


@dataclass(frozen=True, slots=True)
class _Pipes:
    """Both pipes; each process closes the ends that are not its own."""

    messages_read: int
    messages_write: int
    control_read: int
    control_write: int

    def close(self) -> None:
        """Close all four, where there will be nobody at the other end."""
        for descriptor in (
            self.messages_read,
            self.messages_write,
            self.control_read,
            self.control_write,
        ):
            os.close(descriptor)


def run_isolated(
    function: Callable[[EventSink], T],
    *,
    events: EventSink,
    workdir: Path,
    options: IsolationOptions = _DEFAULTS,
) -> T:
    """What `function` returns, or raise what it raised.

    It runs as uid 0 of a forked process with mounts and processes of its own, in the caller's
    network; events it emits arrive while it runs. When the caller is told to stop (SIGINT,
    SIGTERM, SIGHUP), KeyboardInterrupt is raised in the function so that it unwinds; after the
    grace, or a second signal, it is killed. If the caller itself is killed, so is the function,
    and `workdir` is removed.

    Raises: HostError if the host does not allow such processes; KeyboardInterrupt or SystemExit
    when told to stop; JettisonError if the process was killed.
    """
    abilities = detect()
    if not abilities.can_isolate:
        raise _why_not(abilities.isolation_failure)
    pipes = _Pipes(*os.pipe(), *os.pipe())
    with signals_to_descriptor(*options.forwarded) as stop:
        mapping = abilities.mapping if options.user_namespace is None else None
        try:
            janitor = fork_mapped(
                mapping,
                lambda: _run_janitor(function, pipes, stop, workdir, options.user_namespace),
            )
        except OSError as err:
            pipes.close()
            raise _why_not(f"{err.filename}: {err.strerror}") from err
        os.close(pipes.messages_write)
        os.close(pipes.control_read)
        caller = _Caller(events, pipes.messages_read, pipes.control_write, janitor)
        try:
            caller.serve(stop, options.grace_s)
        finally:
            caller.close()
    if caller.told:
        if caller.told == signal.SIGINT:
            raise KeyboardInterrupt
        raise SystemExit(128 + caller.told)
    return cast("T", caller.outcome())


def _why_not(failure: str) -> HostError:
    switch = find_switch()
    hint = "run as root, or allow user namespaces"
    if os.strerror(errno.EAGAIN) in failure:
        hint = "let this user, or the container around it, have more processes (ulimit -u)"
    elif switch:
        hint = f"{switch} forbids user namespaces; change it, or run as root"
    return HostError(f"processes cannot be isolated here: {failure}", hint=hint)


class _Caller:
    """The caller's side, from the fork to the janitor's end."""

    def __init__(self, events: EventSink, messages: int, control: int, janitor: int) -> None:
        self.told = 0
        self._events = events
        self._messages = messages
        self._control = control
        self._janitor = janitor
        self._status: int | None = None
        self._result: _Returned | _Raised | None = None
        self._buffer = bytearray()
        os.set_blocking(messages, False)

    def serve(self, stop: int, grace_s: float) -> None:
        """Pass events on until the janitor has ended; have it end once `stop` says so."""
        handle = os.pidfd_open(self._janitor)
        deadline: float | None = None
        poll = select.poll()
        for descriptor in (self._messages, stop, handle):
            poll.register(descriptor, select.POLLIN)
        try:
            while True:
                left = None if deadline is None else max(0.0, deadline - time.monotonic()) * 1000
                ready = {descriptor for descriptor, _ in poll.poll(left)}
                if self._messages in ready and not self._receive():
                    poll.unregister(self._messages)
                if handle in ready:
                    return
                if stop in ready:
                    for number in read_signals(stop):
                        deadline = self._handle(number, deadline, grace_s)
                if deadline is not None and time.monotonic() >= deadline:
                    self._order(signal.SIGKILL)
                    deadline = None
        finally:
            os.close(handle)

    def _handle(self, number: int, deadline: float | None, grace_s: float) -> float | None:
        """Ask for an orderly end the first time; the second time the deadline is now."""
        if number not in STOPPING:
            self._order(number)
            return deadline
        if self.told:
            return time.monotonic()
        self.told = number
        self._order(signal.SIGTERM)
        return time.monotonic() + grace_s

    def _order(self, number: int) -> None:
        """Have the janitor send the worker a signal; it may have ended already."""
        with suppress(OSError):
            os.write(self._control, bytes((number,)))

    def _receive(self) -> bool:
        """Take what is in the pipe; False once it is at its end."""
        while True:
            try:
                data = os.read(self._messages, 1 << 16)
            except BlockingIOError:
                return True
            if not data:
                return False
            self._buffer += data
            self._parse()

    def _parse(self) -> None:
        while len(self._buffer) >= _HEADER.size:
            (size,) = _HEADER.unpack_from(self._buffer)
            end = _HEADER.size + size
            if len(self._buffer) < end:
                return
            message: _Message = pickle.loads(self._buffer[_HEADER.size : end])  # noqa: S301  # our own fork wrote it
            del self._buffer[:end]
            if isinstance(message, _Emitted):
                self._events.emit(message.event)
            else:
                self._result = message

    def close(self) -> None:
        """Have everything ended, and take what was still under way."""
        self._order(signal.SIGKILL)
        _, status = os.waitpid(self._janitor, 0)
        self._status = os.waitstatus_to_exitcode(status)
        os.close(self._control)
        self._receive()
        os.close(self._messages)

    def outcome(self) -> object:
        """The value returned, or raise the error."""
        match self._result:
            case _Returned(value=value):
                return value
            case _Raised(error=error):
                raise error
            case _:
                raise JettisonError(
                    f"the isolated process ended with status {self._status} and no result",
                    hint="the kernel log may say why; too little memory is the usual reason",
                )


def _run_janitor(
    function: Callable[[EventSink], object],
    pipes: _Pipes,
    stop: int,
    workdir: Path,
    user_namespace: int | None,
) -> int:
    """In the janitor: start the worker, hand signals on to it, and clean up after it."""
    for descriptor in (pipes.messages_read, pipes.control_write, stop):
        os.close(descriptor)
    signal.set_wakeup_fd(-1)
    # A session of its own: Ctrl-C is for the caller, who then tells us.
    os.setsid()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGPIPE):
        signal.signal(number, signal.SIG_IGN)
    channel = _Channel(pipes.messages_write)
    try:
        if user_namespace is not None:
            libc.setns(user_namespace, Namespace.USER)
        libc.unshare(Namespace.PID)
        # An order may come before the worker has its handler: it stays pending until then.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
        worker = os.fork()
    except OSError as err:
        channel.send(_Raised(_why_not(f"{err.filename}: {err.strerror}")))
        return 1
    if worker == 0:
        _run_worker(function, channel, pipes.control_read)
    os.close(pipes.messages_write)
    return _watch(worker, pipes.control_read, workdir)


def _watch(worker: int, control: int, workdir: Path) -> int:
    """Wait for the worker's end, sending it what the caller orders; return its status."""
    handle = os.pidfd_open(worker)
    caller_lives = True
    poll = select.poll()
    for descriptor in (handle, control):
        poll.register(descriptor, select.POLLIN)
    while handle not in (ready := {descriptor for descriptor, _ in poll.poll()}):
        orders = os.read(control, 64) if control in ready else b""
        if not orders:
            # The end of the pipe: the caller died without a word.
            caller_lives = False
            poll.unregister(control)
        for number in orders or bytes((signal.SIGKILL,)):
            os.kill(worker, number)
    status = os.waitpid(worker, 0)[1]
    with suppress(OSError):
        remove_cgroups(workdir.name)
        if not caller_lives:
            discard_work_directory(workdir)
    return abs(os.waitstatus_to_exitcode(status))


def _run_worker(
    function: Callable[[EventSink], object], channel: _Channel, control: int
) -> NoReturn:
    """In the worker: make the namespaces its own, run the function, tell what came of it."""
    try:
        os.close(control)
        libc.set_parent_death_signal(signal.SIGKILL)
        _detach_stdin()
        try:
            interrupt_on_sigterm()
            _own_mounts()
            message = pickle.dumps(_Returned(function(channel)))
        except BaseException as err:  # noqa: BLE001  # raised again in the caller
            message = _pickle_error(_blaming_disk(err))
        channel.send_pickled(message)
        with suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
    finally:
        # Not the interpreter's own end: exit handlers belong to the process we were forked from.
        os._exit(0)


def _detach_stdin() -> None:
    descriptor = os.open(os.devnull, os.O_RDONLY)
    os.dup2(descriptor, 0)
    os.close(descriptor)


def _own_mounts() -> None:
    try:
        libc.unshare(Namespace.MOUNT)
        libc.mount("none", "/", flags=MountFlag.RECURSIVE | MountFlag.PRIVATE)
        libc.mount("proc", "/proc", "proc", MountFlag.NOSUID | MountFlag.NODEV | MountFlag.NOEXEC)
    except OSError as err:
        raise _why_not(f"{err.filename}: {err.strerror}") from err


def _blaming_disk(error: BaseException) -> BaseException:
    """What is written in here without a translation of its own is below TMPDIR."""
    if not isinstance(error, OSError) or error.errno not in (errno.ENOSPC, errno.EDQUOT):
        return error
    place = error.filename or f"below {tempfile.gettempdir()}"
    hint = "free some space, or name another place with TMPDIR"
    return HostError(f"write {place}: {error.strerror}", hint=hint)


def _pickle_error(error: BaseException) -> bytes:
    """A message that raises the error in the caller, or one about it if it cannot travel."""
    if not isinstance(error, JettisonError):
        # A traceback never survives pickling, and only a bug needs one.
        error.add_note("".join(traceback.format_exception(error)))
    try:
        body = pickle.dumps(_Raised(error))
        pickle.loads(body)  # noqa: S301  # our own
    except Exception:  # noqa: BLE001  # anything can fail in a foreign __reduce__
        text = "".join(traceback.format_exception(error))
        return pickle.dumps(_Raised(JettisonError(f"in the isolated process: {text}")))
    return body
