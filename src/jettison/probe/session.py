"""Ask an app everything a plan says, and ask the same again of another container."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from jettison.digest import Digest
from jettison.probe.capture import (
    PLACEHOLDER,
    Missing,
    UnknownNameError,
    fill_body,
    fill_path,
    fill_text,
    take,
)
from jettison.probe.catalogue import PROBES, Target
from jettison.probe.cookies import CookieJar
from jettison.probe.crawl import Exchange
from jettison.probe.expect import check
from jettison.probe.links import Site
from jettison.probe.model import (
    Answer,
    Body,
    Endpoint,
    ProbePlan,
    ProbeResults,
    Purpose,
    ReadyInfo,
    Request,
    Skipped,
    Watched,
)
from jettison.probe.ready import find_endpoints
from jettison.probe.wire import ACCEPT_ENCODING, Bounds, Incoming, Outgoing, UnansweredError, Wire

_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_MOST_HOPS: Final = 10
# A server that reloads itself is away for about a second.
_RETRY_S: Final = 5.0
_FIRST_PAUSE_S: Final = 0.005
_LONGEST_PAUSE_S: Final = 0.05
_KEPT_TEXT: Final = 1 << 20
_KEPT_BINARY: Final = 64 << 10
_TEXT_TYPES: Final = ("json", "xml", "javascript", "x-www-form-urlencoded", "yaml")
_BROWSER_ACCEPT: Final = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


def run_probes(plan: ProbePlan, ready: ReadyInfo, watched: Watched) -> ProbeResults:
    """Ask everything the plan and the app's own answers lead to, one request at a time.

    Raises nothing for what the app does: failures are in the answers, `verdict` judges them.
    """
    with Wire(server_name=plan.host) as wire:
        session = _Session(plan, ready, watched, wire)
        for endpoint in ready.endpoints:
            session.probe(endpoint)
        session.probe_late_ports()
        return session.results()


def replay(
    recorded: ProbeResults, plan: ProbePlan, *, ready: ReadyInfo, watched: Watched
) -> ProbeResults:
    """Make the recorded requests again, in the same order, of an app that is `ready`.

    Nothing is crawled anew. Captured values, cookies and the targets of redirects are taken from
    the answers of this run.
    Shape: one answer for each recorded one.
    """
    with Wire(server_name=plan.host) as wire:
        session = _Session(plan, ready, watched, wire)
        session.moved = _moved(recorded.ready.endpoints, ready.endpoints)
        for group in _groups(recorded.answers):
            session.repeat(group)
        return session.results()


def _groups(answers: Sequence[Answer]) -> Iterator[tuple[Answer, ...]]:
    """Each answer with those of the redirects that followed it."""
    group: list[Answer] = []
    for answer in answers:
        if group and answer.request.purpose is not Purpose.REDIRECT:
            yield tuple(group)
            group = []
        group.append(answer)
    if group:
        yield tuple(group)


def _moved(before: Sequence[Endpoint], now: Sequence[Endpoint]) -> dict[int, Endpoint]:
    """Where each recorded port is to be found: at its number, else at its place in the list."""
    known = {endpoint.port: endpoint for endpoint in now}
    free = [endpoint for endpoint in now if all(endpoint.port != old.port for old in before)]
    missing = [old.port for old in before if old.port not in known]
    return known | dict(zip(missing, free, strict=False))


@dataclass(slots=True)
class _Session:
    """Cookies and captured values of one run, and what came back so far."""

    plan: ProbePlan
    ready: ReadyInfo
    watched: Watched
    wire: Wire
    clock: Callable[[], float] = time.monotonic
    jar: CookieJar = field(default_factory=CookieJar)
    moved: dict[int, Endpoint] = field(default_factory=dict)
    _values: dict[str, str] = field(default_factory=dict)
    _answers: list[Answer] = field(default_factory=list)
    _skipped: list[Skipped] = field(default_factory=list)
    _asked: set[tuple[int, str]] = field(default_factory=set)
    _kept_bytes: int = 0
    _away_since: dict[int, float] = field(default_factory=dict)
    _started: float = field(default_factory=time.monotonic)

    def results(self) -> ProbeResults:
        return ProbeResults(
            ready=self.ready,
            answers=tuple(self._answers),
            skipped=(*self.ready.skipped, *self._skipped),
            seconds=self.clock() - self._started,
        )

    def follow(self, exchange: Exchange) -> None:
        """Have the dialogue that a probe wants, to its end or to that of the time."""
        answers: tuple[Answer, ...] | None = None
        while True:
            try:
                request = next(exchange) if answers is None else exchange.send(answers)
            except StopIteration as end:
                self._skipped.extend(end.value)
                return
            if self.clock() - self._started > self.plan.total_timeout_s:
                reason = f"the time for all probes, {self.plan.total_timeout_s:g} s, is over"
                self._skipped.append(Skipped(item=request.label, reason=reason))
                exchange.close()
                return
            answers = self.ask(request)

    def repeat(self, group: tuple[Answer, ...]) -> None:
        """Ask for a recorded answer and for the redirects after it again."""
        answers: list[Answer] = []
        for recorded in group:
            request = recorded.request
            endpoint = self._endpoint(recorded.port, recorded.scheme)
            target = self._next_hop(answers[-1]) if answers else None
            answer = self._exchange(replace(request, path=target or request.path), endpoint)
            answers.append(replace(answer, request=request))
        self._record(answers)

    def ask(self, request: Request) -> tuple[Answer, ...]:
        """Ask once, follow the redirects on the same site, keep all answers."""
        endpoint = self._endpoint(request.port, request.scheme)
        if request.purpose is Purpose.OPENAPI and (endpoint.port, request.path) in self._asked:
            return ()
        answers = [self._exchange(request, endpoint)]
        while (target := self._next_hop(answers[-1])) is not None:
            following = _redirected(answers[-1], target)
            # Once more to the same place is what an app does that tests for cookies.
            times = sum(
                (answer.request.method, answer.target) == (following.method, target)
                for answer in answers
            )
            if times > 1 or len(answers) > _MOST_HOPS:
                reason = "the redirects do not come to an end"
                self._skipped.append(Skipped(item=request.label, reason=reason))
                break
            answers.append(self._exchange(following, endpoint))
        return self._record(answers)

    def probe_late_ports(self) -> None:
        """Probe ports that the app opened only after it was ready."""
        known = {endpoint.port for endpoint in self.ready.endpoints} | set(self.ready.tcp_only)
        new = tuple(port for port in self.watched.ports() if port not in known)
        for endpoint in find_endpoints(new, self.watched, host=self.plan.host):
            self.ready = replace(self.ready, endpoints=(*self.ready.endpoints, endpoint))
            self.probe(endpoint)

    def probe(self, endpoint: Endpoint) -> None:
        """Ask an endpoint what every probe wants to know."""
        target = Target(
            plan=self.plan,
            site=Site(
                endpoint=endpoint,
                host=self.plan.host,
                is_first=endpoint == self.ready.endpoints[0],
            ),
            has_session=lambda: bool(self.jar),
            answers=lambda: tuple(item for item in self._answers if item.port == endpoint.port),
        )
        for probe in PROBES:
            self.follow(probe.requests(target))

    def _endpoint(self, port: int | None, scheme: str | None) -> Endpoint:
        known = {endpoint.port: endpoint for endpoint in self.ready.endpoints} | self.moved
        first = self.ready.endpoints[0]
        found = first if port is None else known.get(port)
        if found is None:
            found = Endpoint(host=first.host, port=port or first.port, scheme=scheme or "http")
        return found if scheme is None else replace(found, scheme=scheme)

    def _next_hop(self, answer: Answer) -> str | None:
        """Where an answer redirects to, if that is on the same site."""
        location = answer.header("location")
        if answer.status not in _REDIRECTS or not location:
            return None
        endpoint = self._endpoint(answer.port, answer.scheme)
        target = Site(endpoint=endpoint, host=self.plan.host).find_path(location, answer.target)
        if target is None and location.startswith("https:") and answer.scheme == "http":
            reason = "it redirects to https; an app behind a proxy may want the header "
            reason += "X-Forwarded-Proto: https"
            skipped = Skipped(item=answer.request.label, reason=reason)
            if skipped not in self._skipped:
                self._skipped.append(skipped)
        return target

    def _exchange(self, request: Request, endpoint: Endpoint) -> Answer:
        started = self.clock()
        answer = Answer(
            request=request, port=endpoint.port, scheme=endpoint.scheme, target=request.path
        )
        try:
            outgoing = self._fill(request, endpoint)
            answer = replace(answer, target=outgoing.target)
            self._asked.add((endpoint.port, outgoing.target))
            incoming = self._send(endpoint, outgoing, self._bounds(request))
        except (UnansweredError, UnknownNameError) as err:
            answer = replace(answer, error=err.message, seconds=self.clock() - started)
        else:
            self.jar.take(incoming.headers, outgoing.target)
            answer = replace(
                answer,
                status=incoming.status,
                headers=incoming.headers,
                body=incoming.body,
                size_bytes=len(incoming.body),
                digest=Digest.of(incoming.body),
                cut=incoming.cut,
                seconds=self.clock() - started,
            )
        if request.expect is not None:
            answer = replace(answer, unmet=check(request.expect, answer))
        return answer

    def _fill(self, request: Request, endpoint: Endpoint) -> Outgoing:
        site = Site(endpoint=endpoint, host=self.plan.host)
        target = fill_path(request.path, self._values)
        if PLACEHOLDER.fullmatch(request.path):
            # A captured address, which may be a whole URL.
            found = site.find_path(target, "/")
            if found is None:
                raise UnknownNameError(f"{request.path} is {target[:100]!r}, no path of this app")
            target = found
        headers = [(name, fill_text(value, self._values)) for name, value in request.headers]
        own = {name.lower() for name, _ in headers}
        accept = "*/*" if request.purpose is Purpose.STEP else _BROWSER_ACCEPT
        defaults = [
            ("Host", site.authority),
            ("User-Agent", "jettison"),
            ("Accept", accept),
            ("Accept-Encoding", ACCEPT_ENCODING),
            *self.plan.headers,
        ]
        body = fill_body(request.body, self._values)
        if body or request.method in ("POST", "PUT", "PATCH"):
            defaults.append(("Content-Length", str(len(body))))
        cookies = self.jar.header(target)
        if cookies:
            defaults.append(("Cookie", cookies))
        merged = {name.lower(): (name, value) for name, value in defaults}
        kept = [item for key, item in merged.items() if key not in own]
        return Outgoing(method=request.method, target=target, headers=(*kept, *headers), body=body)

    def _bounds(self, request: Request) -> Bounds:
        left = self.plan.total_timeout_s - (self.clock() - self._started)
        crawl = self.plan.crawl
        is_step = request.purpose is Purpose.STEP or crawl is None
        return Bounds(
            timeout_s=max(min(self.plan.request_timeout_s, left), 0.1),
            body_bytes=self.plan.body_bytes if is_step or crawl is None else crawl.page_bytes,
        )

    def _send(self, endpoint: Endpoint, outgoing: Outgoing, bounds: Bounds) -> Incoming:
        """Send, again and again for a while where the app may only just be restarting."""
        pause = _FIRST_PAUSE_S
        while True:
            try:
                incoming = self.wire.send(endpoint, outgoing, bounds)
            except UnansweredError as err:
                status = self.watched.exit_status()
                if status is not None:
                    message = f"the app ended with status {status}"
                    raise UnansweredError(message, may_repeat=False) from err
                now = self.clock()
                if not err.may_repeat or now - self._away_since.setdefault(
                    endpoint.port, now
                ) > min(_RETRY_S, bounds.timeout_s):
                    raise
            else:
                self._away_since.pop(endpoint.port, None)
                return incoming
            time.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE_S)

    def _record(self, answers: list[Answer]) -> tuple[Answer, ...]:
        """Take the captures, cut the bodies to what may be kept, and keep the answers."""
        failures: list[str] = []
        for capture in answers[0].request.captures:
            found = [take(capture, answer, self.jar) for answer in answers]
            values = [value for value in found if isinstance(value, str)]
            if values:
                self._values[capture.name] = values[0]
            elif isinstance(found[0], Missing):
                failures.append(f"{{{{{capture.name}}}}} not captured: {found[0].reason}")
        first = replace(answers[0], unmet=(*answers[0].unmet, *failures))
        whole = (first, *answers[1:])
        self._answers.extend(self._trim(answer) for answer in whole)
        return whole

    def _trim(self, answer: Answer) -> Answer:
        kind = answer.media_type
        is_text = kind.startswith("text/") or any(part in kind for part in _TEXT_TYPES)
        most = min(_KEPT_TEXT if is_text else _KEPT_BINARY, self.plan.kept_bytes - self._kept_bytes)
        body = answer.body[: max(most, 0)]
        self._kept_bytes += len(body)
        return replace(answer, body=body)


def _redirected(answer: Answer, target: str) -> Request:
    """The request that a redirect asks for: RFC 9110, section 15.4."""
    request = answer.request
    keeps_method = answer.status in (307, 308) or request.method in ("GET", "HEAD")
    return Request(
        method=request.method if keeps_method else "GET",
        path=target,
        port=request.port,
        scheme=request.scheme,
        headers=tuple(
            item
            for item in request.headers
            if keeps_method or not item[0].lower().startswith("content-")
        ),
        body=request.body if keeps_method else Body(),
        purpose=Purpose.REDIRECT,
    )
