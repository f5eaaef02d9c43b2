"""Traces of a container's run: processes, file accesses, system calls, sockets."""

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

__all__ = [
    "CapabilityUse",
    "FileAccess",
    "Operation",
    "Origin",
    "Process",
    "SocketRole",
    "SocketUse",
    "SyscallUse",
    "TraceLog",
]
