"""Sum up what the agent saw and make the TraceLog of it.

Memory grows with what is different, not with how often it happens.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from jettison.edge.redact import redact
from jettison.paths import ImagePath
from jettison.trace import (
    CapabilityUse,
    FileAccess,
    Operation,
    Origin,
    Process,
    SocketRole,
    SocketUse,
    SyscallUse,
    TraceLog,
)
from jettison.tracer.decode import SocketFact

# About 400 bytes each; an app that reaches this names files at random without end.
MAX_DISTINCT: Final = 1_000_000

SocketKey = tuple[SocketRole, str, str, int, str]
"""Role, family, address, port, protocol."""


@dataclass(slots=True)
class ProcessRecord:
    """All of one process. `in_setup` holds until the runtime executes the container's program."""

    pid: int
    parent: int
    origin: Origin
    start_time: int = 0
    in_setup: bool = False
    has_own_root: bool = False
    programs: list[tuple[bytes, tuple[bytes, ...]]] = field(default_factory=list)
    accesses: dict[tuple[Operation, bytes, int], int] = field(default_factory=dict)
    calls: dict[str, int] = field(default_factory=dict)
    setup_calls: dict[str, int] = field(default_factory=dict)
    sockets: set[SocketKey] = field(default_factory=set)
    capabilities: dict[tuple[str, str], None] = field(default_factory=dict)


class TooMuchError(Exception):
    """More different things happened than the recorder keeps."""


class Recorder:
    """Takes what happened, process by process."""

    def __init__(self, *, limit: int = MAX_DISTINCT) -> None:
        self.processes: list[ProcessRecord] = []
        self.notifications = 0
        self.interrupted = 0
        self._left = limit

    def add_process(self, record: ProcessRecord) -> None:
        """A process that was not seen before."""
        self._take()
        self.processes.append(record)

    def add_access(
        self, process: ProcessRecord, operation: Operation, path: bytes, uid: int
    ) -> None:
        """One look-up of a path without `..`."""
        key = (operation, path, uid)
        count = process.accesses.get(key)
        if count is None:
            self._take()
            count = 0
        process.accesses[key] = count + 1

    def add_program(self, process: ProcessRecord, path: bytes, argv: tuple[bytes, ...]) -> None:
        """One program that was executed."""
        self._take()
        process.programs.append((path, argv))

    def add_socket(self, process: ProcessRecord, fact: SocketFact) -> None:
        """One use of an address."""
        if not fact.family:
            return
        key = (fact.role, fact.family, fact.address, fact.port, fact.protocol)
        if key not in process.sockets:
            self._take()
            process.sockets.add(key)

    def add_capability(self, process: ProcessRecord, name: str, evidence: str) -> None:
        """One use of a capability."""
        # The same need with ever new arguments (a chown of each user in turn) is one need.
        if sum(known == name for known, _ in process.capabilities) < 16:
            process.capabilities[name, evidence] = None

    def _take(self) -> None:
        self._left -= 1
        if self._left < 0:
            raise TooMuchError

    def log(self, *, agent_seconds: float) -> TraceLog:
        """Everything, sorted."""
        numbered = list(zip(_unique_pids(self.processes), self.processes, strict=True))
        return TraceLog(
            processes=tuple(
                sorted((_process(pid, item) for pid, item in numbered), key=lambda p: p.pid)
            ),
            accesses=tuple(
                sorted(
                    (access for pid, item in numbered for access in _accesses(pid, item)),
                    key=lambda a: (a.path, a.operation, a.pid, a.uid),
                )
            ),
            syscalls=tuple(
                SyscallUse(name=name, pid=pid, by_runtime=by_runtime, count=count)
                for name, pid, by_runtime, count in sorted(
                    (name, pid, by_runtime, count)
                    for pid, item in numbered
                    for by_runtime, calls in ((False, item.calls), (True, item.setup_calls))
                    for name, count in calls.items()
                )
            ),
            sockets=tuple(
                SocketUse(
                    role=role, family=family, address=address, port=port, pid=pid, protocol=protocol
                )
                for role, family, address, port, protocol, pid in sorted(
                    (*key, pid) for pid, item in numbered for key in item.sockets
                )
            ),
            capabilities=tuple(
                CapabilityUse(name=name, pid=pid, evidence=evidence)
                for name, pid, evidence in sorted(
                    (name, pid, evidence)
                    for pid, item in numbered
                    for name, evidence in item.capabilities
                )
            ),
            notifications=self.notifications,
            interrupted=self.interrupted,
            agent_seconds=agent_seconds,
        )


# Numbers above any pid, for processes whose number another one had before: PID_MAX_LIMIT.
_PID_LIMIT: Final = 1 << 22


def _unique_pids(processes: list[ProcessRecord]) -> list[int]:
    seen: dict[int, int] = {}
    pids: list[int] = []
    for item in processes:
        before = seen.get(item.pid, 0)
        seen[item.pid] = before + 1
        pids.append(item.pid + before * _PID_LIMIT)
    return pids


def _process(pid: int, item: ProcessRecord) -> Process:
    return Process(
        pid=pid,
        parent=item.parent,
        origin=item.origin,
        programs=tuple(
            (
                ImagePath.parse(path),
                # What is on a command line ends up in trace.jsonl, so nothing secret may be.
                tuple(redact(text.decode("utf-8", "surrogateescape")) for text in argv),
            )
            for path, argv in item.programs
        ),
    )


def _accesses(pid: int, item: ProcessRecord) -> list[FileAccess]:
    # Different spellings, with `//` or `/./`, are one path.
    merged: dict[tuple[Operation, ImagePath, int], int] = {}
    for (operation, raw, uid), count in item.accesses.items():
        key = (operation, ImagePath.parse(raw), uid)
        merged[key] = merged.get(key, 0) + count
    return [
        FileAccess(path=path, operation=operation, pid=pid, count=count, uid=uid)
        for (operation, path, uid), count in merged.items()
    ]
