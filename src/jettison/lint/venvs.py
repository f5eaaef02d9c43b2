"""Virtual environments: where a stage makes them, and where others put them."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass

from jettison.dockerfile import Instruction, Stage
from jettison.lint.copies import Copy, copies
from jettison.lint.view import Command, View, program_of


@dataclass(frozen=True, slots=True, kw_only=True)
class MovedVenv:
    """A virtual environment that is copied from one stage into another."""

    made_at: str
    put_at: str
    copy: Copy


def made_in(view: View, stage: Stage) -> Iterator[str]:
    """The directories in which a stage makes virtual environments."""
    for item in stage.find_all("RUN"):
        for command in view.commands(item):
            for path in _directories(command):
                yield view.resolved(path, stage, item)
            if program_of(command) == "uv" and "sync" in command:
                yield view.resolved(_uv_environment(view, stage, item), stage, item)


def _directories(command: Command) -> Iterator[str]:
    words = list(command)
    if program_of(words) == "uv" and words[1:2] == ["venv"]:
        words = words[1:]
    elif "-m" in words and words[-1] in words and "venv" in words:
        words = words[words.index("venv") :]
    elif "-m" in words and "virtualenv" in words:
        words = words[words.index("virtualenv") :]
    if program_of(words) not in ("venv", "virtualenv"):
        return
    skip = False
    for word in words[1:]:
        if skip:
            skip = False
        elif word in ("-p", "--python", "--prompt", "--seed"):
            skip = word != "--seed"
        elif not word.startswith("-"):
            yield word


def _uv_environment(view: View, stage: Stage, item: Instruction) -> str:
    variable = "UV_PROJECT_ENVIRONMENT"
    found = view.expanded(f"${{{variable}:-.venv}}", stage, item)
    return ".venv" if "$" in found else found


def moved(view: View, stage: Stage) -> Iterator[MovedVenv]:
    """The virtual environments that a stage takes from others."""
    for copy in copies(view, stage):
        origin = view.dockerfile.find_stage(copy.origin) if copy.origin else None
        if origin is None:
            continue
        places = set(made_in(view, origin))
        for source in copy.sources:
            path = posixpath.normpath(posixpath.join("/", source))
            if path in places:
                yield MovedVenv(made_at=path, put_at=copy.target, copy=copy)
