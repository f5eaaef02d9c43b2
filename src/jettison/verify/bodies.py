"""What of a body differs between two runs of one image, and whether a third body differs only so.

A body is compared as JSON where both runs sent JSON, else as text, else byte by byte.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from jettison.probe.capture import text_of
from jettison.probe.model import Answer, Cut
from jettison.verify.masks import (
    Mismatch,
    Span,
    excerpt,
    find_mismatch,
    find_spans,
    is_clock,
    merge_spans,
)

_TEXT_TYPES: Final = ("json", "xml", "javascript", "x-www-form-urlencoded", "yaml")
_CONTEXT: Final = 40
_DEEPEST: Final = 60


class Slack(StrEnum):
    """How much of a value may differ, least first."""

    SPANS = "parts of the text"
    ORDER = "the order of the list"
    VALUE = "the value"  # of the same type
    PRESENCE = "whether it is there"
    ALL = "everything"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mask:
    """Slack at one place; `path` is a JSON path, or empty for a body that is no JSON."""

    path: str
    slack: Slack
    spans: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BodyMask:
    """All that may differ in one body; `notes` says it for people."""

    masks: tuple[Mask, ...]
    notes: tuple[str, ...]

    def find(self, path: str) -> Mask | None:
        """The slack at a path."""
        return next((mask for mask in self.masks if mask.path == path), None)


def learn_body(first: Answer, second: Answer) -> BodyMask | None:
    """What of the body of `first` is otherwise in `second`; None if they are the same."""
    if _is_endless(first) or _is_endless(second):
        note = "the body does not end: only whether something comes is compared"
        return BodyMask(masks=(Mask(path="", slack=Slack.ALL),), notes=(note,))
    if first.digest == second.digest:
        return None
    if not (_is_whole_text(first) and _is_whole_text(second)):
        note = f"the whole body ({first.size_bytes} and {second.size_bytes} bytes)"
        return BodyMask(masks=(Mask(path="", slack=Slack.ALL),), notes=(note,))
    documents = (_parse(first), _parse(second))
    if documents[0] is not None and documents[1] is not None:
        masks = tuple(_learn_json(documents[0][0], documents[1][0], "$"))
        # The same values in another spelling leave no mask; say that much.
        notes = tuple(f"{mask.slack} at {mask.path}" for mask in masks) or ("JSON spelling",)
        return BodyMask(masks=masks, notes=notes)
    text = text_of(first)
    spans = find_spans(text, text_of(second))
    notes = tuple(_describe(text, span) for span in spans)
    return BodyMask(masks=(Mask(path="", slack=Slack.SPANS, spans=spans),), notes=notes)


def merge_masks(first: BodyMask | None, second: BodyMask | None) -> BodyMask | None:
    """Slack that allows what either does."""
    if first is None or second is None:
        return first or second
    merged = {mask.path: mask for mask in first.masks}
    for mask in second.masks:
        old = merged.get(mask.path)
        if old is None:
            merged[mask.path] = mask
            continue
        slack = max(old.slack, mask.slack, key=list(Slack).index)
        spans = merge_spans((*old.spans, *mask.spans)) if slack is Slack.SPANS else ()
        merged[mask.path] = Mask(path=mask.path, slack=slack, spans=spans)
    notes = tuple(dict.fromkeys((*first.notes, *second.notes)))
    return BodyMask(masks=tuple(merged.values()), notes=notes)


@dataclass(frozen=True, slots=True)
class BodyDifference:
    """Where a slimmed body departs, and what stands there in both."""

    where: str
    original: str
    slimmed: str


def compare_body(
    original: Answer, slimmed: Answer, mask: BodyMask | None
) -> tuple[BodyDifference, ...]:
    """Where `slimmed` departs from `original` outside of `mask`."""
    everything = mask.find("") if mask is not None else None
    if everything is not None and everything.slack is Slack.ALL:
        if bool(original.size_bytes) == bool(slimmed.size_bytes):
            return ()
        return (_sizes(original, slimmed),)
    if original.digest == slimmed.digest:
        return ()
    if not (_is_whole_text(original) and _is_whole_text(slimmed)):
        return (_sizes(original, slimmed),)
    documents = (_parse(original), _parse(slimmed))
    if documents[0] is not None and documents[1] is not None:
        loose = {item.path: item for item in mask.masks} if mask is not None else {}
        found = tuple(_compare_json(documents[0][0], documents[1][0], "$", loose))
        if found or mask is not None or documents[0] != documents[1]:
            return found
        return (BodyDifference("$", "the same JSON values", "in another spelling"),)
    text = text_of(original)
    mismatch = find_mismatch(text, text_of(slimmed), everything.spans if everything else ())
    return () if mismatch is None else (_in_text(text, mismatch),)


def _is_endless(answer: Answer) -> bool:
    return answer.cut in (Cut.TIME, Cut.STREAM)


def _is_whole_text(answer: Answer) -> bool:
    """Whether the body is text of which all that was read has been kept."""
    if len(answer.body) < answer.size_bytes or b"\0" in answer.body[:4096]:
        return False
    kind = answer.media_type
    return not kind or kind.startswith("text/") or any(part in kind for part in _TEXT_TYPES)


def _parse(answer: Answer) -> tuple[Any] | None:
    """The document in a tuple, because None is a document as well."""
    if "json" not in answer.media_type:
        return None
    try:
        document = json.loads(answer.body)
    except (ValueError, RecursionError):
        return None
    return (document,) if _is_shallow(document) else None


def _is_shallow(document: Any) -> bool:
    """Whether it can be walked recursively; a deeper one is compared as text."""
    level = [document]
    for _ in range(_DEEPEST):
        level = [
            child
            for item in level
            if isinstance(item, dict | list)
            for child in (item.values() if isinstance(item, dict) else item)
        ]
    return not level


def _learn_json(first: Any, second: Any, path: str) -> Iterator[Mask]:
    if isinstance(first, dict) and isinstance(second, dict):
        for key in [*first, *(key for key in second if key not in first)]:
            here = _below(path, key)
            if key in first and key in second:
                yield from _learn_json(first[key], second[key], here)
            else:
                yield Mask(path=here, slack=Slack.PRESENCE)
    elif isinstance(first, list) and isinstance(second, list):
        if len(first) != len(second):
            yield Mask(path=path, slack=Slack.VALUE)
        elif first != second and _unordered(first) == _unordered(second):
            yield Mask(path=path, slack=Slack.ORDER)
        else:
            for index, (one, two) in enumerate(zip(first, second, strict=True)):
                yield from _learn_json(one, two, f"{path}[{index}]")
    elif first == second and type(first) is type(second):
        return
    elif isinstance(first, str) and isinstance(second, str):
        yield Mask(path=path, slack=Slack.SPANS, spans=find_spans(first, second))
    elif _type(first) == _type(second):
        yield Mask(path=path, slack=Slack.VALUE)
    else:
        yield Mask(path=path, slack=Slack.ALL)


def _compare_json(
    original: Any, slimmed: Any, path: str, loose: Mapping[str, Mask]
) -> Iterator[BodyDifference]:
    slack = loose.get(path)
    if slack is not None and _allows(slack, original, slimmed):
        return
    if isinstance(original, dict) and isinstance(slimmed, dict):
        yield from _compare_objects(original, slimmed, path, loose)
    elif isinstance(original, list) and isinstance(slimmed, list) and len(original) == len(slimmed):
        for index, (one, two) in enumerate(zip(original, slimmed, strict=True)):
            yield from _compare_json(one, two, f"{path}[{index}]", loose)
    elif original == slimmed and type(original) is type(slimmed):
        return
    elif not _is_same_clock(original, slimmed):
        yield BodyDifference(path, _shown(original), _shown(slimmed))


def _compare_objects(
    original: Mapping[str, Any], slimmed: Mapping[str, Any], path: str, loose: Mapping[str, Mask]
) -> Iterator[BodyDifference]:
    for key in [*original, *(key for key in slimmed if key not in original)]:
        here = _below(path, key)
        if key in original and key in slimmed:
            yield from _compare_json(original[key], slimmed[key], here, loose)
            continue
        slack = loose.get(here)
        if slack is not None and slack.slack in (Slack.PRESENCE, Slack.ALL):
            continue
        absent = "(not there)"
        if key in original:
            yield BodyDifference(here, _shown(original[key]), absent)
        else:
            yield BodyDifference(here, absent, _shown(slimmed[key]))


def _allows(mask: Mask, original: Any, slimmed: Any) -> bool:
    match mask.slack:
        case Slack.ALL | Slack.PRESENCE:
            return True
        case Slack.VALUE:
            return _type(original) == _type(slimmed)
        case Slack.ORDER:
            return (
                isinstance(original, list)
                and isinstance(slimmed, list)
                and _unordered(original) == _unordered(slimmed)
            )
        case Slack.SPANS:
            return (
                isinstance(original, str)
                and isinstance(slimmed, str)
                and find_mismatch(original, slimmed, mask.spans) is None
            )


def _is_same_clock(original: Any, slimmed: Any) -> bool:
    if isinstance(original, str) and isinstance(slimmed, str):
        return find_mismatch(original, slimmed, ()) is None
    return _type(original) == _type(slimmed) == "number" and is_clock(str(original), str(slimmed))


def _unordered(items: list[Any]) -> list[str]:
    return sorted(json.dumps(item, sort_keys=True) for item in items)


def _type(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    return "number" if isinstance(value, int | float) else type(value).__name__


def _below(path: str, key: str) -> str:
    return f"{path}.{key}" if key.isidentifier() else f"{path}[{json.dumps(key)}]"


def _shown(value: Any) -> str:
    return excerpt(json.dumps(value, ensure_ascii=False))


def _sizes(original: Answer, slimmed: Answer) -> BodyDifference:
    sizes = (f"{answer.size_bytes} bytes, {answer.digest}" for answer in (original, slimmed))
    return BodyDifference("", *sizes)


def _describe(text: str, span: Span) -> str:
    """Say where a span is by what stands before it, never by what it holds."""
    line = text.count("\n", 0, span.start) + 1
    before = text[max(0, span.start - _CONTEXT) : span.start].rpartition("\n")[2].strip()
    size = span.end - span.start
    place = f" after {before!r}" if before else ""
    return f"line {line}{place}: {size} characters"


def _in_text(text: str, mismatch: Mismatch) -> BodyDifference:
    line = text.count("\n", 0, mismatch.at) + 1
    return BodyDifference(f"line {line}", excerpt(mismatch.original), excerpt(mismatch.other))
