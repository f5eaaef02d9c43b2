"""`jettison build`: have a project's Dockerfile built by whoever can, and know what came of it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final, assert_never

from jettison.build.builders import (
    Builder,
    BuilderKind,
    BuildRequest,
    answers,
    build,
    find_builder,
    save,
)
from jettison.errors import UsageError
from jettison.events import EventSink, stage
from jettison.image.reference import Reference
from jettison.transport.schemes import Scheme, Target

_ARCHIVES: Final = Path("jettison-report")


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """What was built: where the image is, and who built it."""

    target: Target
    builder: Builder


def build_source(
    request: BuildRequest,
    wanted: BuilderKind | None,
    *,
    output: IO[bytes] | int,
    events: EventSink,
) -> Built:
    """Build; what the builder says goes to `output`.

    Raises: UsageError without a Dockerfile or for a name that no image can have; HostError without
    a builder; ImageError when the build fails.
    """
    dockerfile = request.dockerfile or request.context / "Dockerfile"
    if not request.context.is_dir():
        raise UsageError(
            f"{request.context} is no directory", hint="name the directory of the project"
        )
    if not dockerfile.is_file():
        raise UsageError(
            f"{dockerfile} is not there", hint=f"write one: jettison init {request.context}"
        )
    reference = Reference.parse(request.tag)
    builder = find_builder(wanted)
    with stage("image", events) as outcome:
        build(builder, request, output=output)
        outcome.detail = f"{reference.short} by {builder}"
    return Built(target=_target(builder, reference.short), builder=builder)


def default_tag(directory: Path) -> str:
    """What a project's image is called where nobody says."""
    name = re.sub(r"[^a-z0-9]+", "-", directory.resolve().name.lower()).strip("-")
    return f"{name or 'app'}:latest"


def _target(builder: Builder, name: str) -> Target:
    match builder.kind:
        case BuilderKind.DOCKER:
            return Target(scheme=Scheme.DOCKER, location=name)
        case BuilderKind.PODMAN:
            return Target(scheme=Scheme.PODMAN, location=name)
        case BuilderKind.BUILDAH if answers(BuilderKind.PODMAN):
            # They share one store.
            return Target(scheme=Scheme.PODMAN, location=name)
        case BuilderKind.BUILDAH:
            archive = _ARCHIVES / re.sub(r"[^A-Za-z0-9._-]+", "-", name) / "image.tar"
            archive.parent.mkdir(parents=True, exist_ok=True)
            archive.unlink(missing_ok=True)
            save(builder, name, archive)
            return Target(scheme=Scheme.DOCKER_ARCHIVE, location=str(archive), tag=name)
        case _:
            assert_never(builder.kind)
