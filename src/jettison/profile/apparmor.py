"""An AppArmor profile for the slimmed image; it includes nothing, so any parser can compile it.

AppArmor matches the real path of a file, links resolved, as the container sees it. What no rule
allows is refused, so the profile says what may be read, run and written and nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from jettison.filetree import Entry, FileTree
from jettison.paths import ImagePath
from jettison.profile.writable import WritablePath
from jettison.trace import TraceLog

_SAFE: Final = re.compile(rb"[A-Za-z0-9_./+:=%~ \x80-\xff-]")
_PLAIN: Final = re.compile(r"[A-Za-z0-9_./?+~-]*")
_SHARED_OBJECT: Final = re.compile(r"\.so(\.[0-9.]+)?$")
_NOT_OF_THE_IMAGE: Final = frozenset({"dev", "proc", "sys"})
# A directory with more programs than this is one rule.
_MAX_NAMED_PROGRAMS: Final = 32

_DEVICES: Final = """\
  /dev/ r,
  /dev/{null,zero,full,random,urandom,tty,ptmx} rw,
  /dev/{stdin,stdout,stderr,fd,fd/*} r,
  /dev/pts/{,*} rw,
  /dev/shm/{,**} rwkl,
"""

# Reading /proc and /sys is what libc, Python and monitoring do; the denied parts are those that
# the engines mask or mount read-only: OCI runtime-spec 1.1, maskedPaths and readonlyPaths.
_KERNEL: Final = """\
  /proc/{,**} r,
  /proc/[0-9]*/{comm,oom_score_adj,timerslack_ns,coredump_filter} w,
  /proc/[0-9]*/task/[0-9]*/comm w,
  /sys/{,**} r,
  deny /proc/sys/** wklx,
  deny /proc/{kcore,sysrq-trigger,mem,kmem,timer_list,keys,latency_stats,sched_debug} rwklx,
  deny /proc/{acpi,asound,bus,fs,irq,scsi}/** wklx,
  deny /sys/{firmware,kernel/security,kernel/debug}/** rwklx,
  deny mount,
  deny umount,
  deny pivot_root,
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class AppArmorInput:
    """What a profile is made of.

    Shape: `tree` is the slimmed image's; `capabilities` are names without `CAP_`.
    """

    name: str
    tree: FileTree
    trace: TraceLog
    writable: tuple[WritablePath, ...] = ()
    capabilities: tuple[str, ...] = ()


def render_profile(given: AppArmorInput) -> str:
    """The profile's text.

    Source: apparmor.d(5); the engines' default profile for what peers may signal.
    """
    name = profile_name(given.name)
    sections = (
        ("What a container's runtime and its own processes may signal", _signals(name)),
        ("Network families that were used", _network(given.trace)),
        ("Capabilities that were used", _capabilities(given.capabilities)),
        ("The image", _reading(given.tree)),
        ("Programs", _programs(given.tree)),
        ("What the app writes", _writing(given.writable, given.tree)),
        ("Devices", _DEVICES.splitlines()),
        ("The kernel's interfaces", _KERNEL.splitlines()),
    )
    body = "\n".join("\n".join((f"  # {title}", *lines, "")) for title, lines in sections if lines)
    return f"profile {name} flags=(attach_disconnected,mediate_deleted) {{\n{body.rstrip()}\n}}\n"


def profile_name(text: str) -> str:
    """A name that needs no quotes; `jettison-` in front keeps it apart from programs' profiles."""
    cleaned = re.sub(r"[^A-Za-z0-9_.-]+", "-", text).strip("-.")
    return f"jettison-{cleaned or 'app'}"


def quote_path(path: str, suffix: str = "") -> str:
    """A path as a rule's subject; `suffix` is glob text of our own and stays as it is.

    Bytes that the profile language gives a meaning to become `?`, which matches any one byte
    but a slash: escapes are read differently by different parsers, this is not.
    """
    raw = path.encode("utf-8", "surrogateescape")
    safe = b"".join(bytes((byte,)) if _SAFE.match(bytes((byte,))) else b"?" for byte in raw).decode(
        "utf-8", "surrogateescape"
    )
    text = re.sub("[\udc80-\udcff]", "?", safe)
    return f"{text}{suffix}" if _PLAIN.fullmatch(safe) else f'"{text}{suffix}"'


def _signals(name: str) -> list[str]:
    receive = [
        f"  signal (receive) peer={peer}," for peer in ("unconfined", "runc", "crun", "dockerd")
    ]
    return [
        *receive,
        f"  signal (send, receive) peer={name},",
        f"  ptrace (read, readby) peer={name},",
    ]


def _network(trace: TraceLog) -> list[str]:
    families = {use.family for use in trace.sockets}
    lines = ["  network unix,"]
    if families & {"inet", "inet6"}:
        # One family seen means both: `localhost` and names resolve to either. Datagrams are the
        # resolver's, netlink is how libc learns which addresses the host has.
        lines += [
            f"  network {family} {kind},"
            for family in ("inet", "inet6")
            for kind in ("stream", "dgram")
        ]
        lines.append("  network netlink raw,")
    return lines


def _capabilities(names: Iterable[str]) -> list[str]:
    return [f"  capability {name.lower()}," for name in sorted(set(names))]


def _reading(tree: FileTree) -> list[str]:
    lines = ["  / r,"]
    for name in tree.children("/"):
        entry = tree[f"/{name}"]
        if name in _NOT_OF_THE_IMAGE:
            continue
        if not entry.is_directory:
            lines.append(f"  {quote_path(entry.path)} r,")
            continue
        lines.append(f"  {quote_path(entry.path, '/{,**}')} rk,")
        if any(_SHARED_OBJECT.search(item.path) for item in tree.walk(entry.path) if item.is_file):
            lines.append(f"  {quote_path(entry.path, '/**.so{,.[0-9]*}')} mr,")
    return lines


def _programs(tree: FileTree) -> list[str]:
    by_directory: dict[ImagePath, list[Entry]] = {}
    for entry in tree.values():
        if entry.is_executable and not _SHARED_OBJECT.search(entry.path):
            by_directory.setdefault(entry.path.parent, []).append(entry)
    lines: list[str] = []
    for directory, entries in sorted(by_directory.items()):
        if len(entries) > _MAX_NAMED_PROGRAMS:
            lines.append(f"  {quote_path(directory, '/*')} mrix,")
        else:
            lines += [f"  {quote_path(entry.path)} mrix," for entry in entries]
    # The dynamic loader maps itself and is not always marked executable or named as a program.
    lines += [f"  {loader} mrix," for loader in _loaders(tree, by_directory)]
    return lines


def _loaders(tree: FileTree, by_directory: dict[ImagePath, list[Entry]]) -> Iterator[str]:
    known = {entry.path for entries in by_directory.values() for entry in entries}
    for entry in tree.values():
        is_loader = entry.is_file and entry.path.name.startswith(("ld-linux", "ld-musl", "ld-2."))
        if is_loader and entry.path not in known:
            yield quote_path(entry.path)


def _writing(writable: Iterable[WritablePath], tree: FileTree) -> list[str]:
    lines: list[str] = []
    for item in writable:
        entry = tree.get(item.path)
        if entry is not None and not entry.is_directory:
            lines.append(f"  {quote_path(item.path)} rwk,")
        else:
            lines.append(f"  {quote_path(item.path, '/{,**}')} rwkl,")
    return lines
