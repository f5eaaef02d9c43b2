"""Write the outer tar of an image archive: plain files, nothing of this host in the headers."""

from __future__ import annotations

import tarfile
from collections.abc import Iterable, Iterator


def member(name: str, size_bytes: int, chunks: Iterable[bytes]) -> Iterator[bytes]:
    """One file: its header, its bytes and the padding behind them.

    Shape: `chunks` sum up to `size_bytes`, which the caller sees to.
    """
    info = tarfile.TarInfo(name)
    info.size, info.mode, info.mtime = size_bytes, 0o644, 0
    # GNU's form holds sizes above 8 GiB without an extra header that would need a reader for pax.
    yield info.tobuf(format=tarfile.GNU_FORMAT)
    yield from chunks
    yield bytes(-size_bytes % tarfile.BLOCKSIZE)


def document(name: str, raw: bytes) -> Iterator[bytes]:
    """A small file."""
    return member(name, len(raw), (raw,))


def end() -> bytes:
    """What follows the last member."""
    return bytes(2 * tarfile.BLOCKSIZE)
