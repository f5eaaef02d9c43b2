"""`jettison lint`: run the rules on sources or an image, put right what is safe to."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

from jettison.dockerfile import Dockerfile, DockerfileError
from jettison.dockerfile.parsing import parse_bytes
from jettison.dockerfile.scope import base_of
from jettison.edge.files import atomic_write
from jettison.errors import HostError, JettisonError
from jettison.events import EventSink, Notice
from jettison.lint.bases import Base
from jettison.lint.check import check_dockerfile, check_image, check_workload
from jettison.lint.fixes import fixed
from jettison.lint.hadolint import merged
from jettison.lint.image import ImageView
from jettison.lint.manifests import find_workloads
from jettison.lint.meta import UNREADABLE
from jettison.lint.model import Finding, Options, Place, Problem
from jettison.lint.suppressions import (
    Ignore,
    Sifted,
    Suppression,
    in_dockerfile,
    in_text,
    sift,
)
from jettison.lint.view import View
from jettison.lint.yamlnodes import YamlError
from jettison.paths import ImagePath
from jettison.workflow.hadolint import find_hadolint, run_hadolint
from jettison.workflow.image_request import SourceRequest
from jettison.workflow.lint_files import Files, Found, find
from jettison.workflow.reading import ReadImage, read_image

# A fix may make another one possible; they end when there is none left.
_MOST_ROUNDS: Final = 8
_MAX_READ_BYTES: Final = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class LintRequest:
    """`jettison lint`.

    Shape: `paths` or an `image`. `context` is the build context, None to find it by each
    Dockerfile; `resolve` gives the digest of a reference, None where no registry is to be asked;
    `hadolint` of None means wherever it is there.
    """

    paths: tuple[Path, ...] = ()
    image: SourceRequest | None = None
    context: Path | None = None
    fix: bool = False
    hadolint: bool | None = None
    ignores: tuple[Ignore, ...] = ()
    today: date
    resolve: Callable[[str], str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LintResult:
    """What was found; `fixed` are the files that were changed, `fixed_count` how much that is."""

    sifted: Sifted
    files: tuple[str, ...]
    fixed: tuple[str, ...] = ()
    fixed_count: int = 0
    hadolint: bool = False


def lint(request: LintRequest, *, events: EventSink) -> LintResult:
    """Run the rules.

    Raises: UsageError for paths that are not there; HostError for files that cannot be written.
    """
    if request.image is not None:
        return _lint_image(request, request.image, events)
    found = find(request.paths)
    run = _Run(request, found, events)
    findings, suppressions = run.look()
    count = 0
    if request.fix:
        before = sum(finding.is_fixable for finding in run.sifted(findings, suppressions).findings)
        findings, suppressions = run.fix(findings, suppressions)
        count = before - sum(
            finding.is_fixable for finding in run.sifted(findings, suppressions).findings
        )
        _write(run.files.changed)
    program = find_hadolint(request.hadolint)
    if program and found.dockerfiles:
        readable = [file for file in found.dockerfiles if file not in run.unreadable]
        theirs = run_hadolint(program, readable, events)
        findings = list(merged(findings, theirs))
    return LintResult(
        sifted=run.sifted(findings, suppressions),
        files=(*found.dockerfiles, *found.manifests),
        fixed=tuple(sorted(run.files.changed)),
        fixed_count=max(count, 0),
        hadolint=bool(program),
    )


class _Run:
    def __init__(self, request: LintRequest, found: Found, events: EventSink) -> None:
        self._request = request
        self._found = found
        self._events = events
        self.files = Files()
        self.unreadable: set[str] = set()
        self._digests: dict[str, str] = {}
        self._asked: set[str] = set()

    def sifted(self, findings: list[Finding], suppressions: list[Suppression]) -> Sifted:
        """Without what somebody decided to live with."""
        return sift(findings, suppressions, self._request.ignores, self._request.today)

    def look(self) -> tuple[list[Finding], list[Suppression]]:
        """All rules on all files as they are now."""
        findings: list[Finding] = []
        suppressions: list[Suppression] = []
        for file in self._found.dockerfiles:
            for item in self._dockerfile(file):
                (findings if isinstance(item, Finding) else suppressions).append(item)  # type: ignore[arg-type]  # the lists are told apart by the type
        for file in self._found.manifests:
            findings += self._manifest(file)
        mentioned = {finding.place.file for finding in findings} | set(self._found.manifests)
        for file in sorted(mentioned - set(self._found.dockerfiles)):
            for item in in_text(self.files.text(file) or "", file):
                if isinstance(item, Finding):
                    findings.append(item)
                else:
                    suppressions.append(item)
        return findings, suppressions

    def fix(
        self, findings: list[Finding], suppressions: list[Suppression]
    ) -> tuple[list[Finding], list[Suppression]]:
        """Put right what is safe to, again and again until nothing is left of that kind."""
        for _ in range(_MOST_ROUNDS):
            wanted = self.sifted(findings, suppressions).findings
            names = {change.file for finding in wanted for change in finding.changes}
            changed = fixed(wanted, self.files.texts(iter(names)))
            if not changed:
                break
            self.files.changed.update(changed)
            findings, suppressions = self.look()
        return findings, suppressions

    def _dockerfile(self, file: str) -> Iterator[Finding | Suppression]:
        raw = self.files.bytes_of(file)
        if raw is None:
            yield self._fault(file, 1, "it cannot be read, or is longer than a mebibyte")
            return
        try:
            dockerfile = parse_bytes(raw)
        except DockerfileError as err:
            reason = err.message.partition(": ")[2] if err.line else err.message
            yield self._fault(file, err.line or 1, f"this is no Dockerfile: {reason}")
            return
        yield from in_dockerfile(dockerfile, file)
        context = self.files.context(self._context_of(file, dockerfile), file)
        options = Options(today=self._request.today, digests=self._ask(dockerfile))
        yield from check_dockerfile(View(dockerfile, file, context, options))

    def _fault(self, file: str, line: int, message: str) -> Finding:
        self.unreadable.add(file)
        return UNREADABLE.finding(Problem(place=Place(file=file, line=line), message=message))

    def _context_of(self, file: str, dockerfile: Dockerfile) -> Path:
        """The context that was named, or the directory that has what the Dockerfile copies."""
        if self._request.context is not None:
            return self._request.context
        own = Path(file).parent
        sources = [
            source.strip("/")
            for item in dockerfile.instructions()
            if item.name in ("COPY", "ADD") and item.flag("from") is None
            for source in item.arguments[:-1]
            if not re.search(r"[*?\[$<]|://", source) and source.strip("./")
        ]
        for root in (own, *(path for path in self._request.paths if path.is_dir())):
            if all((root / source).exists() for source in sources):
                return root
        return own

    def _manifest(self, file: str) -> Iterator[Finding]:
        text = self.files.text(file)
        if text is None:
            yield self._fault(file, 1, "it cannot be read as text, or is longer than a mebibyte")
            return
        try:
            workloads = list(find_workloads(file, text))
        except YamlError as err:
            yield self._fault(file, err.line, f"this is no YAML: {err}")
            return
        for workload in workloads:
            yield from check_workload(workload)

    def _ask(self, dockerfile: Dockerfile) -> Mapping[str, str]:
        """What a registry says that the tags mean now."""
        resolve = self._request.resolve
        if resolve is None:
            return {}
        for stage in dockerfile.stages:
            base = Base.of(base_of(dockerfile, stage))
            name = f"{base.name}:{base.tag}"
            known = base.tag and base.is_known and dockerfile.parent_of(stage) is None
            if not known or name in self._asked:
                continue
            self._asked.add(name)
            try:
                self._digests[name] = resolve(name)
            except JettisonError as err:
                self._events.emit(Notice(message=f"{name}: no digest could be had: {err.message}"))
        return self._digests


def _write(changed: Mapping[str, str]) -> None:
    """Write all files, or none."""
    file = ""
    try:
        with ExitStack() as stack:
            for file, text in sorted(changed.items(), reverse=True):
                # A link stays one.
                path = Path(file).resolve()
                mode = path.stat().st_mode & 0o7777 if path.exists() else 0o644
                out = stack.enter_context(atomic_write(path, mode=mode))
                out.write(text.encode())
    except OSError as err:
        raise HostError(
            f"{file}: {err.strerror}; nothing was changed",
            hint="make the directory writable, or leave out --fix",
        ) from err


def _lint_image(request: LintRequest, source: SourceRequest, events: EventSink) -> LintResult:
    name = source.target

    def work(read: ReadImage, sink: EventSink) -> tuple[Finding, ...]:
        del sink

        def contents(path: str) -> bytes:
            with read.rootfs.open(ImagePath.parse(path)) as file:
                return file.read(_MAX_READ_BYTES)

        view = ImageView(name, read.image.config, read.rootfs.tree, contents)
        return tuple(check_image(view))

    findings = read_image(source, work, events=events)
    return LintResult(sifted=sift(findings, (), request.ignores, request.today), files=(name,))
