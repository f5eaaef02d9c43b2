"""Wait until an app answers HTTP, by asking all its ports again and again."""

from __future__ import annotations

import re
import selectors
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Final

from jettison.errors import ContainerError, NotReadyError
from jettison.probe.detect import Attempt, Finding, Speech, start_attempt
from jettison.probe.model import Endpoint, ReadyInfo, Skipped, Watched

_FIRST_PAUSE_S: Final = 0.005
_LONGEST_PAUSE_S: Final = 0.05
# A gateway that says so itself: what stands behind it has not started yet.
_STARTING: Final = frozenset({502, 503, 504})
# How long a port that took a connection may stay silent once another one has answered.
_SILENT_S: Final = 2.0
# How long an exposed port is waited for once a port that nobody exposed has answered.
_EXPOSED_GRACE_S: Final = 3.0
_EXPOSED: Final = re.compile(r"(\d{1,5})(?:-(\d{1,5}))?(?:/([a-z]+))?")
_MOST_PORTS: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadyOptions:
    """What to wait for.

    Shape: `ports` were given by the user and must all answer; `exposed` as image configs write
    them, such as `8000/tcp`; `host` is the name to send in the Host header.
    """

    ports: tuple[int, ...] = ()
    exposed: tuple[str, ...] = ()
    host: str = "localhost"
    timeout_s: float = 60.0


def wait_until_ready(
    watched: Watched,
    options: ReadyOptions,
    *,
    clock: Callable[[], float] = time.monotonic,
) -> ReadyInfo:
    """Return as soon as the app answers HTTP or HTTPS, whatever the status but 502 to 504.

    Shape: endpoints in the order given, exposed, found listening.
    Raises: ContainerError if the app ends first, NotReadyError when the time is over.
    """
    exposed, skipped = exposed_ports(options.exposed)
    started = clock()
    with _Survey(options, exposed, started) as survey:
        while True:
            status = watched.exit_status()
            if status is not None:
                raise _ended(status, clock() - started, watched)
            survey.start(watched.ports(), clock())
            survey.advance(clock())
            now = clock()
            if survey.is_over(now):
                break
            if now - started > options.timeout_s:
                if survey.answering and not options.ports:
                    break
                raise _late(survey, options, watched)
        return ReadyInfo(
            endpoints=survey.endpoints,
            tcp_only=survey.tcp_only,
            skipped=skipped,
            seconds=clock() - started,
        )


def find_endpoints(
    ports: tuple[int, ...], watched: Watched, *, host: str, timeout_s: float = 2.0
) -> tuple[Endpoint, ...]:
    """Which of these ports, all of them listening, speak HTTP."""
    started = time.monotonic()
    options = ReadyOptions(ports=ports, host=host, timeout_s=timeout_s)
    with _Survey(options, (), started) as survey:
        while ports and watched.exit_status() is None:
            now = time.monotonic()
            survey.start((), now)
            survey.advance(now)
            if survey.is_settled or now - started > timeout_s:
                break
        return survey.endpoints


def exposed_ports(exposed: Iterable[str]) -> tuple[tuple[int, ...], tuple[Skipped, ...]]:
    """The TCP ports among an image's exposed ones, and the others."""
    ports: list[int] = []
    skipped: list[Skipped] = []
    for text in exposed:
        match = _EXPOSED.fullmatch(text.strip().lower())
        if match is None:
            skipped.append(Skipped(item=f"EXPOSE {text[:50]}", reason="not a port"))
            continue
        first, last, protocol = match.groups()
        if protocol not in (None, "tcp"):
            skipped.append(Skipped(item=f"EXPOSE {text}", reason=f"{protocol} is not probed"))
            continue
        found = range(int(first), int(last or first) + 1)
        ports.extend(port for port in found[:_MOST_PORTS] if 0 < port < 65536)
    return tuple(dict.fromkeys(ports)), tuple(skipped)


@dataclass(slots=True)
class _Port:
    """What is known of one port."""

    attempt: Attempt | None = None
    finding: Finding | None = None
    next_at: float = 0.0
    pause: float = _FIRST_PAUSE_S

    @property
    def is_settled(self) -> bool:
        found = self.finding
        if found is None or found.speech in (Speech.CLOSED, Speech.DROPPED):
            return False
        return found.status not in _STARTING

    @property
    def is_http(self) -> bool:
        return self.finding is not None and self.finding.speech in (Speech.HTTP, Speech.HTTPS)


@dataclass(slots=True)
class _Survey:
    """All ports at once; every `advance` takes at most the longest pause."""

    options: ReadyOptions
    exposed: tuple[int, ...]
    started: float
    _ports: dict[int, _Port] = field(default_factory=dict)
    _selector: selectors.BaseSelector = field(default_factory=selectors.DefaultSelector)
    _stack: ExitStack = field(default_factory=ExitStack)
    _answered_at: float | None = None

    def __enter__(self) -> _Survey:
        for port in (*self.options.ports, *self.exposed):
            self._ports.setdefault(port, _Port())
        self._stack.enter_context(self._selector)
        return self

    def __exit__(self, *_: object) -> None:
        for port in self._ports.values():
            if port.attempt is not None:
                port.attempt.close()
        self._stack.close()

    def start(self, listening: Iterable[int], now: float) -> None:
        """Begin an attempt on each port that has none and is due."""
        for number in listening:
            if number not in self._ports and len(self._ports) < _MOST_PORTS:
                self._ports[number] = _Port()
        for number, port in self._ports.items():
            if port.attempt is None and not port.is_settled and port.next_at <= now:
                self._begin(number, port, now)

    def advance(self, now: float) -> None:
        """Wait for something to happen, for a short while, and take it in."""
        due = [port.next_at for port in self._ports.values() if port.attempt is None]
        pause = min([*(at - now for at in due if at > now), _LONGEST_PAUSE_S])
        ready = {key.data for key, _ in self._selector.select(max(pause, 0.001))}
        for number, port in self._ports.items():
            attempt = port.attempt
            if attempt is None:
                continue
            is_over = number in ready and attempt.step()
            if is_over or attempt.is_drained(now):
                self._finish(port, attempt, now)
            elif number in ready:
                self._selector.modify(attempt.socket, attempt.events, number)

    def is_over(self, now: float) -> bool:
        """Whether waiting longer could bring nothing that is worth it."""
        if not self.answering:
            return False
        if self._answered_at is None:
            self._answered_at = now
        waited = now - self._answered_at
        settled = {number for number, port in self._ports.items() if port.is_settled}
        if not settled.issuperset(self.options.ports):
            return False
        silent = any(port.attempt is not None for port in self._ports.values())
        if silent and waited < _SILENT_S:
            return False
        if self.options.ports or not self.exposed or settled.intersection(self.exposed):
            return True
        return waited >= _EXPOSED_GRACE_S

    @property
    def is_settled(self) -> bool:
        """Whether every port is known for what it is."""
        return all(port.is_settled for port in self._ports.values())

    @property
    def answering(self) -> bool:
        """Whether any port has answered HTTP and does not say that it is still starting."""
        return any(port.is_http and port.is_settled for port in self._ports.values())

    @property
    def endpoints(self) -> tuple[Endpoint, ...]:
        """The ports that speak HTTP, first choice first."""
        return tuple(
            Endpoint(host=found.host, port=found.port, scheme=found.speech.value)
            for found in (port.finding for port in self._ports.values() if port.is_http)
            if found is not None
        )

    @property
    def tcp_only(self) -> tuple[int, ...]:
        """The ports that listen and do not speak HTTP, as far as it can be told."""
        return tuple(
            sorted(
                number
                for number, port in self._ports.items()
                if not port.is_http
                and (
                    port.attempt is not None
                    or (port.finding is not None and port.finding.speech is not Speech.CLOSED)
                )
            )
        )

    def describe(self) -> str:
        """What each port did, for an error."""
        phrases = []
        for number, port in sorted(self._ports.items()):
            if port.finding is not None and port.finding.status:
                phrases.append(f"port {number} answers {port.finding.status}")
            elif port.attempt is not None:
                phrases.append(f"port {number} takes a connection and stays silent")
            elif port.finding is not None and port.finding.speech is Speech.DROPPED:
                phrases.append(f"port {number} closes every connection unanswered")
            elif port.finding is not None and port.finding.speech is Speech.OTHER:
                phrases.append(f"port {number} does not speak HTTP")
            else:
                phrases.append(f"nothing listens on port {number}")
        return ", ".join(phrases) or "it listens on no TCP port"

    def _begin(self, number: int, port: _Port, now: float) -> None:
        begun = start_attempt(number, f"{self.options.host}:{number}")
        if isinstance(begun, Finding):
            # An answer that said "starting" stands until there is a better one.
            if port.finding is None or not port.finding.status:
                port.finding = begun
            self._postpone(port, now)
            return
        port.attempt = begun
        begun.started_at = now
        self._selector.register(begun.socket, begun.events, number)

    def _finish(self, port: _Port, attempt: Attempt, now: float) -> None:
        self._selector.unregister(attempt.socket)
        attempt.close()
        port.attempt = None
        port.finding = attempt.finding()
        self._postpone(port, now)

    def _postpone(self, port: _Port, now: float) -> None:
        port.next_at = now + port.pause
        port.pause = min(port.pause * 2, _LONGEST_PAUSE_S)


def _ended(status: int, seconds: float, watched: Watched) -> ContainerError:
    return ContainerError(
        f"the app ended with status {status} after {seconds:.1f} s, before it answered a request",
        hint="if it is no server, say when it has run enough: --continue-after SECONDS|exec|signal",
        log_tail=watched.log_tail(),
    )


def _late(survey: _Survey, options: ReadyOptions, watched: Watched) -> NotReadyError:
    return NotReadyError(
        f"the app did not answer HTTP within {options.timeout_s:g} s: {survey.describe()}",
        hint="give it more time with --ready-timeout SECONDS, name its port with --port N, or, "
        "if it is no server, use --continue-after SECONDS|exec|signal",
        log_tail=watched.log_tail(),
    )
