from __future__ import annotations

import io
import tarfile

import pytest

from jettison.build.tar import TarWriter
from jettison.errors import StoreError
from jettison.filetree import Entry, FileKind
from jettison.paths import ROOT, ImagePath
from support.slimming import file, other


def archive(*items: tuple[Entry, bytes]) -> bytes:
    out = io.BytesIO()
    writer = TarWriter(out.write)
    for entry, content in items:
        writer.add(entry, io.BytesIO(content) if content else None)
    writer.close()
    return out.getvalue()


def members(raw: bytes) -> list[tarfile.TarInfo]:
    with tarfile.open(fileobj=io.BytesIO(raw), mode="r:") as tar:
        return tar.getmembers()


def only(item: tuple[Entry, bytes]) -> tarfile.TarInfo:
    (member,) = members(archive(item))
    return member


def test_file_keeps_bytes_and_every_attribute() -> None:
    raw = archive(file("/usr/bin/app", b"hello", mode=0o4755, uid=7, gid=8, mtime=1700000000))
    with tarfile.open(fileobj=io.BytesIO(raw)) as tar:
        (member,) = tar.getmembers()
        stream = tar.extractfile(member)
        assert stream is not None
        assert stream.read() == b"hello"
    assert (member.name, member.mode, member.uid, member.gid) == ("usr/bin/app", 0o4755, 7, 8)
    assert member.mtime == 1700000000
    assert member.isreg()
    assert len(raw) % 512 == 0


@pytest.mark.parametrize(
    ("kind", "type_"),
    [
        (FileKind.DIRECTORY, tarfile.DIRTYPE),
        (FileKind.CHARACTER, tarfile.CHRTYPE),
        (FileKind.BLOCK, tarfile.BLKTYPE),
        (FileKind.FIFO, tarfile.FIFOTYPE),
    ],
)
def test_kinds_without_bytes(kind: FileKind, type_: bytes) -> None:
    device = (5, 260) if kind in (FileKind.CHARACTER, FileKind.BLOCK) else None
    member = only(other("/dev/thing", kind, mode=0o1777, device=device))
    assert member.type == type_
    assert member.mode == 0o1777
    assert (member.devmajor, member.devminor) == (device or (0, 0))


def test_root_is_named_as_the_directory_itself() -> None:
    raw = archive((Entry(path=ROOT, kind=FileKind.DIRECTORY, mode=0o700, uid=3), b""))
    assert raw.startswith(b"./\0")
    assert members(raw)[0].uid == 3


def test_hard_link_names_its_first_path_and_has_no_bytes() -> None:
    one, content = file("/bin/a", b"data", hardlink=ImagePath("/bin/a"))
    two, _ = file("/bin/b", b"data", hardlink=ImagePath("/bin/a"))
    first, second = members(archive((one, content), (two, b"")))
    assert first.isreg()
    assert first.size == 4
    assert second.islnk()
    assert second.linkname == "bin/a"


def test_file_capability_survives_as_raw_bytes() -> None:
    capability = b"\x01\x00\x00\x02\x00\x04\x00\x00\xff\xfe\n\x00\x00\x00\x00\x00\x00\x00\x00\x00"
    raw = archive(
        file("/bin/ping", b"x", xattrs={"security.capability": capability, "user.ü": b"1"})
    )
    assert b"SCHILY.xattr.security.capability=" + capability + b"\n" in raw
    member = members(raw)[0]
    assert member.name == "bin/ping"
    assert member.pax_headers["SCHILY.xattr.user.ü"] == "1"


@pytest.mark.parametrize(
    "path",
    [
        "/" + "d" * 60 + "/" + "f" * 60,
        "/" + "a" * 99,
        "/" + "a" * 100,
        "/" + "a" * 101,
        "/" + "/".join(["part" * 10] * 6),
        "/" + "p" * 155 + "/" + "n" * 100,
        "/" + "p" * 156 + "/" + "n" * 100,
        "/" + "/".join(["x" * 200] * 5),
        "/naïve/日本語.txt",
        "/naïve/" + "日" * 60,
    ],
)
@pytest.mark.parametrize("kind", [FileKind.FIFO, FileKind.DIRECTORY])
def test_long_and_foreign_names(path: str, kind: FileKind) -> None:
    member = only(other(path, kind))
    assert member.name == path[1:]
    assert member.isdir() == (kind is FileKind.DIRECTORY)


@pytest.mark.parametrize("name", [b"caf\xe9", b"\xff" * 150, b"d\xe9" + b"/x" * 80])
def test_names_that_are_not_utf8_keep_their_bytes(name: bytes) -> None:
    member = only(other(ImagePath.parse(name), FileKind.FIFO))
    assert member.name.encode("utf-8", "surrogateescape") == name


@pytest.mark.parametrize("target", ["../lib/x.so", "t" * 100, "t" * 101, "ziel-ß", "/abs\udcff"])
def test_symlink_targets(target: str) -> None:
    member = only(other("/link", FileKind.SYMLINK, link_target=target))
    assert member.issym()
    assert member.linkname == target


def test_numbers_beyond_the_octal_fields() -> None:
    member = only(other("/x", FileKind.DIRECTORY, uid=4_000_000_000, gid=2_097_152, mtime=-5))
    assert (member.uid, member.gid, member.mtime) == (4_000_000_000, 2_097_152, -5)


def test_size_of_eight_gibibytes_needs_a_record() -> None:
    size = 8 << 30
    written = 0
    start = b""

    def count(data: bytes) -> None:
        nonlocal written, start
        if len(start) < 4096:
            start += data[:4096]
        written += len(data)

    class Zeros(io.RawIOBase):
        left = size
        chunk = bytes(1 << 20)

        def read(self, wanted: int = -1) -> bytes:
            taken = min(wanted, self.left)
            self.left -= taken
            return self.chunk if taken == len(self.chunk) else self.chunk[:taken]

    entry, _ = file("/big")
    entry = Entry(path=entry.path, kind=entry.kind, mode=0o644, size_bytes=size)
    TarWriter(count).add(entry, Zeros())  # type: ignore[arg-type]  # only read() is used
    assert written == size + 3 * 512
    assert b"size=8589934592\n" in start
    header = tarfile.TarInfo.frombuf(start[1024:1536], "utf-8", "strict")
    assert header.size == 0  # the record alone has it
    assert header.name == "big"


@pytest.mark.parametrize("content", [b"1234", b"123456", b""])
def test_wrong_size_is_an_error_and_not_a_broken_archive(content: bytes) -> None:
    entry, _ = file("/data", b"12345")
    with pytest.raises(StoreError, match="/data: 5 bytes expected"):
        TarWriter(io.BytesIO().write).add(entry, io.BytesIO(content))


def test_pax_record_lengths_around_a_new_digit() -> None:
    for length in range(60, 120):
        member = only(other("/f", FileKind.FIFO, xattrs={"user.a": b"v" * length}))
        assert len(member.pax_headers["SCHILY.xattr.user.a"]) == length
