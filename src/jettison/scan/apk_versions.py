"""The order of apk's versions: `1.2.4_git20230717-r4`, `3.1.4a_rc1-r0`.

Of the libraries at hand, `univers` borrows Gentoo's order, which knows neither `_git` nor `_cvs`,
and so refuses the version of musl itself.
"""

from __future__ import annotations

import re
from typing import Final, TypeAlias

Key: TypeAlias = tuple[tuple[int, int, int, str], ...]

_SHAPE: Final = re.compile(
    r"(?P<digits>\d+(?:\.\d+)*)(?P<letter>[a-z])?(?P<suffixes>(?:_[a-z]+\d*)*)"
    r"(?:~(?P<hash>[0-9a-f]+))?(?:-r(?P<revision>\d+))?"
)
_SUFFIX: Final = re.compile(r"_([a-z]+)(\d*)")
_BEFORE: Final = ("alpha", "beta", "pre", "rc")
_AFTER: Final = ("cvs", "svn", "git", "hg", "p")

# What follows an equal beginning, from the oldest to the newest.
_PRE_RELEASE, _END, _REVISION, _HASH, _NUMBER, _POST_RELEASE, _LETTER, _DIGITS = range(8)


def apk_key(version: str) -> Key:
    """What versions compare by.

    Raises: ValueError for what is no version of apk's.
    Source: apk-tools 3, src/version.c, and apk-package(5), "Package versions".
    """
    fits = _SHAPE.fullmatch(version)
    if fits is None:
        raise ValueError(f"{version!r} is no version of apk's")
    first, *others = fits["digits"].split(".")
    key = [(_DIGITS, 1, int(first), "")]
    for part in others:
        # Where either has a leading zero both are compared as text, so these come first.
        key.append((_DIGITS, 0, 0, part) if part.startswith("0") else (_DIGITS, 1, int(part), ""))
    if fits["letter"]:
        key.append((_LETTER, 0, 0, fits["letter"]))
    for name, number in _SUFFIX.findall(fits["suffixes"]):
        if name in _BEFORE:
            key.append((_PRE_RELEASE, _BEFORE.index(name), 0, ""))
        elif name in _AFTER:
            key.append((_POST_RELEASE, _AFTER.index(name), 0, ""))
        else:
            raise ValueError(f"{version!r}: apk knows no suffix _{name}")
        if number:
            key.append((_NUMBER, 0, int(number), ""))
    if fits["hash"]:
        key.append((_HASH, 0, 0, fits["hash"]))
    if fits["revision"]:
        key.append((_REVISION, 0, int(fits["revision"]), ""))
    return (*key, (_END, 0, 0, ""))
