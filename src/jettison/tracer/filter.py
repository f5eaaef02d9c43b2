"""Turn a seccomp allow list into one that tells the tracer of each call it allows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from jettison.errors import JettisonError

NEVER_NOTIFIED: Final = frozenset(
    {
        # runc refuses to notify `write`, and hands the descriptor over with the others, each
        # made by the very process that the filter already holds: runc 1.1,
        # libcontainer/specconv, "SCMP_ACT_NOTIFY cannot be used for the write syscall".
        "write",
        "close",
        "sendmsg",
        "exit",
        "exit_group",
        # What the Go scheduler and allocator of `runc init` may do in the microseconds between
        # installing the filter and handing its descriptor over. Nobody could answer yet, and
        # the parent that could hand it on waits for a thread that waits for an answer.
        "clock_gettime",
        "epoll_pwait",
        "futex",
        "getpid",
        "gettid",
        "madvise",
        "mmap",
        "munmap",
        "nanosleep",
        "rt_sigprocmask",
        "rt_sigreturn",
        "sched_yield",
        "sigaltstack",
        "tgkill",
    }
)
"""Calls that are allowed without being seen; every generated profile must allow them."""

# What they do would pass the filter unseen: opens and connects made by the ring.
_HIDDEN: Final = ("io_uring_enter", "io_uring_register", "io_uring_setup")
_ENOSYS: Final = 38


def notify_all(base: Mapping[str, Any], *, listener_path: str = "") -> dict[str, Any]:
    """The OCI `linux.seccomp` object that traces what `base` allows and denies what it denies.

    Shape: `base` is an OCI `linux.seccomp` object with an allow list.
    Raises: JettisonError if `base` allows by default: runc cannot notify by default.
    Source: OCI runtime-spec 1.1, "Seccomp".
    """
    default = base.get("defaultAction")
    if default in ("SCMP_ACT_ALLOW", "SCMP_ACT_LOG", "SCMP_ACT_NOTIFY"):
        raise JettisonError(
            f"seccomp profile: its default action is {default}",
            hint="a profile that is traced must be an allow list",
        )
    rules: list[dict[str, Any]] = []
    for rule in base.get("syscalls") or ():
        names = [name for name in rule["names"] if name not in _HIDDEN]
        if rule["action"] not in ("SCMP_ACT_ALLOW", "SCMP_ACT_LOG"):
            rules.append({**rule, "names": names})
            continue
        for action, chosen in (
            ("SCMP_ACT_ALLOW", [name for name in names if name in NEVER_NOTIFIED]),
            ("SCMP_ACT_NOTIFY", [name for name in names if name not in NEVER_NOTIFIED]),
        ):
            if chosen:
                rules.append({**rule, "names": chosen, "action": action})
    rules.append({"names": list(_HIDDEN), "action": "SCMP_ACT_ERRNO", "errnoRet": _ENOSYS})
    traced: dict[str, Any] = {key: value for key, value in base.items() if key != "syscalls"}
    traced["syscalls"] = [rule for rule in rules if rule["names"]]
    if listener_path:
        traced["listenerPath"] = listener_path
    return traced
