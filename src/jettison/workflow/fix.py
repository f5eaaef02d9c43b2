"""`jettison fix`: the smallest upgrades of a project that clear what a scan of it finds."""

from __future__ import annotations

import difflib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from jettison.edge.files import atomic_write
from jettison.edge.http import HttpClient
from jettison.errors import HostError, UsageError
from jettison.events import EventSink, stage
from jettison.feed.database import AdvisoryDatabase
from jettison.feed.package_index import PackageIndex
from jettison.feed.resolver import Resolver
from jettison.report.fix_document import FixDocument, render_message, upgrade_rows
from jettison.report.units import count_of
from jettison.scan.match import match
from jettison.workflow.advise import AdviseRequest
from jettison.workflow.fix_base import choose_base
from jettison.workflow.fix_branch import (
    Checkout,
    PullRequest,
    check_branch,
    commit,
    open_checkout,
    open_pull_request,
)
from jettison.workflow.fix_files import Vulnerable, Work, fix_locks, fix_pins
from jettison.workflow.fix_python import Market
from jettison.workflow.scan_files import ProjectFiles, read_project


@dataclass(frozen=True, slots=True, kw_only=True)
class FixRequest:
    """What is to be fixed, and where the changes go.

    Shape: `python` is the minor version that the project is for; `write` is off where only the
    difference is wanted; with a `branch` the files stay as they are and the branch has the changes;
    `pull_request` needs a branch; `advise` tells how a better base image is looked for, None for
    a project without a Dockerfile, or to leave it alone.
    """

    directory: Path
    database: Path
    index_url: str
    python: str
    write: bool = True
    branch: str = ""
    pull_request: PullRequest | None = None
    advise: AdviseRequest | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FixResult:
    """What was found and done; `diff` is all of it as a unified diff."""

    document: FixDocument
    diff: str

    @property
    def remaining(self) -> tuple[str, ...]:
        """Ids of what is left."""
        rows = self.document.upgrades
        return tuple(dict.fromkeys(name for row in rows for name in row.remaining))


def fix(request: FixRequest, *, events: EventSink) -> FixResult:
    """Find upgrades, check that they go together, and write them, all files or none.

    Raises: UsageError for a project that cannot be read, and with a branch for a checkout that has
    something uncommitted; AdvisoryDataError without a database; HostError where a file cannot be
    written; TransportError where a pull request cannot be opened.
    """
    if not request.directory.is_dir():
        raise UsageError(
            f"{request.directory} is no directory", hint="name the directory of the project"
        )
    checkout = open_checkout(request.directory) if request.branch else None
    if checkout is not None:
        check_branch(checkout, request.branch)
    work = _work(request, events)
    base = _fix_base(request, work, events)
    changed = work.changed()
    document = FixDocument(
        upgrades=upgrade_rows(tuple(work.upgrades)),
        moved=dict(sorted(work.moved.items())),
        added=dict(sorted(work.added.items())),
        base=base,
        files=tuple(sorted(changed)),
        branch=request.branch,
        commit="",
        pull_request="",
        failures=tuple(dict.fromkeys(work.failures)),
    )
    if changed and request.write and checkout is None:
        write_files(request.directory, work.encoded(changed))
    elif changed and request.write and checkout is not None:
        document = _publish(request, checkout, work.encoded(changed), document)
    diff = "".join(_diff(path, work.originals[path], changed[path]) for path in sorted(changed))
    return FixResult(document=document, diff=diff)


def _work(request: FixRequest, events: EventSink) -> Work:
    with stage("read", events) as outcome:
        project = read_project(request.directory, python=request.python)
        outcome.detail = count_of(len(project.files), "file")
    with AdvisoryDatabase.open(request.database) as database, HttpClient() as client:
        market = Market(
            index=PackageIndex(request.index_url, client),
            resolver=Resolver(python=request.python, index_url=request.index_url),
            find=database.find,
        )
        work = Work(request.directory, market)
        vulnerable = _vulnerable(project, market)
        with stage("resolve", events) as outcome:
            fix_pins(work, project.files, vulnerable)
            fix_locks(work, vulnerable)
            outcome.detail = count_of(sum(map(len, vulnerable.values())), "vulnerable distribution")
    return work


def _fix_base(request: FixRequest, work: Work, events: EventSink) -> str:
    advise = request.advise
    if advise is None or advise.dockerfile is None:
        return ""
    found = choose_base(advise.dockerfile, advise, events=events)
    if found.failure:
        work.failures.append(found.failure)
    if found.text is None:
        return ""
    path = advise.dockerfile.relative_to(request.directory).as_posix()
    work.text(path)
    work.texts[path] = found.text.removeprefix("\ufeff")
    return found.base


def _publish(
    request: FixRequest, checkout: Checkout, changed: Mapping[str, bytes], document: FixDocument
) -> FixDocument:
    subject, body = render_message(document)
    made = commit(checkout, request.branch, changed, f"{subject}\n\n{body}\n")
    url = ""
    if request.pull_request is not None:
        url = open_pull_request(
            checkout, request.branch, request.pull_request, title=subject, body=body
        )
    return msgspec.structs.replace(document, commit=made, pull_request=url)


def write_files(directory: Path, files: Mapping[str, bytes]) -> None:
    """Write files, each whole; what cannot be written is found out before the first.

    Raises: HostError.
    """
    for path in files:
        if not os.access(directory / path, os.W_OK):
            raise HostError(
                f"{directory / path} cannot be written; nothing was changed",
                hint="make it writable, or print the difference with --dry-run",
            )
    try:
        for path, raw in files.items():
            mode = (directory / path).stat().st_mode & 0o7777
            with atomic_write(directory / path, mode=mode) as out:
                out.write(raw)
    except OSError as err:
        raise HostError(f"{err.filename or directory}: {err.strerror}") from err


def _vulnerable(project: ProjectFiles, market: Market) -> Vulnerable:
    """By the file that says so, then by name."""
    found: Vulnerable = {}
    for finding in match(project.inputs.components, market.find).findings:
        for component in finding.packages:
            if component.type != "python":
                continue
            of_file = found.setdefault(component.record.partition(":")[0], {})
            of_file.setdefault(component.name, (component, []))[1].append(finding)
    return found


def _diff(path: str, before: str, after: str) -> str:
    lines = difflib.unified_diff(
        before.splitlines(keepends=True),
        after.splitlines(keepends=True),
        fromfile=f"a/{path}",
        tofile=f"b/{path}",
    )
    text = "".join(line if line.endswith("\n") else f"{line}\n" for line in lines)
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
