"""`jettison harden`: from sources to a verified image, with an account of everything on the way."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Final

import msgspec

from jettison.build.builders import BuilderKind, BuildRequest
from jettison.edge.files import atomic_write
from jettison.edge.http import HttpOptions
from jettison.errors import HostError, JettisonError, UsageError
from jettison.events import EventSink, Notice, stage
from jettison.feed.update import UpdateRequest
from jettison.lint.model import Severity as LintSeverity
from jettison.report.compare_document import CompareDocument
from jettison.report.documents import encode
from jettison.report.harden_document import HardenDocument, Outcome, StepRow
from jettison.report.html.harden_page import render_harden_page
from jettison.report.lint_document import LintDocument, describe_lint, is_at_least
from jettison.report.slim_document import Artifact, SlimDocument
from jettison.report.units import count_of
from jettison.report.xray_document import GateRow, XrayDocument
from jettison.scaffold.render import DOCKERFILE
from jettison.workflow.build_source import build_source
from jettison.workflow.compare import CompareRequest, compare
from jettison.workflow.db import update
from jettison.workflow.init import InitRequest, init
from jettison.workflow.lint import LintRequest, lint
from jettison.workflow.requests import SlimRequest
from jettison.workflow.slim import slim
from jettison.workflow.xray import XrayRequest, xray

_DOCUMENT: Final = "harden.json"
# What this and `slim` write into the report directory besides.
_OF_A_RUN: Final = (
    *("index.html", "xray.json", "creport.json", "removed.json", "seccomp.json"),
    *("apparmor.profile", "trace.jsonl"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageSteps:
    """What is asked of an image once it is built; `gates` come with `slimmed`.

    Shape: each function takes the image's target as it is written; `compare` is None where no
    vulnerabilities are to be looked for; `advisories` are fetched where there are none yet.
    """

    xray: Callable[[str], XrayRequest]
    slim: Callable[[str], SlimRequest]
    slimmed: Callable[[str], XrayRequest]
    compare: Callable[[str, str], CompareRequest] | None
    advisories: UpdateRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class HardenRequest:
    """`jettison harden`.

    Shape: `steps` is asked after `init`, whose jettison.toml it may read; `lint_fail_on` is the
    least severity that fails the run; what the builder says goes to `output`.
    """

    directory: Path
    init: InitRequest
    lint: LintRequest
    lint_fail_on: LintSeverity
    build: BuildRequest
    builder: BuilderKind | None
    steps: Callable[[], ImageSteps]
    report_dir: Path
    output: IO[bytes] | int


@dataclass(slots=True)
class _Account:
    """What is known by now."""

    events: EventSink
    steps: list[StepRow] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    original: str = ""
    slimmed: str = ""
    lint: LintDocument | None = None
    xray: XrayDocument | None = None
    slim: SlimDocument | None = None
    compare: CompareDocument | None = None
    gates: tuple[GateRow, ...] = ()
    artifacts: list[Artifact] = field(default_factory=list)

    @contextmanager
    def step(self, name: str) -> Iterator[list[str]]:
        """One step: the block appends what it has to say; an error ends the run as a failure."""
        said: list[str] = []
        started = time.perf_counter()
        outcome = Outcome.PASSED
        failures = len(self.failed)
        try:
            yield said
            if len(self.failed) > failures:
                outcome = Outcome.FAILED
        except JettisonError as err:
            if err.is_bug:
                raise
            outcome = Outcome.FAILED
            said.append(err.message)
            self.failed.append(name)
            raise
        finally:
            row = StepRow(
                name=name,
                outcome=outcome,
                detail="; ".join(said),
                seconds=round(time.perf_counter() - started, 3),
            )
            self.steps.append(row)

    def skip(self, name: str, reason: str) -> None:
        """A step that is not done, and why."""
        self.steps.append(StepRow(name=name, outcome=Outcome.SKIPPED, detail=reason))


def harden(request: HardenRequest, *, events: EventSink) -> HardenDocument:
    """Do everything, as far as it goes, and write the report of it.

    A step that fails ends the way; what was found until then is in the document and in the report.
    Raises: UsageError for a directory that is none; HostError where the report cannot be written.
    """
    if not request.directory.is_dir():
        raise UsageError(
            f"{request.directory} is no directory", hint="name the directory of the project"
        )
    _clear(request.report_dir)
    account = _Account(events)
    try:
        _go(request, account)
    except JettisonError as err:
        if err.is_bug:
            raise
        events.emit(Notice(message=err.message))
        if err.hint:
            events.emit(Notice(message=err.hint))
    document = _document(request, account)
    return _write(request.report_dir, document, account)


def _go(request: HardenRequest, account: _Account) -> None:
    _init(request, account)
    with account.step("lint") as said:
        _lint(request, account, said)
    with account.step("build") as said:
        built = build_source(
            request.build, request.builder, output=request.output, events=account.events
        )
        account.original = str(built.target)
        said.append(f"{built.target} by {built.builder}")
    steps = request.steps()
    with account.step("xray") as said:
        account.xray = xray(steps.xray(account.original), events=account.events).document
        high = sum(risk.severity == "high" for risk in account.xray.risks or ())
        packages = count_of(len(account.xray.packages or ()), "package")
        said.append(f"{packages}, {count_of(high, 'high risk')}")
    with account.step("slim") as said:
        _slim(steps, account, said)
    if not account.slimmed:
        return
    slimmed = steps.slimmed(account.slimmed)
    if not slimmed.gates:
        account.skip("gates", "none are set")
    else:
        with account.step("gates") as said:
            found = xray(slimmed, events=account.events)
            account.gates = found.document.gates
            account.failed += [f"gate {gate.name}" for gate in found.failed]
            said.append(f"{len(account.gates) - len(found.failed)} of {len(account.gates)} passed")
    if steps.compare is None:
        account.skip("scan", "no vulnerabilities were to be looked for")
        return
    with account.step("scan") as said:
        if not steps.advisories.database.exists():
            with stage("advisories", account.events) as outcome:
                fetched = update(steps.advisories, HttpOptions(), events=account.events)
                outcome.detail = f"{sum(item.records for item in fetched.exports):,} records"
        _compare(steps.compare(account.original, account.slimmed), account, said)


def _init(request: HardenRequest, account: _Account) -> None:
    try:
        with account.step("init") as said:
            result = init(request.init)
            for notice in result.notices:
                account.events.emit(Notice(message=notice))
            written = ", ".join(result.written)
            said.append(f"wrote {written}" if written else "everything is there")
    except UsageError as err:
        # Whoever has a Dockerfile needs nobody to find out what the app is.
        if not (request.directory / DOCKERFILE).is_file():
            raise
        account.steps.pop()
        account.failed.clear()
        account.skip("init", err.message)


def _lint(request: HardenRequest, account: _Account, said: list[str]) -> None:
    result = lint(request.lint, events=account.events)
    account.lint = describe_lint(result.sifted, result.files, hadolint=result.hadolint)
    totals = account.lint.totals
    counts = (totals.error, "error"), (totals.warning, "warning"), (totals.info, "remark")
    said.append(", ".join(count_of(number, what) for number, what in counts))
    if is_at_least(account.lint.findings, request.lint_fail_on):
        account.failed.append("lint")


def _slim(steps: ImageSteps, account: _Account, said: list[str]) -> None:
    result = slim(steps.slim(account.original), events=account.events)
    account.slim = result.document
    account.artifacts += result.document.artifacts
    verdict = result.document.verification.verdict
    if not result.passed:
        account.failed.append("slim")
        said.append("the slimmed image does not behave as the original does")
        return
    account.slimmed = result.document.outputs[0].reference
    said.append(f"{result.document.ratio} times smaller, verification {verdict}")


def _compare(request: CompareRequest, account: _Account, said: list[str]) -> None:
    result = compare(request, events=account.events)
    account.compare = result.document
    before = result.document.original.vulnerabilities.vulnerabilities
    after = result.document.slimmed.vulnerabilities.vulnerabilities
    said.append(f"{count_of(before, 'vulnerability', 'vulnerabilities')} before, {after} after")
    if not result.document.passed:
        account.failed.append("scan")


def _document(request: HardenRequest, account: _Account) -> HardenDocument:
    return HardenDocument(
        project=request.directory.resolve().name,
        original=account.original,
        slimmed=account.slimmed,
        steps=tuple(account.steps),
        lint=account.lint,
        slim=account.slim,
        compare=account.compare,
        gates=account.gates,
        artifacts=(),
        failed=tuple(dict.fromkeys(account.failed)),
        passed=not account.failed,
    )


def _write(directory: Path, document: HardenDocument, account: _Account) -> HardenDocument:
    """The report: one page, one document, and the X-ray that the page was made from."""
    page, whole = directory / "index.html", directory / _DOCUMENT
    artifacts = [
        Artifact(kind="report", path=str(page)),
        Artifact(kind="document", path=str(whole)),
        *account.artifacts,
    ]
    if account.xray is not None:
        artifacts.append(Artifact(kind="xray", path=str(directory / "xray.json")))
    document = msgspec.structs.replace(document, artifacts=tuple(artifacts))
    try:
        directory.mkdir(parents=True, exist_ok=True)
        if account.xray is not None:
            _put(directory / "xray.json", encode(account.xray, indent=2))
        _put(whole, encode(document, indent=2))
        _put(page, render_harden_page(document, account.xray))
    except OSError as err:
        raise HostError(f"write {directory}: {err.strerror}") from err
    return document


def _clear(directory: Path) -> None:
    """Remove what an earlier run wrote, which would be taken for this one's where it ends early.

    A directory that no run wrote its document to is left as it is.
    """
    if not (directory / _DOCUMENT).is_file():
        return
    try:
        for name in (*_OF_A_RUN, _DOCUMENT):
            (directory / name).unlink(missing_ok=True)
    except OSError as err:
        raise HostError(f"remove {err.filename}: {err.strerror}") from err


def _put(path: Path, content: bytes) -> None:
    with atomic_write(path) as out:
        out.write(content)
