"""Made-up vulnerability records, exports of them, and databases."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from jettison.feed.writer import DatabaseWriter, Origin

Record = dict[str, Any]


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
