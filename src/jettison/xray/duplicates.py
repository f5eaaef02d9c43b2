"""Contents that an image stores several times, at several paths or in several layers."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from jettison.digest import Digest
from jettison.filetree import FileTree, LayerFiles
from jettison.paths import ImagePath

_HEAD_BYTES: Final = 4096
_CHUNK: Final = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Copy:
    """A file in a layer; `is_visible` where a container sees it."""

    layer: int
    path: ImagePath
    is_visible: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DuplicateGroup:
    """One content and all its copies, by layer and path; names of one inode are one copy."""

    digest: Digest
    size_bytes: int
    copies: tuple[Copy, ...]

    @property
    def wasted_bytes(self) -> int:
        """What all copies but one take."""
        return self.size_bytes * (len(self.copies) - 1)


def find_duplicates(files: LayerFiles, visible: FileTree) -> tuple[DuplicateGroup, ...]:
    """All contents that are stored twice or more, most wasteful first; empty files are none.

    Only files whose size occurs twice are opened, and only those that begin alike are read whole.
    """
    groups: list[DuplicateGroup] = []
    for size, copies in sorted(_by_size(files, visible).items()):
        if len(copies) > 1:
            groups.extend(_equal(files, size, copies))
    return tuple(sorted(groups, key=lambda group: (-group.wasted_bytes, group.copies[0])))


def _by_size(files: LayerFiles, visible: FileTree) -> dict[int, list[Copy]]:
    found: dict[int, list[Copy]] = {}
    for number, layer in enumerate(files.layers):
        for entry in layer.entries:
            if entry.is_file and entry.size_bytes and entry.hardlink in (None, entry.path):
                above = visible.find(entry.path)
                is_visible = above is not None and above.is_file and above.layer == number
                copy = Copy(layer=number, path=entry.path, is_visible=is_visible)
                found.setdefault(entry.size_bytes, []).append(copy)
    return found


def _equal(files: LayerFiles, size: int, copies: Sequence[Copy]) -> Iterator[DuplicateGroup]:
    """The groups of equal contents among files of one size."""
    heads: dict[bytes, list[Copy]] = {}
    for copy in copies:
        with files.open_in(copy.layer, copy.path) as file:
            heads.setdefault(hashlib.sha256(file.read(_HEAD_BYTES)).digest(), []).append(copy)
    for head, alike in heads.items():
        if len(alike) < 2:
            continue
        if size <= _HEAD_BYTES:
            yield _group(head, size, alike)
            continue
        whole: dict[bytes, list[Copy]] = {}
        for copy in alike:
            whole.setdefault(_hash(files, copy), []).append(copy)
        for digest, same in whole.items():
            if len(same) > 1:
                yield _group(digest, size, same)


def _hash(files: LayerFiles, copy: Copy) -> bytes:
    state = hashlib.sha256()
    with files.open_in(copy.layer, copy.path) as file:
        while data := file.read(_CHUNK):
            state.update(data)
    return state.digest()


def _group(digest: bytes, size: int, copies: list[Copy]) -> DuplicateGroup:
    return DuplicateGroup(
        digest=Digest.parse(f"sha256:{digest.hex()}"), size_bytes=size, copies=tuple(sorted(copies))
    )
