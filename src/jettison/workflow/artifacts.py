"""The documents of one slimming: written to the work directory, handed back as paths."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from jettison.build.image import BuiltImage
from jettison.digest import Digest
from jettison.edge.redact import redact
from jettison.probe.health import HealthResult
from jettison.probe.model import Answer
from jettison.profile.apparmor import AppArmorInput, render_profile
from jettison.profile.capabilities import find_needed
from jettison.profile.writable import find_writable
from jettison.report.container_report import (
    Command,
    Health,
    ImageName,
    ProbeAnswer,
    RunRecord,
    SlimmedRecord,
    make_container_report,
    render_container_report,
)
from jettison.report.facts import ImageFacts, describe_image
from jettison.report.removed import make_removed_report, render_removed_report
from jettison.report.slim_document import SlimDocument, Verification, size_ratio
from jettison.trace.jsonl import render_lines
from jettison.verify.compare import Volatile
from jettison.verify.repair import Round
from jettison.workflow.case import Case, Slimmed
from jettison.workflow.packages import Packages

Artifacts = tuple[tuple[str, Path], ...]
"""(kind, file in the work directory)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """A slimmed image as it will be handed out, and all that can be told before it is proven.

    Shape: `layout` has the image packed; `original` and `slimmed` are the two halves of the
    document.
    """

    layout: Path
    artifacts: Artifacts
    original: ImageFacts
    slimmed: ImageFacts


def finish(case: Case, slimmed: Slimmed, packed: BuiltImage, workdir: Path) -> Finished:
    """Write every report to the work directory, and describe both images."""
    original = describe_image(
        case.image,
        case.rootfs.layers,
        case.rootfs.tree,
        case.packages.counts,
    )
    return Finished(
        layout=packed.layout,
        artifacts=_write_reports(case, slimmed, packed.digest, workdir),
        original=msgspec.structs.replace(original, digest=str(case.digest)),
        slimmed=describe_image(
            replace(packed.image, reference=case.slimmed_name),
            slimmed.rootfs.layers,
            slimmed.rootfs.tree,
            Packages(slimmed.rootfs).counts,
        ),
    )


def _write_reports(case: Case, slimmed: Slimmed, digest: Digest, workdir: Path) -> Artifacts:
    directory = workdir / f"report-{slimmed.number}"
    directory.mkdir()
    config = case.image.config
    writable = find_writable(case.seen.trace, case.rootfs.tree, config.volumes)
    run = replace(_run_record(case), writable_paths=tuple(i.path for i in writable))
    made = _slimmed_record(case, slimmed, digest)
    apparmor = AppArmorInput(
        name=f"jettison-{case.name}",
        tree=slimmed.rootfs.tree,
        trace=case.seen.trace,
        writable=writable,
        capabilities=tuple(item.name for item in find_needed(case.seen.trace, case.rootfs.tree)),
    )
    lines = "\n".join(render_lines(case.seen.trace)) + "\n"
    contents = {
        ("creport", "creport.json"): render_container_report(make_container_report(run, made)),
        ("removed", "removed.json"): render_removed_report(make_removed_report(run, made)),
        ("seccomp", "seccomp.json"): json.dumps(case.seccomp, indent=2).encode() + b"\n",
        ("apparmor", "apparmor.profile"): render_profile(apparmor).encode("utf-8", "replace"),
        ("trace", "trace.jsonl"): lines.encode("utf-8", "surrogateescape"),
    }
    for (_, name), content in contents.items():
        (directory / name).write_bytes(content)
    return tuple((kind, directory / name) for kind, name in contents)


def describe_outcome(
    case: Case, finished: Finished, rounds: Sequence[Round], volatile: Volatile
) -> SlimDocument:
    """The document without what only the outer process knows: times, outputs, artifacts."""
    return SlimDocument(
        original=finished.original,
        slimmed=finished.slimmed,
        ratio=size_ratio(finished.original, finished.slimmed),
        policy=case.request.selection.policy,
        verification=_verification(case, rounds, volatile),
    )


def _verification(case: Case, rounds: Sequence[Round], volatile: Volatile) -> Verification:
    if not rounds:
        return Verification(verdict="skipped")
    last = rounds[-1]
    answers = case.seen.results.answers if case.seen.results is not None else ()
    return Verification(
        verdict="passed" if last.passed else "failed",
        rounds=len(rounds),
        requests=len(answers),
        differences=tuple(redact(item) for item in last.differences),
        excluded=volatile.describe() if answers else (),
    )


def _run_record(case: Case) -> RunRecord:
    image = case.image
    run = case.request.watch.run
    config = image.config
    entrypoint = config.entrypoint if run.entrypoint is None else run.entrypoint
    cmd = run.cmd if run.cmd is not None else (config.cmd if run.entrypoint is None else ())
    answers = case.seen.results.for_report().answers if case.seen.results is not None else ()
    return RunRecord(
        original=ImageName(reference=image.reference, digest=str(case.digest)),
        tree=case.rootfs.tree,
        trace=case.seen.trace,
        command=Command(
            argv=(*entrypoint, *cmd),
            user=run.user or config.user,
            working_dir=run.working_dir or config.working_dir,
        ),
        redact=redact,
        owner=case.packages.owner,
        probes=tuple(_probe_answer(answer) for answer in answers),
        health=_health(case.seen.health),
    )


def _slimmed_record(case: Case, slimmed: Slimmed, digest: Digest) -> SlimmedRecord:
    built = slimmed.built
    return SlimmedRecord(
        name=ImageName(reference=case.slimmed_name, digest=str(digest)),
        tree=built.tree,
        selection=slimmed.selection,
        layers=tuple(layer.role for layer in built.layers),
    )


def _probe_answer(answer: Answer) -> ProbeAnswer:
    return ProbeAnswer(
        request=answer.request.label,
        status=answer.status,
        content_type=answer.media_type,
        size_bytes=answer.size_bytes,
        error=answer.error,
        passed=answer.is_success,
    )


def _health(result: HealthResult | None) -> Health | None:
    if result is None:
        return None
    return Health(
        healthy=result.is_healthy,
        attempts=result.attempts,
        status=result.status,
        output=redact(result.output),
    )
