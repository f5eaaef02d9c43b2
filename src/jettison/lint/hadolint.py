"""hadolint's findings beside ours: under its own ids, those that we have too left out."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Final

from jettison.lint.model import Finding, Place, Severity

_SEVERITIES: Final = {"error": Severity.ERROR, "warning": Severity.WARNING}
# Distributions drop old versions, so that a build with pinned ones breaks when a fix comes out.
_UNWORKABLE: Final = frozenset({"DL3008", "DL3018", "DL3033", "DL3037", "DL3041"})
_UNREAD: Final = "DL1000"
# What both say, by hadolint's id.
_SAME: Final = {
    "DL3002": ("JT4002",),
    "DL3004": ("JT4005",),
    "DL3006": ("JT1001",),
    "DL3007": ("JT1002",),
    "DL3009": ("JT2011", "JT2012"),
    "DL3012": ("JT5004",),
    "DL3013": ("JT2003",),
    "DL3025": ("JT5006",),
    "DL3042": ("JT2002",),
    "DL3057": ("JT5001",),
    "DL3064": ("JT3005",),
}


def read_findings(raw: bytes) -> tuple[Finding, ...]:
    """What `hadolint --format json` printed.

    Raises: ValueError for anything else.
    """
    rows = json.loads(raw)
    if not isinstance(rows, list):
        raise ValueError("not a list")
    return tuple(_finding(row) for row in rows)


def _finding(row: dict[str, object]) -> Finding:
    code, message = str(row["code"]), str(row["message"])
    # It is asked about files that were understood here, by BuildKit's rules; it knows fewer.
    if code == _UNREAD:
        message = f"hadolint reads no further, so that its own rules were left out: {message}"
    severity = _SEVERITIES.get(str(row["level"]), Severity.INFO)
    return Finding(
        rule=code,
        severity=Severity.INFO if code in {*_UNWORKABLE, _UNREAD} else severity,
        place=Place(
            file=str(row["file"]),
            line=max(1, int(str(row["line"]))),
            column=max(1, int(str(row["column"]))),
        ),
        message=message,
    )


def merged(ours: Iterable[Finding], theirs: Iterable[Finding]) -> Iterator[Finding]:
    """Both, without what hadolint says of a line of which a rule of ours says the same."""
    found = list(ours)
    said = {(item.rule, item.place.file, item.place.line) for item in found}
    in_file = {(item.rule, item.place.file) for item in found}
    yield from found
    for item in theirs:
        place = item.place
        same = _SAME.get(item.rule, ())
        # hadolint puts what is missing at the first line.
        missing = place.line == 1 and any((rule, place.file) in in_file for rule in same)
        if not missing and not any((rule, place.file, place.line) in said for rule in same):
            yield item
