import gzip
import io
import tracemalloc
import zlib
from collections.abc import Callable

import pytest
import zstandard

from jettison.digest import Digest
from jettison.errors import InvalidImageError, TransportError
from jettison.image import Compression, Descriptor
from jettison.transport.layer_stream import Expected, LayerStream, sniff
from support.images import Layer, layer_from_tar, make_layer

TAR = make_layer({f"/{number}": bytes([number]) * 40_000 for number in range(30)}).tar


def _expected(layer: Layer, *, max_bytes: int = 1 << 40) -> Expected:
    return Expected(
        layer=3,
        descriptor=Descriptor(
            media_type=layer.media_type, digest=layer.digest, size_bytes=len(layer.blob)
        ),
        diff_id=layer.diff_id,
        max_bytes=max_bytes,
    )


def _packed(blob: bytes, tar: bytes = TAR) -> Layer:
    return Layer(tar=tar, blob=blob, media_type="application/vnd.oci.image.layer.v1.tar+gzip")


def _read(layer: Layer, blob: bytes | None = None, *, max_bytes: int = 1 << 40) -> bytes:
    stream = LayerStream(
        io.BytesIO(layer.blob if blob is None else blob), _expected(layer, max_bytes=max_bytes)
    )
    return stream.read()


@pytest.mark.parametrize("compression", list(Compression))
@pytest.mark.parametrize("size", [1, 511, 512, 100_000, 1 << 22])
def test_reads_are_whole_whatever_their_size(compression: Compression, size: int) -> None:
    tar = TAR if size > 100 else TAR[:5_000]
    layer = layer_from_tar(tar, compression=compression)
    stream = LayerStream(io.BytesIO(layer.blob), _expected(layer))
    chunks = []
    while chunk := stream.read(size):
        chunks.append(chunk)
    assert b"".join(chunks) == tar
    assert {len(chunk) for chunk in chunks[:-1]} <= {size}
    assert stream.unpacked_bytes == len(tar)


def test_gzip_of_several_members_is_one_stream() -> None:
    blob = b"".join(
        gzip.compress(TAR[at : at + 70_001], mtime=0) for at in range(0, len(TAR), 70_001)
    )
    assert _read(_packed(blob)) == TAR


def test_zeros_behind_gzip_are_padding() -> None:
    assert _read(_packed(gzip.compress(TAR, mtime=0) + bytes(600_000))) == TAR


def test_zstd_of_several_and_of_skippable_frames_is_one_stream() -> None:
    pack = zstandard.ZstdCompressor().compress
    skippable = b"\x50\x2a\x4d\x18" + (5).to_bytes(4, "little") + b"12345"
    blob = skippable + pack(TAR[:99_999]) + skippable + pack(TAR[99_999:]) + skippable
    assert _read(_packed(blob)) == TAR


def test_the_bytes_tell_the_packing_not_the_media_type() -> None:
    assert _read(_packed(TAR)) == TAR
    assert sniff(b"\x28\xb5\x2f\xfd") is Compression.ZSTD
    assert sniff(b"\x1f\x8b\x08\x00") is Compression.GZIP
    assert sniff(b"") is Compression.NONE


def test_an_empty_blob_is_an_empty_layer() -> None:
    assert _read(layer_from_tar(b"", compression="none")) == b""


@pytest.mark.parametrize("compression", list(Compression))
def test_a_changed_byte_is_noticed(compression: Compression) -> None:
    layer = layer_from_tar(TAR, compression=compression)
    for at in (0, 10, len(layer.blob) // 2, len(layer.blob) - 1):
        damaged = bytearray(layer.blob)
        damaged[at] ^= 1
        with pytest.raises(InvalidImageError, match="layer 3: "):
            _read(layer, bytes(damaged))


@pytest.mark.parametrize("compression", list(Compression))
def test_a_blob_cut_off_or_longer_is_noticed(compression: Compression) -> None:
    layer = layer_from_tar(TAR, compression=compression)
    for kept in (0, 1, 5, len(layer.blob) // 2, len(layer.blob) - 1):
        with pytest.raises(InvalidImageError, match="layer 3: "):
            _read(layer, layer.blob[:kept])
    with pytest.raises(InvalidImageError, match="layer 3: the blob has more bytes"):
        _read(layer, layer.blob + b"x")


def test_a_digest_that_differs_is_named() -> None:
    layer = layer_from_tar(TAR, compression="none")
    other = TAR[:-1] + b"x"
    with pytest.raises(InvalidImageError) as caught:
        _read(layer, other)
    assert str(Digest.of(other)) in caught.value.message
    assert str(layer.digest) in caught.value.message


def test_a_blob_that_unpacks_to_another_tar_is_noticed() -> None:
    with pytest.raises(InvalidImageError, match="layer 3: diff ID is sha256:"):
        _read(_packed(gzip.compress(TAR, mtime=0), tar=b"another"))
    with pytest.raises(InvalidImageError, match="layer 3: diff ID is sha256:"):
        _read(_packed(TAR, tar=b"another"))


@pytest.mark.parametrize(
    "blob",
    [
        gzip.compress(TAR, mtime=0)[:-9],
        gzip.compress(TAR, mtime=0) + b"garbage",
        b"\x1f\x8b" + b"\xff" * 50,
        zstandard.compress(TAR)[:-9],
        zstandard.compress(TAR) + b"garbage",
    ],
    ids=["gzip cut", "gzip tail", "gzip header", "zstd cut", "zstd tail"],
)
def test_packed_data_that_is_broken_although_its_digest_fits(blob: bytes) -> None:
    with pytest.raises(InvalidImageError, match="layer 3: "):
        _read(_packed(blob))


def test_a_window_wider_than_libzstd_takes_is_no_damage() -> None:
    # A frame that asks for 2 GiB: RFC 8878, 3.1.1.1.2, an exponent of 21 above 2 to the 10th.
    frame = b"\x28\xb5\x2f\xfd\x00" + bytes([21 << 3]) + ((len(TAR) << 3) | 1).to_bytes(3, "little")
    with pytest.raises(InvalidImageError, match="too much memory") as caught:
        _read(_packed(frame + TAR))
    assert "128 MiB" in caught.value.hint


def test_damage_is_told_again_to_who_asks_again() -> None:
    layer = layer_from_tar(TAR, compression="none")
    stream = LayerStream(io.BytesIO(TAR[:-1] + b"x"), _expected(layer))
    for _ in range(3):
        with pytest.raises(InvalidImageError, match="digest is"):
            stream.finish()


def test_a_reader_that_stops_early_finishes() -> None:
    layer = layer_from_tar(TAR, compression="none")
    good = LayerStream(io.BytesIO(layer.blob), _expected(layer))
    good.read(100)
    good.finish()
    bad = LayerStream(io.BytesIO(layer.blob[:-1] + b"x"), _expected(layer))
    assert bad.read(100) == TAR[:100]
    with pytest.raises(InvalidImageError):
        bad.finish()


def _gzip_bomb() -> bytes:
    packer = zlib.compressobj(1, wbits=31)
    return b"".join([packer.compress(bytes(1 << 20)) for _ in range(64)]) + packer.flush()


def _zstd_bomb() -> bytes:
    packer = zstandard.ZstdCompressor(level=1).compressobj()
    return b"".join([packer.compress(bytes(1 << 20)) for _ in range(64)]) + packer.flush()


@pytest.mark.parametrize("make", [_gzip_bomb, _zstd_bomb])
def test_a_bomb_is_stopped_at_the_limit_in_little_memory(make: Callable[[], bytes]) -> None:
    bomb = make()
    layer = _packed(bomb)
    stream = LayerStream(io.BytesIO(bomb), _expected(layer, max_bytes=8 << 20))
    tracemalloc.start()
    try:
        with pytest.raises(InvalidImageError, match="over its limit") as caught:
            stream.finish()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert "--max-unpacked-size" in caught.value.hint
    assert stream.unpacked_bytes < 9 << 20
    assert peak < 8 << 20


def test_exactly_the_limit_is_allowed() -> None:
    layer = layer_from_tar(TAR)
    assert _read(layer, max_bytes=len(TAR)) == TAR
    with pytest.raises(InvalidImageError):
        _read(layer, max_bytes=len(TAR) - 1)


def test_a_disk_that_fails_is_no_damaged_image() -> None:
    class Failing(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            raise OSError(5, "Input/output error")

    layer = layer_from_tar(TAR)
    stream = LayerStream(Failing(), _expected(layer))
    with pytest.raises(TransportError, match="layer 3: read: Input/output error"):
        stream.read()
