"""How bad a vulnerability is: from CVSS vectors, else a distribution's word, else unknown.

Where several vectors rate one vulnerability the highest score counts, whichever version it is of:
that errs to the side of being seen. A vector that scores 0.0 is low, for it is still shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Final

from cvss import CVSS2, CVSS3, CVSS4  # type: ignore[import-untyped]  # has no stubs
from cvss.exceptions import CVSSError  # type: ignore[import-untyped]  # as above

from jettison.scan.osv import Affected, Record, find_text


class Severity(StrEnum):
    """From the worst to the least; unknown is none of them and never hidden."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rating:
    """A severity and what it rests on.

    Shape: `score` and `vector` where it was CVSS; `source` is `CVSS 3.1`, `Debian`, `GitHub`, or
    empty where nobody rated it.
    """

    severity: Severity
    score: float | None = None
    vector: str = ""
    source: str = ""


UNRATED: Final = Rating(severity=Severity.UNKNOWN)

_RANKS: Final = {severity: rank for rank, severity in enumerate(Severity)}
_VECTOR: Final = "CVSS:"
_LONGEST_VECTOR: Final = 512

# What Debian, Ubuntu, GitHub and others say; "not yet assigned", "untriaged" and the rest say
# nothing. Debian calls unimportant, and Ubuntu negligible, what is hardly a risk at all.
_WORDS: Final = {
    "critical": Severity.CRITICAL,
    "high": Severity.HIGH,
    "important": Severity.HIGH,
    "medium": Severity.MEDIUM,
    "moderate": Severity.MEDIUM,
    "low": Severity.LOW,
    "negligible": Severity.LOW,
    "unimportant": Severity.LOW,
}


def rank(severity: Severity) -> int:
    """0 for the worst; sorts findings."""
    return _RANKS[severity]


def reaches(severity: Severity, threshold: Severity) -> bool:
    """Whether it is at least as bad; one that nobody rated reaches only unknown, which all do."""
    return rank(severity) <= rank(threshold)


def threshold_name(threshold: Severity | None) -> str:
    """A threshold as `--fail-on` takes it: `never` for none, `any` for the least."""
    if threshold is None:
        return "never"
    return "any" if threshold is Severity.UNKNOWN else threshold.value


def rate(entries: Iterable[tuple[Record, Affected]]) -> Rating:
    """The rating of one vulnerability from all that is said of it, each record with its entry."""
    entries = tuple(entries)
    scored = [
        rating
        for record, affected in entries
        for item in (*affected.severity, *record.severity)
        if (rating := rate_vector(item.score)) is not None
    ]
    if scored:
        return max(scored, key=lambda rating: (rating.score or 0.0, rating.vector))
    for words in (_words_of_distributions, _words_of_databases):
        named = [
            Rating(severity=_WORDS[plain], source=source)
            for source, word in words(entries)
            # Debian's tracker marks with asterisks what it took over from NVD: `medium**`.
            if (plain := word.casefold().rstrip("*")) in _WORDS
        ]
        if named:
            return min(named, key=lambda rating: (rank(rating.severity), rating.source))
    return UNRATED


@lru_cache(maxsize=1 << 14)
def rate_vector(text: str) -> Rating | None:
    """The rating of a vector of CVSS 2, 3 or 4 by its base score; None for anything else."""
    vector = text.strip().strip("()")
    if len(vector) > _LONGEST_VECTOR or "/" not in vector:
        return None
    kind = {"3": CVSS3, "4": CVSS4}.get(vector.removeprefix(_VECTOR)[:1], CVSS2)
    try:
        score = float(kind(vector).base_score)
    except (CVSSError, ValueError, ArithmeticError):
        return None
    version = vector.removeprefix(_VECTOR).partition("/")[0] if kind is not CVSS2 else "2.0"
    # NVD's bands for CVSS 2 stop at high; 3 and 4 have their own: CVSS 3.1, 5; CVSS 4.0, 6.
    if score >= 9.0 and kind is not CVSS2:
        severity = Severity.CRITICAL
    elif score >= 7.0:
        severity = Severity.HIGH
    else:
        severity = Severity.MEDIUM if score >= 4.0 else Severity.LOW
    return Rating(severity=severity, score=score, vector=vector, source=f"CVSS {version}")


def _words_of_distributions(
    entries: tuple[tuple[Record, Affected], ...],
) -> Iterator[tuple[str, str]]:
    for record, affected in entries:
        ecosystem = affected.package.ecosystem.partition(":")[0] if affected.package else ""
        for item in (*affected.severity, *record.severity):
            if not item.type.startswith("CVSS"):
                yield item.type, item.score
        for key in ("urgency", "severity"):
            yield ecosystem, find_text(affected.ecosystem_specific, key)


def _words_of_databases(
    entries: tuple[tuple[Record, Affected], ...],
) -> Iterator[tuple[str, str]]:
    for record, affected in entries:
        for raw in (affected.database_specific, record.database_specific):
            yield record.id.partition("-")[0], find_text(raw, "severity")
