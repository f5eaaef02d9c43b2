"""The process that answers notifications: nothing else runs in it, so each answer is quick.

It takes notify descriptors from runtimes on one socket and orders from the session on another.
An order is a connection: `expect ORIGIN` waits in a queue, is told by a byte when it is the next
in line, and ends with the hand-over it waited for or when the session closes it; `finish SECONDS`
is answered with the log.
"""

from __future__ import annotations

import gc
import pickle
import select
import signal
import socket
import time
import traceback
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from jettison.linux import seccomp_notify
from jettison.trace import Origin, TraceLog
from jettison.tracer.answerer import Answerer, Listener
from jettison.tracer.recorder import Recorder

_ORDER_BYTES: Final = 256
_ORDER_TIMEOUT_S: Final = 5.0
_FINISH_POLL_S: Final = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What the agent hands back: the log, and why it must not be believed if there is any loss."""

    log: TraceLog
    losses: tuple[str, ...]


@dataclass(slots=True)
class _Expectation:
    connection: socket.socket
    origin: Origin


class Agent:
    """The loop over all descriptors."""

    def __init__(
        self, listeners: socket.socket, orders: socket.socket, lifeline: socket.socket
    ) -> None:
        self._sockets = {listeners.fileno(): listeners, orders.fileno(): orders}
        self._hand_overs = listeners.fileno()
        self._orders = orders.fileno()
        self._lifeline = lifeline.fileno()
        self._recorder = Recorder()
        self._answerer = Answerer(self._recorder)
        self._listeners: dict[int, Listener] = {}
        self._count = 0
        self._expected: deque[_Expectation] = deque()
        self._finisher: socket.socket | None = None
        self._deadline = 0.0
        self._poll = select.epoll()
        for descriptor in (self._hand_overs, self._orders, self._lifeline):
            self._poll.register(descriptor, select.EPOLLIN)

    def run(self) -> None:
        """Serve until the session asks for the log or is gone."""
        listeners, serve, poll = self._listeners, self._answerer.serve, self._poll.poll
        while True:
            events = poll(-1 if self._finisher is None else _FINISH_POLL_S)
            for descriptor, event in events:
                listener = listeners.get(descriptor)
                if listener is None:
                    if descriptor == self._lifeline:
                        return
                    self._serve_socket(descriptor)
                elif event & select.EPOLLIN:
                    serve(listener)
                else:
                    # EPOLLHUP: no task is left under this filter.
                    self._close_listener(listener)
            if self._finisher is not None and self._is_over(idle=not events):
                self._report(self._finisher)
                return

    def _serve_socket(self, descriptor: int) -> None:
        if descriptor == self._hand_overs:
            self._take_hand_over()
        elif descriptor == self._orders:
            self._take_order()
        else:
            self._withdraw(descriptor)

    def _take_hand_over(self) -> None:
        connection, _ = self._sockets[self._hand_overs].accept()
        expected = self._expected.popleft() if self._expected else None
        origin = expected.origin if expected is not None else Origin.APP
        with connection:
            try:
                handover = seccomp_notify.receive_listener(connection)
            except (OSError, ValueError) as err:
                self._answerer.lose(f"hand-over from the runtime: {err}")
            else:
                listener = self._answerer.open_listener(handover, origin)
                self._count += 1
                self._listeners[handover.descriptor] = listener
                self._poll.register(handover.descriptor, select.EPOLLIN)
        if expected is not None:
            self._poll.unregister(expected.connection.fileno())
            expected.connection.close()
            self._call_next()

    def _close_listener(self, listener: Listener) -> None:
        self._poll.unregister(listener.descriptor)
        del self._listeners[listener.descriptor]
        seccomp_notify.close(listener.descriptor)

    def _take_order(self) -> None:
        connection, _ = self._sockets[self._orders].accept()
        connection.settimeout(_ORDER_TIMEOUT_S)
        verb, _, argument = connection.recv(_ORDER_BYTES).decode().partition(" ")
        if verb == "finish":
            self._finisher = connection
            self._deadline = time.monotonic() + float(argument)
            return
        self._expected.append(_Expectation(connection, Origin(argument)))
        self._poll.register(connection.fileno(), select.EPOLLIN)
        if len(self._expected) == 1:
            self._call_next()

    def _call_next(self) -> None:
        while self._expected:
            try:
                self._expected[0].connection.send(b"\n")
            except OSError:
                self._withdraw(self._expected[0].connection.fileno())
            else:
                return

    def _withdraw(self, descriptor: int) -> None:
        first = self._expected[0] if self._expected else None
        for item in self._expected:
            if item.connection.fileno() == descriptor:
                self._poll.unregister(descriptor)
                self._expected.remove(item)
                item.connection.close()
                break
        if first is not None and self._expected and self._expected[0] is not first:
            self._call_next()

    def _is_over(self, *, idle: bool) -> bool:
        if not self._listeners:
            return True
        # Before Linux 6.11 a zombie that nobody has waited for yet keeps its filter.
        if idle and not any(item.has_living() for item in self._listeners.values()):
            return True
        if time.monotonic() < self._deadline:
            return False
        self._answerer.lose("processes of the container still run")
        return True

    def _report(self, connection: socket.socket) -> None:
        if not self._count:
            self._answerer.lose("the runtime handed no seccomp listener over")
        log = self._recorder.log(agent_seconds=time.process_time())
        outcome = Outcome(log=log, losses=tuple(self._answerer.losses))
        with connection:
            connection.settimeout(None)
            connection.sendall(pickle.dumps(outcome))


def serve(
    listeners: socket.socket, orders: socket.socket, lifeline: socket.socket, crash_log: Path
) -> int:
    """Be the agent, in a process of its own; gives its exit status."""
    # Ctrl-C reaches the whole process group; the container may end only after the session has
    # wound it down, and until then it needs answers.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    # Nothing here makes reference cycles, and a collection would hold up an answer.
    gc.disable()
    try:
        Agent(listeners, orders, lifeline).run()
    except Exception:  # noqa: BLE001  # the session reads it there and raises
        crash_log.write_text(traceback.format_exc(), encoding="utf-8")
        return 1
    return 0
