"""Requests, answers, plans and results of probing, as values that outlive the run."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Final, Protocol

import msgspec

from jettison.digest import Digest

SCHEMA_VERSION: Final = 1

_SECRET_HEADERS: Final = frozenset(
    {"authorization", "cookie", "proxy-authorization", "set-cookie", "x-api-key", "x-csrftoken"}
)


class Watched(Protocol):
    """A running app as the probes need to see it; the container's side implements it."""

    def ports(self) -> tuple[int, ...]:
        """The TCP ports it listens on right now."""

    def exit_status(self) -> int | None:
        """The status it ended with; None while it runs."""

    def log_tail(self) -> str:
        """The last of what it wrote to stdout and stderr."""


class Purpose(StrEnum):
    """Why a request is made."""

    STEP = "step"  # the user asked for it
    ROOT = "root"  # GET /
    WELL_KNOWN = "well-known"  # robots.txt and its kin, which an app need not have
    CRAWL = "crawl"  # linked from an answer
    OPENAPI = "openapi"  # an operation of the app's OpenAPI document
    REDIRECT = "redirect"  # where the answer before it pointed to


class BodyForm(StrEnum):
    """How captured values are put into a request's body."""

    BINARY = "binary"  # not at all
    TEXT = "text"  # as they are
    FORM = "form"  # percent-encoded
    JSON = "json"  # escaped as in a JSON string


class CaptureKind(StrEnum):
    """Where in an answer a value is taken from."""

    REGEX = "regex"  # the first group, or the whole match
    JSON = "json"
    HEADER = "header"
    COOKIE = "cookie"
    INPUT = "input"  # value of an HTML <input name=…>, or content of a <meta name=…>


@dataclass(frozen=True, slots=True, kw_only=True)
class Capture:
    """A value to keep from an answer; later requests write it as `{{name}}`."""

    name: str
    kind: CaptureKind
    expression: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """What an answer must be like.

    Shape: `statuses` are inclusive ranges, none means below 400; `body` is a regular expression
    to be found in the body; `json` pairs a JSON path with the value as JSON text.
    """

    statuses: tuple[tuple[int, int], ...] = ()
    body: str = ""
    json: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """The bytes to send, with `{{name}}` still in them."""

    form: BodyForm = BodyForm.BINARY
    data: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request of a plan.

    Shape: `path` starts with `/` and has its query, or is `{{name}}`; a `port` of None is the
    first port that speaks HTTP, a `scheme` of None what that port speaks; `expect` is None where
    any answer will do; `where` names the line the user wrote it on.
    """

    method: str = "GET"
    path: str = "/"
    port: int | None = None
    scheme: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    body: Body = Body()
    expect: Expectation | None = None
    captures: tuple[Capture, ...] = ()
    purpose: Purpose = Purpose.STEP
    name: str = ""
    where: str = ""

    @property
    def label(self) -> str:
        """How messages call it, such as `GET /health` or `log in (POST /login)`."""
        port = f":{self.port}" if self.port is not None else ""
        line = f"{self.method} {port}{self.path}"
        return f"{self.name} ({line})" if self.name else line


class Cut(StrEnum):
    """Why only the beginning of a body was read."""

    NOT = ""
    SIZE = "size"
    TIME = "time"
    STREAM = "stream"  # the content type says that it does not end


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back for one request.

    Shape: `status` is 0 and `error` says why where nothing came back; `target` is the path that
    was sent, captured values filled in; `headers` in the order received; `size_bytes` and `digest`
    are of the whole decoded body as far as it was read, `body` its beginning; `unmet` has one
    phrase for each expectation or capture that failed.
    """

    request: Request
    port: int
    scheme: str
    target: str = ""
    status: int = 0
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    size_bytes: int = 0
    digest: Digest | None = None
    cut: Cut = Cut.NOT
    error: str = ""
    unmet: tuple[str, ...] = ()
    seconds: float = 0.0

    def header(self, name: str) -> str:
        """The first header of that name, or an empty string."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), "")

    @property
    def media_type(self) -> str:
        """The content type without its parameters, in lower case."""
        return self.header("content-type").partition(";")[0].strip().lower()

    @property
    def is_success(self) -> bool:
        """Whether the app answered, and with what was expected or a status below 400."""
        if self.request.expect is not None:
            return self.status != 0 and not self.unmet
        return 0 < self.status < 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Skipped:
    """Something that was left out, and why."""

    item: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """A port that speaks HTTP; `host` is the loopback address it was reached at."""

    host: str
    port: int
    scheme: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadyInfo:
    """Where and when the app answered first.

    Shape: `endpoints` first choice first, at least one; `tcp_only` are the ports that listen but
    do not speak HTTP.
    """

    endpoints: tuple[Endpoint, ...]
    tcp_only: tuple[int, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CrawlLimits:
    """How far a crawl goes.

    Shape: `per_path` bounds the queries tried on one path, `per_kind` the files with one suffix
    in one directory, so that a calendar or an icon set does not use up all pages.
    """

    depth: int = 3
    pages: int = 100
    page_bytes: int = 1 << 20
    seconds: float = 30.0
    per_path: int = 5
    per_kind: int = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbePlan:
    """What to ask an app.

    Shape: `steps` are asked first and in order; `crawl` None asks nothing else, but `GET /`
    where there are no steps. `host` is the
    name sent in the Host header, `headers` go with every request.
    Units: `body_bytes` is how much of a body is read at all, `kept_bytes` how much all answers
    together keep of theirs for comparison.
    """

    steps: tuple[Request, ...] = ()
    crawl: CrawlLimits | None = CrawlLimits()
    openapi: bool = True
    host: str = "localhost"
    headers: tuple[tuple[str, str], ...] = ()
    request_timeout_s: float = 10.0
    total_timeout_s: float = 300.0
    body_bytes: int = 8 << 20
    kept_bytes: int = 32 << 20

    @property
    def ports(self) -> tuple[int, ...]:
        """The ports that steps name, sorted."""
        return tuple(sorted({step.port for step in self.steps if step.port is not None}))


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeResults:
    """Every answer in the order asked.

    Shape: `answers` of a replay match those of the results it replays one by one.
    """

    ready: ReadyInfo
    answers: tuple[Answer, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    seconds: float = 0.0
    schema_version: int = SCHEMA_VERSION
    kind: str = field(default="probe-results")

    def to_json(self) -> bytes:
        """All of it, bodies in base64; `from_json` reads it back."""
        return msgspec.json.encode(self, enc_hook=_encode)

    @classmethod
    def from_json(cls, raw: bytes) -> ProbeResults:
        """Read what `to_json` wrote.

        Raises: ValueError for anything else.
        """
        return msgspec.json.decode(raw, type=cls, dec_hook=_decode)

    def for_report(self) -> ProbeResults:
        """The same without bodies, cookies and credentials, which no report may show."""
        return replace(self, answers=tuple(_public(answer) for answer in self.answers))


def _public(answer: Answer) -> Answer:
    request = replace(
        answer.request, headers=_hide(answer.request.headers), body=Body(), captures=()
    )
    return replace(
        answer, request=request, target=request.path, headers=_hide(answer.headers), body=b""
    )


def _hide(headers: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    return tuple(
        (name, "***" if name.lower() in _SECRET_HEADERS else value) for name, value in headers
    )


def _encode(value: object) -> object:
    if isinstance(value, Digest):
        return str(value)
    raise NotImplementedError(f"cannot write {type(value).__name__} as JSON")


def _decode(kind: type, value: Any) -> Any:  # msgspec hands over decoded JSON
    if kind is Digest:
        return Digest.parse(value)
    raise NotImplementedError(f"cannot read {kind.__name__} from JSON")
