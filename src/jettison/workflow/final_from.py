"""The image that a Dockerfile's result is built on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from jettison.dockerfile.parsing import parse_bytes
from jettison.dockerfile.scope import base_of
from jettison.errors import UsageError
from jettison.image.reference import Reference


@dataclass(frozen=True, slots=True, kw_only=True)
class FinalFrom:
    """What the FROM names below all stages of the result, and its line; `scratch` is nothing."""

    name: str
    line: int


def find_final_from(path: Path, build_arguments: Mapping[str, str]) -> FinalFrom:
    """Read a Dockerfile and follow the last stage to the image that it starts from.

    Raises: UsageError for a file that cannot be read, and a base that hangs on an argument.
    """
    try:
        raw = path.read_bytes()
    except OSError as err:
        raise UsageError(f"{path}: {err.strerror}") from err
    dockerfile = parse_bytes(raw)
    stage = dockerfile.final_stage
    while (parent := dockerfile.parent_of(stage)) is not None:
        stage = parent
    name = base_of(dockerfile, stage, build_arguments)
    line = stage.base.span.line
    if "$" in name:
        raise UsageError(
            f"{path}:{line}: the base is {name}, and its argument has no value",
            hint="give it with --build-arg NAME=VALUE",
        )
    if name != "scratch":
        Reference.parse(name)
    return FinalFrom(name=name, line=line)
