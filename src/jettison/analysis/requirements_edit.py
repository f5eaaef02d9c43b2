"""Change the version that a requirements file pins; everything else of the file stays as it is."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

_PINNED: Final = re.compile(r"(===?[ \t]*)([^\s;,#)\\]+)")
# A hash and whatever stands before it: a space, or the end of a continued line and an indentation.
_HASH: Final = re.compile(r"((?:[ \t]*\\\r?\n)?[ \t]+)--hash[= ][A-Za-z0-9]+:[0-9A-Fa-f]+")
_CONTINUED: Final = re.compile(r"\\\r?\n?\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPin:
    """What a line is to pin.

    Shape: `number` is the requirement's first line, counted from 1; `hashes` as `sha256:…`, used
    where the line has some already.
    """

    number: int
    version: str
    hashes: tuple[str, ...] = ()


def set_pins(text: str, pins: Sequence[NewPin]) -> str:
    """The file's text with these lines pinned anew; comments, spacing and line ends are kept.

    Raises: ValueError for a line that pins nothing.
    """
    lines = text.splitlines(keepends=True)
    for pin in sorted(pins, key=lambda item: -item.number):
        first = pin.number - 1
        last = first
        while last < len(lines) - 1 and _CONTINUED.search(lines[last]):
            last += 1
        whole = "".join(lines[first : last + 1])
        lines[first : last + 1] = [_pinned(whole, pin)]
    return "".join(lines)


def add_pins(text: str, added: Sequence[tuple[str, str, tuple[str, ...]]]) -> str:
    """The text with further requirements at its end.

    Shape: `added` as (name, version, hashes).
    """
    newline = "\r\n" if "\r\n" in text else "\n"
    ended = text if not text or text.endswith("\n") else text + newline
    for name, version, hashes in added:
        line = f"{name}=={version}"
        line += "".join(f" \\{newline}    --hash={item}" for item in hashes)
        ended += line + newline
    return ended


def _pinned(whole: str, pin: NewPin) -> str:
    code, comment = _without_comment(whole)
    found = _PINNED.search(code)
    if found is None:
        raise ValueError(f"line {pin.number} pins nothing")
    code = f"{code[: found.start(2)]}{pin.version}{code[found.end(2) :]}"
    if pin.hashes and (first := _HASH.search(code)) is not None:
        between = first[1]
        rest = _HASH.sub("", code[first.start() :])
        hashed = "".join(f"{between}--hash={item}" for item in pin.hashes)
        code = f"{code[: first.start()]}{hashed}{rest}"
    return code + comment


def _without_comment(whole: str) -> tuple[str, str]:
    """A requirement and the comment at its end, which may have `==` in it too."""
    found = re.search(r"(?:(?<=\s)|\A)#[^\n]*\n?\Z", whole)
    return (whole[: found.start()], whole[found.start() :]) if found else (whole, "")
