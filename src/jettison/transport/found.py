"""What a medium hands over when an image was found in it: bytes that nobody has checked yet."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, Protocol

from jettison.digest import Digest
from jettison.errors import InvalidImageError
from jettison.events import EventSink
from jettison.image import Descriptor, SourceCore
from jettison.image.documents import MAX_DOCUMENT_BYTES
from jettison.transport.schemes import Target

Fetching = Callable[[Sequence[Descriptor], EventSink], AbstractContextManager[None]]
"""Brings blobs near while its block runs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundImage:
    """An image in a medium.

    Shape: `target` says where it was found, never NAME; `digest` is what the medium knows it by
    (of the manifest, or of the config where the manifest is made up); `directories`, base first,
    hold the unpacked layers where an engine has them in reach; `fetching` brings blobs near, where
    that is worth doing for several at once.
    """

    target: Target
    core: SourceCore
    digest: Digest
    directories: tuple[Path, ...] | None = None
    notices: tuple[str, ...] = ()
    fetching: Fetching | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentCore:
    """A core of two documents and a way to open blobs; opens nothing before it is asked to."""

    raw_manifest: bytes
    raw_config: bytes
    opener: Callable[[Descriptor], AbstractContextManager[BinaryIO]]

    def open_blob(self, descriptor: Descriptor) -> AbstractContextManager[BinaryIO]:
        """The blob's bytes as stored."""
        return self.opener(descriptor)


class Files(Protocol):
    """Named files of an archive or a directory."""

    def open(self, name: str) -> AbstractContextManager[BinaryIO]:
        """The file's bytes; InvalidImageError if it is not there."""


_BOUND_HINT: Final = "no registry takes a document that large; is this an image?"


def read_document(files: Files, name: str, what: str) -> bytes:
    """A JSON document, whole, within the bound that registries set.

    Raises: InvalidImageError.
    """
    with files.open(name) as file:
        raw = file.read(MAX_DOCUMENT_BYTES + 1)
    if len(raw) > MAX_DOCUMENT_BYTES:
        raise InvalidImageError(f"{what}: over {MAX_DOCUMENT_BYTES} bytes", hint=_BOUND_HINT)
    return raw
