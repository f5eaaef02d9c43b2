"""Modes of files as chmod takes them."""

from __future__ import annotations

import re
from typing import Final

_OCTAL: Final = re.compile(r"[0-7]{3,4}\Z")
_SYMBOLIC: Final = re.compile(r"([ugoa]*)([+=])([rwxXst]+)\Z")


def lets_everyone_write(mode: str) -> bool:
    """Whether others may write, the sticky bit of directories like /tmp aside."""
    if _OCTAL.match(mode):
        number = int(mode, 8)
        return bool(number & 0o002) and not number & 0o1000
    parts = mode.split(",")
    sticky = any("t" in part for part in parts)
    for part in parts:
        match = _SYMBOLIC.match(part)
        if match is None:
            continue
        # Without letters, chmod keeps to the umask, which leaves others out.
        if ("o" in match[1] or "a" in match[1]) and "w" in match[3]:
            return not sticky
    return False


def is_everything(mode: str) -> bool:
    """Whether everyone may do everything: 777 in any spelling."""
    if _OCTAL.match(mode):
        return int(mode, 8) & 0o777 == 0o777
    return mode.replace(" ", "") in ("a+rwx", "a=rwx", "ugo+rwx", "ugo=rwx", "+rwx")


def mode_of(words: tuple[str, ...]) -> str:
    """The mode in the words behind `chmod`."""
    for word in words:
        if not word.startswith("-") or _SYMBOLIC.match(word.lstrip("-")):
            return word
    return ""
