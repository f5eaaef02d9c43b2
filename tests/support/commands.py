"""Foreign programs as scripts that stand first on PATH and record how they were called."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class FakeCommand:
    """A program that prints what it was told to, ends as it was told to, and keeps its argv."""

    path: Path
    record: Path

    @property
    def calls(self) -> list[tuple[str, ...]]:
        """The arguments of each call so far, without the program's own name."""
        if not self.record.exists():
            return []
        fields = self.record.read_bytes().decode("utf-8", "surrogateescape").split("\0")[:-1]
        found = []
        while fields:
            count = int(fields[0])
            found.append(tuple(fields[1 : count + 1]))
            fields = fields[count + 1 :]
        return found


def write_fake_command(
    directory: Path,
    name: str,
    *,
    stdout: str | bytes = "",
    stderr: str | bytes = "",
    status: int = 0,
    script: str = "",
) -> FakeCommand:
    """Put the program into `directory`; `script` is shell that runs after the printing."""
    directory.mkdir(parents=True, exist_ok=True)
    record = directory / f".{name}.calls"
    # The count stands before the arguments, because an argument may hold anything but NUL.
    lines = ["#!/bin/sh", f'printf \'%s\\0\' "$#" "$@" >>{shlex.quote(str(record))}']
    for stream, redirection, content in (("stdout", "", stdout), ("stderr", " >&2", stderr)):
        if content:
            data = directory / f".{name}.{stream}"
            data.write_bytes(content.encode() if isinstance(content, str) else content)
            lines.append(f"cat {shlex.quote(str(data))}{redirection}")
    lines += [script, f"exit {status}", ""]
    path = directory / name
    path.write_text("\n".join(lines))
    path.chmod(0o755)
    return FakeCommand(path=path, record=record)
