"""Bring the database up to date: fetch, build beside the former one, swap.

Until the swap the former database stays as it is, whatever happens; after it nothing of the work is
left. One update at a time; who finds another under way is told so.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from jettison.edge.http import HttpClient
from jettison.errors import AdvisoryDataError, UsageError
from jettison.events import EventSink, Notice, StageProgress, stage
from jettison.feed.archive import Damaged, DamagedArchiveError
from jettison.feed.database import AdvisoryDatabase
from jettison.feed.download import Answer, Download, Downloads, Known
from jettison.feed.enrichment import EpssFile, read_kev
from jettison.feed.names import DEFAULT_ECOSYSTEMS, is_ecosystem
from jettison.feed.places import DEFAULT_BASE, Place, check_base, export_place, file_place
from jettison.feed.schema import (
    DamagedDatabaseError,
    is_ours,
    open_database,
    translated,
)
from jettison.feed.writer import DatabaseWriter, Imported, Origin

_KINDS: Final = ("epss", "kev")


class Outcome(StrEnum):
    """What an update did with one export."""

    UPDATED = "updated"
    UNCHANGED = "unchanged"
    MISSING = "missing"
    DAMAGED = "damaged"


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateRequest:
    """What to fetch from where.

    Shape: no `ecosystems` means the usual ones and those that the database has; `epss` and `kev`
    are a path or a URL each, empty to keep what is there.
    """

    database: Path
    base: str = DEFAULT_BASE
    ecosystems: tuple[str, ...] = ()
    epss: str = ""
    kev: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportOutcome:
    """What became of one export; `reason` says why where it was not as it should be."""

    ecosystem: str
    outcome: Outcome
    url: str
    records: int = 0
    skipped: int = 0
    named: tuple[Damaged, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateResult:
    """What became of each export, sorted by name, and what is there to complain of."""

    outcomes: tuple[ExportOutcome, ...]
    failures: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fetched:
    place: Place
    download: Download


def update(
    request: UpdateRequest, client: HttpClient, *, now: str, events: EventSink
) -> UpdateResult:
    """Fetch what has changed and swap in a new database.

    Units: `now` in ISO 8601, UTC.
    Raises: UsageError for names and places that cannot be meant; AdvisoryDataError if something
    could not be fetched or written, with the former database as it was.
    """
    _check(request)
    path = request.database
    with translated(path, "write"):
        path.parent.mkdir(parents=True, exist_ok=True)
    with _only_one(path):
        return _Update(request, client, now, events).run()


def _check(request: UpdateRequest) -> None:
    for name in request.ecosystems:
        if not is_ecosystem(name):
            raise UsageError(
                f"--ecosystem {name!r} cannot be one", hint="such as Debian, PyPI, npm, Debian:12"
            )
    check_base(request.base)


class _Update:
    """One run; holds the lock."""

    def __init__(
        self, request: UpdateRequest, client: HttpClient, now: str, events: EventSink
    ) -> None:
        self._request = request
        self._now = now
        self._events = events
        self._path = request.database
        self._downloads = Downloads(_beside(self._path, "parts"), client)
        self._known = self._read_former()

    def _read_former(self) -> dict[str, Known] | None:
        """What the database in use was made from, by name; None if there is none to go on from."""
        if not self._path.exists():
            return None
        if not is_ours(self._path):
            raise AdvisoryDataError(
                f"{self._path} is no database of advisories, and is not replaced by one",
                hint="name another file with --db",
            )
        try:
            with AdvisoryDatabase.open(self._path) as database:
                found: dict[str, Known] = {
                    name: Known(url=info.url, etag=info.etag, last_modified=info.last_modified)
                    for name, info in database.meta.items()
                }
                found |= {f"~{kind}": Known() for kind in database.enrichments}
        except AdvisoryDataError as err:
            self._events.emit(Notice(message=f"{err.message}; everything is fetched anew"))
            return None
        return found

    @property
    def _former_names(self) -> tuple[str, ...]:
        return tuple(name for name in self._known or () if not name.startswith("~"))

    def run(self) -> UpdateResult:
        """Bring everything up to date; what cannot be taken over is fetched anew."""
        try:
            return self._run()
        except DamagedDatabaseError as err:
            if self._known is None:
                raise
            self._events.emit(Notice(message=f"{err.message}; everything is fetched anew"))
            self._known = None
            return self._run()

    def _run(self) -> UpdateResult:
        """Fetch all, then build; so that a broken line costs no work."""
        names = self._request.ecosystems or (*DEFAULT_ECOSYSTEMS, *self._former_names)
        fetched = {name: self._fetch_export(name) for name in sorted(set(names))}
        extras = {
            kind: self._fetch(f"~{kind}", file_place(given, f"--{kind}"), Known())
            for kind in _KINDS
            if (given := getattr(self._request, kind))
        }
        for kind, item in extras.items():
            if item.download.path is None:
                raise AdvisoryDataError(f"--{kind}: {item.place.url}: there is no such file")
        outcomes = {
            name: ExportOutcome(
                ecosystem=name, outcome=Outcome(item.download.answer), url=item.place.url
            )
            for name, item in fetched.items()
            if item.download.answer is not Answer.FETCHED
        }
        arrived = {name: item for name, item in fetched.items() if name not in outcomes}
        if arrived or extras:
            outcomes |= self._build(arrived, extras)
        self._confirm([name for name in outcomes if outcomes[name].outcome is Outcome.UNCHANGED])
        with translated(self._path, "clean up"):
            self._downloads.discard_all()
        return self._result(outcomes)

    def _fetch_export(self, name: str) -> _Fetched:
        known = (self._known or {}).get(name, Known())
        return self._fetch(name, export_place(self._request.base, name), known)

    def _fetch(self, name: str, place: Place, known: Known) -> _Fetched:
        title = f"fetch {name.lstrip('~')}"
        with stage(title, self._events) as outcome:
            download = self._downloads.fetch(
                name,
                place,
                known,
                lambda done, total: self._events.emit(
                    StageProgress(stage=title, done=done, total=total, unit="bytes")
                ),
            )
            size = "" if download.path is None else f"{download.path.stat().st_size / 1e6:.1f} MB"
            outcome.detail = size or download.answer
        return _Fetched(place=place, download=download)

    def _build(
        self, arrived: dict[str, _Fetched], extras: dict[str, _Fetched]
    ) -> dict[str, ExportOutcome]:
        """Write the new database and swap it in if anything of it is new."""
        building = _beside(self._path, "building")
        for left in (building, building.with_suffix(".staged")):
            left.unlink(missing_ok=True)
        former = self._path if self._known is not None else None
        try:
            with closing(DatabaseWriter(building, former)) as writer:
                for name in self._former_names:
                    if name not in arrived:
                        writer.take_over(name)
                outcomes = {
                    name: self._import(writer, name, arrived[name]) for name in sorted(arrived)
                }
                for kind in _KINDS:
                    self._enrich(writer, kind, extras.get(kind))
                writer.finish()
            if extras or any(item.outcome is Outcome.UPDATED for item in outcomes.values()):
                _swap(building, self._path)
        finally:
            building.unlink(missing_ok=True)
        return outcomes

    def _import(self, writer: DatabaseWriter, name: str, item: _Fetched) -> ExportOutcome:
        title = f"read {name}"
        assert item.download.path is not None  # noqa: S101  # only what was fetched comes here
        origin = Origin(
            ecosystem=name,
            url=item.place.url,
            etag=item.download.etag,
            last_modified=item.download.last_modified,
            fetched_at=self._now,
        )
        with stage(title, self._events) as outcome:
            try:
                imported = writer.add_export(
                    item.download.path,
                    origin,
                    lambda done, total: self._events.emit(
                        StageProgress(stage=title, done=done, total=total, unit="records")
                    ),
                )
            except DamagedArchiveError as err:
                outcome.detail = f"damaged: {err}"
                if name in self._former_names:
                    writer.take_over(name)
                return ExportOutcome(
                    ecosystem=name, outcome=Outcome.DAMAGED, url=item.place.url, reason=str(err)
                )
            outcome.detail = _told(imported)
        return ExportOutcome(
            ecosystem=name,
            outcome=Outcome.UPDATED,
            url=item.place.url,
            records=imported.records,
            skipped=imported.skipped,
            named=imported.named,
        )

    def _enrich(self, writer: DatabaseWriter, kind: str, item: _Fetched | None) -> None:
        if item is None or item.download.path is None:
            if f"~{kind}" in (self._known or {}):
                writer.take_over_enrichment(kind)
            return
        path, url = item.download.path, item.place.url
        with stage(f"read {kind}", self._events) as outcome:
            if kind == "epss":
                scores = EpssFile(path, what=url)
                count = writer.add_enrichment(kind, (score.row for score in scores))
                dated = scores.dated
            else:
                catalog = read_kev(path, what=url)
                count = writer.add_enrichment(kind, (entry.row for entry in catalog.entries))
                dated = catalog.dated
            writer.note_enrichment(kind, url=url, fetched_at=self._now, dated=dated)
            outcome.detail = f"{count} CVEs"

    def _confirm(self, unchanged: list[str]) -> None:
        """Note in the database that these are still what their servers have."""
        if not unchanged:
            return
        with (
            translated(self._path, "write"),
            closing(open_database(self._path, writable=True)) as db,
        ):
            db.execute("BEGIN IMMEDIATE")
            db.executemany(
                "UPDATE source SET checked_at = ? WHERE ecosystem = ?",
                [(self._now, name) for name in unchanged],
            )
            db.execute("COMMIT")

    def _result(self, outcomes: dict[str, ExportOutcome]) -> UpdateResult:
        """What the caller has to know: of what was asked for by name, that it is not there."""
        failures = []
        for name, item in sorted(outcomes.items()):
            if item.outcome is Outcome.DAMAGED:
                failures.append(f"{item.url}: damaged: {item.reason}")
            elif item.outcome is Outcome.MISSING:
                told = f"{item.url}: there is no such export"
                if name in self._former_names:
                    told = f"{told}; the former records stay"
                if name in self._request.ecosystems:
                    failures.append(told)
                else:
                    self._events.emit(Notice(message=told))
        if all(item.outcome is Outcome.MISSING for item in outcomes.values()) and not failures:
            failures.append(f"{self._request.base}: there are no exports")
        return UpdateResult(
            outcomes=tuple(outcomes[name] for name in sorted(outcomes)), failures=tuple(failures)
        )


def _told(imported: Imported) -> str:
    skipped = f", {imported.skipped} skipped" if imported.skipped else ""
    first = f": {imported.named[0].name}: {imported.named[0].reason}" if imported.named else ""
    return f"{imported.records} records{skipped}{first[:200]}"


def _beside(path: Path, what: str) -> Path:
    return path.with_name(f"{path.name}.{what}")


def _swap(building: Path, path: Path) -> None:
    with translated(path, "write"):
        building.chmod(0o644)
        building.replace(path)
        directory = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)


@contextmanager
def _only_one(path: Path) -> Iterator[None]:
    lock = _beside(path, "lock")
    with translated(lock, "lock"):
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as err:
            raise AdvisoryDataError(
                f"{path}: another update is under way", hint="wait for it to end"
            ) from err
        yield
    finally:
        os.close(descriptor)
