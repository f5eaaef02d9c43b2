import io
import os
import tarfile
import tracemalloc
from collections.abc import Iterable
from pathlib import Path

import pytest

from jettison.errors import ImageNotFoundError, InvalidImageError, TransportError
from jettison.transport.tar_index import TarIndex
from support.images import write_tar_of


def _member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, link
    return member


def _write(path: Path, members: Iterable[tuple[tarfile.TarInfo, bytes]]) -> TarIndex:
    with tarfile.open(path, "w", format=tarfile.GNU_FORMAT) as archive:
        for member, data in members:
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return TarIndex(path)


def _read(index: TarIndex, name: str) -> bytes:
    with index.open(name) as file:
        return file.read()


def test_each_file_is_a_region_of_the_archive(tmp_path: Path) -> None:
    files = {"a": b"1", "./b/c": b"2" * 100_000, "empty": b"", "long/" * 60 + "name": b"3"}
    index = _write(tmp_path / "t.tar", [(_member(name), data) for name, data in files.items()])
    assert index.names == {"a", "b/c", "empty", "long/" * 60 + "name"}
    assert _read(index, "b/c") == _read(index, "./b/../b/c") == b"2" * 100_000
    assert _read(index, "empty") == b""
    assert _read(index, "long/" * 60 + "name") == b"3"
    assert index.size_bytes("b/c") == 100_000


def test_links_lead_within_the_archive(tmp_path: Path) -> None:
    index = _write(
        tmp_path / "t.tar",
        [
            (_member("one/layer.tar"), b"layer"),
            (_member("two/layer.tar", tarfile.SYMTYPE, "../one/layer.tar"), b""),
            (_member("three", tarfile.LNKTYPE, "two/layer.tar"), b""),
            (_member("out", tarfile.SYMTYPE, "../../../../etc/passwd"), b""),
            (_member("absolute", tarfile.SYMTYPE, "/etc/passwd"), b""),
            (_member("loop", tarfile.SYMTYPE, "loop"), b""),
        ],
    )
    assert _read(index, "two/layer.tar") == _read(index, "three") == b"layer"
    for name in ("out", "absolute", "loop", "nothing"):
        with pytest.raises(InvalidImageError, match=f"'{name}' is not in the archive"):
            _read(index, name)


def test_the_last_of_several_files_of_a_name_counts(tmp_path: Path) -> None:
    index = _write(tmp_path / "t.tar", [(_member("a"), b"first"), (_member("a"), b"last")])
    assert _read(index, "a") == b"last"


def test_a_member_that_is_cut_off_is_named(tmp_path: Path) -> None:
    path = tmp_path / "t.tar"
    path.write_bytes(write_tar_of({"a": b"1", "b": b"2" * 5_000})[:4_000])
    with pytest.raises(InvalidImageError, match=r"t\.tar") as caught:
        TarIndex(path)
    assert "again" in caught.value.hint


@pytest.mark.parametrize(
    "raw", [b"", b"x", b"not a tar" * 1000, b"\xff" * 512, bytes(range(256)) * 4]
)
def test_what_is_no_tar_is_refused_or_empty(tmp_path: Path, raw: bytes) -> None:
    path = tmp_path / "t.tar"
    path.write_bytes(raw)
    with pytest.raises(InvalidImageError, match="no whole tar archive"):
        TarIndex(path)


def test_a_header_that_wants_gigabytes_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.tar"
    for kind in (tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME):
        member = _member("x", kind)
        member.size = 1 << 30
        path.write_bytes(member.tobuf())
        os.truncate(path, (1 << 30) + 4096)  # a hole: it takes no space
        tracemalloc.start()
        try:
            with pytest.raises(InvalidImageError):
                TarIndex(path)
            assert tracemalloc.get_traced_memory()[1] < 4 << 20
        finally:
            tracemalloc.stop()


def test_sizes_above_what_octal_holds_are_read(tmp_path: Path) -> None:
    path = tmp_path / "t.tar"
    member = _member("huge")
    member.size = 9 << 30
    path.write_bytes(member.tobuf(format=tarfile.GNU_FORMAT))
    os.truncate(path, (9 << 30) + 4096)
    assert TarIndex(path).size_bytes("huge") == 9 << 30


def test_only_regular_files_are_read_and_nothing_waits(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(TransportError, match="no regular file"):
        TarIndex(tmp_path / "fifo")
    with pytest.raises(TransportError, match="no regular file"):
        TarIndex(tmp_path)
    with pytest.raises(ImageNotFoundError, match="no such file"):
        TarIndex(tmp_path / "nothing")
    with pytest.raises(TransportError):
        TarIndex(tmp_path / "fifo" / "x")
