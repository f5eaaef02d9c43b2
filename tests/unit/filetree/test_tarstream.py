import io
import tarfile

import pytest

from jettison.errors import InvalidImageError
from jettison.filetree import FileKind
from jettison.filetree.tarstream import TarReader


def archive(*members: tarfile.TarInfo, fmt: int = tarfile.PAX_FORMAT) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=fmt) as tar:
        for member in members:
            tar.addfile(member, io.BytesIO(b"x" * member.size) if member.size else None)
    return out.getvalue()


def info(name: str, size: int = 0, **fields: object) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.size = size
    for key, value in fields.items():
        setattr(member, key, value)
    return member


@pytest.mark.parametrize("fmt", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT])
def test_long_and_odd_names_are_read_in_both_formats(fmt: int) -> None:
    long = "d/" + "n" * 300
    raw = archive(
        info(long, 3), info("caf\udce9", 0), info("l", type=tarfile.SYMTYPE, linkname=long), fmt=fmt
    )
    reader = TarReader(io.BytesIO(raw), where="layer 0")
    seen = [(member.name, member.link, reader.read()) for member in reader]
    assert seen == [(long, "", b"xxx"), ("caf\udce9", "", b""), ("l", long, b"")]


def test_metadata_of_every_kind() -> None:
    members = [
        info("d/", type=tarfile.DIRTYPE, mode=0o1777, uid=5, gid=6, mtime=7),
        info("f", 1, mode=0o4755, uid=3_000_000, pax_headers={"SCHILY.xattr.user.a": "b"}),
        info("h", type=tarfile.LNKTYPE, linkname="f"),
        info("c", type=tarfile.CHRTYPE, devmajor=1, devminor=3),
        info("p", type=tarfile.FIFOTYPE),
    ]
    seen = list(TarReader(io.BytesIO(archive(*members)), where="layer 0"))
    assert [item.kind for item in seen] == [
        FileKind.DIRECTORY,
        FileKind.FILE,
        FileKind.FILE,
        FileKind.CHARACTER,
        FileKind.FIFO,
    ]
    assert (seen[0].mode, seen[0].uid, seen[0].gid, seen[0].mtime) == (0o1777, 5, 6, 7)
    assert (seen[1].mode, seen[1].uid, dict(seen[1].xattrs)) == (
        0o4755,
        3_000_000,
        {"user.a": b"b"},
    )
    assert (seen[2].hardlink, seen[2].link, seen[2].size_bytes) == (True, "f", 0)
    assert seen[3].device == (1, 3)


def test_unread_content_is_skipped() -> None:
    reader = TarReader(io.BytesIO(archive(info("a", 5000), info("b", 2))), where="layer 0")
    contents = {}
    for member in reader:
        if member.name == "b":
            contents[member.name] = reader.read()
    assert contents == {"b": b"xx"}


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (lambda raw: raw[:700], "ends inside a file"),
        (lambda raw: raw[:300], "ends inside a header"),
        (lambda raw: b"Z" + raw[1:], "checksum"),
        (lambda _raw: b"\x1f\x8b" + bytes(510) + b"x" * 512, "checksum|number"),
    ],
)
def test_damage_is_named(damage: object, says: str) -> None:
    raw = damage(archive(info("a", 3000)))  # type: ignore[operator]  # a lambda of the table
    with pytest.raises(InvalidImageError, match=says):
        list(TarReader(io.BytesIO(raw), where="layer 2"))


def test_a_huge_pax_header_is_refused_before_it_is_read() -> None:
    header = bytearray(archive(info("a"))[:512])
    header[156:157] = b"x"
    header[124:136] = b"77777777777\0"
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    with pytest.raises(InvalidImageError, match="extended header of 8589934591 bytes"):
        list(TarReader(io.BytesIO(bytes(header)), where="layer 0"))
