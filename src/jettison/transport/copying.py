"""Write an original to a place: as it is where the place keeps manifests, else as one image."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from jettison.digest import Digest
from jettison.errors import InvalidImageError
from jettison.events import EventSink
from jettison.image import Descriptor, Image, Manifest
from jettison.image.mediatypes import MANIFESTS
from jettison.transport.layout_image import LayoutImage
from jettison.transport.oci_layout import blob_name
from jettison.transport.oci_write import oci_archive, write_layout
from jettison.transport.originals import Holder, Original
from jettison.transport.schemes import Scheme, Target
from jettison.transport.sinks import write_file, write_image, writing
from jettison.transport.transfer import Delivery, Transfer

_STAGE: Final = "copy"


@dataclass(frozen=True, slots=True, kw_only=True)
class Copied:
    """An original at its new place.

    Shape: `digest` is what the place knows it by: of the manifest or index, or of the config
    where the place keeps no manifests. `deliveries` tells of each config and layer how it came.
    """

    target: Target
    digest: Digest
    deliveries: tuple[tuple[Descriptor, Delivery], ...]


def copy_original(original: Original, holder: Holder, target: Target, events: EventSink) -> Copied:
    """Write manifests, indexes and blobs, unchanged, to a complete target that keeps them.

    What is there already is replaced: the caller has asked before.
    Raises: InvalidImageError if the original is damaged; TransportError or HostError when the
    place does not take it, and then has what it had before.
    """
    transfer = _transfer(original, events)
    deliveries = _all_sent(original)
    with writing(target):
        match target.scheme:
            case Scheme.OCI:
                write_layout(target.path, original, target.tag, transfer)
            case Scheme.OCI_ARCHIVE:
                counted = _Counted(original=original, transfer=transfer)
                with holder.near(original.contents, events):
                    write_file(target.path, oci_archive(counted, target.tag))
            case Scheme.REGISTRY:
                # Importing it takes a tenth of a second, which files need not pay for.
                from jettison.transport import registry_write  # noqa: PLC0415  # as said above

                deliveries = registry_write.push_original(target, original, transfer, holder.place)
            case _:
                raise ValueError(f"{target} keeps no manifests")
    return Copied(target=target, digest=original.root.digest, deliveries=deliveries)


def load_original(original: Original, target: Target) -> Copied:
    """Write the one image of an original to a place that makes its own of it.

    Each layer is read twice, so what is far away is staged first.
    Raises: as `copy_original`.
    """
    image = as_layout(original)
    written = write_image(target, image, image)
    digest = Digest.parse(written.image_id)
    return Copied(target=target, digest=digest, deliveries=_all_sent(original))


def stage_original(original: Original, directory: Path, events: EventSink) -> None:
    """Write it into a layout of its own, from which it can be read more than once.

    Raises: InvalidImageError; TransportError; HostError without space.
    """
    target = Target(scheme=Scheme.OCI, location=str(directory))
    with writing(target):
        write_layout(directory, original, "staged", _transfer(original, events))


def as_layout(original: Original) -> LayoutImage:
    """The one image that an original is, its documents checked against each other.

    Raises: InvalidImageError.
    """
    descriptor, raw_manifest = original.documents[-1]
    if descriptor.media_type not in MANIFESTS:
        raise InvalidImageError(f"{original.where}: it is an index, and no single image")
    config = Manifest.parse(raw_manifest).config
    image = Image.parse(original.where, raw_manifest, b"".join(original.read_blob(config)))
    files = _BlobFiles(
        original=original, names={blob_name(item.digest): item for item in original.contents}
    )
    return LayoutImage(files=files, image=image, descriptor=descriptor)


@dataclass(frozen=True, slots=True, kw_only=True)
class _BlobFiles:
    """Blobs under the names that a layout has them by."""

    original: Original
    names: Mapping[str, Descriptor]

    @contextmanager
    def open(self, name: str) -> Iterator[BinaryIO]:
        """The blob's bytes, not yet checked."""
        with self.original.opener(self.names[name]) as blob:
            yield blob


@dataclass(frozen=True, slots=True, kw_only=True)
class _Counted:
    """An original whose bytes are counted as they are read."""

    original: Original
    transfer: Transfer

    @property
    def blobs(self) -> tuple[Descriptor, ...]:
        """As the original."""
        return self.original.blobs

    def index_entry(self, tag: str) -> dict[str, object]:
        """As the original."""
        return self.original.index_entry(tag)

    def read_blob(self, descriptor: Descriptor) -> Iterator[bytes]:
        """As the original, counted."""
        return self.transfer.through(self.original.read_blob(descriptor))


def _transfer(original: Original, events: EventSink) -> Transfer:
    total = sum(item.size_bytes for item in original.blobs)
    return Transfer(_STAGE, events, total_bytes=total)


def _all_sent(original: Original) -> tuple[tuple[Descriptor, Delivery], ...]:
    return tuple((item, Delivery.SENT) for item in original.contents)
