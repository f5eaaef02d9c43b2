"""`jettison compare`: what became of each vulnerability of an image in a slimmed one."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from jettison.errors import NothingToScanError
from jettison.events import EventSink, Notice, stage
from jettison.feed.database import AdvisoryDatabase
from jettison.paths import printable
from jettison.report.compare_document import (
    ComparedImage,
    CompareDocument,
    count_outcomes,
    left_rows,
    vulnerability_row,
)
from jettison.report.scan_document import Totals, UntestedRow, count_totals
from jettison.report.scan_rows import finding_row
from jettison.report.units import count_of
from jettison.scan.compare import Smaller, Verdict, find_added
from jettison.scan.compare import compare as compare_findings
from jettison.scan.compare_vex import gone_statements
from jettison.scan.component import Component
from jettison.scan.ecosystems import Ecosystem, NoEcosystem
from jettison.scan.inputs import Untested
from jettison.scan.match import Matches, match
from jettison.scan.severity import Severity, reaches, threshold_name
from jettison.scan.vex import VexDocument
from jettison.workflow.advisories import finding_context, testable
from jettison.workflow.compared_image import ReadSide, read_side
from jettison.workflow.image_request import SourceRequest
from jettison.workflow.pushing import push_times
from jettison.workflow.stages import StageTimes


@dataclass(frozen=True, slots=True, kw_only=True)
class CompareRequest:
    """Which two images, by which advisories.

    Shape: `push_to` names a registry's repository that both are pushed to for the time it takes,
    empty estimates it; `fail_on` of None never fails.
    """

    original: SourceRequest
    slimmed: SourceRequest
    database: Path
    push_to: str = ""
    fail_on: Severity | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CompareResult:
    """What was found; `vex` is None where nothing is gone."""

    document: CompareDocument
    vex: VexDocument | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Judged:
    """One image and what the advisories say of it; `seconds` is what finding it out took."""

    side: ReadSide
    tested: Sequence[Component]
    untested: Sequence[Untested]
    matches: Matches
    seconds: float


def compare(request: CompareRequest, *, events: EventSink) -> CompareResult:
    """Compare.

    Raises: JettisonError for what cannot be read; NothingToScanError if nothing of the original can
    be held against the advisories; AdvisoryDataError without a database.
    """
    times = StageTimes(events)
    with AdvisoryDatabase.open(request.database) as database:
        started = time.perf_counter()
        original = _judge(read_side(request.original, {}, times), started, database, times)
        if not original.tested:
            reasons = "; ".join(dict.fromkeys(item.reason for item in original.untested))
            raise NothingToScanError(
                f"{request.original.target}: nothing in it could be tested", hint=reasons
            )
        started = time.perf_counter()
        side = read_side(request.slimmed, original.side.files, times)
        side = _in_release_of(original.side, side, times)
        slimmed = _judge(side, started, database, times)
        verdicts = compare_findings(
            original.matches.findings, original.side.files, _smaller(slimmed)
        )
        pushes = push_times(
            ((request.original, original.side.facts), (request.slimmed, slimmed.side.facts)),
            request.push_to,
            times,
        )
        document = _document(request, (original, slimmed), verdicts, database)
    document = msgspec.structs.replace(
        document,
        original=msgspec.structs.replace(document.original, push=pushes[0]),
        slimmed=msgspec.structs.replace(document.slimmed, push=pushes[1]),
        notices=tuple(times.notices),
        stages=tuple(times.stages),
    )
    return CompareResult(document=document, vex=_vex(verdicts, slimmed.side))


def _judge(
    side: ReadSide, started: float, database: AdvisoryDatabase, events: EventSink
) -> _Judged:
    with stage("match", events) as outcome:
        tested, untested = testable(side.scanned.inputs.components, database)
        matches = match(tested, database.find)
        outcome.detail = count_of(len(matches.findings), "finding")
    return _Judged(
        side=side,
        tested=tested,
        untested=untested,
        matches=matches,
        seconds=time.perf_counter() - started,
    )


def _in_release_of(original: ReadSide, slimmed: ReadSide, events: EventSink) -> ReadSide:
    """A slimmed image that lost its os-release is of the release that it was made from."""
    known = {
        item.type: item.ecosystem
        for item in original.scanned.inputs.components
        if isinstance(item.ecosystem, Ecosystem)
    }
    inputs = slimmed.scanned.inputs
    components = tuple(
        replace(item, ecosystem=known[item.type])
        if isinstance(item.ecosystem, NoEcosystem) and item.type in known
        else item
        for item in inputs.components
    )
    if components == inputs.components:
        return slimmed
    events.emit(
        Notice(message="the slimmed image names no release; the original's is taken for its own")
    )
    scanned = replace(slimmed.scanned, inputs=replace(inputs, components=components))
    return replace(slimmed, scanned=scanned)


def _smaller(slimmed: _Judged) -> Smaller:
    components = slimmed.side.scanned.inputs.components
    untested = frozenset(components) - frozenset(slimmed.tested)
    return Smaller(
        components=components,
        findings=slimmed.matches.findings,
        presence=slimmed.side.presence,
        # Another version of which nothing is known is not for that the fixed one.
        unreadable=untested | {item.package for item in slimmed.matches.uncertain},
    )


def _document(
    request: CompareRequest,
    judged: tuple[_Judged, _Judged],
    verdicts: Sequence[Verdict],
    database: AdvisoryDatabase,
) -> CompareDocument:
    original, slimmed = judged
    context = finding_context(original.side.scanned.layers, database)
    rows = tuple(vulnerability_row(verdict, context) for verdict in verdicts)
    added = tuple(
        finding_row(finding, finding_context(slimmed.side.scanned.layers, database))
        for finding in find_added(original.matches.findings, slimmed.matches.findings)
    )
    recorded = [
        count_totals([finding_row(finding, context) for finding in item.matches.findings])
        for item in judged
    ]
    left = left_rows(rows, added)
    fails = [row for row in left if request.fail_on and reaches(row.severity, request.fail_on)]
    return CompareDocument(
        original=_compared(original, count_totals(rows), recorded[0]),
        slimmed=_compared(slimmed, count_totals(left), recorded[1]),
        outcomes=count_outcomes(rows),
        vulnerabilities=rows,
        added=added,
        untested=tuple(
            UntestedRow(what=printable(item.what), where=where, reason=printable(item.reason))
            for where, one in (("original", original), ("slimmed", slimmed))
            for item in one.untested
            if one is original or item not in original.untested
        ),
        notices=(),
        stages=(),
        fail_on=threshold_name(request.fail_on),
        passed=not fails,
    )


def _compared(judged: _Judged, counted: Totals, recorded: Totals) -> ComparedImage:
    return ComparedImage(
        facts=judged.side.facts,
        distribution=judged.side.scanned.target.distribution,
        packages_tested=len(judged.tested),
        vulnerabilities=counted,
        recorded=recorded,
        scan_seconds=round(judged.seconds, 3),
        push=None,
    )


def _vex(verdicts: Sequence[Verdict], slimmed: ReadSide) -> VexDocument | None:
    document = gone_statements(
        verdicts,
        image=slimmed.purl,
        digest=slimmed.digest,
        timestamp=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    return document if document.statements else None
