"""Whoever can build a Dockerfile on this host: Docker, Podman or Buildah, run as programs.

Slimmed images are built without any of them; see `image.py`.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import IO, Final, assert_never

from jettison.edge import process
from jettison.edge.process import CommandError, ProcessOptions
from jettison.errors import HostError, ImageError

_QUESTION_S: Final = 30.0
_BUILD_S: Final = 4 * 3600.0
_UNCHECKED: Final = ProcessOptions(check=False)
# The first client that leaves BuildKit to the plug-in buildx.
_BUILDX_SINCE: Final = 23


class BuilderKind(StrEnum):
    """A program that builds; the values are its names."""

    DOCKER = "docker"
    PODMAN = "podman"
    BUILDAH = "buildah"


class BuildKit(StrEnum):
    """How a Docker reaches BuildKit."""

    NONE = "none"
    BUILT_IN = "built in"
    BUILDX = "buildx"


@dataclass(frozen=True, slots=True, kw_only=True)
class Builder:
    """A builder that is there and answers."""

    kind: BuilderKind
    buildkit: BuildKit = BuildKit.NONE

    def __str__(self) -> str:
        if self.kind is not BuilderKind.DOCKER:
            return self.kind
        return "docker, classic builder" if self.buildkit is BuildKit.NONE else "docker, BuildKit"


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildRequest:
    """What is to be built.

    Shape: `tag` is the whole name of the image; `arguments` are NAME=VALUE or NAME; `cache_from`
    are images whose layers may serve; `dockerfile` is None for the one in `context`.
    """

    context: Path
    tag: str
    dockerfile: Path | None = None
    arguments: tuple[str, ...] = ()
    target: str = ""
    platform: str = ""
    network: str = ""
    cache_from: tuple[str, ...] = ()
    pull: bool = False
    use_cache: bool = True


def find_builder(wanted: BuilderKind | None = None) -> Builder:
    """The first builder that answers, or the one that is wanted.

    Raises: HostError, which says of each why not.
    """
    reasons = []
    for kind in BuilderKind if wanted is None else (wanted,):
        reason = _why_not(kind)
        if not reason:
            return Builder(kind=kind, buildkit=_buildkit(kind))
        reasons.append(f"{kind}: {reason}")
    raise HostError(
        f"nothing can build here: {'; '.join(reasons)}",
        hint="install Docker, Podman or Buildah; jettison itself needs none of them to slim",
    )


def answers(kind: BuilderKind) -> bool:
    """Whether this one is there and answers."""
    return not _why_not(kind)


def build(builder: Builder, request: BuildRequest, *, output: IO[bytes] | int) -> None:
    """Build, what the builder says going to `output`.

    Raises: HostError without the builder; ImageError when the build fails.
    """
    options = ProcessOptions(env=_environment(builder), stdout=output, stderr=output)
    try:
        process.run(tuple(_argv(builder, request)), timeout_s=_BUILD_S, options=options)
    except CommandError as err:
        place = request.dockerfile or request.context / "Dockerfile"
        raise ImageError(
            f"{place}: {builder.kind} did not build it: {_ending(err.message)}",
            hint="what it says above tells which instruction failed",
        ) from err


def save(builder: Builder, tag: str, archive: Path) -> None:
    """Write an image that Buildah has, where no Podman is there to be asked, as a docker archive.

    Raises: ImageError.
    """
    try:
        argv = (builder.kind, "push", tag, f"docker-archive:{archive}:{tag}")
        process.run(argv, timeout_s=_BUILD_S)
    except CommandError as err:
        raise ImageError(f"{tag}: {builder.kind} could not save it: {err.message}") from err


def _why_not(kind: BuilderKind) -> str:
    if shutil.which(kind) is None:
        return "not installed"
    match kind:
        case BuilderKind.DOCKER:
            question: tuple[str, ...] = ("version", "--format", "{{.Server.Version}}")
        case BuilderKind.PODMAN | BuilderKind.BUILDAH:
            question = ("--version",)
        case _:
            assert_never(kind)
    asked = process.run((kind, *question), timeout_s=_QUESTION_S, options=_UNCHECKED)
    # The status of Docker's client is 0 in some versions where no server answers.
    if asked.status == 0 and asked.text.strip():
        return ""
    said = asked.stderr.decode("utf-8", "replace").strip().splitlines()
    return said[-1] if said else f"status {asked.status}"


def _buildkit(kind: BuilderKind) -> BuildKit:
    if kind is not BuilderKind.DOCKER:
        return BuildKit.NONE
    plug_in = process.run(
        ("docker", "buildx", "version"), timeout_s=_QUESTION_S, options=_UNCHECKED
    )
    if plug_in.status == 0:
        return BuildKit.BUILDX
    question = ("docker", "version", "--format", "{{.Client.Version}}")
    client = process.run(question, timeout_s=_QUESTION_S, options=_UNCHECKED)
    major = re.match(r"(\d+)\.", client.text.strip())
    is_old = major is not None and 18 <= int(major[1]) < _BUILDX_SINCE
    return BuildKit.BUILT_IN if is_old else BuildKit.NONE


def _environment(builder: Builder) -> dict[str, str]:
    environment = dict(os.environ)
    if builder.kind is BuilderKind.DOCKER:
        environment["DOCKER_BUILDKIT"] = "0" if builder.buildkit is BuildKit.NONE else "1"
    return environment


def _argv(builder: Builder, request: BuildRequest) -> Iterator[str]:
    has_buildkit = builder.buildkit is not BuildKit.NONE
    match builder.kind:
        case BuilderKind.DOCKER if builder.buildkit is BuildKit.BUILDX:
            yield from ("docker", "buildx", "build", "--load", "--cache-to", "type=inline")
        case BuilderKind.DOCKER:
            yield from ("docker", "build")
            if has_buildkit:
                yield from ("--build-arg", "BUILDKIT_INLINE_CACHE=1")
            else:
                # Otherwise the container of a step that fails stays behind.
                yield "--force-rm"
        case BuilderKind.PODMAN | BuilderKind.BUILDAH:
            # OCI's form has no HEALTHCHECK.
            yield from (builder.kind, "build", "--format", "docker")
        case _:
            assert_never(builder.kind)
    yield from ("--tag", request.tag)
    if request.dockerfile is not None:
        yield from ("--file", str(request.dockerfile))
    for argument in request.arguments:
        yield from ("--build-arg", argument)
    for name, value in (
        ("--target", request.target),
        ("--platform", request.platform),
        ("--network", request.network),
    ):
        if value:
            yield from (name, value)
    for image in request.cache_from:
        yield from ("--cache-from", image)
    if request.pull:
        yield "--pull"
    if not request.use_cache:
        yield "--no-cache"
    yield str(request.context)


def _ending(message: str) -> str:
    """The end of the message of a program: its status, or that it took too long."""
    return message.rpartition(": ")[2] if "status" in message else message
