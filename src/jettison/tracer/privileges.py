"""Which capability a system call asks for, from its arguments and who makes it.

Only what the caller holds is inferred: without the capability the call fails the same way in
the slimmed image. Overrides of file permissions need the image's tree; `profile.capabilities`
has it.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from jettison.linux.tasks import TaskStatus
from jettison.tracer.decode import Arguments, View

# Bit numbers of include/uapi/linux/capability.h.
_CAPABILITIES: Final = (
    "CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP "
    "LINUX_IMMUTABLE NET_BIND_SERVICE NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER "
    "SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN SYS_BOOT SYS_NICE "
    "SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP "
    "MAC_OVERRIDE MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF "
    "CHECKPOINT_RESTORE"
)
CAPABILITY_BITS: Final[Mapping[str, int]] = MappingProxyType(
    {name: bit for bit, name in enumerate(_CAPABILITIES.split())}
)

_LOW: Final = 0xFFFFFFFF
_UNCHANGED: Final = 0xFFFFFFFF  # -1: leave this id as it is
_PRIVILEGED_PORTS: Final = 1024  # ip(7), ip_unprivileged_port_start by default

# Returns (capability without CAP_, why) or None.
Need = tuple[str, str] | None


class Caller(NamedTuple):
    """Who makes a call; `others` are the processes of the container by the pids it knows."""

    status: TaskStatus
    others: Mapping[int, TaskStatus]


Rule = Callable[[Arguments, Caller, View], Need]


def holds(status: TaskStatus, name: str) -> bool:
    """Whether a capability is in the effective set."""
    return bool(status.capabilities >> CAPABILITY_BITS[name] & 1)


def _ids(name: str, capability: str, count: int, *, groups: bool) -> Rule:
    def rule(args: Arguments, caller: Caller, _view: View) -> Need:
        status = caller.status
        own = (*(status.gids if groups else status.uids), status.gid if groups else status.uid)
        wanted = [value & _LOW for value in args[:count]]
        strange = [value for value in wanted if value != _UNCHANGED and value not in own]
        if not strange:
            return None
        return capability, f"{name}({', '.join(map(_show_id, wanted))}) as {own[1]}"

    return rule


def _show_id(value: int) -> str:
    return "-1" if value == _UNCHANGED else str(value)


def _chown(name: str, first: int) -> Rule:
    def rule(args: Arguments, caller: Caller, _view: View) -> Need:
        status = caller.status
        uid, gid = args[first] & _LOW, args[first + 1] & _LOW
        own_groups = status.groups | {status.gid}
        if uid in (_UNCHANGED, status.uid) and (gid == _UNCHANGED or gid in own_groups):
            return None
        return "CHOWN", f"{name} to {_show_id(uid)}:{_show_id(gid)} as {status.uid}:{status.gid}"

    return rule


def _always(capability: str, why: str) -> Rule:
    def rule(_args: Arguments, _caller: Caller, _view: View) -> Need:
        return capability, why

    return rule


def _bind(args: Arguments, _caller: Caller, view: View) -> Need:
    if not args[1] or args[2] & _LOW < 8:
        return None
    family, port = struct.unpack("=H2s", view.read(args[1], 4))
    number = int.from_bytes(port, "big")
    if family in (2, 10) and 0 < number < _PRIVILEGED_PORTS:
        return "NET_BIND_SERVICE", f"bind to port {number}"
    return None


_AF_NETLINK: Final = 16
_NETLINK_AUDIT: Final = 9
_AF_PACKET: Final = 17
_SOCK_RAW: Final = 3


def _socket(args: Arguments, _caller: Caller, _view: View) -> Need:
    family, kind = args[0] & _LOW, args[1] & 0xF
    if family == _AF_PACKET or (family in (2, 10) and kind == _SOCK_RAW):
        return "NET_RAW", f"socket of family {family}, type {kind}"
    if family == _AF_NETLINK and args[2] & _LOW == _NETLINK_AUDIT:
        return "AUDIT_WRITE", "socket to the audit system"
    return None


def _mknod(name: str, mode: int) -> Rule:
    def rule(args: Arguments, _caller: Caller, _view: View) -> Need:
        if args[mode] & 0o170000 in (0o020000, 0o060000):
            return "MKNOD", f"{name} of a device"
        return None

    return rule


def _signed(value: int) -> int:
    value &= _LOW
    return value - (1 << 32) if value >> 31 else value


def _kill(name: str, target: int, signal: int) -> Rule:
    def rule(args: Arguments, caller: Caller, _view: View) -> Need:
        pid = _signed(args[target])
        owner = caller.others.get(pid)
        if owner is None or not args[signal] & _LOW:
            return None
        ours, theirs = caller.status.uids, owner.uids
        # kill(2): the real or effective id of the sender is the real or saved one of the target.
        if {ours[0], ours[1]} & {theirs[0], theirs[2]}:
            return None
        return "KILL", f"{name} of a process of user {theirs[0]} as {ours[1]}"

    return rule


def _nice(args: Arguments, _caller: Caller, _view: View) -> Need:
    if _signed(args[2]) < 0:
        return "SYS_NICE", f"setpriority to {_signed(args[2])}"
    return None


def _scheduler(args: Arguments, _caller: Caller, _view: View) -> Need:
    policy = args[1] & 0xFF
    if policy in (1, 2):
        return "SYS_NICE", "sched_setscheduler to a real-time policy"
    return None


def _resource(args: Arguments, _caller: Caller, view: View) -> Need:
    # prlimit64(pid, resource, new, old): only raising a hard limit asks for it, which the new
    # value alone does not tell; RLIM_INFINITY is what programs that need it ask for.
    if args[2] and view.read(args[2] + 8, 8) == b"\xff" * 8:
        return "SYS_RESOURCE", "prlimit64 with no hard limit"
    return None


_SECURITY_CAPABILITY: Final = b"security.capability"


def _xattr(args: Arguments, _caller: Caller, view: View) -> Need:
    if view.read_string(args[1], 256) == _SECURITY_CAPABILITY:
        return "SETFCAP", "setxattr of security.capability"
    return None


RULES: Final[Mapping[str, Rule]] = MappingProxyType(
    {
        name + suffix: _ids(name, capability, count, groups=groups)
        for name, capability, count, groups in (
            ("setuid", "SETUID", 1, False),
            ("setreuid", "SETUID", 2, False),
            ("setresuid", "SETUID", 3, False),
            ("setfsuid", "SETUID", 1, False),
            ("setgid", "SETGID", 1, True),
            ("setregid", "SETGID", 2, True),
            ("setresgid", "SETGID", 3, True),
            ("setfsgid", "SETGID", 1, True),
        )
        for suffix in ("", "32")
    }
    | {
        name: _always(capability, name)
        for capability, names in (
            ("SETGID", "setgroups setgroups32"),
            ("SYS_CHROOT", "chroot"),
            ("SYS_ADMIN", "mount umount umount2 pivot_root sethostname setdomainname setns swapon"),
            ("SYS_PTRACE", "ptrace process_vm_readv process_vm_writev"),
            ("SYS_TIME", "settimeofday clock_settime clock_settime64 stime"),
            ("SYS_RAWIO", "iopl ioperm"),
            ("SYS_BOOT", "reboot"),
            ("SYS_MODULE", "init_module finit_module delete_module"),
            ("SYS_PACCT", "acct"),
            ("SYSLOG", "syslog"),
            ("DAC_READ_SEARCH", "open_by_handle_at"),
        )
        for name in names.split()
    }
    | {
        "chown": _chown("chown", 1),
        "lchown": _chown("lchown", 1),
        "fchown": _chown("fchown", 1),
        "chown32": _chown("chown", 1),
        "lchown32": _chown("lchown", 1),
        "fchown32": _chown("fchown", 1),
        "fchownat": _chown("fchownat", 2),
        "bind": _bind,
        "socket": _socket,
        "mknod": _mknod("mknod", 1),
        "mknodat": _mknod("mknodat", 2),
        "kill": _kill("kill", 0, 1),
        "tkill": _kill("tkill", 0, 1),
        "setpriority": _nice,
        "sched_setscheduler": _scheduler,
        "prlimit64": _resource,
        "setxattr": _xattr,
        "lsetxattr": _xattr,
        "fsetxattr": _xattr,
    }
)


# Calls that only a file's owner may make, with the index of the argument that must not be NULL
# for it (setting the times to now needs no owner), or None.
OWNER_CALLS: Final[Mapping[str, int | None]] = MappingProxyType(
    {
        "chmod": None,
        "fchmod": None,
        "fchmodat": None,
        "fchmodat2": None,
        "utime": 1,
        "utimes": 1,
        "futimesat": 2,
        "utimensat": 2,
    }
)


def infer_owner(name: str, args: Arguments, caller: Caller, owner: int | None) -> Need:
    """The capability that one of OWNER_CALLS uses on a file of this owner, as `infer`."""
    needed = OWNER_CALLS[name]
    if owner is None or owner == caller.status.uid or (needed is not None and not args[needed]):
        return None
    if not holds(caller.status, "FOWNER"):
        return None
    return "FOWNER", f"{name} of a file of user {owner} as {caller.status.uid}"


def infer(name: str, args: Arguments, caller: Caller, view: View) -> Need:
    """The capability that this call uses, with the reason, if the caller has it.

    Shape: (name without `CAP_`, why) or None.
    Raises: OSError, of the view.
    """
    rule = RULES.get(name)
    if rule is None:
        return None
    need = rule(args, caller, view)
    return need if need is not None and holds(caller.status, need[0]) else None
