"""Whether a record's ranges and lists hold a version, and which version is the first that is free.

Source: OSV schema 1.7, "Evaluation".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cmp_to_key
from typing import Final

from jettison.scan.osv import Affected, Range, RangeType
from jettison.scan.versions import SEMVER, InvalidVersionError, VersionOrder

_FROM_THE_START: Final = "0"
_UNLIMITED: Final = "*"
_OTHER_THAN_1_TO_9: Final = {code: None for code in range(128) if chr(code) not in "123456789"}


def is_affected(version: str, affected: Affected, order: VersionOrder) -> bool:
    """Whether the version is in the list or in one of the ranges.

    Raises: InvalidVersionError where the version cannot be read, or no range holds it and one of
    them names a version that cannot be.
    """
    if _is_listed(version, affected.versions, order):
        return True
    unreadable: InvalidVersionError | None = None
    for item in affected.ranges:
        if item.type == RangeType.GIT:
            continue
        try:
            if _is_within(version, item, order):
                return True
        except InvalidVersionError as err:
            unreadable = err
    if unreadable is not None:
        raise unreadable
    return False


def find_fix(version: str, entries: Iterable[Affected], order: VersionOrder) -> str | None:
    """The first version after this one that none of the entries holds; None where they name none.

    Raises: InvalidVersionError.
    """
    entries = tuple(entries)
    candidates = {
        event.fixed
        for entry in entries
        for item in entry.ranges
        if item.type != RangeType.GIT
        for event in item.events
        if event.fixed and order.compare(version, event.fixed) < 0
    }
    for candidate in sorted(candidates, key=cmp_to_key(order.compare)):
        if not any(is_affected(candidate, entry, order) for entry in entries):
            return candidate
    return None


def _is_listed(version: str, versions: tuple[str, ...], order: VersionOrder) -> bool:
    if version in versions:
        return True
    if not versions or not order.is_version(version):
        return False
    # The same version in another spelling has the same digits, zeros aside; that is quick to see.
    digits = version.translate(_OTHER_THAN_1_TO_9)
    return any(
        order.is_version(listed) and order.compare(listed, version) == 0
        for listed in versions
        if digits.startswith(listed.translate(_OTHER_THAN_1_TO_9))
    )


def _is_within(version: str, item: Range, order: VersionOrder) -> bool:
    if item.type == RangeType.SEMVER:
        order = SEMVER
    limits = [event.limit for event in item.events if event.limit]
    if limits and not any(
        limit == _UNLIMITED or order.compare(version, limit) < 0 for limit in limits
    ):
        return False
    # The last turn before the version decides; of several at one place the last in the record.
    last: _Turn | None = None
    for turn in _turns(item):
        place = order.compare(turn.at, version) if turn.at else -1
        is_before = place < 0 or (place == 0 and not turn.is_after)
        if is_before and (last is None or _is_later(order, turn, last)):
            last = turn
    return last is not None and last.is_start


@dataclass(frozen=True, slots=True)
class _Turn:
    """Where a range starts or stops: at a version or right after it; an empty one is before all."""

    at: str
    is_start: bool = False
    is_after: bool = False


def _turns(item: Range) -> Iterator[_Turn]:
    for event in item.events:
        if event.introduced:
            yield _Turn("" if event.introduced == _FROM_THE_START else event.introduced, True)
        elif event.fixed:
            yield _Turn(event.fixed)
        elif event.last_affected:
            yield _Turn(event.last_affected, is_after=True)


def _is_later(order: VersionOrder, turn: _Turn, other: _Turn) -> bool:
    if not turn.at or not other.at:
        return not other.at
    return order.compare(turn.at, other.at) >= 0
