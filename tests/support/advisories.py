"""Made-up vulnerability records, exports of them, and databases."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from jettison.feed.writer import DatabaseWriter, Origin
from jettison.report.db_document import (
    DbEnrichment,
    DbExport,
    DbSource,
    DbStatusDocument,
    DbUpdateDocument,
    SkippedRecord,
)

Record = dict[str, Any]


def db_status_document() -> DbStatusDocument:
    """A database of one export and EPSS scores."""
    return DbStatusDocument(
        path="/home/user/.cache/jettison/advisories.db",
        size_bytes=12_800_000,
        sources=(
            DbSource(
                ecosystem="Debian",
                url="https://osv.example/Debian/all.zip",
                fetched_at="2026-01-03T12:00:00+00:00",
                checked_at="2026-01-04T12:00:00+00:00",
                age_days=17,
                newest_modified="2026-01-02T03:04:05Z",
                records=1234,
                skipped=1,
                skipped_records=(SkippedRecord(name="D-1.json", reason="Expected `object`"),),
                releases=("Debian:11", "Debian:12"),
            ),
        ),
        enrichments=(
            DbEnrichment(
                kind="epss",
                url="file:///epss.csv.gz",
                fetched_at="2026-01-03T12:00:00+00:00",
                age_days=1,
                dated="2026-01-02",
                records=300_000,
            ),
        ),
    )


def db_update_document() -> DbUpdateDocument:
    """One export of each outcome."""
    base = "https://osv.example"
    return DbUpdateDocument(
        path="/home/user/.cache/jettison/advisories.db",
        size_bytes=12_800_000,
        exports=(
            _export("Alpine", "unchanged"),
            _export(
                "Debian",
                "updated",
                records=1234,
                skipped=12,
                skipped_records=tuple(
                    SkippedRecord(name=f"D-{number}.json", reason="Expected `object`")
                    for number in range(12)
                ),
            ),
            _export("PyPI", "damaged", reason="no zip archive, or its end is missing"),
            _export("Ubuntu", "missing"),
        ),
        failures=(f"{base}/PyPI/all.zip: damaged: no zip archive, or its end is missing",),
    )


def _export(ecosystem: str, outcome: str, **more: Any) -> DbExport:
    values = {
        "ecosystem": ecosystem,
        "outcome": outcome,
        "url": f"https://osv.example/{ecosystem}/all.zip",
        "records": 0,
        "skipped": 0,
        "skipped_records": (),
        "reason": "",
    }
    return DbExport(**{**values, **more})


def make_record(
    id_: str, ecosystem: str, package: str, *, fixed: str = "", **more: object
) -> Record:
    """A record about one package, from its first version to the one before `fixed`."""
    events = [{"introduced": "0"}, *([{"fixed": fixed}] if fixed else [])]
    return {
        "schema_version": "1.7.3",
        "id": id_,
        "modified": "2026-01-02T03:04:05Z",
        "published": "2026-01-01T00:00:00Z",
        "affected": [
            {
                "package": {"ecosystem": ecosystem, "name": package},
                "ranges": [{"type": "ECOSYSTEM", "events": events}],
            }
        ],
        **more,
    }


def make_export(base: Path, ecosystem: str, records: Iterable[Record]) -> Path:
    """Write `<base>/<ecosystem>/all.zip` and return its path."""
    archive = base / ecosystem / "all.zip"
    archive.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as out:
        for record in records:
            member = zipfile.ZipInfo(f"{record['id']}.json", (2026, 1, 2, 3, 4, 6))
            member.compress_type = zipfile.ZIP_DEFLATED
            out.writestr(member, json.dumps(record))
    return archive


def make_database(path: Path, exports: Mapping[str, Sequence[Record]]) -> Path:
    """A database of some ecosystems' records, as if fetched at noon of 2026-01-03."""
    writer = DatabaseWriter(path, None)
    for ecosystem, records in exports.items():
        archive = make_export(path.parent / f"{path.name}.exports", ecosystem, records)
        writer.add_export(
            archive,
            Origin(
                ecosystem=ecosystem,
                url=f"https://osv.example/{ecosystem}/all.zip",
                fetched_at="2026-01-03T12:00:00Z",
            ),
            silent,
        )
    writer.finish()
    return path


def silent(done: int, total: int) -> None:
    """Take progress and do nothing."""


def counted(seen: list[tuple[int, int]]) -> Callable[[int, int], None]:
    """Take progress and keep it."""
    return lambda done, total: seen.append((done, total))
