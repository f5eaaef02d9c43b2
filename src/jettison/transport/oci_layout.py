"""Images in an OCI layout, a directory or the same in a tar: finding one, and its blobs.

Source: OCI image-spec 1.1, "Image Layout Specification".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import BinaryIO, Final

from jettison.digest import Digest
from jettison.errors import ImageNotFoundError, InvalidImageError, UsageError
from jettison.image import Descriptor, Index, Manifest, Platform
from jettison.image.choose import choose_manifest, is_image
from jettison.image.documents import parse_object
from jettison.transport.found import DocumentCore, Files, FoundImage, read_document
from jettison.transport.schemes import Target
from jettison.transport.tar_index import TarIndex, open_regular

REF_NAME: Final = "org.opencontainers.image.ref.name"
# Docker and BuildKit put the whole name here and the tag alone into ref.name.
CONTAINERD_NAME: Final = "io.containerd.image.name"
LAYOUT_FILE: Final = "oci-layout"
INDEX_FILE: Final = "index.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectoryFiles:
    """The files of a layout that is a directory; each is opened when it is asked for."""

    root: Path

    @contextmanager
    def open(self, name: str) -> Iterator[BinaryIO]:
        """The file's bytes.

        Raises: InvalidImageError if it is not there; TransportError if it cannot be read.
        """
        try:
            file = open_regular(self.root / name)
        except ImageNotFoundError as err:
            raise InvalidImageError(
                f"{self.root}: {name} is not there", hint="the layout is incomplete; copy it again"
            ) from err
        with file:
            yield file


def open_layout(directory: Path) -> DirectoryFiles:
    """The files of the layout at `directory`.

    Raises: ImageNotFoundError if nothing is there; InvalidImageError if it is no layout.
    """
    if not directory.exists():
        raise ImageNotFoundError(f"{directory}: no such directory")
    if directory.is_file():
        raise InvalidImageError(
            f"{directory} is a file, not an OCI layout",
            hint=f"write oci-archive:{directory} or docker-archive:{directory}",
        )
    if not (directory / LAYOUT_FILE).exists():
        raise InvalidImageError(f"{directory}: not an OCI layout: it has no {LAYOUT_FILE}")
    return DirectoryFiles(root=directory)


def check_archive(archive: TarIndex) -> TarIndex:
    """The archive, if there is a layout in it.

    Raises: InvalidImageError.
    """
    if LAYOUT_FILE not in archive.names:
        is_docker = "manifest.json" in archive.names
        raise InvalidImageError(
            f"{archive.path}: not an OCI archive: it has no {LAYOUT_FILE}",
            hint=f"write docker-archive:{archive.path}"
            if is_docker
            else "is it cut off? save it again",
        )
    return archive


def read_index(files: Files, where: str) -> tuple[Descriptor, ...]:
    """What the layout lists, after a look at its version.

    Raises: InvalidImageError.
    """
    version = parse_object(read_document(files, LAYOUT_FILE, LAYOUT_FILE), LAYOUT_FILE)
    if not str(version.get("imageLayoutVersion", "")).startswith("1."):
        raise InvalidImageError(
            f"{where}: layout version is {version.get('imageLayoutVersion')!r}, known is 1.0.0"
        )
    return Index.parse(read_document(files, INDEX_FILE, INDEX_FILE)).manifests


def find_in_layout(files: Files, target: Target, platform: Platform) -> FoundImage:
    """Find the image that `target` names, for this platform.

    Raises: UsageError if there are several and none is named; ImageNotFoundError;
    InvalidImageError.
    """
    read = partial(read_verified, files)
    roots = roots_in_layout(files, target)
    choice = choose_manifest(roots, platform, read, reference=str(target))
    raw_manifest = read(choice.descriptor)
    config = Manifest.parse(raw_manifest).config
    return FoundImage(
        target=target,
        core=DocumentCore(
            raw_manifest=raw_manifest,
            raw_config=read(config),
            opener=lambda descriptor: files.open(blob_name(descriptor.digest)),
        ),
        digest=choice.descriptor.digest,
    )


def roots_in_layout(files: Files, target: Target) -> tuple[Descriptor, ...]:
    """What the layout lists under the name that `target` gives, or at all if it gives none.

    Raises: UsageError if there are several images and none is named; ImageNotFoundError;
    InvalidImageError.
    """
    return _tagged(read_index(files, target.location), target)


def read_verified(files: Files, descriptor: Descriptor) -> bytes:
    """A manifest, index or config, checked against what points to it.

    Raises: InvalidImageError.
    """
    name = blob_name(descriptor.digest)
    raw = read_document(files, name, name)
    actual = Digest.of(raw, algorithm=descriptor.digest.algorithm)
    if len(raw) != descriptor.size_bytes or actual != descriptor.digest:
        raise InvalidImageError(
            f"{name}: has {len(raw)} bytes and digest {actual}, "
            f"its descriptor says {descriptor.size_bytes} bytes",
            hint="the copy is damaged; copy or pull the image again",
        )
    return raw


def blob_name(digest: Digest) -> str:
    """Where a layout keeps a blob."""
    return f"blobs/{digest.algorithm}/{digest.hex}"


def names_of(descriptor: Descriptor) -> tuple[str, ...]:
    """What an entry of a layout's index is called, the plain name first."""
    found = (descriptor.annotations.get(key, "") for key in (REF_NAME, CONTAINERD_NAME))
    return tuple(name for name in found if name)


def _tagged(entries: tuple[Descriptor, ...], target: Target) -> tuple[Descriptor, ...]:
    if target.tag:
        return _matching(entries, target)
    known = {names_of(entry)[:1] for entry in entries if is_image(entry)}
    if len(known) > 1:
        raise UsageError(
            f"{target}: there are several images in it: {_listed(entries)}",
            hint=f"choose one: {replace(target, tag='TAG')}",
        )
    return entries


def _matching(entries: tuple[Descriptor, ...], target: Target) -> tuple[Descriptor, ...]:
    exact = tuple(entry for entry in entries if target.tag in names_of(entry))
    if exact:
        return exact
    # Podman names the entry `localhost/app:1`, and `1` is meant to find it if nothing else fits.
    ending = tuple(
        entry
        for entry in entries
        if any(name.endswith((f":{target.tag}", f"/{target.tag}")) for name in names_of(entry))
    )
    if ending and len({names_of(entry)[:1] for entry in ending}) == 1:
        return ending
    raise ImageNotFoundError(
        f"{target}: no image with that tag in it",
        hint=f"it has {_listed(entries)}" if entries else "it holds no image",
    )


def _listed(entries: Iterable[Descriptor]) -> str:
    names = sorted({(names_of(entry) or ("one without a tag",))[0] for entry in entries})
    shown = names[:20]
    return ", ".join(shown) + (f" and {len(names) - 20} more" if len(names) > 20 else "")
