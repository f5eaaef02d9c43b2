"""What this host lets us do, found out by trying it, once."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from jettison.linux import capabilities, libc
from jettison.linux.cgroups import CgroupMode, can_make_groups, detect_mode, find_limits
from jettison.linux.idmap import IdMapping, plan_mapping, read_current_mapping, single_mapping
from jettison.linux.libc import MountFlag, Namespace
from jettison.linux.signals import signals_deferred
from jettison.linux.userns import fork_mapped

# Settings that keep an ordinary user from making a user namespace, and what they then are.
_SWITCHES: Final = (
    ("kernel/unprivileged_userns_clone", "0"),
    ("user/max_user_namespaces", "0"),
    ("kernel/apparmor_restrict_unprivileged_userns", "1"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Abilities:
    """What `detect` found.

    Shape: `mapping` is None where no user namespace is needed; the `_failure` texts are empty
    where the thing works; `in_user_namespace` is about isolated processes, which have a user
    namespace of ours or one that we are in already; `limits` may hold `memory` and `pids`.
    """

    is_root: bool
    in_user_namespace: bool
    mapping: IdMapping | None
    mapping_failure: str
    isolation_failure: str
    seccomp_notify: bool
    can_raise_limits: bool
    cgroups: CgroupMode
    can_use_cgroups: bool
    limits: frozenset[str]

    @property
    def can_isolate(self) -> bool:
        """Whether a process of ours can have mounts, processes and networks of its own."""
        return not self.isolation_failure


@cache
def detect() -> Abilities:
    """Try everything in short-lived children; some 20 ms, once in a process."""
    effective = capabilities.effective()
    is_root = os.geteuid() == 0 and "CAP_SYS_ADMIN" in effective
    mapping = None if is_root else plan_mapping()
    mapping_failure = ""
    found = _rehearse(mapping)
    if found.get("mapped") is None and mapping is not None and not mapping.is_single:
        # Subordinate ids that cannot be used must not stop what works without them.
        mapping_failure = found.get("failure", "")
        mapping = single_mapping(os.geteuid(), os.getegid())
        found = _rehearse(mapping)
    mode = detect_mode()
    return Abilities(
        is_root=is_root,
        in_user_namespace=mapping is not None or not read_current_mapping().is_initial,
        mapping=mapping,
        mapping_failure=mapping_failure,
        isolation_failure=found.get("failure", ""),
        seccomp_notify=_knows_notification(),
        can_raise_limits="CAP_SYS_RESOURCE" in effective,
        cgroups=mode,
        can_use_cgroups=is_root and can_make_groups(mode),
        limits=find_limits(mode) if is_root else frozenset(),
    )


def find_switch() -> str:
    """The sysctl that forbids user namespaces here, as `name=value`; empty if none does."""
    for name, off in _SWITCHES:
        try:
            value = Path("/proc/sys", name).read_text().strip()
        except OSError:
            continue
        if value == off:
            return f"{name.replace('/', '.')}={value}"
    return ""


def _knows_notification() -> bool:
    try:
        libc.seccomp_notify_sizes()
    except OSError:
        return False
    return True


def _rehearse(mapping: IdMapping | None) -> dict[str, str]:
    """Do what isolation does, in a child, and collect what failed.

    Shape: `mapped` if the namespaces were entered, `failure` as a text.
    """
    # What handlers raise while Python itself tidies up after a fork, it drops.
    with signals_deferred():
        return _rehearse_undisturbed(mapping)


def _rehearse_undisturbed(mapping: IdMapping | None) -> dict[str, str]:
    read_end, write_end = os.pipe()
    with os.fdopen(read_end, "rb") as answers:
        try:
            child = fork_mapped(mapping, lambda: _in_namespaces(write_end))
        except OSError as err:
            return {"failure": _describe(err)}
        finally:
            os.close(write_end)
        said = answers.read()
    os.waitpid(child, 0)
    found: dict[str, str] = {}
    for line in said.splitlines():
        found.update(json.loads(line))
    if "done" not in found:
        found.setdefault("failure", "the kernel ended the attempt")
    return found


def _in_namespaces(answers: int) -> int:
    """The child: it is in its user namespace and needs a child of its own to be pid 1."""

    def say(**found: str) -> None:
        os.write(answers, json.dumps(found).encode() + b"\n")

    say(mapped="yes")
    try:
        libc.unshare(Namespace.PID | Namespace.MOUNT | Namespace.NETWORK)
        first = os.fork()
        if first != 0:
            _, status = os.waitpid(first, 0)
            return os.waitstatus_to_exitcode(status)
        libc.mount("none", "/", flags=MountFlag.RECURSIVE | MountFlag.PRIVATE)
        libc.mount("proc", "/proc", "proc", MountFlag.NOSUID | MountFlag.NODEV | MountFlag.NOEXEC)
        libc.mount("tmpfs", "/tmp", "tmpfs", data="size=1m")  # noqa: S108  # in our own namespace
    except OSError as err:
        say(failure=_describe(err))
        return 0
    say(done="yes")
    return 0


def _describe(err: OSError) -> str:
    return f"{err.filename}: {err.strerror}" if err.filename else str(err.strerror or err)
