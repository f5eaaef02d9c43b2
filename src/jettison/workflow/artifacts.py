"""The documents of one slimming: written to the work directory, handed back as paths."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

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
from jettison.workflow.packages import Packages

if TYPE_CHECKING:
    from jettison.workflow.workshop import Proven, Worked, Workshop


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What the isolated process hands back.

    Shape: `artifacts` are (kind, file in the work directory); `layout` is None where nothing was
    built.
    """

    document: SlimDocument
    artifacts: tuple[tuple[str, Path], ...]
    layout: Path | None


def make_artifacts(workshop: Workshop, worked: Worked) -> Made:
    """Write every report, and put the outcome together."""
    directory = workshop.host.workdir / "report"
    directory.mkdir()
    artifacts: list[tuple[str, Path]] = []

    def write(kind: str, name: str, content: bytes) -> None:
        (directory / name).write_bytes(content)
        artifacts.append((kind, directory / name))

    record = _run_record(workshop, worked)
    proven = worked.proven
    slimmed = _slimmed_record(proven) if proven is not None else None
    tree = proven.rootfs.tree if proven is not None else workshop.rootfs.tree
    write(
        "creport", "creport.json", render_container_report(make_container_report(record, slimmed))
    )
    if slimmed is not None:
        write(
            "removed", "removed.json", render_removed_report(make_removed_report(record, slimmed))
        )
    write("seccomp", "seccomp.json", json.dumps(worked.seccomp, indent=2).encode() + b"\n")
    needed = find_needed(worked.seen.trace, workshop.rootfs.tree)
    apparmor = AppArmorInput(
        name=f"jettison-{workshop.name}",
        tree=tree,
        trace=worked.seen.trace,
        writable=find_writable(
            worked.seen.trace, workshop.rootfs.tree, workshop.image.config.volumes
        ),
        capabilities=tuple(item.name for item in needed),
    )
    write("apparmor", "apparmor.profile", render_profile(apparmor).encode("utf-8", "replace"))
    lines = "\n".join(render_lines(worked.seen.trace)) + "\n"
    write("trace", "trace.jsonl", lines.encode("utf-8", "surrogateescape"))
    return Made(
        document=_document(workshop, worked),
        artifacts=tuple(artifacts),
        layout=proven.built.layout if proven is not None else None,
    )


def _document(workshop: Workshop, worked: Worked) -> SlimDocument:
    original = describe_image(
        workshop.image,
        workshop.rootfs.layers,
        workshop.rootfs.tree,
        workshop.packages.counts,
    )
    proven = worked.proven
    slimmed: ImageFacts | None = None
    if proven is not None:
        slimmed = describe_image(
            proven.built.image,
            proven.rootfs.layers,
            proven.rootfs.tree,
            Packages(proven.rootfs).counts,
        )
    return SlimDocument(
        original=original,
        slimmed=slimmed,
        ratio=size_ratio(original, slimmed) if slimmed is not None else None,
        policy=workshop.request.selection.policy,
        verification=_verification(worked),
    )


def _verification(worked: Worked) -> Verification:
    proven = worked.proven
    if proven is None or not proven.rounds:
        return Verification(verdict="skipped")
    last = proven.rounds[-1]
    answers = worked.seen.results.answers if worked.seen.results is not None else ()
    return Verification(
        verdict="passed" if last.passed else "failed",
        rounds=len(proven.rounds),
        requests=len(answers),
        differences=tuple(redact(item) for item in last.differences),
        excluded=proven.proof.volatile.describe() if answers and proven.proof else (),
    )


def _run_record(workshop: Workshop, worked: Worked) -> RunRecord:
    image = workshop.image
    run = workshop.request.watch.run
    config = image.config
    entrypoint = config.entrypoint if run.entrypoint is None else run.entrypoint
    cmd = run.cmd if run.cmd is not None else (config.cmd if run.entrypoint is None else ())
    answers = worked.seen.results.for_report().answers if worked.seen.results is not None else ()
    writable = find_writable(worked.seen.trace, workshop.rootfs.tree, config.volumes)
    return RunRecord(
        original=ImageName(reference=image.reference, digest=str(image.digest)),
        tree=workshop.rootfs.tree,
        trace=worked.seen.trace,
        command=Command(
            argv=(*entrypoint, *cmd),
            user=run.user or config.user,
            working_dir=run.working_dir or config.working_dir,
        ),
        redact=redact,
        owner=workshop.packages.owner,
        writable_paths=tuple(item.path for item in writable),
        probes=tuple(_probe_answer(answer) for answer in answers),
        health=_health(worked.seen.health),
    )


def _slimmed_record(proven: Proven) -> SlimmedRecord:
    built = proven.built
    return SlimmedRecord(
        name=ImageName(reference=built.image.reference, digest=str(built.digest)),
        tree=built.tree,
        selection=proven.selection,
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
