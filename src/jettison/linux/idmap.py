"""Which user and group ids a new user namespace gets, and writing them.

Source: user_namespaces(7), subuid(5), newuidmap(1).
"""

from __future__ import annotations

import os
import pwd
import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_SUBUID: Final = Path("/etc/subuid")
_SUBGID: Final = Path("/etc/subgid")
_ALL_IDS: Final = (1 << 32) - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class IdRange:
    """`count` ids: from `inside` in the namespace, from `outside` in its parent."""

    inside: int
    outside: int
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class IdMapping:
    """The maps of one user namespace.

    Shape: the first range of each is the caller's own id, seen as 0.
    """

    uids: tuple[IdRange, ...]
    gids: tuple[IdRange, ...]

    @property
    def is_single(self) -> bool:
        """Whether the caller's own ids are all there is."""
        return any(sum(item.count for item in kind) <= 1 for kind in (self.uids, self.gids))

    @property
    def is_initial(self) -> bool:
        """Whether these are the maps of the host's own user namespace, in which all ids are."""
        return self.uids == (IdRange(inside=0, outside=0, count=_ALL_IDS),)

    @property
    def id_count(self) -> int:
        """How many ids from 0 on can be had, both as user and as group."""
        return min(sum(item.count for item in ranges) for ranges in (self.uids, self.gids))


def single_mapping(uid: int, gid: int) -> IdMapping:
    """The caller as 0 and nobody else: what the kernel allows without any help."""
    return IdMapping(
        uids=(IdRange(inside=0, outside=uid, count=1),),
        gids=(IdRange(inside=0, outside=gid, count=1),),
    )


def parse_subordinate_ids(text: str, name: str, number: int) -> tuple[tuple[int, int], ...]:
    """The (first, count) ranges that a subuid(5) file gives a user, by name or by number."""
    found = []
    for line in text.splitlines():
        owner, _, rest = line.strip().partition(":")
        first, _, count = rest.partition(":")
        if owner in (name, str(number)) and first.isdecimal() and count.isdecimal():
            found.append((int(first), int(count)))
    return tuple(item for item in found if item[1] > 0)


def plan_mapping() -> IdMapping:
    """The caller as 0, then all of his subordinate ids from 1 on, where he has both kinds."""
    uid, gid = os.geteuid(), os.getegid()
    single = single_mapping(uid, gid)
    if shutil.which("newuidmap") is None or shutil.which("newgidmap") is None:
        return single
    name = ""
    with suppress(KeyError):
        name = pwd.getpwuid(uid).pw_name
    uids = _read_ranges(_SUBUID, name, uid)
    gids = _read_ranges(_SUBGID, name, uid)
    if not uids or not gids:
        return single
    return IdMapping(uids=single.uids + uids, gids=single.gids + gids)


def _read_ranges(path: Path, name: str, uid: int) -> tuple[IdRange, ...]:
    try:
        text = path.read_text("utf-8", "replace")
    except OSError:
        return ()
    found = []
    inside = 1
    for first, count in parse_subordinate_ids(text, name, uid):
        found.append(IdRange(inside=inside, outside=first, count=count))
        inside += count
    return tuple(found)


def read_current_mapping() -> IdMapping:
    """The maps of the user namespace that we are in."""
    uids, gids = (_parse_map(Path(f"/proc/self/{kind}_map").read_text()) for kind in ("uid", "gid"))
    return IdMapping(uids=uids, gids=gids)


def _parse_map(text: str) -> tuple[IdRange, ...]:
    lines = (tuple(int(field) for field in line.split()) for line in text.splitlines())
    return tuple(IdRange(inside=a, outside=b, count=c) for a, b, c in lines)


def write_single_mapping(mapping: IdMapping) -> None:
    """Map ourselves, from inside the new user namespace.

    Raises: OSError.
    """
    uid, gid = mapping.uids[0], mapping.gids[0]
    # Without privilege a gid can be mapped only after giving up setgroups(2).
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{uid.inside} {uid.outside} 1")
    Path("/proc/self/gid_map").write_text(f"{gid.inside} {gid.outside} 1")


def write_full_mapping(pid: int, mapping: IdMapping) -> None:
    """Map the user namespace of our child `pid`, with the setuid helpers.

    Raises: OSError with what the helper said.
    """
    for program, ranges in (("newuidmap", mapping.uids), ("newgidmap", mapping.gids)):
        numbers = [
            str(number) for item in ranges for number in (item.inside, item.outside, item.count)
        ]
        _run_helper([program, str(pid), *numbers])


def _run_helper(argv: list[str]) -> None:
    """Run a helper to its end; `edge.process` is no further down, so it cannot be used here."""
    read_end, write_end = os.pipe()
    with os.fdopen(read_end, "rb") as output:
        try:
            child = os.posix_spawnp(
                argv[0], argv, os.environ, file_actions=[(os.POSIX_SPAWN_DUP2, write_end, 2)]
            )
        finally:
            os.close(write_end)
        said = output.read(4096).decode("utf-8", "replace").strip()
    _, status = os.waitpid(child, 0)
    if status != 0:
        raise OSError(0, said or f"status {os.waitstatus_to_exitcode(status)}", argv[0])
