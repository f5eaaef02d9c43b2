"""Have a lock file's own tool raise some of what is locked, in a copy of the project."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from jettison.analysis.requirements_file import decode_exactly
from jettison.edge import process
from jettison.edge.process import CommandError, ProcessOptions
from jettison.edge.redact import redact

_LOCK_S: Final = 600.0
_PASSED_OVER: Final = (".git", ".venv", "venv", "node_modules", "__pycache__", ".tox", ".nox")


@dataclass(frozen=True, slots=True, kw_only=True)
class Relocked:
    """What the tool made of it: the lock file's new text, or why there is none."""

    text: str | None
    failure: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LockTool:
    """Whose file it is: the program, and what it is told to raise packages to versions."""

    program: str
    arguments: Callable[[Mapping[str, str]], Sequence[str]]


def _uv(wanted: Mapping[str, str]) -> Sequence[str]:
    pins = (("--upgrade-package", f"{name}=={version}") for name, version in wanted.items())
    return ("lock", "--no-progress", *(word for pair in pins for word in pair))


def _poetry(wanted: Mapping[str, str]) -> Sequence[str]:
    # It takes no versions; what it finds is the newest that pyproject.toml allows.
    return ("update", "--lock", "--no-interaction", *wanted)


def _pdm(wanted: Mapping[str, str]) -> Sequence[str]:
    return ("update", "--no-sync", "--update-reuse", *wanted)


LOCK_TOOLS: Final[Mapping[str, LockTool]] = {
    "uv.lock": LockTool(program="uv", arguments=_uv),
    "poetry.lock": LockTool(program="poetry", arguments=_poetry),
    "pdm.lock": LockTool(program="pdm", arguments=_pdm),
}


def relock(
    directory: Path, lock: str, wanted: Mapping[str, str], changed: Mapping[str, bytes]
) -> Relocked:
    """Raise packages of the lock file `lock` to versions, `changed` files being changed before.

    The project itself is not touched.
    """
    tool = LOCK_TOOLS.get(Path(lock).name)
    if tool is None:
        return Relocked(text=None, failure=f"{lock}: no tool is known that changes it")
    if shutil.which(tool.program) is None:
        return Relocked(
            text=None, failure=f"{lock}: {tool.program} is not installed, and it alone writes it"
        )
    with tempfile.TemporaryDirectory(prefix="jt-relock-") as name:
        copy = Path(name) / "project"
        shutil.copytree(
            directory, copy, symlinks=True, ignore=shutil.ignore_patterns(*_PASSED_OVER)
        )
        for path, raw in changed.items():
            (copy / path).write_bytes(raw)
        place = (copy / lock).parent
        options = ProcessOptions(cwd=place, env={**os.environ, "VIRTUAL_ENV": ""})
        try:
            process.run((tool.program, *tool.arguments(wanted)), timeout_s=_LOCK_S, options=options)
        except CommandError as err:
            return Relocked(text=None, failure=f"{lock}: {redact(err.message)}")
        return Relocked(text=decode_exactly((copy / lock).read_bytes()))
