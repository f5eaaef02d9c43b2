"""Read the part of the Dockerfile language that this repository uses."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

_KNOWN = (
    *("FROM", "COPY", "RUN", "ENV", "WORKDIR", "USER", "EXPOSE", "CMD", "ENTRYPOINT"),
    *("HEALTHCHECK", "VOLUME", "LABEL", "STOPSIGNAL"),
)


@dataclass(frozen=True)
class Instruction:
    """One instruction: `flags` such as {"from": "build"}, and the rest as written."""

    name: str
    flags: Mapping[str, str]
    text: str
    line: int

    @property
    def exec_form(self) -> list[str] | None:
        """The JSON list if it is one, else None: then the shell form is meant."""
        if not self.text.startswith("["):
            return None
        return [str(item) for item in json.loads(self.text)]


def parse(text: str, *, name: str) -> list[Instruction]:
    """All instructions in order.

    Raises: SystemExit for an instruction that is not known here.
    """
    found = []
    for number, line in _joined(text):
        word, _, rest = line.partition(" ")
        if word.upper() not in _KNOWN:
            raise SystemExit(f"{name}:{number}: {word} is not understood here")
        flags, rest = _take_flags(rest.strip())
        found.append(Instruction(word.upper(), flags, rest, number))
    return found


def _joined(text: str) -> list[tuple[int, str]]:
    """Logical lines; comments and blank lines also go between continued ones."""
    found = []
    pending, start = "", 0
    for number, raw in enumerate(text.splitlines(), start=1):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        start = start or number
        if line.endswith("\\"):
            pending += line[:-1].rstrip() + " "
            continue
        found.append((start, pending + line))
        pending, start = "", 0
    return found


def _take_flags(rest: str) -> tuple[dict[str, str], str]:
    flags = {}
    while match := re.match(r"--([a-z-]+)=(\S+)\s+", rest):
        flags[match[1]] = match[2]
        rest = rest[match.end() :]
    return flags, rest


def expand(text: str, env: Mapping[str, str]) -> str:
    """Replace `$NAME` and `${NAME}`; a name that is not set becomes nothing."""
    return re.sub(r"\$(?:\{(\w+)\}|(\w+))", lambda match: env.get(match[1] or match[2], ""), text)


def pairs(text: str) -> list[tuple[str, str]]:
    """`A=1 B="two words"`, as ENV and LABEL have it."""
    found = []
    for match in re.finditer(r'([^\s=]+)=("(?:[^"\\]|\\.)*"|\S*)', text):
        value = match[2]
        if value.startswith('"'):
            value = re.sub(r"\\(.)", r"\1", value[1:-1])
        found.append((match[1], value))
    return found


class Context:
    """The files that COPY may take: the build context without what .dockerignore names."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        ignore = directory / ".dockerignore"
        lines = ignore.read_text().splitlines() if ignore.exists() else []
        given = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
        self._patterns = [*given, "**/__pycache__", "**/*.pyc"]

    def is_ignored(self, relative: str) -> bool:
        """Whether a pattern names this path or a directory that it is in."""
        parts = relative.split("/")
        heads = ["/".join(parts[: count + 1]) for count in range(len(parts))]
        return any(_fits(head, pattern) for head in heads for pattern in self._patterns)


def _fits(path: str, pattern: str) -> bool:
    """Part by part, as `*` must not match a slash; `**/` in front means anywhere."""
    parts, wanted = path.split("/"), pattern.strip("/").split("/")
    if wanted[0] == "**":
        wanted = wanted[1:]
        parts = parts[-len(wanted) :]
    return len(parts) == len(wanted) and all(map(fnmatch, parts, wanted))
