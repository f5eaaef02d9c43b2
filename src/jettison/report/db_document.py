"""What `jettison db update` and `jettison db status` print, as JSON and as text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import msgspec

from jettison.report.columns import Column, Cut, render_table, visible
from jettison.report.documents import Count, encode
from jettison.report.units import count_of, human_size

_SHOWN = 10


class SkippedRecord(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A record that could not be read, by its name in the export, and why."""

    name: str
    reason: str


class DbSource(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One export in the database.

    Shape: dates in ISO 8601, UTC; `skipped_records` are at most a hundred of them.
    Units: `age_days` since it was fetched or last found unchanged.
    """

    ecosystem: str
    url: str
    fetched_at: str
    checked_at: str
    age_days: Count
    newest_modified: str
    records: Count
    skipped: Count
    skipped_records: tuple[SkippedRecord, ...]
    releases: tuple[str, ...]


class DbEnrichment(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """EPSS scores or CISA's known exploited vulnerabilities; `dated` by their maker."""

    kind: Literal["epss", "kev"]
    url: str
    fetched_at: str
    age_days: Count
    dated: str
    records: Count


class DbStatusDocument(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The database of advisories, and what it was made from."""

    kind: Literal["db-status"] = "db-status"
    schema_version: Literal[1] = 1
    path: str
    size_bytes: Count
    sources: tuple[DbSource, ...]
    enrichments: tuple[DbEnrichment, ...]


class DbExport(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an update did with one export; counts are 0 where it was not read."""

    ecosystem: str
    outcome: Literal["updated", "unchanged", "missing", "damaged"]
    url: str
    records: Count
    skipped: Count
    skipped_records: tuple[SkippedRecord, ...]
    reason: str


class DbUpdateDocument(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an update did; `failures` are empty if all that was asked for is up to date."""

    kind: Literal["db-update"] = "db-update"
    schema_version: Literal[1] = 1
    path: str
    size_bytes: Count
    exports: tuple[DbExport, ...]
    failures: tuple[str, ...]


def render_db_document(document: DbStatusDocument | DbUpdateDocument) -> bytes:
    """The document as JSON, indented for people."""
    return encode(document, indent=2)


def render_status_text(document: DbStatusDocument, *, width: int = 80) -> str:
    """Where the database is, and how old what is in it."""
    lines = [f"{visible(document.path)}  {human_size(document.size_bytes)}", ""]
    columns = (
        Column(title="ecosystem", cut=Cut.END),
        Column(title="records", is_right=True),
        Column(title="skipped", is_right=True),
        Column(title="newest record"),
        Column(title="fetched"),
        Column(title="from", cut=Cut.START),
    )
    rows = [
        (
            source.ecosystem,
            f"{source.records:,}",
            f"{source.skipped:,}",
            source.newest_modified[:10],
            _age(source.age_days),
            source.url,
        )
        for source in document.sources
    ]
    names = {"epss": "EPSS scores", "kev": "CISA KEV"}
    rows += [
        (names[item.kind], f"{item.records:,}", "", item.dated, _age(item.age_days), item.url)
        for item in document.enrichments
    ]
    lines.extend(render_table(columns, rows, width=width))
    for source in document.sources:
        lines.extend(_skipped_lines(source.ecosystem, source.skipped, source.skipped_records))
    return "\n".join(lines) + "\n"


def render_update_text(document: DbUpdateDocument) -> str:
    """What became of each export, in a line each."""
    lines = []
    for export in document.exports:
        name = visible(export.ecosystem)
        match export.outcome:
            case "updated":
                lines.append(f"{name}: {_records(export.records)}")
                lines.extend(_skipped_lines(name, export.skipped, export.skipped_records))
            case "unchanged":
                lines.append(f"{name}: unchanged")
            case "missing":
                lines.append(f"{name}: not there")
            case "damaged":
                lines.append(f"{name}: damaged, and not used: {visible(export.reason)}")
    lines.append(f"{visible(document.path)}: {human_size(document.size_bytes)}")
    return "\n".join(lines) + "\n"


def _skipped_lines(
    ecosystem: str, skipped: int, records: tuple[SkippedRecord, ...]
) -> Iterator[str]:
    if not skipped:
        return
    yield f"{visible(ecosystem)}: {_records(skipped)} skipped"
    for record in records[:_SHOWN]:
        yield f"  {visible(record.name)}: {visible(record.reason)}"
    if skipped > _SHOWN:
        yield f"  and {skipped - _SHOWN:,} more"


def _records(count: int) -> str:
    return count_of(count, "record")


def _age(days: int) -> str:
    match days:
        case 0:
            return "today"
        case 1:
            return "1 day old"
        case _:
            return f"{days:,} days old"
