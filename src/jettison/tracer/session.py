"""One tracing, from before the container's start to after its end."""

from __future__ import annotations

import os
import pickle
import select
import signal
import socket
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from jettison.errors import HostError, TraceLossError
from jettison.linux.descriptors import close_inherited
from jettison.linux.signals import signals_deferred
from jettison.trace import Origin, TraceLog
from jettison.tracer import agent
from jettison.tracer.agent import Outcome

# A log of a million accesses takes the agent about ten seconds to write.
_ANSWER_TIMEOUT_S: Final = 60.0
_END_TIMEOUT_S: Final = 1.0
_HINT: Final = "run it again; if it happens every time, please report it"


class TracerSession:
    """Traces every container that is started with `listener_path` in its seccomp filter.

    A context manager: entering starts the agent, leaving ends it. Use `finish` once, after the
    container ended. Where the agent dies, the kernel fails the container's calls with ENOSYS, so
    a container is to be believed only if `finish` did not raise.
    """

    def __init__(self, workdir: Path) -> None:
        self._workdir = workdir
        self._directory = -1
        self._agent_pid = 0
        self._lifeline: socket.socket | None = None

    @property
    def listener_path(self) -> Path:
        """What belongs into the filter's `listenerPath`, for the time that the session is entered.

        Shape: by our own descriptor of the directory, since the name of a socket is short and that
        of a work directory may be long: unix(7), sun_path.
        """
        return Path(f"/proc/{os.getpid()}/fd/{self._directory}/seccomp.sock")

    @property
    def agent_pid(self) -> int:
        """The process that answers."""
        return self._agent_pid

    @property
    def _orders_path(self) -> Path:
        return Path(f"/proc/{os.getpid()}/fd/{self._directory}/tracer.sock")

    @property
    def _crash_log(self) -> Path:
        return self._workdir / "tracer-crash.log"

    def __enter__(self) -> Self:
        self._directory = os.open(self._workdir, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        with _listen_at(self.listener_path) as listeners, _listen_at(self._orders_path) as orders:
            ours, theirs = socket.socketpair()
            # What handlers raise while Python itself tidies up after a fork, it drops.
            with signals_deferred():
                try:
                    pid = os.fork()
                except OSError as err:
                    ours.close()
                    theirs.close()
                    raise HostError(f"the tracer's agent could not start: {err.strerror}") from err
                if pid == 0:
                    status = 1
                    try:
                        ours.close()
                        kept = (listeners.fileno(), orders.fileno(), theirs.fileno())
                        close_inherited(keep=kept)
                        status = agent.serve(listeners, orders, theirs, self._crash_log)
                    finally:
                        # Nothing of the session's own clean-up may run in its copy.
                        os._exit(status)
                theirs.close()
                self._agent_pid, self._lifeline = pid, ours
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._lifeline is not None:
            self._lifeline.close()
            self._lifeline = None
        if self._agent_pid:
            with suppress(ProcessLookupError):
                os.kill(self._agent_pid, signal.SIGKILL)
            self._reap()
        for path in (self.listener_path, self._orders_path, self._crash_log):
            path.unlink(missing_ok=True)
        os.close(self._directory)
        self._directory = -1

    def expect(self, origin: Origin) -> AbstractContextManager[None]:
        """Give the next filter that a runtime hands over this origin; the first is the app's.

        Starts inside the block what installs the filter (`runc exec`). Blocks of several threads
        take turns: one is entered when the block before it got its filter, or has ended.
        Raises: TraceLossError if the agent is gone.
        """
        return self._expect(origin)

    @contextmanager
    def _expect(self, origin: Origin) -> Iterator[None]:
        with self._order(f"expect {origin}") as connection:
            try:
                turn = connection.recv(1)
            except OSError:
                turn = b""
            if not turn:
                raise TraceLossError(self._death(), hint=_HINT)
            yield

    def finish(self, *, timeout_s: float = 10.0) -> TraceLog:
        """Everything that was seen. The container must have ended; its last tasks get `timeout_s`.

        Raises: TraceLossError if anything may have gone unseen.
        """
        data = bytearray()
        with self._order(f"finish {timeout_s}") as connection:
            connection.settimeout(timeout_s + _ANSWER_TIMEOUT_S)
            with suppress(OSError):
                while chunk := connection.recv(1 << 20):
                    data += chunk
        try:
            outcome = pickle.loads(data)  # noqa: S301  # written by our own child
        except (EOFError, pickle.UnpicklingError):
            raise TraceLossError(self._death(), hint=_HINT) from None
        if not isinstance(outcome, Outcome):
            raise TraceLossError("the tracer's agent sent no log", hint=_HINT)
        if outcome.losses:
            raise TraceLossError(f"the trace is not whole: {'; '.join(outcome.losses)}", hint=_HINT)
        return outcome.log

    def _order(self, text: str) -> socket.socket:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            connection.connect(str(self._orders_path))
            connection.sendall(text.encode())
        except OSError as err:
            connection.close()
            raise TraceLossError(self._death(), hint=_HINT) from err
        return connection

    def _death(self) -> str:
        # It may still be on its way out, or, should it hang, never go by itself.
        if self._agent_pid:
            with suppress(ProcessLookupError):
                descriptor = os.pidfd_open(self._agent_pid)
                try:
                    select.select([descriptor], [], [], _END_TIMEOUT_S)
                    os.kill(self._agent_pid, signal.SIGKILL)
                finally:
                    os.close(descriptor)
        status = self._reap()
        reason = f"status {status}" if status >= 0 else f"signal {-status}"
        with suppress(OSError):
            lines = self._crash_log.read_text(encoding="utf-8").strip().splitlines()
            reason = lines[-1] if lines else reason
        return f"the tracer's agent ended early: {reason}"

    def _reap(self) -> int:
        pid, self._agent_pid = self._agent_pid, 0
        if not pid:
            return 0
        with suppress(ChildProcessError):
            return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        return 0


def _listen_at(path: Path) -> socket.socket:
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        path.unlink(missing_ok=True)
        listening.bind(str(path))
        path.chmod(0o600)
        listening.listen(64)
    except OSError as err:
        listening.close()
        raise HostError(f"{path}: {err.strerror}") from err
    return listening
