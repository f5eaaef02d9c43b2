"""`jettison scan`: what is known to be vulnerable in an image, a project or a bill of materials."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Final

from jettison.errors import UsageError
from jettison.events import EventSink, stage
from jettison.feed.database import AdvisoryDatabase
from jettison.paths import printable
from jettison.report.scan_document import (
    ScanDocument,
    ScanTarget,
    TargetKind,
    TestedEcosystem,
    UntestedRow,
    count_totals,
)
from jettison.report.scan_rows import finding_row, ignored_row
from jettison.report.units import count_of
from jettison.scan.component import Component
from jettison.scan.ecosystems import Ecosystem
from jettison.scan.ignores import Ignore, Sifted, sift, silence
from jettison.scan.inputs import Untested
from jettison.scan.match import Finding, match
from jettison.scan.openvex import parse_vex
from jettison.scan.severity import Severity, reaches, threshold_name
from jettison.scan.vex import VexDocument
from jettison.transport.schemes import parse_target
from jettison.workflow.advisories import finding_context, testable
from jettison.workflow.image_request import SourceRequest
from jettison.workflow.reading import read_image
from jettison.workflow.scan_files import read_project
from jettison.workflow.scan_image import Scanned, scan_image
from jettison.workflow.stages import StageTimes

_EXAMPLES: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanRequest:
    """What is scanned, an image or a path, and what counts.

    Shape: `fail_on` of None never fails; unknown means any. `python` is the version that the
    project is for, as far as its user says; `today` is the day that ignores expire by.
    """

    source: SourceRequest | None
    path: Path | None
    database: Path
    today: date
    fail_on: Severity | None = Severity.UNKNOWN
    ignores: tuple[Ignore, ...] = ()
    vex: tuple[Path, ...] = ()
    python: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanResult:
    """What was found, and everything that was tested."""

    document: ScanDocument
    tested: tuple[Component, ...]


def scan(request: ScanRequest, *, events: EventSink) -> ScanResult:
    """Scan.

    Raises: JettisonError for what cannot be read; AdvisoryDataError without a database.
    """
    times = StageTimes(events)
    with AdvisoryDatabase.open(request.database) as database:
        return judge(request, collect(request, times), database, times)


def collect(request: ScanRequest, events: EventSink) -> Scanned:
    """Everything there is to test."""
    if request.source is not None:
        return read_image(request.source, lambda *read: scan_image(*read)[0], events=events)
    path = request.path or Path()
    with stage("read", events) as outcome:
        project = read_project(path, python=request.python)
        outcome.detail = count_of(len(project.files), "file")
    return Scanned(
        target=ScanTarget(
            kind=TargetKind.BILL if project.is_bill else TargetKind.PROJECT,
            reference=printable(str(path)),
            files=tuple(map(printable, project.files)),
        ),
        inputs=project.inputs,
    )


def judge(
    request: ScanRequest, scanned: Scanned, database: AdvisoryDatabase, times: StageTimes
) -> ScanResult:
    """Hold what was collected against the advisories."""
    tested, untested = testable(scanned.inputs.components, database)
    with stage("match", times) as outcome:
        matches = match(tested, database.find)
        bundled = match(scanned.inputs.bundled, database.find).findings
        outcome.detail = count_of(len(matches.findings), "finding")
    sifted = _sift(request, scanned, matches.findings)
    context = finding_context(scanned.layers, database)
    findings = tuple(finding_row(finding, context) for finding in sifted.findings)
    ignored = tuple(ignored_row(item, context) for item in sifted.ignored)
    uncertain = tuple(
        Untested(what=f"{item.package} against {item.advisory}", where=item.package.record,
                 reason=item.reason)
        for item in matches.uncertain
    )  # fmt: skip
    counted = _each_once(tested) if scanned.target.kind is TargetKind.PROJECT else tested
    document = ScanDocument(
        target=scanned.target,
        findings=findings,
        bundled=tuple(finding_row(finding, context) for finding in bundled),
        ignored=ignored,
        totals=count_totals(findings, ignored=len(ignored)),
        packages_tested=len(counted),
        ecosystems=_ecosystems(counted, database),
        untested=tuple(
            UntestedRow(
                what=printable(item.what),
                where=printable(item.where),
                reason=printable(item.reason),
            )
            for item in (*untested, *scanned.inputs.untested, *uncertain)
        ),
        without_files=scanned.without_files,
        without_record=scanned.without_record,
        notices=(*scanned.inputs.notices, *times.notices, *sifted.notices),
        stages=tuple(times.stages),
        fail_on=threshold_name(request.fail_on),
        passed=not any(_fails(finding, request.fail_on) for finding in sifted.findings),
    )
    return ScanResult(document=document, tested=tuple(tested))


def _each_once(components: Iterable[Component]) -> list[Component]:
    """A project's files name the same distribution more than once; it is installed once."""
    keys = {(item.ecosystem, item.name, item.version): item for item in components}
    return list(keys.values())


def _sift(request: ScanRequest, scanned: Scanned, findings: Iterable[Finding]) -> Sifted:
    statements = [statement for path in request.vex for statement in _read_vex(path).statements]
    first = silence(
        findings,
        statements,
        image_digests=frozenset({str(scanned.target.digest)} if scanned.target.digest else ()),
        image_names=_image_names(request.source.target) if request.source else frozenset(),
    )
    second = sift(first.findings, request.ignores, today=request.today)
    return replace(
        second,
        ignored=(*first.ignored, *second.ignored),
        notices=(*first.notices, *second.notices),
    )


def _read_vex(path: Path) -> VexDocument:
    try:
        raw = path.read_bytes()
    except OSError as err:
        raise UsageError(f"{path}: {err.strerror}") from err
    return parse_vex(raw, what=str(path))


def _image_names(target: str) -> frozenset[str]:
    """The image's name as given, and without its tag."""
    location = parse_target(target).location
    head, slash, tail = location.rpartition("/")
    return frozenset({location, f"{head}{slash}{tail.partition('@')[0].partition(':')[0]}"})


def _fails(finding: Finding, threshold: Severity | None) -> bool:
    return threshold is not None and reaches(finding.rating.severity, threshold)


def _ecosystems(
    tested: Iterable[Component], database: AdvisoryDatabase
) -> tuple[TestedEcosystem, ...]:
    counts = Counter(
        component.ecosystem for component in tested if isinstance(component.ecosystem, Ecosystem)
    )
    fetched = {name: info.fetched_at for name, info in database.meta.items()}
    return tuple(
        TestedEcosystem(
            name=str(ecosystem),
            packages=count,
            fetched_at=fetched.get(ecosystem.name) or fetched.get(str(ecosystem), ""),
        )
        for ecosystem, count in sorted(counts.items(), key=lambda item: str(item[0]))
    )
