"""Put an image into an OCI layout directory, new or with other images in it."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from jettison.edge.files import atomic_write
from jettison.events import Silent
from jettison.image import Descriptor
from jettison.image.documents import parse_object
from jettison.transport import outer_tar
from jettison.transport.found import read_document
from jettison.transport.layout_image import RAW_LAYOUT, render_index
from jettison.transport.oci_layout import (
    CONTAINERD_NAME,
    INDEX_FILE,
    LAYOUT_FILE,
    REF_NAME,
    DirectoryFiles,
    blob_name,
)
from jettison.transport.transfer import Transfer


class Blobs(Protocol):
    """What a layout is made of."""

    @property
    def blobs(self) -> tuple[Descriptor, ...]:
        """Everything that is kept as a blob, each once, sorted by digest."""

    def index_entry(self, tag: str) -> dict[str, object]:
        """What an index lists for it under this tag."""

    def read_blob(self, descriptor: Descriptor) -> Iterator[bytes]:
        """A blob in chunks, checked."""


def write_layout(directory: Path, image: Blobs, tag: str, transfer: Transfer | None = None) -> None:
    """Add the image under `tag`, in place of what has that tag; other images stay.

    A directory that is not there appears whole. In one that is, `index.json` is replaced last:
    until then nobody sees the new blobs. Blobs that lost their last name stay, as other tools
    leave them. With a `transfer` several blobs are written at once.
    Raises: OSError, InvalidImageError; then the layout is as it was.
    """
    transfer = transfer or Transfer("write", Silent(), workers=1)
    if (directory / LAYOUT_FILE).exists():
        with _locked(directory):
            _add(directory, image, tag, transfer)
        return
    made = Path(tempfile.mkdtemp(prefix=f".{directory.name}.", dir=directory.absolute().parent))
    try:
        _add(made, image, tag, transfer)
        (made / LAYOUT_FILE).write_bytes(RAW_LAYOUT)
        made.chmod(0o755)
        # Takes the place of an empty directory as well: rename(2).
        made.rename(directory)
    except BaseException:
        shutil.rmtree(made, ignore_errors=True)
        raise


def _add(directory: Path, image: Blobs, tag: str, transfer: Transfer) -> None:
    added: list[Path] = []

    def write(blob: Descriptor) -> None:
        path = directory / blob_name(blob.digest)
        if _is_there(path, blob):
            transfer.add(blob.size_bytes)
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_write(path) as out:
            for chunk in transfer.through(image.read_blob(blob)):
                out.write(chunk)
        added.append(path)

    try:
        transfer.run([partial(write, blob) for blob in image.blobs])
        raw_index = _with_entry(directory, image.index_entry(tag), tag)
        with atomic_write(directory / INDEX_FILE) as out:
            out.write(raw_index)
    except BaseException:
        for path in added:
            path.unlink(missing_ok=True)
        raise


def oci_archive(image: Blobs, tag: str) -> Iterator[bytes]:
    """The bytes of an OCI archive; the same image and tag give the same."""
    yield from outer_tar.document(LAYOUT_FILE, RAW_LAYOUT)
    yield from outer_tar.document(INDEX_FILE, render_index([image.index_entry(tag)]))
    for blob in image.blobs:
        yield from outer_tar.member(blob_name(blob.digest), blob.size_bytes, image.read_blob(blob))
    yield outer_tar.end()


def _is_there(path: Path, blob: Descriptor) -> bool:
    try:
        return path.stat().st_size == blob.size_bytes
    except FileNotFoundError:
        return False


def _with_entry(directory: Path, entry: dict[str, object], tag: str) -> bytes:
    """The layout's index with the entry in it; what others wrote there is kept as it is."""
    if not (directory / INDEX_FILE).exists():
        return render_index([entry])
    raw = read_document(DirectoryFiles(root=directory), INDEX_FILE, INDEX_FILE)
    value = parse_object(raw, INDEX_FILE)
    others = [item for item in value.get("manifests") or () if not _is_called(item, tag)]
    return json.dumps({**value, "manifests": [*others, entry]}, separators=(",", ":")).encode()


def _is_called(item: Any, tag: str) -> bool:
    annotations = (item.get("annotations") if isinstance(item, dict) else None) or {}
    return tag in (annotations.get(REF_NAME), annotations.get(CONTAINERD_NAME))


@contextmanager
def _locked(directory: Path) -> Iterator[None]:
    """Keep others of our kind from replacing the index between our reading and writing it."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
