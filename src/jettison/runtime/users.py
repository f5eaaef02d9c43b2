"""Who a container runs as: the USER of an image, looked up in its own passwd and group files.

Source: what runc and Docker do with it, and passwd(5), group(5).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from jettison.errors import InvalidImageError

# The kernel's ids are 32 bits wide, but runc and Docker take 31 of them.
_MAX_ID: Final = (1 << 31) - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerUser:
    """Ids and home; `groups` are the supplementary ones, the primary among them."""

    uid: int
    gid: int
    groups: tuple[int, ...]
    home: str


@dataclass(frozen=True, slots=True)
class _Passwd:
    name: str
    uid: int
    gid: int
    home: str


@dataclass(frozen=True, slots=True)
class _Group:
    name: str
    gid: int
    members: tuple[str, ...]


def resolve_user(user: str, passwd: str, group: str) -> ContainerUser:
    """The ids behind `NAME|UID[:GROUP|GID]`; an empty text is root.

    Shape: `passwd` and `group` are the contents of the image's files, empty where it has none.
    A number is always an id. Without an entry the group is 0 and the home `/`. Supplementary
    groups are those that list the user, unless a group is named.
    Raises: InvalidImageError for a name that the image does not know, and for ids out of range.
    """
    user_part, separator, group_part = user.partition(":")
    entry = _find_user(user_part or "0", passwd)
    gid = entry.gid
    groups: tuple[int, ...] = ()
    if separator and group_part:
        gid = _find_group(group_part, group)
    elif entry.name:
        groups = tuple(item.gid for item in _groups(group) if entry.name in item.members)
    return ContainerUser(
        uid=entry.uid, gid=gid, groups=tuple(dict.fromkeys((gid, *groups))), home=entry.home or "/"
    )


def limit_user(user: ContainerUser, text: str, id_count: int) -> tuple[ContainerUser, str]:
    """Who `user` (asked for as `text`) is where there are only the ids below `id_count`.

    Shape: the second is what people should know about it, or empty.
    """
    why = "there are too few subordinate ids (subuid(5)) for all the container's users"
    if id_count == 1:
        why = "without subordinate ids (subuid(5)) the container has no user but root"
    if max(user.uid, *user.groups) >= id_count:
        groups = tuple(gid for gid in user.groups if gid < id_count) or (0,)
        root = ContainerUser(uid=0, gid=0, groups=groups, home=user.home)
        asked = f"{text!r} ({user.uid}:{user.gid})"
        return root, f"{why}: it runs as root and not as {asked}; changing to others fails"
    if id_count == 1:
        return user, f"{why}: programs that change to another fail"
    return user, ""


def _find_user(text: str, passwd: str) -> _Passwd:
    number = _parse_id(text, "user")
    for entry in _users(passwd):
        if entry.uid == number if number is not None else entry.name == text:
            return entry
    if number is None:
        raise InvalidImageError(
            f"user {text!r} is not in the image's /etc/passwd",
            hint="run it as a number with --user",
        )
    return _Passwd("", number, 0, "/")


def _find_group(text: str, group: str) -> int:
    number = _parse_id(text, "group")
    if number is not None:
        return number
    for entry in _groups(group):
        if entry.name == text:
            return entry.gid
    raise InvalidImageError(
        f"group {text!r} is not in the image's /etc/group", hint="run it as a number with --user"
    )


def _parse_id(text: str, what: str) -> int | None:
    if not (text.isascii() and text.isdecimal()):
        return None
    if int(text) > _MAX_ID:
        raise InvalidImageError(f"{what} {text} is over {_MAX_ID}")
    return int(text)


def _fields(text: str) -> Iterator[list[str]]:
    for line in text.splitlines():
        if line.strip() and not line.startswith("#"):
            yield line.strip().split(":")


def _users(passwd: str) -> Iterator[_Passwd]:
    for fields in _fields(passwd):
        # Lines that login would not understand are passed over, as runc does.
        if len(fields) >= 4 and fields[2].isdecimal() and fields[3].isdecimal():
            home = fields[5] if len(fields) > 5 else ""
            yield _Passwd(fields[0], int(fields[2]), int(fields[3]), home)


def _groups(group: str) -> Iterator[_Group]:
    for fields in _fields(group):
        if len(fields) >= 3 and fields[2].isdecimal():
            members = fields[3].split(",") if len(fields) > 3 else []
            yield _Group(fields[0], int(fields[2]), tuple(item.strip() for item in members))
