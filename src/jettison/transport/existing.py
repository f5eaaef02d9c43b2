"""Who made the image that stands where one is to be written."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, assert_never

from jettison.errors import InvalidImageError, TransportError
from jettison.image import Descriptor, ImageConfig, Manifest
from jettison.image.mediatypes import MANIFESTS
from jettison.transport import podman
from jettison.transport.docker_archive import read_images
from jettison.transport.found import Files, read_document
from jettison.transport.oci_layout import (
    LAYOUT_FILE,
    DirectoryFiles,
    check_archive,
    names_of,
    read_index,
    read_verified,
)
from jettison.transport.schemes import Scheme, Target
from jettison.transport.tar_index import TarIndex

_OURS: Final = "jettison"
_UNKNOWN: Final = ""


def made_by_jettison(instruction: str) -> bool:
    """Whether the newest instruction of an image's history says that jettison made it.

    Only the newest one tells: an image built from a slimmed one inherits the others, and labels.
    """
    return instruction.startswith(_OURS)


def newest_instruction(target: Target) -> str | None:
    """The newest instruction of the image at a complete target; None if nothing is there.

    An empty string stands for an image that does not tell, for several images, and for
    anything else that would be lost by writing there.
    Raises: TransportError where nothing can be written; HostError without the engine.
    """
    match target.scheme:
        case Scheme.OCI:
            return _in_layout(target)
        case Scheme.OCI_ARCHIVE | Scheme.DOCKER_ARCHIVE:
            return _in_file(target)
        case Scheme.DOCKER:
            # Importing it takes a third of a second, which archives need not pay for.
            from jettison.transport import docker_engine  # noqa: PLC0415  # as said above

            return docker_engine.made_by(target.location)
        case Scheme.PODMAN:
            return podman.made_by(target.location)
        case Scheme.REGISTRY:
            from jettison.transport import registry_write  # noqa: PLC0415  # slow as well

            return registry_write.made_by(target)
        case Scheme.NAME:
            raise ValueError(f"{target} is no complete target")
        case _:
            assert_never(target.scheme)


def existing_digest(target: Target) -> str | None:
    """What a complete target holds now, by the digest that it is known by there.

    None if nothing is there, and for what does not tell: several images, or a Docker archive.
    Raises: as `newest_instruction`.
    """
    match target.scheme:
        case Scheme.OCI if (target.path / LAYOUT_FILE).exists():
            entries = read_index(DirectoryFiles(root=target.path), str(target))
            return _sole_digest([item for item in entries if target.tag in names_of(item)])
        case Scheme.OCI_ARCHIVE if target.path.is_file():
            try:
                entries = read_index(check_archive(TarIndex(target.path)), str(target))
            except InvalidImageError:
                return None
            is_same_tag = all(target.tag in names_of(item) for item in entries)
            return _sole_digest(entries) if is_same_tag else None
        case Scheme.DOCKER:
            from jettison.transport import docker_engine  # noqa: PLC0415  # as above

            return docker_engine.find_id(target.location)
        case Scheme.PODMAN:
            return podman.find_id(target.location)
        case Scheme.REGISTRY:
            from jettison.transport import registry_write  # noqa: PLC0415  # slow as well

            return registry_write.find_digest(target)
        case _:
            return None


def _sole_digest(entries: Sequence[Descriptor]) -> str | None:
    return entries[0].digest if len(entries) == 1 else None


def _in_layout(target: Target) -> str | None:
    directory = target.path
    if not directory.exists():
        return None
    if not directory.is_dir():
        raise TransportError(f"{target}: {directory} is a file; a layout is a directory")
    if not (directory / LAYOUT_FILE).exists():
        if any(directory.iterdir()):
            raise TransportError(
                f"{target}: {directory} holds other things than an OCI layout",
                hint="name a new directory",
            )
        return None
    files = DirectoryFiles(root=directory)
    tagged = [entry for entry in read_index(files, str(target)) if target.tag in names_of(entry)]
    return _of_entries(files, tagged) if tagged else None


def _in_file(target: Target) -> str | None:
    path = target.path
    if not path.exists():
        return None
    if not path.is_file():
        raise TransportError(f"{target}: {path} is no regular file; an archive is one")
    try:
        archive = TarIndex(path)
        if target.scheme is Scheme.DOCKER_ARCHIVE:
            images = read_images(archive)
            return _of_config(archive, images[0].config) if len(images) == 1 else _UNKNOWN
        return _of_entries(archive, read_index(check_archive(archive), str(target)))
    except InvalidImageError:
        return _UNKNOWN


def _of_entries(files: Files, entries: list[Descriptor] | tuple[Descriptor, ...]) -> str:
    if len(entries) != 1 or entries[0].media_type not in MANIFESTS:
        return _UNKNOWN
    try:
        config = Manifest.parse(read_verified(files, entries[0])).config
        return _newest(read_verified(files, config))
    except InvalidImageError:
        return _UNKNOWN


def _of_config(archive: TarIndex, name: str) -> str:
    return _newest(read_document(archive, name, "image config"))


def _newest(raw_config: bytes) -> str:
    history = ImageConfig.parse(raw_config).history
    return history[-1].created_by if history else _UNKNOWN
