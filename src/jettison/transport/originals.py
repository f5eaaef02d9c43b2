"""What is to be copied: an image or an index as its medium has it, and all that it leads to."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import BinaryIO, Final

from jettison.digest import Digest
from jettison.errors import InvalidImageError, TransportError
from jettison.events import EventSink
from jettison.filetree.tarstream import UnpackLimits
from jettison.image import Descriptor, Index, Manifest
from jettison.image.mediatypes import INDEXES, MANIFESTS, is_foreign
from jettison.image.reference import Reference
from jettison.transport.archive_file import open_archive
from jettison.transport.found import Fetching, Files
from jettison.transport.oci_layout import (
    REF_NAME,
    blob_name,
    check_archive,
    open_layout,
    read_verified,
    roots_in_layout,
)
from jettison.transport.schemes import Scheme, Target

KEEPING: Final = frozenset({Scheme.OCI, Scheme.OCI_ARCHIVE, Scheme.REGISTRY})
"""The places that keep manifests and indexes as they are, and so every digest."""

# As in `image.choose`: real indexes nest once, and list some ten images.
_MAX_DEPTH: Final = 8
_MAX_MANIFESTS: Final = 1_000
_CHUNK: Final = 1 << 18


@dataclass(frozen=True, slots=True, kw_only=True)
class Original:
    """Manifests, indexes and blobs below one root.

    Shape: `documents` has every manifest and index, what is listed before what lists it and the
    root last; `contents` are configs and layers, each once, in the order they were met.
    """

    where: str
    root: Descriptor
    documents: tuple[tuple[Descriptor, bytes], ...]
    contents: tuple[Descriptor, ...]
    opener: Callable[[Descriptor], AbstractContextManager[BinaryIO]] = field(repr=False)

    @property
    def blobs(self) -> tuple[Descriptor, ...]:
        """Everything that a layout keeps as a blob, sorted by digest."""
        every = (*self.contents, *(descriptor for descriptor, _ in self.documents))
        return tuple(sorted(every, key=lambda item: item.digest))

    def index_entry(self, tag: str) -> dict[str, object]:
        """What an index lists for it under this tag."""
        entry = self.root.to_json()
        entry["annotations"] = {**self.root.annotations, REF_NAME: tag}
        return entry

    def read_blob(self, descriptor: Descriptor) -> Iterator[bytes]:
        """A blob in chunks, checked; it is whole only if the iteration ends without an error.

        Raises: InvalidImageError; TransportError.
        """
        for known, raw in self.documents:
            if known.digest == descriptor.digest:
                yield raw
                return
        state = hashlib.new(descriptor.digest.algorithm)
        count = 0
        with self.opener(descriptor) as blob:
            while count <= descriptor.size_bytes and (chunk := _read(blob, self.where)):
                state.update(chunk)
                count += len(chunk)
                yield chunk
        actual = f"{descriptor.digest.algorithm}:{state.hexdigest()}"
        if count != descriptor.size_bytes or actual != descriptor.digest:
            raise InvalidImageError(
                f"{self.where}: blob {descriptor.digest} has {count} bytes and digest {actual}, "
                f"its descriptor says {descriptor.size_bytes} bytes",
                hint="the copy is damaged; pull or save the image again",
            )


def collect(
    where: str,
    root: Descriptor,
    read: Callable[[Descriptor], bytes],
    opener: Callable[[Descriptor], AbstractContextManager[BinaryIO]],
) -> Original:
    """Everything below a root; `read` gives documents that are checked.

    Raises: InvalidImageError for layers that are not part of the image, and what is no image.
    """
    documents: dict[Digest, tuple[Descriptor, bytes]] = {}
    contents: dict[Digest, Descriptor] = {}

    def visit(descriptor: Descriptor, depth: int) -> None:
        if descriptor.digest in documents:
            return
        if depth > _MAX_DEPTH or len(documents) >= _MAX_MANIFESTS:
            raise InvalidImageError(
                f"{where}: over {_MAX_MANIFESTS} manifests, or nested deeper than {_MAX_DEPTH}"
            )
        if descriptor.media_type in INDEXES:
            raw = read(descriptor)
            for item in Index.parse(raw).manifests:
                visit(item, depth + 1)
        elif descriptor.media_type in MANIFESTS:
            raw = read(descriptor)
            manifest = Manifest.parse(raw)
            for item in (manifest.config, *manifest.layers):
                if is_foreign(item.media_type):
                    raise InvalidImageError(
                        f"{where}: a layer of media type {item.media_type!r}: its bytes are not "
                        "part of the image",
                        hint="foreign layers belong to Windows base images; choose another image "
                        "of the index with --platform",
                    )
                contents.setdefault(item.digest, item)
        else:
            raise InvalidImageError(
                f"{where}: it lists {descriptor.media_type[:200]!r}, which is no image",
                hint="choose one image with --platform",
            )
        documents[descriptor.digest] = (descriptor, raw)

    visit(root, 1)
    return Original(
        where=where,
        root=root,
        documents=tuple(documents.values()),
        contents=tuple(contents.values()),
        opener=opener,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """A place that keeps manifests, opened; `roots` are what its user named, mostly one.

    Shape: `place` is the repository, where it is one; `fetching` as in `FoundImage`.
    """

    roots: tuple[Descriptor, ...]
    read: Callable[[Descriptor], bytes]
    open_blob: Callable[[Descriptor], AbstractContextManager[BinaryIO]]
    place: Reference | None = None
    fetching: Fetching | None = None

    def near(self, blobs: Sequence[Descriptor], events: EventSink) -> AbstractContextManager[None]:
        """Have blobs brought near, several at once, while the block reads them one by one."""
        return nullcontext() if self.fetching is None else self.fetching(blobs, events)


@contextmanager
def open_holder(target: Target, workdir: Path, limits: UnpackLimits) -> Iterator[Holder]:
    """Open an OCI layout, an OCI archive or a registry, for as long as the block runs.

    Raises: ImageNotFoundError; InvalidImageError; TransportError; UsageError.
    """
    match target.scheme:
        case Scheme.OCI:
            yield _in_files(open_layout(target.path), target)
        case Scheme.OCI_ARCHIVE:
            archive = open_archive(target.path, workdir, max_bytes=limits.max_bytes)
            yield _in_files(check_archive(archive), target)
        case Scheme.REGISTRY:
            with _in_registry(target, workdir) as holder:
                yield holder
        case _:
            raise ValueError(f"{target} keeps no manifests")


def _in_files(files: Files, target: Target) -> Holder:
    return Holder(
        roots=roots_in_layout(files, target),
        read=partial(read_verified, files),
        open_blob=lambda descriptor: files.open(blob_name(descriptor.digest)),
    )


@contextmanager
def _in_registry(target: Target, workdir: Path) -> Iterator[Holder]:
    # Importing it takes a tenth of a second, which files need not pay for.
    from jettison.transport import registry  # noqa: PLC0415  # as said above

    reference = Reference.parse(target.location)
    access = registry.reading(reference, insecure=target.insecure)
    later = registry.later(access, workdir)
    with access.connect() as client:
        root = client.fetch_manifest(registry.manifest_name(reference))
        documents = registry.Documents(client, {root.descriptor.digest: root.raw})
        yield Holder(
            roots=(root.descriptor,),
            read=documents.read,
            open_blob=later.open,
            place=reference,
            fetching=later.fetching,
        )


def _read(blob: BinaryIO, where: str) -> bytes:
    try:
        return blob.read(_CHUNK)
    except OSError as err:
        raise TransportError(f"{where}: read: {err.strerror or err}") from err
