"""Pack a stream with all cores, into bytes that depend on the stream and the level alone.

A gzip stream is cut into blocks of fixed size; each is deflated on its own, with the end of the
block before it as dictionary, and the pieces are joined into one ordinary gzip member. How many
threads did the work cannot be seen in the result.
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import BinaryIO, Final, Protocol, Self

import zstandard

from jettison.digest import Digest
from jettison.image import Compression

_BLOCK: Final = 1 << 20
# How far a deflate back-reference reaches: RFC 1951, section 2.
_WINDOW: Final = 32 << 10
# Magic, deflate, no flags, no time, no extra flags, unknown system: RFC 1952, section 2.3.
_GZIP_HEADER: Final = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"


class Packer(Protocol):
    """Takes a stream in pieces and writes it packed."""

    def write(self, data: bytes) -> object:
        """Take the next bytes."""

    def close(self) -> None:
        """Write what is left; the underlying file stays open."""

    def abandon(self) -> None:
        """Let go of what it holds after an error, writing nothing more."""


class DigestWriter:
    """Hands bytes on to a file and keeps their digest and number."""

    def __init__(self, out: BinaryIO | None = None) -> None:
        self._out = out
        self._state = hashlib.sha256()
        self.size_bytes = 0

    def write(self, data: bytes) -> int:
        """Hash, count and hand on."""
        self._state.update(data)
        self.size_bytes += len(data)
        if self._out is not None:
            self._out.write(data)
        return len(data)

    @property
    def digest(self) -> Digest:
        """Of all bytes until now."""
        return Digest(f"sha256:{self._state.hexdigest()}")


class PlainPacker:
    """Packs nothing."""

    def __init__(self, out: DigestWriter) -> None:
        self._out = out

    def write(self, data: bytes) -> None:
        """Hand the bytes on."""
        self._out.write(data)

    def close(self) -> None:
        """Nothing is left to write."""

    def abandon(self) -> None:
        """Nothing is held."""


class GzipPacker:
    """One gzip member without name or time, deflated by `threads` threads."""

    def __init__(self, out: DigestWriter, *, level: int, threads: int) -> None:
        self._out = out
        self._level = level
        self._pool = ThreadPoolExecutor(max_workers=threads, thread_name_prefix="gzip")
        self._ahead = 2 * threads
        self._pending: deque[Future[bytes]] = deque()
        self._buffer = bytearray()
        self._dictionary = b""
        self._crc = 0
        self._size = 0
        out.write(_GZIP_HEADER)

    def write(self, data: bytes) -> None:
        """Take the next bytes; blocks while the threads are far behind."""
        self._buffer += data
        while len(self._buffer) >= _BLOCK:
            block = bytes(self._buffer[:_BLOCK])
            del self._buffer[:_BLOCK]
            self._submit(block, last=False)

    def close(self) -> None:
        """Write the last block and the trailer."""
        try:
            self._submit(bytes(self._buffer), last=True)
            while self._pending:
                self._out.write(self._pending.popleft().result())
            self._out.write(struct.pack("<II", self._crc, self._size & 0xFFFFFFFF))
        finally:
            self.abandon()

    def abandon(self) -> None:
        """End the threads."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _submit(self, block: bytes, *, last: bool) -> None:
        self._crc = zlib.crc32(block, self._crc)
        self._size += len(block)
        while len(self._pending) >= self._ahead:
            self._out.write(self._pending.popleft().result())
        self._pending.append(
            self._pool.submit(_deflate, block, self._dictionary, self._level, last=last)
        )
        self._dictionary = block[-_WINDOW:]


class ZstdPacker:
    """One zstd frame."""

    # Two jobs' worth of workers, always: their number must not be able to change the bytes.
    _THREADS: Final = 2

    def __init__(self, out: DigestWriter, *, level: int) -> None:
        self._out = out
        packer = zstandard.ZstdCompressor(
            level=level, threads=self._THREADS, write_checksum=True, write_content_size=False
        )
        self._state = packer.compressobj()

    def write(self, data: bytes) -> None:
        """Take the next bytes."""
        self._out.write(self._state.compress(data))

    def close(self) -> None:
        """End the frame."""
        self._out.write(self._state.flush())

    def abandon(self) -> None:
        """The threads end with the object."""


class BlobWriter:
    """Writes one layer blob and knows both of its digests when it is closed.

    Used as a context manager; after an error its threads are gone and the blob is worthless.
    """

    def __init__(
        self, out: BinaryIO, compression: Compression, *, level: int, threads: int
    ) -> None:
        self.packed = DigestWriter(out)
        # What is not packed has one digest, which need not be computed twice.
        is_plain = compression is Compression.NONE
        self._plain = self.packed if is_plain else DigestWriter()
        self._packer: Packer
        match compression:
            case Compression.NONE:
                self._packer = PlainPacker(self.packed)
            case Compression.GZIP:
                self._packer = GzipPacker(self.packed, level=level, threads=threads)
            case Compression.ZSTD:
                self._packer = ZstdPacker(self.packed, level=level)

    def write(self, data: bytes) -> None:
        """Take the next bytes of the uncompressed layer."""
        if self._plain is not self.packed:
            self._plain.write(data)
        self._packer.write(data)

    @property
    def diff_id(self) -> Digest:
        """Digest of the uncompressed bytes."""
        return self._plain.digest

    @property
    def digest(self) -> Digest:
        """Digest of the blob."""
        return self.packed.digest

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            self._packer.close()
        else:
            self._packer.abandon()


def _deflate(block: bytes, dictionary: bytes, level: int, *, last: bool) -> bytes:
    if dictionary:
        state = zlib.compressobj(level, zlib.DEFLATED, -15, 9, zdict=dictionary)
    else:
        state = zlib.compressobj(level, zlib.DEFLATED, -15, 9)
    end = zlib.Z_FINISH if last else zlib.Z_SYNC_FLUSH
    return state.compress(block) + state.flush(end)
