"""`jettison verify`: the proof alone, for any two images."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass

import msgspec

from jettison.events import EventSink, stage
from jettison.filetree import FileTree
from jettison.linux.isolation import run_isolated
from jettison.linux.workdir import work_directory
from jettison.paths import ROOT, ImagePath
from jettison.profile.seccomp import SeccompOptions, build_profile
from jettison.report.container_report import ImageName
from jettison.report.slim_document import Verification
from jettison.report.units import count_of
from jettison.report.verify_document import VerifyDocument
from jettison.runtime.container import ContainerHost
from jettison.selection import Bytecode, Policy, Selection
from jettison.store.rootfs import StackedRootFS
from jettison.transport.sources import Source
from jettison.verify.misses import find_misses
from jettison.workflow.hosts import host_for, isolation_options
from jettison.workflow.image_request import SourceRequest
from jettison.workflow.layers import stack_layers
from jettison.workflow.opening import may_read_in_place, opened
from jettison.workflow.proof import Proof, observe_original
from jettison.workflow.requests import VerifyRequest
from jettison.workflow.stages import StageTimes
from jettison.workflow.watching import Stacked


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyResult:
    """What came of it."""

    document: VerifyDocument
    passed: bool


def verify(request: VerifyRequest, *, events: EventSink) -> VerifyResult:
    """Run the original twice and the slimmed image once, under a filter made from what was seen.

    Raises: JettisonError if either cannot be read or the original does not work.
    """
    times = StageTimes(events)
    with ExitStack() as held:
        workdir = held.enter_context(work_directory())
        host = held.enter_context(host_for(request.watch, workdir))
        with stage("open", times):
            sources = tuple(
                held.enter_context(opened(item, workdir, in_place=may_read_in_place()))
                for item in (request.original, request.slimmed)
            )
        document = run_isolated(
            lambda sink: _in_isolation(request, sources, host, sink),
            events=times,
            workdir=workdir,
            options=isolation_options(host),
        )
    document = msgspec.structs.replace(
        document, stages=tuple(times.stages), notices=tuple(times.notices)
    )
    return VerifyResult(document=document, passed=document.verification.verdict == "passed")


def _in_isolation(
    request: VerifyRequest, sources: tuple[Source, ...], host: ContainerHost, events: EventSink
) -> VerifyDocument:
    original, slimmed = sources
    original_files = _unpack(original, request.original, events)
    slimmed_files = _unpack(slimmed, request.slimmed, events)
    stacked = Stacked(directories=original_files.directories, config=original.image.config)
    seen = observe_original(stacked, request.watch, host, events)
    proof = Proof(
        stacked,
        request.watch,
        host,
        seen,
        build_profile(seen.trace, original.image.config.platform, SeccompOptions(ordinary=True)),
    )
    with stage("verify", events) as outcome:
        trial = proof.try_out(
            Stacked(directories=slimmed_files.directories, config=slimmed.image.config),
            execs=bool(request.watch.execs),
        )
        misses = find_misses(
            trial.observation.trace,
            original_files.tree,
            slimmed_files.tree,
            _guess_selection(original_files.tree, slimmed_files.tree),
        )
        outcome.detail = "passed" if not trial.differences else "failed"
    return VerifyDocument(
        original=_name(original),
        slimmed=_name(slimmed),
        verification=Verification(
            verdict="failed" if trial.differences else "passed",
            rounds=1,
            requests=len(seen.results.answers) if seen.results is not None else 0,
            differences=trial.differences,
            excluded=proof.volatile.describe(),
        ),
        missed=tuple(sorted({str(miss.path) for miss in misses})),
    )


def _unpack(source: Source, request: SourceRequest, events: EventSink) -> StackedRootFS:
    with stage("unpack", events) as outcome:
        rootfs = stack_layers(source, request, events)
        outcome.detail = f"{source.target}: {count_of(len(rootfs.tree), 'path')}"
    return rootfs


def _name(source: Source) -> ImageName:
    return ImageName(reference=source.image.reference, digest=str(source.digest))


def _guess_selection(original: FileTree, slimmed: FileTree) -> Selection:
    """What was done with byte code, as far as the two images show it."""
    bytecode = tuple(
        Bytecode(source=path, target=target, stored=None, interpreter=ROOT)
        for path in original
        if path.suffix == ".py"
        and path not in slimmed
        and (target := ImagePath(f"{path}c")) in slimmed
    )
    return Selection(policy=Policy.OBSERVED, kept={}, bytecode=bytecode)
