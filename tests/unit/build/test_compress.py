from __future__ import annotations

import gzip
import io
import random
import threading

import pytest
import zstandard

from jettison.build.compress import BlobWriter
from jettison.digest import Digest
from jettison.image import Compression


def sample(size: int) -> bytes:
    words = [b"import", b"def ", b"return", b"\0\0\0\0", b"self.", b"xyz"]
    choose = random.Random(7)
    made = bytearray()
    while len(made) < size:
        made += choose.choice(words) + choose.randbytes(2)
    return bytes(made[:size])


def packed(data: bytes, compression: Compression, *, threads: int = 2, step: int = 70000) -> bytes:
    out = io.BytesIO()
    with BlobWriter(out, compression, level=6, threads=threads) as writer:
        for start in range(0, len(data), step):
            writer.write(data[start : start + step])
    assert writer.digest == Digest.of(out.getvalue())
    assert writer.diff_id == Digest.of(data)
    assert writer.packed.size_bytes == len(out.getvalue())
    return out.getvalue()


def unpacked(blob: bytes, compression: Compression) -> bytes:
    match compression:
        case Compression.NONE:
            return blob
        case Compression.GZIP:
            return gzip.decompress(blob)
        case Compression.ZSTD:
            return zstandard.ZstdDecompressor().decompressobj().decompress(blob)


@pytest.mark.parametrize("compression", list(Compression))
@pytest.mark.parametrize("size", [0, 1, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, 5_000_000])
def test_unpacks_to_what_went_in(compression: Compression, size: int) -> None:
    data = sample(size)
    assert unpacked(packed(data, compression), compression) == data


@pytest.mark.parametrize("compression", list(Compression))
def test_threads_and_pieces_do_not_change_the_bytes(compression: Compression) -> None:
    data = sample(6_000_000)
    assert packed(data, compression, threads=1, step=999) == packed(
        data, compression, threads=4, step=3_000_000
    )


def test_gzip_is_one_member_without_time_or_name_and_not_much_larger_than_usual() -> None:
    data = sample(4_000_000)
    blob = packed(data, Compression.GZIP)
    assert blob[:10] == b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
    with gzip.GzipFile(fileobj=io.BytesIO(blob)) as stream:
        stream.read()
        assert stream.mtime == 0
    assert len(blob) < 1.01 * len(gzip.compress(data, 6, mtime=0))


def test_threads_are_gone_after_an_error() -> None:
    def fail() -> None:
        with BlobWriter(io.BytesIO(), Compression.GZIP, level=1, threads=3) as writer:
            writer.write(sample(3 << 20))
            raise RuntimeError("stop")

    before = threading.active_count()
    with pytest.raises(RuntimeError, match="stop"):
        fail()
    assert threading.active_count() == before
