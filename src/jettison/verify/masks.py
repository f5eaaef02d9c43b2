"""Which spans of a text differ between two runs, and whether a third text differs only there."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from difflib import SequenceMatcher
from email.utils import parsedate_to_datetime
from typing import Final

# A word is what identifiers, tokens in base64 or hex, times, numbers and paths are made of.
_TOKEN: Final = re.compile(r"[A-Za-z0-9_+/=.:%~-]+|\s|[^A-Za-z0-9_+/=.:%~-]")
_WORD: Final = re.compile(r"[A-Za-z0-9_+/=.:%~-]*")
# Difflib takes quadratic time; beyond this many pieces the whole stretch counts as one span.
_MOST_PIECES: Final = 2000
_CLOCK_S: Final = 3600.0
_TIME_OF_DAY: Final = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?")
_DATE: Final = re.compile(r"(\d{4})-(\d{2})-(\d{2})")
_EPOCH: Final = re.compile(r"(1[5-9]\d{8}|2\d{9})(\d{3}|\d{6})?(?:\.\d+)?")
_EXCERPT: Final = 120


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Span:
    """A stretch of the original's text that may read otherwise.

    Shape: what stands there must be at most `longest` characters, without white space and
    punctuation unless `is_free`.
    """

    start: int
    end: int
    longest: int
    is_free: bool


@dataclass(frozen=True, slots=True)
class Mismatch:
    """The first place where two texts differ and may not; `at` is its offset in the original."""

    at: int
    original: str
    other: str


def find_spans(first: str, second: str) -> tuple[Span, ...]:
    """The smallest stretches of `first`, word by word, that `second` has otherwise."""
    return merge_spans(
        Span(
            start=start,
            end=end,
            longest=4 * max(end - start, len(other)) + 64,
            is_free=not (_WORD.fullmatch(first, start, end) and _WORD.fullmatch(other)),
        )
        for start, end, other in _changes(first, second)
    )


def merge_spans(spans: Iterator[Span] | Sequence[Span]) -> tuple[Span, ...]:
    """The same stretches sorted, those that touch joined."""
    merged: list[Span] = []
    for span in sorted(spans):
        last = merged[-1] if merged else None
        if last is not None and span.start <= last.end:
            is_same = (span.start, span.end) == (last.start, last.end)
            merged[-1] = Span(
                start=last.start,
                end=max(last.end, span.end),
                longest=max(last.longest, span.longest) if is_same else last.longest + span.longest,
                is_free=last.is_free or span.is_free,
            )
        else:
            merged.append(span)
    return tuple(merged)


def find_mismatch(original: str, other: str, spans: tuple[Span, ...]) -> Mismatch | None:
    """Where `other` departs from `original` outside of `spans`; None if it does not.

    Clock times that moved on by less than an hour are no departure.
    """
    mismatch = _match(original, other, spans)
    if mismatch is None:
        return None
    clocks: list[Span] = []
    for start, end, text in _changes(original, other):
        if any(span.start <= start and end <= span.end for span in spans):
            continue
        if not is_clock(original[start:end], text):
            return Mismatch(start, original[start:end], text)
        clocks.append(Span(start=start, end=end, longest=len(text), is_free=True))
    return _match(original, other, merge_spans((*spans, *clocks))) if clocks else mismatch


def is_clock(first: str, second: str) -> bool:
    """Whether both are times, at most an hour apart (a day for dates alone)."""
    first, second = first.strip(), second.strip()
    day = 86_400.0
    times = (_TIME_OF_DAY.fullmatch(first), _TIME_OF_DAY.fullmatch(second))
    if times[0] and times[1]:
        apart = abs(_of_day(times[0]) - _of_day(times[1]))
        return min(apart, day - apart) <= _CLOCK_S
    moments = (_moment(first), _moment(second))
    if moments[0] is None or moments[1] is None:
        return False
    limit = day if _DATE.fullmatch(first) else _CLOCK_S
    return abs(moments[0] - moments[1]) <= limit


def excerpt(text: str) -> str:
    """A short piece of text for a message."""
    text = " ".join(text.split())
    return text if len(text) <= _EXCERPT else text[: _EXCERPT - 1] + "…"


def _match(original: str, other: str, spans: tuple[Span, ...]) -> Mismatch | None:
    """Find the text between the spans in `other`, each piece as early as can be."""
    at = here = 0
    previous: Span | None = None
    for span in (*spans, None):
        end = len(original) if span is None else span.start
        piece = original[at:end]
        if previous is None:
            found = 0 if other.startswith(piece) else -1
        elif span is None:
            found = len(other) - len(piece)
            found = found if found >= here and other.endswith(piece) else -1
        else:
            found = other.find(piece, here, here + previous.longest + len(piece))
        if span is None and previous is None and len(other) != len(piece):
            found = -1
        if found < 0 or (previous is not None and not _fits(previous, other, here, found)):
            shown = other[here : here + len(piece) + 40]
            return Mismatch(at, piece, shown)
        here = found + len(piece)
        at = len(original) if span is None else span.end
        previous = span
    return None


def _fits(span: Span, text: str, start: int, end: int) -> bool:
    if end - start > span.longest:
        return False
    return span.is_free or _WORD.fullmatch(text, start, end) is not None


def _changes(first: str, second: str) -> Iterator[tuple[int, int, str]]:
    """(start and end in `first`, what `second` has instead), smallest by words."""
    ours, theirs = _TOKEN.findall(first), _TOKEN.findall(second)
    head = _common(ours, theirs)
    tail = _common(ours[head:][::-1], theirs[head:][::-1])
    before = sum(map(len, ours[:head]))
    ours, theirs = ours[head : len(ours) - tail], theirs[head : len(theirs) - tail]
    if len(ours) == len(theirs):
        yield from _pairwise(ours, theirs, before)
        return
    # Of different length: line by line first, then word by word in the lines that changed.
    our_lines, their_lines = "".join(ours).splitlines(True), "".join(theirs).splitlines(True)
    for start, end, left, right in _aligned(our_lines, their_lines, before):
        if len(left) == len(right):
            at = start
            for one, two in zip(left, right, strict=True):
                yield from _in_line(one, two, at)
                at += len(one)
        else:
            yield start, end, "".join(right)


def _in_line(first: str, second: str, offset: int) -> Iterator[tuple[int, int, str]]:
    ours, theirs = _TOKEN.findall(first), _TOKEN.findall(second)
    if len(ours) == len(theirs):
        yield from _pairwise(ours, theirs, offset)
        return
    for start, end, _, right in _aligned(ours, theirs, offset):
        yield start, end, "".join(right)


def _pairwise(ours: list[str], theirs: list[str], offset: int) -> Iterator[tuple[int, int, str]]:
    for one, two in zip(ours, theirs, strict=True):
        if one != two:
            head, tail = _frame(one, two)
            yield offset + head, offset + len(one) - tail, two[head : len(two) - tail]
        offset += len(one)


def _frame(one: str, two: str) -> tuple[int, int]:
    """How much of two words' beginnings and ends is the same, in whole parts of a path.

    Shorter common pieces may be so by chance, as with two tokens that begin with one letter.
    """
    shared = one[: _common(one, two)]
    head = max(shared.rfind("/"), shared.rfind("=")) + 1
    backward = one[head:][::-1]
    shared = backward[: _common(backward, two[head:][::-1])]
    return head, shared.rfind("/") + 1


def _aligned(
    ours: list[str], theirs: list[str], offset: int
) -> Iterator[tuple[int, int, list[str], list[str]]]:
    """The stretches that differ: (start, end, our pieces, their pieces)."""
    if max(len(ours), len(theirs)) > _MOST_PIECES:
        yield offset, offset + sum(map(len, ours)), ours, theirs
        return
    starts = [offset]
    for piece in ours:
        starts.append(starts[-1] + len(piece))
    matcher = SequenceMatcher(None, ours, theirs, autojunk=False)
    for kind, low, high, other_low, other_high in matcher.get_opcodes():
        if kind != "equal":
            yield starts[low], starts[high], ours[low:high], theirs[other_low:other_high]


def _common(first: Sequence[str], second: Sequence[str]) -> int:
    count = 0
    for one, two in zip(first, second, strict=False):
        if one != two:
            break
        count += 1
    return count


def _of_day(match: re.Match[str]) -> float:
    hours, minutes, seconds = match.groups()
    return int(hours) * 3600.0 + int(minutes) * 60.0 + int(seconds or 0)


def _moment(text: str) -> float | None:
    """Seconds since 1970 of a time in a usual form; None if it is none."""
    epoch = _EPOCH.fullmatch(text)
    if epoch is not None:
        return float(epoch[1])
    if len(text) < 8 or len(text) > 40:
        return None
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        try:
            parsed = parsedate_to_datetime(text)
        except (ValueError, TypeError, IndexError, OverflowError):
            return None
    return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).timestamp()
