"""`jettison db update` and `jettison db status`: the database of advisories."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from jettison.edge.http import HttpClient, HttpOptions
from jettison.events import EventSink
from jettison.feed.archive import Damaged
from jettison.feed.database import AdvisoryDatabase, EnrichmentInfo, SourceInfo
from jettison.feed.update import UpdateRequest
from jettison.feed.update import update as run_update
from jettison.report.db_document import (
    DbEnrichment,
    DbExport,
    DbSource,
    DbStatusDocument,
    DbUpdateDocument,
    SkippedRecord,
)

__all__ = ["status", "update"]


def update(request: UpdateRequest, options: HttpOptions, *, events: EventSink) -> DbUpdateDocument:
    """Fetch what has changed of OSV's exports.

    Raises: UsageError, AdvisoryDataError; the former database then is as it was.
    """
    with HttpClient(options) as client:
        result = run_update(
            request, client, now=_now().isoformat(timespec="seconds"), events=events
        )
    path = request.database
    return DbUpdateDocument(
        path=str(path),
        size_bytes=path.stat().st_size if path.exists() else 0,
        exports=tuple(
            DbExport(
                ecosystem=item.ecosystem,
                outcome=item.outcome.value,
                url=item.url,
                records=item.records,
                skipped=item.skipped,
                skipped_records=_skipped(item.named),
                reason=item.reason,
            )
            for item in result.outcomes
        ),
        failures=result.failures,
    )


def status(path: Path) -> DbStatusDocument:
    """What the database holds, and how old it is.

    Raises: AdvisoryDataError if there is none.
    """
    now = _now()
    with AdvisoryDatabase.open(path) as database:
        return DbStatusDocument(
            path=str(path),
            size_bytes=path.stat().st_size,
            sources=tuple(_source(info, now) for info in database.meta.values()),
            enrichments=tuple(_enrichment(info, now) for info in database.enrichments.values()),
        )


def _source(info: SourceInfo, now: datetime) -> DbSource:
    return DbSource(
        ecosystem=info.ecosystem,
        url=info.url,
        fetched_at=info.fetched_at,
        checked_at=info.checked_at,
        age_days=_age_days(info.checked_at, now),
        newest_modified=info.newest_modified,
        records=info.records,
        skipped=info.skipped,
        skipped_records=_skipped(info.named),
        releases=info.releases,
    )


def _enrichment(info: EnrichmentInfo, now: datetime) -> DbEnrichment:
    return DbEnrichment(
        kind="epss" if info.kind == "epss" else "kev",
        url=info.url,
        fetched_at=info.fetched_at,
        age_days=_age_days(info.fetched_at, now),
        dated=info.dated,
        records=info.records,
    )


def _skipped(named: Iterable[Damaged]) -> tuple[SkippedRecord, ...]:
    return tuple(SkippedRecord(name=item.name, reason=item.reason) for item in named)


def _age_days(text: str, now: datetime) -> int:
    return max(0, (now - datetime.fromisoformat(text)).days)


def _now() -> datetime:
    return datetime.now(UTC)
