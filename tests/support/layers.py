"""Write layer tars in code: files, links, devices, whiteouts, attributes, hostile names."""

from __future__ import annotations

import gzip
import io
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import zstandard

from jettison.digest import Digest
from jettison.image.mediatypes import (
    DOCKER_LAYER,
    DOCKER_LAYER_GZIP,
    DOCKER_LAYER_ZSTD,
    OCI_LAYER,
    OCI_LAYER_GZIP,
    OCI_LAYER_ZSTD,
    Compression,
)

_OCI_TYPES: Final = {
    Compression.NONE: OCI_LAYER,
    Compression.GZIP: OCI_LAYER_GZIP,
    Compression.ZSTD: OCI_LAYER_ZSTD,
}
_DOCKER_TYPES: Final = {
    Compression.NONE: DOCKER_LAYER,
    Compression.GZIP: DOCKER_LAYER_GZIP,
    Compression.ZSTD: DOCKER_LAYER_ZSTD,
}

DEFAULT_MTIME: Final = 1_600_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """What every kind of entry has. A `mode` of None stands for the kind's usual one."""

    mode: int | None = None
    uid: int = 0
    gid: int = 0
    mtime: int = DEFAULT_MTIME
    xattrs: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class File(Node):
    """A regular file, 0o644."""

    data: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Directory(Node):
    """A directory, 0o755."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Symlink(Node):
    """A symbolic link; `target` is stored as written."""

    target: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HardLink(Node):
    """Another name of `target`, a path in the same layer (or, hostile, elsewhere)."""

    target: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Device(Node):
    """A device node, 0o660; a character device unless `block`."""

    major: int
    minor: int
    block: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Fifo(Node):
    """A named pipe, 0o644."""


Content = Mapping[str, bytes | Node]
"""Path to what stands there; plain bytes are a file. The order is the order in the tar.

One leading slash is taken off and the rest is stored as written, so `../x` and `//x` make
hostile archives. Parents are not added by themselves, as in many real layers.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """A layer as a tar and as the blob that an image stores."""

    tar: bytes
    blob: bytes
    media_type: str

    @property
    def diff_id(self) -> Digest:
        """Of the tar."""
        return Digest.of(self.tar)

    @property
    def digest(self) -> Digest:
        """Of the blob."""
        return Digest.of(self.blob)

    @property
    def descriptor(self) -> dict[str, object]:
        """As it stands in a manifest."""
        return {"mediaType": self.media_type, "digest": self.digest, "size": len(self.blob)}


def make_tar(content: Content) -> bytes:
    """A pax tar of `content`."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for path, given in content.items():
            node = File(data=given) if isinstance(given, bytes) else given
            data = node.data if isinstance(node, File) else b""
            tar.addfile(_member(path, node), io.BytesIO(data))
    return out.getvalue()


def make_layer(
    content: Content,
    *,
    compression: Compression | str = Compression.GZIP,
    docker_types: bool = False,
) -> Layer:
    """One layer, packed as asked: the same content gives the same bytes."""
    return layer_from_tar(make_tar(content), compression=compression, docker_types=docker_types)


def layer_from_tar(
    tar: bytes, *, compression: Compression | str = Compression.GZIP, docker_types: bool = False
) -> Layer:
    """A layer of a tar that exists already, also a damaged one."""
    packing = Compression(compression)
    types = _DOCKER_TYPES if docker_types else _OCI_TYPES
    return Layer(tar=tar, blob=_pack(tar, packing), media_type=types[packing])


def _pack(tar: bytes, compression: Compression) -> bytes:
    match compression:
        case Compression.NONE:
            return tar
        case Compression.GZIP:
            return gzip.compress(tar, compresslevel=1, mtime=0)
        case Compression.ZSTD:
            return zstandard.ZstdCompressor(level=1).compress(tar)


def _member(path: str, node: Node) -> tarfile.TarInfo:
    member = tarfile.TarInfo(path.removeprefix("/"))
    member.uid, member.gid, member.mtime = node.uid, node.gid, node.mtime
    mode = 0o644
    match node:
        case File():
            member.size = len(node.data)
        case Directory():
            member.type, mode = tarfile.DIRTYPE, 0o755
        case Symlink():
            member.type, member.linkname, mode = tarfile.SYMTYPE, node.target, 0o777
        case HardLink():
            member.type, member.linkname = tarfile.LNKTYPE, node.target.removeprefix("/")
        case Device():
            member.type = tarfile.BLKTYPE if node.block else tarfile.CHRTYPE
            member.devmajor, member.devminor, mode = node.major, node.minor, 0o660
        case Fifo():
            member.type = tarfile.FIFOTYPE
    member.mode = mode if node.mode is None else node.mode
    # tarfile writes what is not UTF-8 byte by byte if it comes as surrogate escapes.
    member.pax_headers = {
        f"SCHILY.xattr.{name}": value.decode("utf-8", "surrogateescape")
        for name, value in node.xattrs.items()
    }
    return member
