"""Writing an image to a registry: blobs first and several at once, the tag last."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from jettison.digest import Digest
from jettison.errors import ImageNotFoundError, InvalidImageError
from jettison.events import Silent
from jettison.image import Descriptor, ImageConfig, Manifest
from jettison.image.mediatypes import MANIFESTS
from jettison.image.reference import Reference
from jettison.transport.layout_image import LayoutImage
from jettison.transport.originals import Original
from jettison.transport.registry import Documents, manifest_name
from jettison.transport.registry_client import RegistryAccess
from jettison.transport.registry_push import Pusher, ReadFrom
from jettison.transport.schemes import Target
from jettison.transport.transfer import Delivery, Transfer

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


def find_digest(target: Target) -> Digest | None:
    """What a tag stands for now; None if there is no such tag.

    Raises: TransportError.
    """
    access = open_access(target)
    with access.connect() as client:
        return client.find_digest(manifest_name(access.reference))


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


def push_layout(target: Target, image: LayoutImage) -> None:
    """Write the image of a layout under the target's tag.

    Raises: InvalidImageError if the layout is damaged; TransportError. Then the tag is what it was.
    """
    manifest = image.image.manifest
    contents = {item.digest: item for item in (*manifest.layers, manifest.config)}
    documents = ((image.descriptor, image.image.raw_manifest),)
    load = _Load(contents=tuple(contents.values()), documents=documents, read_blob=image.read_blob)
    _push(open_access(target), load, Transfer("write", Silent()))


def push_original(
    target: Target, original: Original, transfer: Transfer, origin: Reference | None
) -> tuple[tuple[Descriptor, Delivery], ...]:
    """Write all of an original, its root under the target's tag; tell how each blob came there.

    Blobs of an `origin` in the same registry are mounted and not sent, where the registry does so.
    Raises: as `push_layout`.
    """
    load = _Load(
        contents=original.contents, documents=original.documents, read_blob=original.read_blob
    )
    reference = Reference.parse(target.location)
    is_near = origin is not None and origin.domain == reference.domain
    others = (origin.path,) if origin and is_near and origin.path != reference.path else ()
    return _push(open_access(target, others=others), load, transfer, others)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Load:
    """What is pushed; the last document is the one that is tagged."""

    contents: tuple[Descriptor, ...]
    documents: tuple[tuple[Descriptor, bytes], ...]
    read_blob: Callable[[Descriptor], Iterator[bytes]]


def _push(
    access: RegistryAccess, load: _Load, transfer: Transfer, others: tuple[str, ...] = ()
) -> tuple[tuple[Descriptor, Delivery], ...]:
    with access.connect() as client:
        pusher = Pusher(client)

        def push(blob: Descriptor) -> Delivery:
            read_from = _reading(load.read_blob, blob, transfer)
            delivery = pusher.push_blob(blob, read_from, mount_from=others)
            if delivery is not Delivery.SENT:
                transfer.add(blob.size_bytes)
            return delivery

        deliveries = transfer.run([partial(push, blob) for blob in load.contents])
        for descriptor, raw in load.documents[:-1]:
            pusher.push_manifest(descriptor.digest, descriptor, raw)
        root, raw = load.documents[-1]
        pusher.push_manifest(manifest_name(access.reference), root, raw)
    return tuple(zip(load.contents, deliveries, strict=True))


def _reading(
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
