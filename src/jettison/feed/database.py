"""The database of advisories, as scanning reads it: which records there are for some packages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from jettison.feed.archive import Damaged
from jettison.feed.compact import join_record
from jettison.feed.enrichment import EpssScore, KevEntry
from jettison.feed.names import package_key, release_names
from jettison.feed.schema import open_database, translated
from jettison.scan.osv import Record

_FIND = """
SELECT advisory.body, affected.body FROM affected JOIN advisory ON advisory.id = affected.advisory
WHERE affected.release = ? AND affected.package = ? ORDER BY affected.advisory
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceInfo:
    """One export in the database: where from, when, and what it held.

    Shape: dates in ISO 8601, UTC; `checked_at` is when its server last said that it is current;
    `records` counts all that could be read, `skipped` those that could not, `named` at most a
    hundred of them; `releases` are the names of releases that its records use.
    """

    ecosystem: str
    url: str
    etag: str
    last_modified: str
    fetched_at: str
    checked_at: str
    records: int
    skipped: int
    newest_modified: str
    size_bytes: int
    named: tuple[Damaged, ...]
    releases: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EnrichmentInfo:
    """Scores or known uses in the database; `dated` is the day their maker gives them."""

    kind: str
    url: str
    fetched_at: str
    dated: str
    records: int


class AdvisoryDatabase:
    """A database that was opened for reading; a context manager."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection = open_database(path)
        try:
            with translated(path, "read"):
                rows = self._connection.execute(
                    "SELECT name, id FROM release ORDER BY id"
                ).fetchall()
        except BaseException:
            self._connection.close()
            raise
        # The same name comes twice where both `Debian` and `Debian:12` were fetched.
        self._releases: dict[str, list[int]] = {}
        for name, number in rows:
            self._releases.setdefault(name, []).append(number)

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open a database.

        Raises: AdvisoryDataError if there is none, or the file is something else.
        """
        return cls(path)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    @property
    def path(self) -> Path:
        """The file."""
        return self._path

    def find(
        self, ecosystem: str, release: str, names: Iterable[str]
    ) -> Mapping[str, tuple[Record, ...]]:
        """The records of some packages; packages without any are left out.

        Shape: `names` as the ecosystem has them, of source packages for distributions; `release`
        as `VERSION_ID` or as OSV writes it, empty where the ecosystem has none. Of a record,
        `affected` holds what it says of this package in this release.
        Raises: AdvisoryDataError for a damaged file.
        """
        releases = [
            number
            for name in release_names(ecosystem, release)
            for number in self._releases.get(name, ())
        ]
        found: dict[str, tuple[Record, ...]] = {}
        with translated(self._path, "read"):
            for name in names:
                key = package_key(ecosystem, name)
                rows = [
                    row
                    for number in releases
                    for row in self._connection.execute(_FIND, (number, key))
                ]
                if rows:
                    found[name] = _merge(join_record(*row) for row in rows)
        return found

    def has_release(self, ecosystem: str, release: str) -> bool:
        """Whether any record is about this release: if none is, nothing is known of it."""
        return any(name in self._releases for name in release_names(ecosystem, release))

    @property
    def meta(self) -> Mapping[str, SourceInfo]:
        """What the database was made from, by the name of the export."""
        with translated(self._path, "read"):
            execute = self._connection.execute
            found = {}
            for number, *values in execute("SELECT * FROM source ORDER BY ecosystem"):
                named = execute("SELECT name, reason FROM skipped WHERE source = ?", (number,))
                releases = execute("SELECT name FROM release WHERE source = ?", (number,))
                found[values[0]] = SourceInfo(
                    **dict(zip(_SOURCE_COLUMNS, values, strict=True)),
                    named=tuple(Damaged(name=name, reason=reason) for name, reason in named),
                    releases=tuple(sorted(name for (name,) in releases)),
                )
            return found

    @property
    def enrichments(self) -> Mapping[str, EnrichmentInfo]:
        """Where `epss` and `kev` came from, as far as they are there."""
        with translated(self._path, "read"):
            rows = self._connection.execute(
                "SELECT kind, url, fetched_at, dated, records FROM enrichment ORDER BY kind"
            )
            return {
                kind: EnrichmentInfo(
                    kind=kind, url=url, fetched_at=fetched_at, dated=dated, records=records
                )
                for kind, url, fetched_at, dated, records in rows
            }

    def epss(self, cve: str) -> EpssScore | None:
        """How likely it is that a CVE is used."""
        with translated(self._path, "read"):
            row = self._connection.execute(
                "SELECT score, percentile FROM epss WHERE cve = ?", (cve,)
            ).fetchone()
        return None if row is None else EpssScore(cve=cve, score=row[0], percentile=row[1])

    def kev(self, cve: str) -> KevEntry | None:
        """That a CVE is known to have been used."""
        with translated(self._path, "read"):
            row = self._connection.execute(
                "SELECT added, due, title, ransomware FROM kev WHERE cve = ?", (cve,)
            ).fetchone()
        if row is None:
            return None
        return KevEntry(cve=cve, added=row[0], due=row[1], title=row[2], is_ransomware=bool(row[3]))


_SOURCE_COLUMNS = (
    "ecosystem",
    "url",
    "etag",
    "last_modified",
    "fetched_at",
    "checked_at",
    "records",
    "skipped",
    "newest_modified",
    "size_bytes",
)


def _merge(records: Iterable[Record]) -> tuple[Record, ...]:
    """Each id once: the newest of those that two exports have, with all that it affects.

    One record may speak of a release under two names, and of all releases besides.
    """
    newest: dict[str, Record] = {}
    for record in records:
        known = newest.get(record.id)
        if known is None or record.modified > known.modified:
            newest[record.id] = record
        elif record.modified == known.modified:
            others = tuple(item for item in record.affected if item not in known.affected)
            newest[record.id] = msgspec.structs.replace(known, affected=known.affected + others)
    return tuple(newest.values())
