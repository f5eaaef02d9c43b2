"""Write a finished image to the place that a user named, whole or not at all."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import assert_never

from jettison.digest import Digest
from jettison.edge.files import atomic_write
from jettison.errors import HostError, InvalidImageError, TagExistsError, TransportError
from jettison.transport import podman
from jettison.transport.existing import made_by_jettison, newest_instruction
from jettison.transport.layout_image import LayoutImage
from jettison.transport.oci_write import oci_archive, write_layout
from jettison.transport.schemes import Scheme, Target


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """An image that was written.

    Shape: `digest` is of its manifest in the layout, which an OCI target has byte for byte;
    `image_id` is what engines call it by.
    """

    target: Target
    digest: Digest
    image_id: str


def check_sink(target: Target, *, overwrite: bool) -> None:
    """Find out before the work whether an image can be written to a complete target.

    A tag that exists is refused unless `overwrite`, or unless jettison made what it names: who
    runs the same command again means to replace that. An engine is asked, so it must be there.
    Raises: TagExistsError; TransportError (no directory to write to, or it is something else);
    HostError without the engine.
    """
    if target.is_file:
        _check_place(target)
    if target.scheme is Scheme.REGISTRY:
        from jettison.transport import registry_write  # noqa: PLC0415  # an HTTP client: slow

        registry_write.check_push(target)
    instruction = newest_instruction(target)
    if instruction is None or overwrite or made_by_jettison(instruction):
        return
    raise TagExistsError(
        f"{target} exists already, and jettison did not make it",
        hint="choose another name, or replace it with --force",
    )


def write_sink(
    target: Target, layout: Path, *, overwrite: bool, plain: Path | None = None
) -> Written:
    """Write the only image of an OCI layout to a complete target (see `schemes.destination`).

    Shape: `plain` is a layout of the same image with layers that are not packed; where they are
    wanted so, as engines do, they are taken from there.
    Raises: what `check_sink` raises; InvalidImageError if the layout is damaged; TransportError
    or HostError when the place does not take it, and then has what it had before.
    """
    check_sink(target, overwrite=overwrite)
    image = LayoutImage.open(layout)
    return write_image(target, image, _same_image(image, plain) if plain is not None else image)


def write_image(target: Target, image: LayoutImage, unpacked: LayoutImage) -> Written:
    """Write an image to a complete target, which the caller has checked.

    Shape: `unpacked` is the same image for those who want plain layers; it may be `image` itself.
    Raises: as `write_sink`, but for what is there already.
    """
    image_id = str(image.config_digest)
    with writing(target):
        match target.scheme:
            case Scheme.OCI:
                write_layout(target.path, image, target.tag)
            case Scheme.OCI_ARCHIVE:
                write_file(target.path, oci_archive(image, target.tag))
            case Scheme.DOCKER_ARCHIVE:
                write_file(target.path, unpacked.docker_archive(target.tag))
            case Scheme.DOCKER:
                # Importing it takes a third of a second, which archives need not pay for.
                from jettison.transport import docker_engine  # noqa: PLC0415  # as said above

                archive = unpacked.docker_archive(target.location)
                image_id = docker_engine.load(archive, target.location)
            case Scheme.PODMAN:
                # As a docker archive: Podman ignores the HEALTHCHECK of images in OCI form.
                image_id = podman.load(unpacked.docker_archive(target.location), target.location)
            case Scheme.REGISTRY:
                from jettison.transport import registry_write  # noqa: PLC0415  # slow as well

                registry_write.push_layout(target, image)
            case Scheme.NAME:
                raise ValueError(f"{target} is no complete target")
            case _:
                assert_never(target.scheme)
    return Written(target=target, digest=image.image.digest, image_id=image_id)


def _same_image(image: LayoutImage, plain: Path) -> LayoutImage:
    found = LayoutImage.open(plain)
    if found.config_digest != image.config_digest:
        raise InvalidImageError(
            f"{plain}: has image {found.config_digest}, not {image.config_digest}"
        )
    return found


def _check_place(target: Target) -> None:
    path = target.path
    parent = path.absolute().parent
    # A layout that is there is written into; an archive is replaced by renaming beside it.
    directory = path if target.scheme is Scheme.OCI and path.is_dir() else parent
    if not directory.is_dir():
        raise TransportError(f"{target}: {directory} is no directory", hint="make it first")
    if not os.access(directory, os.W_OK | os.X_OK):
        raise TransportError(f"{target}: {directory} may not be written to")


def write_file(path: Path, chunks: Iterable[bytes]) -> None:
    """Write a file that appears whole, or stays as it was.

    Raises: OSError.
    """
    with atomic_write(path) as out:
        for chunk in chunks:
            out.write(chunk)


@contextmanager
def writing(target: Target) -> Iterator[None]:
    """What goes wrong on the disk in the block, as errors of ours.

    Raises: HostError without space; TransportError.
    """
    try:
        yield
    except OSError as err:
        if err.errno in (errno.ENOSPC, errno.EDQUOT):
            raise HostError(
                f"write {target}: {err.strerror}", hint="free some space, or name another place"
            ) from err
        raise TransportError(f"write {target}: {err.strerror or err}") from err
