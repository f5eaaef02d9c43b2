"""Build a database of advisories beside the one in use: from exports, and from the former one.

Records arrive in the order of their archive and lie in the end by release and package, so that
those of one package are read in one go; in between they wait in a file that is thrown away.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from jettison.feed.archive import Damaged, count_members, read_records
from jettison.feed.compact import encode_common, split_record
from jettison.feed.schema import create_database, open_database, translated
from jettison.scan.osv import InvalidRecordError, Record, parse_record

_BATCH: Final = 2000
# One record about a kernel has hundreds of rows.
_MOST_WAITING: Final = 20_000
_MOST_NAMED: Final = 100

# What belongs to a source, in the order of its key so that it is appended.
_OF_SOURCE: Final = (
    ("source", "id = ?"),
    ("skipped", "source = ?"),
    ("release", "source = ? ORDER BY id"),
    ("advisory", "source = ? ORDER BY id"),
    (
        "affected",
        "release IN (SELECT id FROM former.release WHERE source = ?)"
        " ORDER BY release, package, advisory",
    ),
)

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where an export came from, what its server said of it, and when (ISO 8601, UTC)."""

    ecosystem: str
    url: str
    etag: str = ""
    last_modified: str = ""
    fetched_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What became of one export; `named` are the first hundred of the skipped records."""

    ecosystem: str
    records: int
    skipped: int
    named: tuple[Damaged, ...]
    newest_modified: str


@dataclass(slots=True)
class _Reading:
    """One export on its way in: what was counted, and rows that wait to be written."""

    ecosystem: str
    next_advisory: int
    next_release: int
    records: int = 0
    skipped: int = 0
    newest_modified: str = ""
    named: list[Damaged] = field(default_factory=list)
    releases: dict[str, int] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    advisories: list[tuple[int, bytes]] = field(default_factory=list)
    affected: list[tuple[int, str, int, bytes]] = field(default_factory=list)

    def take(self, item: tuple[str, bytes] | Damaged) -> None:
        """Count one member of the archive and keep its rows."""
        if isinstance(item, Damaged):
            self._skip(item)
            return
        name, raw = item
        try:
            record = parse_record(raw)
        except InvalidRecordError as err:
            self._skip(Damaged(name=name, reason=str(err)))
            return
        self.records += 1
        self.newest_modified = max(self.newest_modified, record.modified)
        self._keep(record)

    def _keep(self, record: Record) -> None:
        number = self.next_advisory
        for release, package, body in split_record(record, self.ecosystem):
            if release not in self.releases:
                self.releases[release] = self.next_release
                self.next_release += 1
            self.counts[release] = self.counts.get(release, 0) + 1
            self.affected.append((self.releases[release], package, number, body))
        if self.affected and self.affected[-1][2] == number:
            self.advisories.append((number, encode_common(record)))
            self.next_advisory += 1

    def _skip(self, damaged: Damaged) -> None:
        self.skipped += 1
        if len(self.named) < _MOST_NAMED:
            self.named.append(damaged)


class DatabaseWriter:
    """Fills a new file; nobody reads it before it is renamed over the former."""

    def __init__(self, path: Path, former: Path | None) -> None:
        self._path = path
        self._former = former
        self._connection = create_database(path)
        self._next = {"advisory": 1, "release": 1, "source": 1}
        if former is not None:
            self._continue_after(former)

    def _continue_after(self, former: Path) -> None:
        """Attach the former database; rows that are taken from it keep their numbers."""
        open_database(former).close()
        with translated(former, "read"):
            self._connection.execute(
                "ATTACH ? AS former", (f"{former.absolute().as_uri()}?mode=ro",)
            )
            for table in self._next:
                self._next[table] = self._value(
                    f"SELECT 1 + coalesce(max(id), 0) FROM former.{table}"  # noqa: S608  # ours
                )

    def _value(self, query: str) -> int:
        return int(self._connection.execute(query).fetchone()[0])

    def add_export(self, archive: Path, origin: Origin, progress: Progress) -> Imported:
        """Read all records of one export; `progress` is told members read and members in all.

        Raises: DamagedArchiveError, with nothing written; AdvisoryDataError.
        """
        staged = self._path.with_suffix(".staged")
        with translated(archive, "read"):
            total = count_members(archive)
        reading = _Reading(
            ecosystem=origin.ecosystem,
            next_advisory=self._next["advisory"],
            next_release=self._next["release"],
        )
        source = self._next["source"]
        with translated(self._path, "write"):
            staged.unlink(missing_ok=True)
            self._connection.execute("ATTACH ? AS staging", (str(staged),))
            try:
                self._stage(archive, reading, source, lambda done: progress(done, total))
                self._sort(reading, source)
            finally:
                self._connection.execute("DETACH staging")
                staged.unlink(missing_ok=True)
            imported = Imported(
                ecosystem=origin.ecosystem,
                records=reading.records,
                skipped=reading.skipped,
                named=tuple(reading.named),
                newest_modified=reading.newest_modified,
            )
            self._note(imported, origin, source, archive.stat().st_size)
        self._next = {
            "advisory": reading.next_advisory,
            "release": reading.next_release,
            "source": source + 1,
        }
        return imported

    def _stage(
        self, archive: Path, reading: _Reading, source: int, progress: Callable[[int], None]
    ) -> None:
        execute = self._connection.execute
        execute("PRAGMA staging.journal_mode = OFF")
        execute("PRAGMA staging.synchronous = OFF")
        execute("PRAGMA staging.cache_size = -4096")
        execute("CREATE TABLE staging.affected (release, package, advisory, body)")
        execute("BEGIN")
        try:
            done = 0
            for done, item in enumerate(read_records(archive), start=1):
                reading.take(item)
                if done % _BATCH == 0 or len(reading.affected) > _MOST_WAITING:
                    self._flush(reading, source)
                    progress(done)
            self._flush(reading, source)
            progress(done)
        finally:
            execute("COMMIT")

    def _flush(self, reading: _Reading, source: int) -> None:
        self._connection.executemany(
            f"INSERT INTO advisory VALUES (?, {source}, ?)",  # noqa: S608  # a number
            reading.advisories,
        )
        self._connection.executemany(
            "INSERT INTO staging.affected VALUES (?, ?, ?, ?)", reading.affected
        )
        reading.advisories.clear()
        reading.affected.clear()

    def _sort(self, reading: _Reading, source: int) -> None:
        execute = self._connection.execute
        execute("BEGIN")
        execute(
            "INSERT INTO main.affected SELECT * FROM staging.affected"
            " ORDER BY release, package, advisory"
        )
        self._connection.executemany(
            "INSERT INTO release VALUES (?, ?, ?, ?)",
            [
                (number, source, name, reading.counts[name])
                for name, number in reading.releases.items()
            ],
        )
        execute("COMMIT")

    def _note(self, imported: Imported, origin: Origin, source: int, size_bytes: int) -> None:
        self._connection.execute(
            "INSERT INTO source VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                source,
                origin.ecosystem,
                origin.url,
                origin.etag,
                origin.last_modified,
                origin.fetched_at,
                origin.fetched_at,
                imported.records,
                imported.skipped,
                imported.newest_modified,
                size_bytes,
            ),
        )
        self._connection.executemany(
            "INSERT INTO skipped VALUES (?, ?, ?)",
            [(source, item.name, item.reason) for item in imported.named],
        )

    def take_over(self, ecosystem: str) -> None:
        """Copy everything of an ecosystem from the former database."""
        with translated(self._former or self._path, "copy from"):
            found = self._connection.execute(
                "SELECT id FROM former.source WHERE ecosystem = ?", (ecosystem,)
            ).fetchone()
            if found is None:
                return
            self._connection.execute("BEGIN")
            for table, condition in _OF_SOURCE:
                self._connection.execute(
                    f"INSERT INTO main.{table} SELECT * FROM former.{table} WHERE {condition}",  # noqa: S608  # ours
                    found,
                )
            self._connection.execute("COMMIT")

    def take_over_enrichment(self, kind: str) -> None:
        """Copy `epss` or `kev` from the former database."""
        with translated(self._former or self._path, "copy from"):
            self._connection.execute("BEGIN")
            self._connection.execute(
                "INSERT INTO enrichment SELECT * FROM former.enrichment WHERE kind = ?", (kind,)
            )
            self._connection.execute(f"INSERT INTO {kind} SELECT * FROM former.{kind}")  # noqa: S608  # ours
            self._connection.execute("COMMIT")

    def add_enrichment(self, kind: str, rows: Iterable[tuple[object, ...]]) -> int:
        """Write `epss` or `kev`, one row a CVE, and return how many there are."""
        with translated(self._path, "write"):
            execute = self._connection.execute
            execute("BEGIN")
            places = {"epss": "?, ?, ?", "kev": "?, ?, ?, ?, ?"}[kind]
            self._connection.executemany(f"INSERT OR REPLACE INTO {kind} VALUES ({places})", rows)  # noqa: S608  # ours
            execute("COMMIT")
            return self._value(f"SELECT count(*) FROM main.{kind}")  # noqa: S608  # ours

    def note_enrichment(self, kind: str, *, url: str, fetched_at: str, dated: str) -> None:
        """Write where an enrichment came from."""
        with translated(self._path, "write"):
            self._connection.execute(
                f"INSERT INTO enrichment SELECT ?, ?, ?, ?, count(*) FROM main.{kind}",  # noqa: S608  # ours
                (kind, url, fetched_at, dated),
            )

    def finish(self) -> None:
        """Write all to disk; the file is complete."""
        with translated(self._path, "write"):
            self._connection.close()
            descriptor = os.open(self._path, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)

    def close(self) -> None:
        """Let go of the file, finished or not."""
        self._connection.close()
