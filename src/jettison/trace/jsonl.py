"""`trace.jsonl`: a TraceLog as JSON lines, the first of which says what it is.

Paths and arguments that are not UTF-8 keep their bytes: JSON strings carry them as the lone
surrogates that `os.fsdecode` makes of them, written as escapes.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from jettison.errors import UsageError
from jettison.paths import ImagePath
from jettison.trace.model import (
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

KIND: Final = "jettison-trace"
SCHEMA_VERSION: Final = 1


def render_lines(log: TraceLog) -> Iterator[str]:
    """One JSON object a line, each with its `type`; the header first; no line ends."""
    yield _dump(
        {
            "type": "header",
            "kind": KIND,
            "schema_version": SCHEMA_VERSION,
            "notifications": log.notifications,
            "interrupted": log.interrupted,
            "agent_seconds": log.agent_seconds,
        }
    )
    for process in log.processes:
        programs = [{"path": path, "argv": list(argv)} for path, argv in process.programs]
        yield _dump(
            {
                "type": "process",
                "pid": process.pid,
                "parent": process.parent,
                "origin": process.origin,
                "programs": programs,
            }
        )
    for access in log.accesses:
        yield _dump(
            {
                "type": "access",
                "path": access.path,
                "operation": access.operation,
                "pid": access.pid,
                "count": access.count,
                "uid": access.uid,
            }
        )
    for call in log.syscalls:
        yield _dump(
            {
                "type": "syscall",
                "name": call.name,
                "pid": call.pid,
                "count": call.count,
                "by_runtime": call.by_runtime,
            }
        )
    for use in log.sockets:
        yield _dump(
            {
                "type": "socket",
                "role": use.role,
                "family": use.family,
                "address": use.address,
                "port": use.port,
                "protocol": use.protocol,
                "pid": use.pid,
            }
        )
    for need in log.capabilities:
        yield _dump(
            {
                "type": "capability",
                "name": need.name,
                "pid": need.pid,
                "evidence": need.evidence,
            }
        )


def _dump(value: Mapping[str, object]) -> str:
    return json.dumps(value, separators=(",", ":"))


def parse_lines(lines: Iterable[str | bytes], *, where: str = "trace.jsonl") -> TraceLog:
    """Read what `render_lines` wrote; line types that a later minor addition brings are skipped.

    Raises: UsageError, naming `where` and the line, for anything that is no such file.
    """
    found: dict[str, list[Any]] = {kind: [] for kind in _READERS}
    header: dict[str, Any] = {}
    for number, line in enumerate(lines, 1):
        try:
            value = json.loads(line)
            if number == 1:
                header = _header(value)
            elif value["type"] in _READERS:
                found[value["type"]].append(_READERS[value["type"]](value))
        except (ValueError, KeyError, TypeError) as err:
            raise UsageError(
                f"{where}: line {number}: {type(err).__name__}: {err}",
                hint="give a trace.jsonl that jettison wrote",
            ) from err
    if not header:
        raise UsageError(f"{where}: it is empty", hint="give a trace.jsonl that jettison wrote")
    return TraceLog(
        processes=tuple(found["process"]),
        accesses=tuple(found["access"]),
        syscalls=tuple(found["syscall"]),
        sockets=tuple(found["socket"]),
        capabilities=tuple(found["capability"]),
        notifications=int(header["notifications"]),
        interrupted=int(header["interrupted"]),
        agent_seconds=float(header["agent_seconds"]),
    )


def _header(value: dict[str, Any]) -> dict[str, Any]:
    if value.get("kind") != KIND:
        raise ValueError(f"kind is {value.get('kind')!r}, not {KIND!r}")
    if value.get("schema_version") != SCHEMA_VERSION:
        raise ValueError(f"schema_version is {value.get('schema_version')!r}")
    return value


def _process(value: dict[str, Any]) -> Process:
    return Process(
        pid=int(value["pid"]),
        parent=int(value["parent"]),
        origin=Origin(value["origin"]),
        programs=tuple(
            (ImagePath.parse(item["path"]), tuple(str(text) for text in item["argv"]))
            for item in value["programs"]
        ),
    )


def _access(value: dict[str, Any]) -> FileAccess:
    return FileAccess(
        path=ImagePath.parse(value["path"]),
        operation=Operation(value["operation"]),
        pid=int(value["pid"]),
        count=int(value["count"]),
        uid=int(value["uid"]),
    )


def _syscall(value: dict[str, Any]) -> SyscallUse:
    return SyscallUse(
        name=str(value["name"]),
        pid=int(value["pid"]),
        count=int(value["count"]),
        by_runtime=bool(value["by_runtime"]),
    )


def _socket(value: dict[str, Any]) -> SocketUse:
    return SocketUse(
        role=SocketRole(value["role"]),
        family=str(value["family"]),
        address=str(value["address"]),
        port=int(value["port"]),
        protocol=str(value["protocol"]),
        pid=int(value["pid"]),
    )


def _capability(value: dict[str, Any]) -> CapabilityUse:
    return CapabilityUse(
        name=str(value["name"]), pid=int(value["pid"]), evidence=str(value["evidence"])
    )


_READERS: Final = {
    "process": _process,
    "access": _access,
    "syscall": _syscall,
    "socket": _socket,
    "capability": _capability,
}
