"""What a requirements file asks for, line by line, as pip reads it.

Opening the files that it includes is left to whoever has them.
"""

from __future__ import annotations

import codecs
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from urllib.parse import unquote

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import (
    InvalidSdistFilename,
    InvalidWheelFilename,
    canonicalize_name,
    parse_sdist_filename,
    parse_wheel_filename,
)
from packaging.version import InvalidVersion, Version

# pip, "Requirements File Format": a comment starts a line or follows a space.
_COMMENT: Final = re.compile(r"(^|\s+)#.*$")
_OPTION: Final = re.compile(r"\s+(?=--?[a-zA-Z])")
_VIA: Final = re.compile(r"#\s*via\b\s*(.*)$")
_VIA_NEXT: Final = re.compile(r"^\s+#\s+(\S.*)$")
_PATH_OR_URL: Final = re.compile(
    r"^(\.|/|~|[a-z][a-z0-9+]*:|[^\s\[<>=!~;@]+\.(whl|zip|tar\.\w+)\b)"
)
_INCLUDES: Final = {"-r": "r", "--requirement": "r", "-c": "c", "--constraint": "c"}
_EDITABLE: Final = ("-e", "--editable")
_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# Comments are in whatever an editor wrote; they stay as they are.
_ERRORS: Final = {"utf-8": "surrogateescape"}
_MAX_LINES: Final = 200_000


class LineKind(StrEnum):
    """What one line is."""

    REQUIREMENT = "requirement"
    INCLUDE = "include"
    CONSTRAINTS = "constraints"
    LOCATION = "location"
    OPTION = "option"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True, kw_only=True)
class RequirementLine:
    """One line, continued ones taken together.

    Shape: `number` counts from 1 and is the line's first; `text` is without comment and options;
    `target` is the file that is included, or the path or URL that is installed from; `hashes` as
    `sha256:…`; `via` are those that pip-compile or uv say need it, `-r requirements.in` for a file.
    """

    number: int
    kind: LineKind
    text: str
    requirement: Requirement | None = None
    target: str = ""
    hashes: tuple[str, ...] = ()
    via: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The project's name as names are compared, empty where the line tells none."""
        return canonicalize_name(self.requirement.name) if self.requirement is not None else ""

    @property
    def pin(self) -> str:
        """The one version that it allows; empty where it allows several, or none."""
        return "" if self.requirement is None else pinned_version(self.requirement)


def decode_requirements(raw: bytes) -> str:
    """The text of a file; by its mark where it has one, as files written on Windows do."""
    mark, encoding = _encoding(raw)
    return raw[len(mark) :].decode(encoding, "replace")


def decode_exactly(raw: bytes) -> str:
    """The text of a file such that `encode_like` gives back the very same bytes.

    Raises: ValueError for one that is not in the encoding that its mark says.
    """
    mark, encoding = _encoding(raw)
    return raw[len(mark) :].decode(encoding, _ERRORS.get(encoding, "strict"))


def encode_like(text: str, original: bytes) -> bytes:
    """A text in the encoding of the file that it was, with its mark."""
    mark, encoding = _encoding(original)
    return mark + text.encode(encoding, _ERRORS.get(encoding, "strict"))


def _encoding(raw: bytes) -> tuple[bytes, str]:
    return next((item for item in _BOMS if raw.startswith(item[0])), (b"", "utf-8"))


def pinned_version(requirement: Requirement) -> str:
    """The only version that a requirement allows, or empty: by `==`, `===`, or its file's name."""
    if requirement.url:
        return find_distribution(requirement.url)[1]
    exact = [
        item
        for item in requirement.specifier
        if item.operator in ("==", "===") and not item.version.endswith(".*")
    ]
    if not exact:
        return ""
    try:
        version = Version(exact[0].version)
    except InvalidVersion:
        return exact[0].version if len(requirement.specifier) == 1 else ""
    return exact[0].version if requirement.specifier.contains(version, prereleases=True) else ""


def find_distribution(target: str) -> tuple[str, str]:
    """Name and version that a wheel or sdist at a path or an address has by its file's name.

    Shape: two empty texts where the name tells none.
    Source: PEP 427, "File name convention"; PEP 625.
    """
    file_name = unquote(re.split(r"[?#]", target, maxsplit=1)[0].rpartition("/")[2])
    try:
        if file_name.endswith(".whl"):
            name, version, *_ = parse_wheel_filename(file_name)
        else:
            name, version = parse_sdist_filename(file_name)
    except (InvalidWheelFilename, InvalidSdistFilename, InvalidVersion):
        return "", ""
    return name, str(version)


def parse_requirements(text: str) -> tuple[RequirementLine, ...]:
    """All lines that say something, in their order."""
    return tuple(_parse_line(*item) for item in _logical_lines(text))


def _logical_lines(text: str) -> Iterator[tuple[int, str, tuple[str, ...]]]:
    """Number, text and `via` of each line, continued ones joined and comments taken off."""
    lines = text.splitlines()[:_MAX_LINES]
    position = 0
    while position < len(lines):
        start = position
        parts: list[str] = []
        via: list[str] = []
        while position < len(lines):
            line = lines[position]
            position += 1
            is_continued = line.endswith("\\") and not line.lstrip().startswith("#")
            line = line.removesuffix("\\") if is_continued else line
            if found := _VIA.search(line):
                via += [part.strip() for part in found[1].split(",") if part.strip()]
            parts.append(_COMMENT.sub("", line))
            if not is_continued:
                break
        joined = " ".join(parts).strip()
        if not joined:
            continue
        while position < len(lines) and (found := _VIA_NEXT.match(lines[position])):
            position += 1
            said = found[1].strip()
            said = said.removeprefix("via").strip() if re.match(r"via\b", said) else said
            via += [part.strip() for part in said.split(",") if part.strip()]
        yield start + 1, joined, tuple(via)


def _parse_line(number: int, line: str, via: tuple[str, ...]) -> RequirementLine:
    if line.startswith("-"):
        return _parse_option(number, line)
    text, *options = _OPTION.split(line, maxsplit=1)
    hashes = tuple(
        re.findall(r"--hash[=\s]+([a-z0-9]+:[0-9a-fA-F]+)", options[0]) if options else ()
    )
    if _PATH_OR_URL.match(text):
        return RequirementLine(number=number, kind=LineKind.LOCATION, text=text, target=text)
    try:
        requirement = Requirement(text)
    except InvalidRequirement:
        return RequirementLine(number=number, kind=LineKind.UNREADABLE, text=text)
    return RequirementLine(
        number=number,
        kind=LineKind.REQUIREMENT,
        text=text,
        requirement=requirement,
        hashes=hashes,
        via=via,
    )


def _parse_option(number: int, line: str) -> RequirementLine:
    try:
        words = shlex.split(line)
    except ValueError:  # a quotation mark that nothing closes
        return RequirementLine(number=number, kind=LineKind.UNREADABLE, text=line)
    name, equals, value = words[0].partition("=")
    if not equals and len(name) > 2 and not name.startswith("--"):
        name, value = name[:2], name[2:]  # -rbase.txt
    value = value or " ".join(words[1:])
    if name in _INCLUDES and value:
        kind = LineKind.INCLUDE if _INCLUDES[name] == "r" else LineKind.CONSTRAINTS
        return RequirementLine(number=number, kind=kind, text=line, target=value)
    if name in _EDITABLE:
        return RequirementLine(number=number, kind=LineKind.LOCATION, text=line, target=value)
    return RequirementLine(number=number, kind=LineKind.OPTION, text=line)
