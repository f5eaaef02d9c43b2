"""What somebody decided to live with, as tables of `jettison.toml`: each with its reason."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from jettison.errors import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """One table: what it is about, why, and the last day on which it holds.

    Shape: `about` has every allowed key, empty where the table does not name it.
    """

    where: str
    about: Mapping[str, str]
    reason: str
    expires: date | None


def read_decisions(
    value: Any, *, where: str, about: Sequence[str], example: str
) -> Iterator[Decision]:
    """Read a list of tables with the keys of `about`, `reason` and `expires`.

    Shape: `value` is decoded TOML; `where` names the list to the user. A point in time stands for
    its day, and so does a day that is written as a string.
    Raises: UsageError naming the table and what it lacks, with the example as a hint.
    """
    if not isinstance(value, list):
        raise UsageError(f"{where} is not a list of tables", hint=example)
    for number, item in enumerate(value, start=1):
        yield _read(item, f"{where}, number {number}", about, example)


def _read(item: Any, where: str, about: Sequence[str], example: str) -> Decision:
    if not isinstance(item, Mapping):
        raise UsageError(f"{where}: not a table", hint=example)
    known = (*about, "reason", "expires")
    unknown = sorted(set(item) - set(known))
    if unknown:
        raise UsageError(f"{where}: unknown key {unknown[0]!r}", hint=f"known: {', '.join(known)}")
    for key in (*about, "reason"):
        if not isinstance(item.get(key, ""), str):
            raise UsageError(f"{where}: {key} is not a text", hint=example)
    reason = item.get("reason", "").strip()
    if not reason:
        raise UsageError(f"{where}: it has no reason", hint=example)
    return Decision(
        where=where,
        about={key: item.get(key, "").strip() for key in about},
        reason=reason,
        expires=_day(item.get("expires"), where, example),
    )


def _day(value: Any, where: str, example: str) -> date | None:
    if isinstance(value, datetime):
        return value.date()
    if value is None or isinstance(value, date):
        return value
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError) as err:
        raise UsageError(
            f"{where}: expires is {value!r}, which is not a date", hint=example
        ) from err
