"""A seccomp filter for one application, from what a run of it did.

Allowed is what was seen, what does the same on another machine, what a runtime needs before it
executes the program, and, where requests nobody made are to work too, what these commonly do. The
rest fails with EPERM, or with ENOSYS where callers have a fallback.
"""

from __future__ import annotations

import errno
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any, Final

from jettison.image import Platform
from jettison.profile.baseline import (
    CRUN,
    FORKING,
    GO_RUNTIME,
    INIT,
    KINS,
    LIBC,
    ORDINARY,
    RUNC,
    WITH_FALLBACK,
)
from jettison.trace import Origin, TraceLog

_NATIVE: Final = {"amd64": "SCMP_ARCH_X86_64", "arm64": "SCMP_ARCH_AARCH64"}
_COMPAT: Final = {
    "amd64": ("SCMP_ARCH_X86", "SCMP_ARCH_X32"),
    "arm64": ("SCMP_ARCH_ARM",),
}
# Names that only 32-bit ABIs have: whoever makes one of them needs that ABI allowed.
_ONLY_32_BIT: Final = frozenset(
    {
        "_llseek", "_newselect", "chown32", "fchown32", "fcntl64", "fstat64", "fstatat64",
        "ftruncate64", "getegid32", "geteuid32", "getgid32", "getuid32", "lstat64", "mmap2",
        "set_thread_area", "sigreturn", "socketcall", "stat64", "statfs64", "truncate64",
        "ugetrlimit", "waitpid",
    }
)  # fmt: skip

# As in Docker's default profile: personality(2) PER_LINUX, PER_LINUX32, UNAME26 with either, and
# the question what it is; no namespaces by clone(2); no sockets into the hypervisor, vsock(7).
_PERSONALITIES: Final = (0x0, 0x8, 0x20000, 0x20008, 0xFFFFFFFF)
_CLONE_NAMESPACES: Final = 0x7E020000
_AF_VSOCK: Final = 40

_CONDITIONAL: Final = frozenset({"clone", "personality", "socket"})
# A filter cannot look at clone3's flags, as they are in memory; libc falls back on clone.
_NEVER_ALLOWED: Final = frozenset(
    {"clone3", "io_uring_enter", "io_uring_register", "io_uring_setup"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SeccompOptions:
    """What a filter is for.

    Shape: `origins` are the processes whose calls are allowed; `extra` are further names;
    `ordinary` allows as well what any request may need that nobody made, for images that keep
    more than was observed; `audit` gives a filter that refuses nothing and logs what the real
    one would refuse.
    """

    origins: frozenset[Origin] = frozenset(Origin)
    extra: frozenset[str] = frozenset()
    ordinary: bool = False
    audit: bool = False


_DEFAULTS: Final = SeccompOptions()


def build_profile(
    trace: TraceLog, platform: Platform, options: SeccompOptions = _DEFAULTS
) -> dict[str, Any]:
    """The filter, in the form that runc, Docker, Podman and Kubernetes nodes read alike.

    Shape: an OCI `linux.seccomp` object; names sorted. It names the machines themselves
        (`architectures`) and not Docker's `archMap`, which other readers do not know.
    Source: OCI runtime-spec 1.1, "Seccomp"; Docker Engine, "Seccomp security profiles".
    """
    allowed = allowed_names(trace, options)
    plain = sorted(allowed - _CONDITIONAL)
    rules: list[dict[str, Any]] = [{"names": plain, "action": "SCMP_ACT_ALLOW"}]
    if "clone" in allowed:
        rules.append(_if("clone", _CLONE_NAMESPACES, "SCMP_CMP_MASKED_EQ"))
    if "socket" in allowed:
        rules.append(_if("socket", _AF_VSOCK, "SCMP_CMP_NE"))
    if "personality" in allowed:
        rules.extend(_if("personality", value, "SCMP_CMP_EQ") for value in _PERSONALITIES)
    architectures = _architectures(platform, allowed)
    if options.audit:
        return {
            "defaultAction": "SCMP_ACT_LOG",
            "architectures": architectures,
            "syscalls": rules,
        }
    refused = sorted(WITH_FALLBACK - allowed)
    rules.append({"names": refused, "action": "SCMP_ACT_ERRNO", "errnoRet": errno.ENOSYS})
    return {
        "defaultAction": "SCMP_ACT_ERRNO",
        "defaultErrnoRet": errno.EPERM,
        "architectures": architectures,
        "syscalls": rules,
    }


def allowed_names(trace: TraceLog, options: SeccompOptions = _DEFAULTS) -> frozenset[str]:
    """Every system call that the filter lets pass, with or without conditions."""
    pids = trace.pids(*options.origins)
    seen = {use.name for use in trace.syscalls if use.pid in pids or use.by_runtime}
    wanted = seen | LIBC | GO_RUNTIME | RUNC | CRUN | INIT | options.extra
    if options.ordinary:
        wanted |= ORDINARY
    if has_children(trace, pids):
        wanted |= FORKING
    return frozenset(_with_kin(wanted, seen)) - _NEVER_ALLOWED - _unnamed(wanted)


def has_children(trace: TraceLog, pids: Collection[int]) -> bool:
    """Whether one of these processes started another."""
    return any(item.pid in pids and item.parent in pids for item in trace.processes)


def _with_kin(wanted: Iterable[str], seen: Collection[str]) -> set[str]:
    # Only what was seen brings its kin: the runtime's needs are known to the letter.
    found = set(wanted)
    for kin in KINS:
        if not kin.names.isdisjoint(seen):
            found |= kin.names
    return found


def _unnamed(names: Iterable[str]) -> frozenset[str]:
    return frozenset(name for name in names if name.startswith("unknown:"))


def _architectures(platform: Platform, allowed: Collection[str]) -> list[str]:
    # Both machines, so that one profile serves each platform of an image; a 32-bit ABI only if
    # something used it, as each more is another way into the kernel.
    first = _NATIVE.get(platform.architecture)
    native = [first] if first else []
    native += [name for name in _NATIVE.values() if name != first]
    if not _ONLY_32_BIT.isdisjoint(allowed):
        native += _COMPAT.get(platform.architecture, ())
    return native


def _if(name: str, value: int, comparison: str) -> dict[str, Any]:
    condition = {"index": 0, "value": value, "op": comparison}
    if comparison == "SCMP_CMP_MASKED_EQ":
        condition["valueTwo"] = 0
    return {"names": [name], "action": "SCMP_ACT_ALLOW", "args": [condition]}
