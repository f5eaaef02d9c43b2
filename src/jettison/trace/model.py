"""What was seen of a container's run, as values."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from jettison.paths import ImagePath


class Operation(StrEnum):
    """What a system call meant to do with a path."""

    OPEN = "open"  # for reading, directories included
    WRITE = "write"  # open for writing, create, truncate, rename, unlink, mkdir, chmod, …
    EXEC = "exec"
    STAT = "stat"  # stat, access and their kin
    READLINK = "readlink"
    CHDIR = "chdir"


class Origin(StrEnum):
    """Why a process runs. What only an `EXEC` process touched does not count as observed."""

    APP = "app"
    HEALTHCHECK = "healthcheck"
    EXEC = "exec"  # a helper the user asked for with --exec


class SocketRole(StrEnum):
    """What a process did with an address."""

    BIND = "bind"
    LISTEN = "listen"
    CONNECT = "connect"


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """A process of the container; threads count with their process.

    Shape: `pid` as the tracer's pid namespace names it, `parent` likewise and 0 if it is outside
    the container; `programs` are the (path, argv) it executed, in order, as the calls named them.
    """

    pid: int
    parent: int
    origin: Origin
    programs: tuple[tuple[ImagePath, tuple[str, ...]], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FileAccess:
    """One (process, operation, path) with how often it was seen.

    Shape: `path` is absolute and normalized but its links are not followed: what the call named,
    joined with the process's working directory or descriptor where it was relative. Only links
    before a `..` are followed, and what is climbed out of is an access of its own. `uid` is the
    user whose rights counted.
    """

    path: ImagePath
    operation: Operation
    pid: int
    count: int = 1
    uid: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SyscallUse:
    """How often a process made a system call; `name` as libseccomp spells it.

    Shape: `by_runtime` calls were made by the OCI runtime in this process, before it executed
    the container's own program.
    """

    name: str
    pid: int
    count: int
    by_runtime: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SocketUse:
    """An address a process used.

    Shape: `family` is "inet", "inet6" or "unix"; `address` is the IP address or the socket's
    path (an abstract one starts with "@"); `port` is 0 for "unix"; `protocol` "tcp", "udp" or "".
    """

    role: SocketRole
    family: str
    address: str
    port: int
    pid: int
    protocol: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CapabilityUse:
    """A capability that a call needed; `name` without `CAP_`, `evidence` the call and why."""

    name: str
    pid: int
    evidence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceLog:
    """Everything seen from the container's start to its end.

    Shape: every tuple is sorted, so equal runs give equal logs; `interrupted` of the
    `notifications` were taken back, as a signal came first, and are counted nowhere else.
    Units: `agent_seconds` is CPU time the tracer itself used for all `notifications`.
    """

    processes: tuple[Process, ...] = ()
    accesses: tuple[FileAccess, ...] = ()
    syscalls: tuple[SyscallUse, ...] = ()
    sockets: tuple[SocketUse, ...] = ()
    capabilities: tuple[CapabilityUse, ...] = ()
    notifications: int = 0
    interrupted: int = 0
    agent_seconds: float = 0.0

    def pids(self, *origins: Origin) -> frozenset[int]:
        """The processes that run for one of these reasons."""
        return frozenset(item.pid for item in self.processes if item.origin in origins)
