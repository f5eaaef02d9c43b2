"""`creport.json`: what ran in the container, and what the slimmed image keeps of it and why."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Final, Literal

import msgspec

from jettison.filetree import Entry, FileKind, FileTree
from jettison.paths import ImagePath
from jettison.report.documents import Count, DigestText, encode
from jettison.selection import LayerRole, Policy, Reason, Rule, Selection
from jettison.trace import Origin, SocketRole, TraceLog


class ImageName(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which image: what the user called it, and the digest of its manifest."""

    reference: str
    digest: DigestText


class Command(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the container was started with."""

    argv: tuple[str, ...]
    user: str = ""
    working_dir: str = ""


class Program(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A program that a process executed, as the call named it."""

    path: str
    argv: tuple[str, ...]


class ProcessReport(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A process; `parent` is 0 for one that was started from outside."""

    pid: int
    parent: int
    origin: Origin
    programs: tuple[Program, ...]


class Address(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where something listened or connected to; `family` is inet, inet6 or unix."""

    family: str
    protocol: str
    address: str
    port: Count


class SystemCall(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How often a system call was made, by all processes together."""

    name: str
    count: Count


class Capability(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A capability that was needed, and the calls that show it."""

    name: str
    evidence: tuple[str, ...]


class KeptBecause(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One reason to keep a path; `because` is the kept path that led to it, null at the end."""

    rule: Rule
    detail: str = ""
    because: str | None = None


class KeptPath(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A path of the slimmed image.

    Shape: `mode` in octal, such as "0755"; `owner` is the package it belongs to, empty for none;
    `layer` the slimmed image's, `original_layer` counts the original's from 0 and is null for a
    path that the original has not.
    """

    path: str
    kind: FileKind
    size_bytes: Count
    mode: Annotated[str, msgspec.Meta(pattern="^[0-7]{4}$")]
    uid: int
    gid: int
    owner: str
    layer: LayerRole
    original_layer: int | None
    link_target: str | None
    reasons: tuple[KeptBecause, ...]


class ProbeAnswer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One request and what came back; `status` is 0 and `error` says why where nothing did."""

    request: str
    status: Count
    content_type: str = ""
    size_bytes: Count = 0
    error: str = ""
    passed: bool = True


class Health(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the image's HEALTHCHECK ended last."""

    healthy: bool
    attempts: int
    status: int
    output: str


class ContainerReport(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything about one run of the original and what was made of it.

    Shape: `slimmed` and `policy` are null and `kept` is empty where nothing was built.
    """

    kind: Literal["creport"] = "creport"
    schema_version: Literal[1] = 1
    original: ImageName
    slimmed: ImageName | None
    policy: Policy | None
    command: Command
    processes: tuple[ProcessReport, ...]
    listening: tuple[Address, ...]
    connects: tuple[Address, ...]
    system_calls: tuple[SystemCall, ...]
    capabilities: tuple[Capability, ...]
    writable_paths: tuple[str, ...]
    probes: tuple[ProbeAnswer, ...]
    health: Health | None
    kept: tuple[KeptPath, ...]


def no_owner(path: ImagePath) -> str:  # noqa: ARG001  # the signature of every owner look-up
    """The owner of paths that no package owns."""
    return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """What is known of the original's run.

    Shape: `redact` takes secrets out of arguments; `owner` names the package that a path of the
    original belongs to, such as "deb perl-base 5.36.0-7", or nothing.
    """

    original: ImageName
    tree: FileTree
    trace: TraceLog
    command: Command
    redact: Callable[[str], str]
    owner: Callable[[ImagePath], str] = no_owner
    writable_paths: tuple[ImagePath, ...] = ()
    probes: tuple[ProbeAnswer, ...] = ()
    health: Health | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SlimmedRecord:
    """What is known of the slimmed image; `layers` has the role of each of its layers."""

    name: ImageName
    tree: FileTree
    selection: Selection
    layers: tuple[LayerRole, ...]


def make_container_report(run: RunRecord, slimmed: SlimmedRecord | None) -> ContainerReport:
    """Put the report together; everything in it is sorted."""
    return ContainerReport(
        original=run.original,
        slimmed=slimmed.name if slimmed else None,
        policy=slimmed.selection.policy if slimmed else None,
        command=_redacted_command(run),
        processes=_processes(run),
        listening=_addresses(run.trace, SocketRole.LISTEN),
        connects=_addresses(run.trace, SocketRole.CONNECT),
        system_calls=_system_calls(run.trace),
        capabilities=_capabilities(run.trace),
        writable_paths=tuple(sorted(map(str, run.writable_paths))),
        probes=run.probes,
        health=run.health,
        kept=_Kept(run, slimmed).paths() if slimmed else (),
    )


def render_container_report(report: ContainerReport) -> bytes:
    """The report as JSON, indented for people."""
    return encode(report, indent=1)


def _redacted_command(run: RunRecord) -> Command:
    return msgspec.structs.replace(
        run.command, argv=tuple(run.redact(item) for item in run.command.argv)
    )


def _processes(run: RunRecord) -> tuple[ProcessReport, ...]:
    return tuple(
        ProcessReport(
            pid=process.pid,
            parent=process.parent,
            origin=process.origin,
            programs=tuple(
                Program(path=path, argv=tuple(run.redact(item) for item in argv))
                for path, argv in process.programs
            ),
        )
        for process in sorted(run.trace.processes, key=lambda item: item.pid)
    )


def _addresses(trace: TraceLog, role: SocketRole) -> tuple[Address, ...]:
    found = {
        (use.family, use.protocol, use.address, use.port)
        for use in trace.sockets
        if use.role is role
    }
    return tuple(
        Address(family=family, protocol=protocol, address=address, port=port)
        for family, protocol, address, port in sorted(found)
    )


def _system_calls(trace: TraceLog) -> tuple[SystemCall, ...]:
    counts: dict[str, int] = {}
    for use in trace.syscalls:
        counts[use.name] = counts.get(use.name, 0) + use.count
    return tuple(SystemCall(name=name, count=count) for name, count in sorted(counts.items()))


def _capabilities(trace: TraceLog) -> tuple[Capability, ...]:
    evidence: dict[str, set[str]] = {}
    for use in trace.capabilities:
        evidence.setdefault(use.name, set()).add(use.evidence)
    return tuple(
        Capability(name=name, evidence=tuple(sorted(calls)))
        for name, calls in sorted(evidence.items())
    )


_REWRITTEN: Final = KeptBecause(rule=Rule.RECORD, detail="written anew for what is kept")
_NEW_PARENT: Final = KeptBecause(rule=Rule.PARENT, detail="new, for what is in it")


@dataclass(frozen=True, slots=True)
class _Kept:
    """Tells of each path in the slimmed image why it is there."""

    run: RunRecord
    slimmed: SlimmedRecord
    _reasons: dict[tuple[Reason, ...], tuple[KeptBecause, ...]] = field(default_factory=dict)

    def paths(self) -> tuple[KeptPath, ...]:
        codes = {code.target: code for code in self.slimmed.selection.bytecode}
        extra: Mapping[ImagePath, tuple[KeptBecause, ...]] = {
            target: (
                *self._converted(code.reasons),
                KeptBecause(rule=Rule.PYTHON, detail=f"byte code of {code.source}"),
            )
            for target, code in codes.items()
        }
        return tuple(
            self._path(entry, extra.get(path, ()), codes[path].source if path in codes else path)
            for path, entry in self.slimmed.tree.items()
        )

    def _path(self, entry: Entry, extra: tuple[KeptBecause, ...], origin: ImagePath) -> KeptPath:
        path = entry.path
        selection = self.slimmed.selection
        reasons = self._converted(selection.kept.get(path, ())) + extra
        if path in selection.rewritten:
            reasons += (_REWRITTEN,)
        if not reasons and entry.is_directory:
            reasons = (_NEW_PARENT,)
        before = self.run.tree.get(origin)
        return KeptPath(
            path=path,
            kind=entry.kind,
            size_bytes=entry.size_bytes,
            mode=f"{entry.mode:04o}",
            uid=entry.uid,
            gid=entry.gid,
            owner=self.run.owner(origin),
            layer=self.slimmed.layers[entry.layer],
            original_layer=before.layer if before else None,
            link_target=entry.link_target,
            reasons=reasons,
        )

    def _converted(self, reasons: tuple[Reason, ...]) -> tuple[KeptBecause, ...]:
        found = self._reasons.get(reasons)
        if found is None:
            found = self._reasons[reasons] = tuple(
                KeptBecause(rule=item.rule, detail=item.detail, because=item.because)
                for item in reasons
            )
        return found
