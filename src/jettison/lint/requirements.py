"""Requirements files: what each line asks for, pinned and hashed or not."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from packaging.requirements import InvalidRequirement, Requirement

_MAX_DEPTH: Final = 5
_OPTION: Final = re.compile(r"(?:-r|--requirement|-c|--constraint)[=\s]\s*(\S+)")
_FIXED_URL: Final = re.compile(r"#sha256=|@[0-9a-f]{40}")
_COMMENT: Final = re.compile(r"(?:^|\s)#.*\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class RequirementLine:
    """One requirement, `line` being where it begins."""

    file: str
    line: int
    name: str
    text: str
    is_pinned: bool
    is_hashed: bool


def read_requirements(
    path: str, read: Callable[[str], str | None], depth: int = 0
) -> Iterator[RequirementLine]:
    """The requirements of a file and of those that it includes."""
    text = read(path)
    if text is None or depth > _MAX_DEPTH:
        return
    for number, line in _logical_lines(text):
        included = _OPTION.match(line)
        if included is not None:
            if not line.startswith(("-c", "--constraint")):
                inner = posixpath.normpath(posixpath.join(posixpath.dirname(path), included[1]))
                yield from read_requirements(inner, read, depth + 1)
            continue
        if line.startswith("-"):
            continue
        is_hashed = "--hash" in line
        wanted = re.split(r"\s--?\w", line)[0].strip()
        yield RequirementLine(
            file=path,
            line=number,
            name=_name(wanted),
            text=wanted,
            is_pinned=is_pinned(wanted),
            is_hashed=is_hashed,
        )


def is_pinned(text: str) -> bool:
    """Whether a requirement names one version, one file or one commit."""
    try:
        requirement = Requirement(text)
    except InvalidRequirement:
        # A path, or a URL without a name.
        return (
            "://" not in text or "#sha256=" in text or re.search(r"@[0-9a-f]{40}", text) is not None
        )
    if requirement.url:
        return True
    pins = [item for item in requirement.specifier if item.operator in ("==", "===")]
    return any(not item.version.endswith("*") for item in pins)


def _name(text: str) -> str:
    try:
        return Requirement(text).name
    except InvalidRequirement:
        return text[:80]


def _logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """Lines without comments, continuations joined."""
    joined, start = "", 0
    for number, raw in enumerate(text.splitlines(), start=1):
        line = _COMMENT.sub("", raw).strip()
        if not joined:
            start = number
        if line.endswith("\\"):
            joined += line[:-1] + " "
            continue
        line = (joined + line).strip()
        joined = ""
        if line:
            yield start, line
    if joined.strip():
        yield start, joined.strip()
