"""Compare the slimmed image's answers with the original's, fairly.

What differs between two runs of the original (times, tokens, identifiers) cannot be asked of the
slimmed image. It is learned, kept as small as it was seen to be, and said.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from jettison.edge.redact import redact
from jettison.probe.model import Answer, ProbeResults
from jettison.verify.bodies import BodyMask, compare_body, learn_body, merge_masks
from jettison.verify.masks import Span, excerpt, find_mismatch, find_spans, merge_spans

# About the connection or the moment, never about the app.
_IGNORED: Final = frozenset(
    {"age", "connection", "date", "keep-alive", "server-timing", "trailer", "transfer-encoding"}
    | {"x-process-time", "x-response-time", "x-runtime"}
    | {"traceparent", "x-amzn-trace-id", "x-correlation-id", "x-request-id"}
)
# Lists whose order means nothing; frameworks write them from sets.
_UNORDERED: Final = frozenset(
    {"allow", "vary", "access-control-allow-methods", "access-control-allow-headers"}
    | {"access-control-expose-headers"}
)
_ABSENT: Final = "(not there)"


class Aspect(StrEnum):
    """In what an answer can differ."""

    ANSWER = "answer"  # whether there is one
    STATUS = "status"
    CONTENT_TYPE = "content type"
    HEADER = "header"
    BODY = "body"


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One way in which the slimmed image answered otherwise.

    Shape: `index` counts the answers from 0; `where` is a header's name, a JSON path, a line, or
    empty; `original` and `slimmed` are short excerpts.
    """

    index: int
    request: str
    aspect: Aspect
    where: str
    original: str
    slimmed: str

    def describe(self) -> str:
        """One line for people."""
        place = f" {self.where}" if self.where else ""
        return f"{self.request}: {self.aspect}{place}: {self.original} → {self.slimmed}"


@dataclass(frozen=True, slots=True, kw_only=True)
class VolatileHeader:
    """A header that differs from run to run; with `spans` of None even whether it is there."""

    name: str
    spans: tuple[Span, ...] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class VolatileAnswer:
    """What of one answer differs from run to run.

    Shape: `statuses` has all that were seen where they were not the same, 0 for no answer; then
    nothing else of the answer is compared.
    """

    index: int
    request: str
    statuses: tuple[int, ...] = ()
    headers: tuple[VolatileHeader, ...] = ()
    body: BodyMask | None = None

    def describe(self) -> tuple[str, ...]:
        """One line for each thing that is not compared."""
        if self.statuses:
            seen = " or ".join(str(status or "no answer") for status in self.statuses)
            return (f"{self.request}: everything but that the status is {seen}",)
        lines = [f"{self.request}: header {header.name}" for header in self.headers]
        if self.body is not None:
            lines.extend(f"{self.request}: body: {note}" for note in self.body.notes)
        return tuple(lines)


@dataclass(frozen=True, slots=True, kw_only=True)
class Volatile:
    """What is left out of a comparison because the original itself does not keep to it."""

    answers: tuple[VolatileAnswer, ...] = ()

    def describe(self) -> tuple[str, ...]:
        """Everything that is not compared, in the order of the requests; the rule comes first."""
        always = "in all answers: cookies' values, clock times, headers of the moment"
        return (always, *(line for answer in self.answers for line in answer.describe()))

    def find(self, index: int) -> VolatileAnswer | None:
        """What of the answer at `index` is left out."""
        return next((answer for answer in self.answers if answer.index == index), None)


def learn(first: ProbeResults, second: ProbeResults, *more: ProbeResults) -> Volatile:
    """What differs between runs of the original, all of them replays of `first`.

    The results of `first` are the ones to hand to `compare`.
    """
    found: list[VolatileAnswer] = []
    for index, answer in enumerate(first.answers):
        merged: VolatileAnswer | None = None
        for other in (second, *more):
            again = other.answers[index] if index < len(other.answers) else None
            merged = _merge(merged, _learn(index, answer, again))
        if merged is not None and (merged.statuses or merged.headers or merged.body):
            found.append(merged)
    return Volatile(answers=tuple(found))


def compare(
    original: ProbeResults, slimmed: ProbeResults, volatile: Volatile
) -> tuple[Difference, ...]:
    """Every way in which the slimmed image answered otherwise, in the order asked."""
    found: list[Difference] = []
    for index, answer in enumerate(original.answers):
        other = slimmed.answers[index] if index < len(slimmed.answers) else None
        excluded = volatile.find(index)
        pair = _Pair(index, answer, other or _no_answer(answer))
        found.extend(pair.compare(excluded))
    return tuple(found)


def _no_answer(answer: Answer) -> Answer:
    error = "it was not asked"
    return Answer(request=answer.request, port=answer.port, scheme=answer.scheme, error=error)


@dataclass(frozen=True, slots=True)
class _Pair:
    """The answers of both images to one request."""

    index: int
    original: Answer
    slimmed: Answer

    def compare(self, excluded: VolatileAnswer | None) -> tuple[Difference, ...]:
        original, slimmed = self.original, self.slimmed
        if excluded is not None and excluded.statuses:
            if slimmed.status in excluded.statuses:
                return ()
            return (self._status(" or ".join(map(str, excluded.statuses))),)
        if not original.status and not slimmed.status:
            return ()
        if not original.status or not slimmed.status or original.status != slimmed.status:
            return (self._status(str(original.status or original.error)),)
        found = self._compare_headers(excluded)
        # A content type says how to read the body, so with another one there is no comparison.
        if not any(item.aspect is Aspect.CONTENT_TYPE for item in found):
            mask = excluded.body if excluded is not None else None
            found += [
                self._difference(Aspect.BODY, item.where, item.original, item.slimmed)
                for item in compare_body(original, slimmed, mask)
            ]
        return tuple(found)

    def _compare_headers(self, excluded: VolatileAnswer | None) -> list[Difference]:
        found: list[Difference] = []
        ours, theirs = _headers(self.original), _headers(self.slimmed)
        loose = {item.name: item.spans for item in excluded.headers} if excluded else {}
        for name in [*ours, *(name for name in theirs if name not in ours)]:
            one, two = ours.get(name, _ABSENT), theirs.get(name, _ABSENT)
            spans = loose.get(name, ())
            if one == two or spans is None:
                continue
            if name in ours and name in theirs and find_mismatch(one, two, spans) is None:
                continue
            is_type = name == "content-type"
            aspect = Aspect.CONTENT_TYPE if is_type else Aspect.HEADER
            found.append(self._difference(aspect, "" if is_type else name, one, two))
        return found

    def _status(self, wanted: str) -> Difference:
        aspect = Aspect.STATUS if self.original.status and self.slimmed.status else Aspect.ANSWER
        got = str(self.slimmed.status) if self.slimmed.status else self.slimmed.error
        return self._difference(aspect, "", wanted, got)

    def _difference(self, aspect: Aspect, where: str, one: str, two: str) -> Difference:
        return Difference(
            index=self.index,
            request=self.original.request.label,
            aspect=aspect,
            where=where,
            original=redact(excerpt(one)),
            slimmed=redact(excerpt(two)),
        )


def _learn(index: int, first: Answer, second: Answer | None) -> VolatileAnswer:
    label = first.request.label
    status = second.status if second is not None else 0
    if second is None or first.status != status:
        statuses = tuple(sorted({first.status, status}))
        return VolatileAnswer(index=index, request=label, statuses=statuses)
    if not first.status:
        return VolatileAnswer(index=index, request=label)
    headers: list[VolatileHeader] = []
    ours, theirs = _headers(first), _headers(second)
    for name in [*ours, *(name for name in theirs if name not in ours)]:
        if name not in ours or name not in theirs:
            headers.append(VolatileHeader(name=name, spans=None))
        elif ours[name] != theirs[name]:
            spans = find_spans(ours[name], theirs[name])
            headers.append(VolatileHeader(name=name, spans=spans))
    return VolatileAnswer(
        index=index, request=label, headers=tuple(headers), body=learn_body(first, second)
    )


def _merge(first: VolatileAnswer | None, second: VolatileAnswer) -> VolatileAnswer:
    if first is None:
        return second
    headers = {header.name: header.spans for header in first.headers}
    for header in second.headers:
        old = headers.get(header.name, ())
        if old is None or header.spans is None:
            headers[header.name] = None
        else:
            headers[header.name] = merge_spans((*old, *header.spans))
    return VolatileAnswer(
        index=first.index,
        request=first.request,
        statuses=tuple(sorted({*first.statuses, *second.statuses})),
        headers=tuple(VolatileHeader(name=name, spans=spans) for name, spans in headers.items()),
        body=merge_masks(first.body, second.body),
    )


def _headers(answer: Answer) -> dict[str, str]:
    """The headers to compare, each once, in a form in which equal ones are equal texts."""
    grouped: dict[str, list[str]] = {}
    for name, value in answer.headers:
        grouped.setdefault(name.lower(), []).append(value.strip())
    found: dict[str, str] = {}
    for name, values in grouped.items():
        # The length follows from the body, which is compared itself, except for HEAD.
        if name in _IGNORED or (name == "content-length" and answer.request.method != "HEAD"):
            continue
        if name == "set-cookie":
            found[name] = ", ".join(sorted(_cookie(value) for value in values))
        elif name in _UNORDERED:
            items = (item.strip() for value in values for item in value.split(","))
            found[name] = ", ".join(sorted(items))
        elif name == "content-type":
            found[name] = ", ".join(values).lower().replace("; ", ";")
        else:
            found[name] = ", ".join(values)
    return found


def _cookie(value: str) -> str:
    """A cookie's name and what kind of cookie it is; its value and its end are of one session."""
    pair, *attributes = value.split(";")
    kept = (item.strip() for item in attributes)
    kinds = sorted(
        item.lower() for item in kept if not item.lower().startswith(("expires=", "max-age="))
    )
    return "; ".join([pair.partition("=")[0].strip(), *kinds])
