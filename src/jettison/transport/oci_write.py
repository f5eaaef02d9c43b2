"""Put an image into an OCI layout directory, new or with other images in it."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from jettison.edge.files import atomic_write
from jettison.image import Descriptor
from jettison.image.documents import parse_object
from jettison.transport.found import read_document
from jettison.transport.layout_image import RAW_LAYOUT, LayoutImage, render_index
from jettison.transport.oci_layout import (
    CONTAINERD_NAME,
    INDEX_FILE,
    LAYOUT_FILE,
    REF_NAME,
    DirectoryFiles,
    blob_name,
)


def write_layout(directory: Path, image: LayoutImage, tag: str) -> None:
    """Add the image under `tag`, in place of what has that tag; other images stay.

    A directory that is not there appears whole. In one that is, `index.json` is replaced last:
    until then nobody sees the new blobs. Blobs that lost their last name stay, as other tools
    leave them.
    Raises: OSError, InvalidImageError; then the layout is as it was.
    """
    if (directory / LAYOUT_FILE).exists():
        with _locked(directory):
            _add(directory, image, tag)
        return
    partial = Path(tempfile.mkdtemp(prefix=f".{directory.name}.", dir=directory.absolute().parent))
    try:
        _add(partial, image, tag)
        (partial / LAYOUT_FILE).write_bytes(RAW_LAYOUT)
        partial.chmod(0o755)
        # Takes the place of an empty directory as well: rename(2).
        partial.rename(directory)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise


def _add(directory: Path, image: LayoutImage, tag: str) -> None:
    added: list[Path] = []
    try:
        for blob in image.blobs:
            path = directory / blob_name(blob.digest)
            if not _is_there(path, blob):
                path.parent.mkdir(parents=True, exist_ok=True)
                with atomic_write(path) as out:
                    for chunk in image.read_blob(blob):
                        out.write(chunk)
                added.append(path)
        raw_index = _with_entry(directory, image.index_entry(tag), tag)
        with atomic_write(directory / INDEX_FILE) as out:
            out.write(raw_index)
    except BaseException:
        for path in added:
            path.unlink(missing_ok=True)
        raise


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
