"""The uncompressed tar of one layer, with everything checked that its image says of it.

A layer is used only after all of it has been checked: `open_layer` of a source reads what its
user left and raises before the `with` block ends, and nobody keeps what was unpacked in a block
that raised.
"""

from __future__ import annotations

import hashlib
import io
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, Final, Protocol

import zstandard

from jettison.digest import Digest
from jettison.errors import InvalidImageError, TransportError
from jettison.image import Compression, Descriptor

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_CHUNK: Final = 1 << 18
_MAGIC: Final = (
    (b"\x1f\x8b", Compression.GZIP),
    (b"\x28\xb5\x2f\xfd", Compression.ZSTD),
    # Skippable frames, 0x184D2A50 to 0x184D2A5F: zstd:chunked may begin with one.
    *((bytes((low, 0x2A, 0x4D, 0x18)), Compression.ZSTD) for low in range(0x50, 0x60)),
)
_GZIP_WINDOW: Final = 31  # 15 bits of window, and 16 for a gzip header: zlib.h
# What libzstd says of a window over 128 MiB: ZSTD_error_frameParameter_windowTooLarge.
_MEMORY: Final = "too much memory"
_WIDE: Final = "pack the layer with a window of 128 MiB at most (zstd --long=27)"
_DAMAGED: Final = "the copy is damaged; pull or save the image again"


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What an image says of one of its layers, and how much the user lets it unpack to."""

    layer: int
    descriptor: Descriptor
    diff_id: Digest
    max_bytes: int


def sniff(head: bytes) -> Compression:
    """How a blob is packed, by its first four bytes.

    Media types do not tell: Podman saves plain layers as `tar+gzip`, and engines look as well.
    """
    return next((kind for magic, kind in _MAGIC if head.startswith(magic)), Compression.NONE)


class LayerStream(io.BufferedReader):
    """The layer's tar; a read returns as many bytes as were asked for, except at the end.

    Reading raises InvalidImageError as soon as something is known to be wrong: a blob longer
    than it should be or an unpacked size over the limit at once, digests at the end.
    """

    def __init__(self, blob: BinaryIO, expected: Expected) -> None:
        self._unpacked = _Unpacked(blob, expected)
        super().__init__(self._unpacked, _CHUNK)

    @property
    def unpacked_bytes(self) -> int:
        """How much of the tar was unpacked so far."""
        return self._unpacked.count

    def finish(self) -> None:
        """Read what is left, so that the digests are checked.

        Raises: InvalidImageError.
        """
        while self.read(_CHUNK):
            pass


class Unpacker(Protocol):
    """Gives plain bytes."""

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes, never more than that in memory; empty at the end."""


class _CheckedBlob(io.RawIOBase):
    """The blob as stored; its size and digest are checked when it ends."""

    def __init__(self, blob: BinaryIO, expected: Expected) -> None:
        super().__init__()
        self._blob = blob
        self._expected = expected
        self._count = 0
        self._digest = hashlib.new(expected.descriptor.digest.algorithm)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        expected = self._expected
        view = memoryview(buffer)
        try:
            data = self._blob.read(len(view))
        except OSError as err:
            raise TransportError(f"layer {expected.layer}: read: {err.strerror}") from err
        view[: len(data)] = data
        wanted = expected.descriptor
        self._count += len(data)
        self._digest.update(data)
        if self._count > wanted.size_bytes or (not data and self._count < wanted.size_bytes):
            found = "more" if data else f"{self._count}"
            raise InvalidImageError(
                f"layer {expected.layer}: the blob has {found} bytes, "
                f"the manifest says {wanted.size_bytes}",
                hint=_DAMAGED,
            )
        if not data:
            self._check_digest()
        return len(data)

    def _check_digest(self) -> None:
        wanted = self._expected.descriptor.digest
        actual = f"{wanted.algorithm}:{self._digest.hexdigest()}"
        if actual != wanted:
            raise InvalidImageError(
                f"layer {self._expected.layer}: digest is {actual}, the manifest says {wanted}",
                hint=_DAMAGED,
            )


class _Unpacked(io.RawIOBase):
    """What the blob unpacks to; the diff ID is checked when it ends."""

    def __init__(self, blob: BinaryIO, expected: Expected) -> None:
        super().__init__()
        self._expected = expected
        self._blob = io.BufferedReader(_CheckedBlob(blob, expected), _CHUNK)
        self._unpacker: Unpacker | None = None
        self._digest = hashlib.new(expected.diff_id.algorithm)
        self._checked_as_blob = False
        self._error: InvalidImageError | None = None
        self.count = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        # Who was told of damage once must not be handed the rest on asking again.
        if self._error is not None:
            raise self._error
        view = memoryview(buffer)
        try:
            data = self._read(len(view))
        except InvalidImageError as err:
            self._error = err
            raise
        view[: len(data)] = data
        return len(data)

    def _read(self, size: int) -> bytes:
        where = f"layer {self._expected.layer}"
        if self._unpacker is None:
            kind = sniff(self._blob.peek(4)[:4])
            self._unpacker = unpacker(kind, self._blob, where)
            same = self._expected.diff_id == self._expected.descriptor.digest
            self._checked_as_blob = same and kind is Compression.NONE
        try:
            data = self._unpacker.read(size)
        except (zlib.error, zstandard.ZstdError) as err:
            hint = _WIDE if _MEMORY in str(err) else _DAMAGED
            raise InvalidImageError(f"{where}: it does not unpack: {err}", hint=hint) from err
        if data:
            self.count += len(data)
            if not self._checked_as_blob:
                self._digest.update(data)
            if self.count > self._expected.max_bytes:
                raise InvalidImageError(
                    f"{where}: unpacking it takes the image over its limit",
                    hint="if the image is honest, raise --max-unpacked-size",
                )
            return data
        while self._blob.read(_CHUNK):
            pass
        actual = f"{self._expected.diff_id.algorithm}:{self._digest.hexdigest()}"
        if not self._checked_as_blob and actual != self._expected.diff_id:
            raise InvalidImageError(
                f"{where}: diff ID is {actual}, the image config says {self._expected.diff_id}",
                hint=_DAMAGED,
            )
        return b""


def unpacker(kind: Compression, packed: BinaryIO, where: str) -> Unpacker:
    """What reads the plain bytes of something packed so."""
    match kind:
        case Compression.NONE:
            return packed
        case Compression.GZIP:
            return Gunzip(packed, where)
        case Compression.ZSTD:
            return zstandard.ZstdDecompressor().stream_reader(
                packed, read_size=_CHUNK, read_across_frames=True, closefd=False
            )


class Gunzip:
    """Unpack gzip of any number of members, never more than was asked for at once."""

    def __init__(self, packed: BinaryIO, where: str) -> None:
        self._packed = packed
        self._where = where
        self._state = zlib.decompressobj(wbits=_GZIP_WINDOW)
        self._pending = b""

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes; empty at the end.

        Raises: InvalidImageError for what is cut off or followed by something else; zlib.error.
        """
        while True:
            if self._state.eof and not self._next_member():
                return b""
            packed = self._pending or self._packed.read(_CHUNK)
            data = self._state.decompress(packed, size)
            self._pending = self._state.unused_data or self._state.unconsumed_tail
            if data:
                return data
            if not packed and not self._state.eof:
                raise InvalidImageError(f"{self._where}: the gzip data is cut off", hint=_DAMAGED)

    def _next_member(self) -> bool:
        while True:
            # Zeros pad a member to a tape's block: gzip(1).
            rest = self._pending.lstrip(b"\0")
            if rest:
                break
            self._pending = self._packed.read(_CHUNK)
            if not self._pending:
                return False
        if not rest.startswith(b"\x1f"):
            raise InvalidImageError(
                f"{self._where}: something else follows the gzip data", hint=_DAMAGED
            )
        self._pending = rest
        self._state = zlib.decompressobj(wbits=_GZIP_WINDOW)
        return True
