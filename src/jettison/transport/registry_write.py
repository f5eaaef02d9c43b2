"""Writing an image to a registry: blobs first and several at once, the tag last."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from jettison.errors import ImageNotFoundError, InvalidImageError
from jettison.events import EventSink, Silent
from jettison.image import Descriptor, ImageConfig, Manifest
from jettison.image.mediatypes import MANIFESTS
from jettison.image.reference import Reference
from jettison.transport.layout_image import LayoutImage
from jettison.transport.registry import Documents, manifest_name
from jettison.transport.registry_client import RegistryAccess
from jettison.transport.registry_push import Pusher, ReadFrom
from jettison.transport.schemes import Target
from jettison.transport.transfer import Transfer

_PUSH: tuple[str, ...] = ("pull", "push")


def open_access(target: Target, *, others: tuple[str, ...] = ()) -> RegistryAccess:
    """How a repository is reached that is written to."""
    reference = Reference.parse(target.location)
    return RegistryAccess(reference, insecure=target.insecure, actions=_PUSH, others=others)


def check_push(target: Target) -> None:
    """Find out whether the registry lets us write.

    Raises: TransportError.
    """
    with open_access(target).connect() as client:
        Pusher(client).check_access()


def made_by(target: Target) -> str | None:
    """The newest instruction of what a tag names; None if there is no such tag.

    Empty for what does not tell, such as an image of several platforms.
    Raises: TransportError.
    """
    access = open_access(target)
    with access.connect() as client:
        try:
            root = client.fetch_manifest(manifest_name(access.reference))
        except ImageNotFoundError:
            return None
        except InvalidImageError:
            return ""
        if root.descriptor.media_type not in MANIFESTS:
            return ""
        try:
            config = Documents(client, {}).read(Manifest.parse(root.raw).config)
            history = ImageConfig.parse(config).history
        except InvalidImageError:
            return ""
    return history[-1].created_by if history else ""


def push_layout(target: Target, image: LayoutImage, events: EventSink | None = None) -> None:
    """Write the image of a layout under the target's tag.

    Raises: InvalidImageError if the layout is damaged; TransportError. Then the tag is what it was.
    """
    manifest = image.image.manifest
    blobs = {item.digest: item for item in (*manifest.layers, manifest.config)}
    total = sum(item.size_bytes for item in blobs.values())
    transfer = Transfer("write", events or Silent(), total_bytes=total)
    access = open_access(target)
    with access.connect() as client:
        pusher = Pusher(client)
        transfer.run(
            [
                partial(pusher.push_blob, blob, reading(image.read_blob, blob, transfer))
                for blob in blobs.values()
            ]
        )
        name = manifest_name(access.reference)
        pusher.push_manifest(name, image.descriptor, image.image.raw_manifest)


def reading(
    read_blob: Callable[[Descriptor], Iterator[bytes]], blob: Descriptor, transfer: Transfer
) -> ReadFrom:
    """A blob from any offset on, where it can be read only from its beginning."""

    def read_from(offset: int) -> Iterator[bytes]:
        skipped = 0
        for chunk in read_blob(blob):
            start = min(len(chunk), offset - skipped)
            skipped += start
            if start < len(chunk):
                yield from transfer.through((chunk[start:],))

    return read_from
