"""As whom a container runs, in all spellings that a config may have for it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

# The kernel's ids are 32 bits wide, but runc and Docker take 31 of them.
_MAX_ID: Final = (1 << 31) - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfiguredUser:
    """The USER of an image and who that is.

    Shape: `configured` as written; `name` is empty where the image has no name for the id; `uid`
    and `gid` are None where the image does not have what was named; `problem` says what is wrong
    with it, or is empty.
    """

    configured: str
    name: str
    uid: int | None
    gid: int | None
    problem: str = ""

    @property
    def is_root(self) -> bool:
        """Whether the container's processes start as user 0."""
        return self.uid == 0


def find_user(configured: str, passwd: str, group: str) -> ConfiguredUser:
    """Resolve `NAME|UID[:GROUP|GID]` as runc does, but say what is wrong instead of failing.

    Shape: `passwd` and `group` are the contents of the image's files, empty where it has none.
    Source: passwd(5), group(5).
    """
    user_part, _, group_part = configured.partition(":")
    uid, name, gid = _find_uid(user_part or "0", passwd)
    problem = ""
    if uid is None:
        problem = _unknown(user_part, "user", "/etc/passwd")
    elif uid == 0:
        problem = "no USER is set" if not configured else "USER is root"
    if group_part:
        gid = _find_gid(group_part, group)
        if gid is None:
            problem = problem if uid is None else _unknown(group_part, "group", "/etc/group")
    return ConfiguredUser(configured=configured, name=name, uid=uid, gid=gid, problem=problem)


def _find_uid(text: str, passwd: str) -> tuple[int | None, str, int | None]:
    """Id, name and primary group; a number is an id whether the image has a name for it or not."""
    number = int(text) if _is_number(text) else None
    for fields in _lines(passwd, 4):
        if not (_is_number(fields[2]) and _is_number(fields[3])):
            continue
        if int(fields[2]) == number or (number is None and fields[0] == text):
            return int(fields[2]), fields[0], int(fields[3])
    if number is None:
        # An image without a passwd file knows root all the same: it is the name of id 0.
        return (0, "root", 0) if text == "root" and not passwd else (None, text, None)
    return (number, "root" if number == 0 else "", 0) if number <= _MAX_ID else (None, "", None)


def _find_gid(text: str, group: str) -> int | None:
    if _is_number(text):
        return int(text) if int(text) <= _MAX_ID else None
    for fields in _lines(group, 3):
        if fields[0] == text and _is_number(fields[2]):
            return int(fields[2])
    return 0 if text == "root" and not group else None


def _unknown(text: str, what: str, file: str) -> str:
    if _is_number(text):
        return f"{what} {text} is over {_MAX_ID}: the container does not start"
    return f"{what} {text!r} is not in the image's {file}: the container does not start"


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 20


def _lines(text: str, fields: int) -> Iterator[list[str]]:
    for line in text.splitlines():
        found = line.strip().split(":")
        if len(found) >= fields and not line.startswith("#"):
            yield found
