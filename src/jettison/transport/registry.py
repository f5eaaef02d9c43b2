"""Images in a registry: finding one, what its tags are, and what a tag stands for.

Importing this module imports an HTTP client: slow.
"""

from __future__ import annotations

from pathlib import Path

from jettison.digest import Digest
from jettison.errors import ImageNotFoundError, InvalidImageError
from jettison.image import Descriptor, Manifest, Platform
from jettison.image.choose import choose_manifest
from jettison.image.mediatypes import INDEXES, MANIFESTS
from jettison.image.reference import Reference
from jettison.transport.found import DocumentCore, FoundImage
from jettison.transport.registry_client import RegistryAccess, RegistryClient
from jettison.transport.registry_layers import LaterBlobs
from jettison.transport.schemes import Target


def find_in_registry(target: Target, workdir: Path, platform: Platform) -> FoundImage:
    """Find an image by tag or digest, for this platform; no connection stays open.

    Raises: ImageNotFoundError; InvalidImageError; TransportError; UsageError for damaged logins.
    """
    access = RegistryAccess(Reference.parse(target.location), insecure=target.insecure)
    with access.connect() as client:
        root = client.fetch_manifest(manifest_name(access.reference))
        documents = Documents(client, {root.descriptor.digest: root.raw})
        choice = choose_manifest(
            (root.descriptor,), platform, documents.read, reference=str(target)
        )
        raw_manifest = documents.read(choice.descriptor)
        raw_config = documents.read(Manifest.parse(raw_manifest).config)
    blobs = LaterBlobs(access, workdir)
    return FoundImage(
        target=target,
        core=DocumentCore(raw_manifest=raw_manifest, raw_config=raw_config, opener=blobs.open),
        digest=choice.descriptor.digest,
        fetching=blobs.fetching,
    )


def list_tags(reference: Reference, *, insecure: bool = False) -> tuple[str, ...]:
    """All tags of the repository that `reference` names, sorted; its own tag does not matter.

    Raises: ImageNotFoundError if there is no such repository; TransportError.
    """
    with RegistryAccess(reference, insecure=insecure).connect() as client:
        return client.list_tags()


def resolve_digest(reference: Reference, *, insecure: bool = False) -> Digest:
    """The digest that a tag stands for now: of the index where the image has several platforms.

    Raises: ImageNotFoundError if there is no such tag; TransportError.
    """
    with RegistryAccess(reference, insecure=insecure).connect() as client:
        found = client.find_digest(manifest_name(reference))
    if found is None:
        raise ImageNotFoundError(f"{reference}: the registry has no such image")
    return found


def reading(reference: Reference, *, insecure: bool) -> RegistryAccess:
    """How a repository is reached that is only read."""
    return RegistryAccess(reference, insecure=insecure)


def later(access: RegistryAccess, workdir: Path) -> LaterBlobs:
    """Its blobs, each over a connection of its own, or fetched into `workdir` before."""
    return LaterBlobs(access, workdir)


def manifest_name(reference: Reference) -> str:
    """What a manifest is asked for by: the digest if there is one, else the tag."""
    return str(reference.digest) if reference.digest is not None else reference.tag


class Documents:
    """Manifests, indexes and configs of one repository, each fetched once and checked."""

    def __init__(self, client: RegistryClient, known: dict[Digest, bytes]) -> None:
        self._client = client
        self._known = known

    def read(self, descriptor: Descriptor) -> bytes:
        """The bytes of a document, checked against what points to it.

        Raises: ImageNotFoundError; InvalidImageError; TransportError.
        """
        raw = self._known.get(descriptor.digest)
        if raw is None:
            if descriptor.media_type in INDEXES | MANIFESTS:
                raw = self._client.fetch_manifest(descriptor.digest).raw
            else:
                raw = self._client.read_blob(descriptor)
            self._known[descriptor.digest] = raw
        if len(raw) != descriptor.size_bytes:
            raise InvalidImageError(
                f"{descriptor.digest} has {len(raw)} bytes, its descriptor says "
                f"{descriptor.size_bytes}"
            )
        return raw
