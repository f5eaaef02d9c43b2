"""Accounts and groups of an image, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

# An account that cannot log in: these, and any hash behind `!`. shadow(5), passwd(5).
_LOCKED: Final = frozenset({"*", "!", "!!", "!*", "x", "*LK*", "*NP*", "!*LK*"})


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountEntry:
    """A line of passwd or group: `number` is its uid or gid, `password` its second field."""

    name: str
    password: str
    number: int
    line: int


def parse_accounts(raw: bytes) -> tuple[AccountEntry, ...]:
    """The lines of /etc/passwd or /etc/group that name somebody, in order."""
    found = []
    for line, text in enumerate(raw.decode("utf-8", "replace").splitlines(), start=1):
        fields = text.split(":")
        # `+` and `-` lines are NIS's.
        if len(fields) < 3 or not fields[0] or fields[0][0] in "+-#":
            continue
        if fields[2].isdecimal() and len(fields[2]) < 11:
            found.append(
                AccountEntry(name=fields[0], password=fields[1], number=int(fields[2]), line=line)
            )
    return tuple(found)


def parse_passwords(raw: bytes) -> tuple[tuple[str, str, int], ...]:
    """Name, password field and line number of each entry of /etc/shadow."""
    found = []
    for line, text in enumerate(raw.decode("utf-8", "replace").splitlines(), start=1):
        fields = text.split(":")
        if len(fields) >= 2 and fields[0] and fields[0][0] not in "+-#":
            found.append((fields[0], fields[1], line))
    return tuple(found)


def is_locked(password: str) -> bool:
    """Whether nobody logs in with it: no hash at all, or one that is switched off."""
    return password in _LOCKED or password.startswith(("!", "*"))


def find_duplicates(
    entries: tuple[AccountEntry, ...],
) -> Iterator[tuple[int, tuple[AccountEntry, ...]]]:
    """Numbers that several names share, in order; a name that is repeated counts as one."""
    names: dict[int, dict[str, AccountEntry]] = {}
    for entry in entries:
        names.setdefault(entry.number, {}).setdefault(entry.name, entry)
    for number, sharing in sorted(names.items()):
        if len(sharing) > 1:
            yield number, tuple(sharing.values())
