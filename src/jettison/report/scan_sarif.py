"""A scan as SARIF, for code scanning.

Source: SARIF 2.1.0; GitHub, "SARIF support for code scanning" for `security-severity`.
"""

from __future__ import annotations

import hashlib
import posixpath
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Any, Final, assert_never
from urllib.parse import quote

import msgspec

from jettison import __version__
from jettison.report.scan_document import (
    FindingRow,
    IgnoredRow,
    ScanDocument,
    ScanTarget,
    TargetKind,
)
from jettison.scan.severity import Severity

_SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"
_LINE: Final = re.compile(r"(.+):(\d+)")

Table = dict[str, Any]


def render_scan_sarif(document: ScanDocument) -> bytes:
    """One run: a rule for each vulnerability, a result for each finding, suppressed if ignored."""
    rows = [*document.findings, *(item.finding for item in document.ignored)]
    numbers = {name: index for index, name in enumerate(dict.fromkeys(row.id for row in rows))}
    first = {row.id: row for row in reversed(rows)}
    fingerprints = _fingerprints(rows, document)
    suppressions = [*({} for _ in document.findings), *map(_suppressed, document.ignored)]
    results = [
        {**_result(row, document, numbers[row.id]), "partialFingerprints": prints, **suppressed}
        for row, prints, suppressed in zip(rows, fingerprints, suppressions, strict=True)
    ]
    driver = {
        "name": "jettison",
        "version": __version__,
        "rules": [_rule(first[name]) for name in numbers],
    }
    log = {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": driver},
                "columnKind": "utf16CodeUnits",
                "invocations": [
                    {
                        "executionSuccessful": True,
                        "toolExecutionNotifications": _notifications(document),
                    }
                ],
                "results": results,
            }
        ],
    }
    return msgspec.json.format(msgspec.json.encode(log), indent=2) + b"\n"


def _rule(row: FindingRow) -> Table:
    title = row.summary or f"{row.id} in {row.package.source}"
    properties: Table = {"tags": ["security", "vulnerability", row.package.type]}
    if row.score is not None:
        properties["security-severity"] = f"{row.score:.1f}"
    return {
        "id": row.id,
        "name": row.id,
        "shortDescription": {"text": title},
        "fullDescription": {"text": title},
        "helpUri": row.links[0],
        "help": {"text": f"Also known as {', '.join(row.aliases)}." if row.aliases else title},
        "defaultConfiguration": {"level": _level(row.severity)},
        "properties": properties,
    }


def _result(row: FindingRow, document: ScanDocument, rule: int) -> Table:
    package = f"{row.package.source} {row.package.source_version}"
    fix = "no fix yet" if row.fixed_version is None else f"fixed in {row.fixed_version}"
    text = f"{package} ({row.package.type}) has {row.id}, {row.severity.value}: {fix}"
    if row.layer is not None:
        text += f"; from layer {row.layer.index}: {row.layer.instruction or 'no history'}"
    chain = next((chain for chain in row.introduced_through if len(chain) > 1), ())
    if chain:
        text += f"; introduced through {' > '.join(chain)}"
    return {
        "ruleId": row.id,
        "ruleIndex": rule,
        "level": _level(row.severity),
        "message": {"text": text},
        "locations": _locations(row, document),
        "properties": {"purl": row.package.purl, "severity": row.severity.value},
    }


def _fingerprints(rows: Sequence[FindingRow], document: ScanDocument) -> list[Table]:
    """What tells each result from the others; code scanning goes by the second name alone.

    An upgrade that does not fix it leaves a result the same, so the version is no part of it; of
    several versions of one package the first, the second and so on are told apart. Where a line is
    known, the upload action makes the second name from the line, and warns of any other.
    """
    is_project = document.target.kind is TargetKind.PROJECT
    keys = [(row.id, row.package.type, row.package.source) for row in rows]
    seen: Counter[tuple[str, str, str]] = Counter()
    found: dict[int, Table] = {}
    for index in sorted(range(len(rows)), key=lambda item: _place(rows[item])):
        key = keys[index]
        seen[key] += 1
        value = hashlib.sha256("\n".join(key).encode("utf-8", "surrogateescape")).hexdigest()
        found[index] = {"vulnerability/v2": f"{value}:{seen[key]}"}
        if not (
            is_project and all(_LINE.fullmatch(item.location) for item in rows[index].packages)
        ):
            found[index]["primaryLocationLineHash"] = f"{value}:{seen[key]}"
    return [found[index] for index in range(len(rows))]


def _place(row: FindingRow) -> tuple[str, ...]:
    """The directories that it is in come first: an upgrade does not change them."""
    locations = [item.location for item in row.packages]
    return (*sorted(posixpath.dirname(item) for item in locations), row.package.source_version)


def _locations(row: FindingRow, document: ScanDocument) -> Sequence[Table]:
    places = dict.fromkeys((item.location, f"{item.name}@{item.version}") for item in row.packages)
    return [
        {
            "physicalLocation": _physical(location, document),
            "logicalLocations": [{"fullyQualifiedName": name, "kind": "package"}],
        }
        for location, name in places
    ]


def _physical(location: str, document: ScanDocument) -> Table:
    line = 1
    if document.target.kind is TargetKind.PROJECT and (fits := _LINE.fullmatch(location)):
        location, line = fits[1], int(fits[2])
    if document.target.kind is TargetKind.IMAGE:
        uri = quote(location.lstrip("/") or document.target.reference)
    else:
        uri = _uri_of_file(location, document.target)
    return {"artifactLocation": {"uri": uri}, "region": {"startLine": line}}


def _uri_of_file(location: str, target: ScanTarget) -> str:
    """A file of the project where the one who scanned sees it: services that show results next to
    the code look for it below the directory that they were run in.
    """
    reference = PurePosixPath(target.reference)
    is_file = target.files[:1] == (reference.name,)
    path = posixpath.normpath((reference.parent if is_file else reference) / location)
    return f"file://{quote(path)}" if path.startswith("/") else quote(path)


def _suppressed(item: IgnoredRow) -> Table:
    until = f" (until {item.until})" if item.until else ""
    return {"suppressions": [{"kind": "external", "justification": f"{item.reason}{until}"}]}


def _notifications(document: ScanDocument) -> list[Table]:
    texts = [
        f"not tested: {row.what}{f' ({row.where})' if row.where else ''}: {row.reason}"
        for row in document.untested
    ]
    return [{"level": "note", "message": {"text": text}} for text in (*texts, *document.notices)]


def _level(severity: Severity) -> str:
    match severity:
        case Severity.CRITICAL | Severity.HIGH:
            return "error"
        case Severity.MEDIUM | Severity.UNKNOWN:
            return "warning"
        case Severity.LOW:
            return "note"
        case _:
            assert_never(severity)
