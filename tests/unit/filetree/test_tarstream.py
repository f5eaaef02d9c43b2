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


def block(flag: bytes = b"0", **fields: bytes) -> bytes:
    """A header with some fields as no writer makes them."""
    places = {"name": 0, "uid": 108, "gid": 116, "size": 124, "mtime": 136, "link": 157}
    places |= {"major": 329, "minor": 337}
    header = bytearray(archive(info("f"))[:512])
    header[156:157] = flag
    for name, value in fields.items():
        header[places[name] : places[name] + len(value)] = value
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    return bytes(header)


def pax(*records: tuple[bytes, bytes], flag: bytes = b"x") -> bytes:
    body = b""
    for key, value in records:
        length = len(key) + len(value) + 3
        body += b"%d %s=%s\n" % (length + len(str(length + len(str(length)))), key, value)
    return block(flag, size=b"%011o\0" % len(body)) + body + bytes(-len(body) % 512)


BIG = b"9" * 30


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (block(size=b"-0000000001\0"), "size is -1"),
        (block(size=b"\xff" * 12), "size is -1"),
        (block(uid=b"-000001\0"), "uid is -1"),
        (block(gid=b"\x80\0\0\0\xff\xff\xff\xff"), "gid is 4294967295"),
        (block(mtime=b"\x80\1" + bytes(10)), "mtime is"),
        (block(b"3", major=b"0010000\0"), "device major is 4096"),
        (block(b"4", minor=b"\x80\1" + bytes(6)), "device minor is"),
        (pax((b"size", b"-5")) + block(), "size is -5"),
        (pax((b"size", BIG)) + block(), "size is 999"),
        (pax((b"uid", BIG)) + block(), "uid is 999"),
        (pax((b"mtime", b"-" + BIG + b".5")) + block(), "mtime is -999"),
        (pax((b"linkpath", b"a\0b")) + block(b"2"), "no path"),
        (block(b"2"), "no path"),
        (pax((b"SCHILY.xattr.user.a\0b", b"v")) + block(), "NUL"),
    ],
)
def test_what_no_kernel_takes_is_refused(raw: bytes, says: str) -> None:
    with pytest.raises(InvalidImageError, match=f"layer 3: .*{says}"):
        list(TarReader(io.BytesIO(raw + b"x" * 2048), where="layer 3"))


def test_the_greatest_that_a_kernel_takes_is_read() -> None:
    raw = (
        pax((b"uid", b"4294967294"), (b"mtime", b"-9223372036854775808"))
        + block(b"3", major=b"0007777\0", minor=b"3777777\0")
        + bytes(1024)
    )
    (member,) = TarReader(io.BytesIO(raw), where="layer 0")
    assert (member.uid, member.mtime, member.device) == (4294967294, -(1 << 63), (4095, 1048575))


@pytest.mark.parametrize("flag", [b"x", b"g", b"L"])
def test_many_extended_headers_before_one_member_are_refused_as_one_huge_one_is(
    flag: bytes,
) -> None:
    raw = b"".join(pax((b"k%d" % number, b"v" * 300_000), flag=flag) for number in range(4))
    with pytest.raises(InvalidImageError, match=r"extended header of 12000\d\d bytes"):
        list(TarReader(io.BytesIO(raw + block() + bytes(1024)), where="layer 0"))
    few = b"".join(pax((b"k%d" % number, b"v" * 300_000), flag=flag) for number in range(3))
    assert len(list(TarReader(io.BytesIO(few + block() + bytes(1024)), where="layer 0"))) == 1


def test_a_global_header_says_nothing_as_to_the_engines() -> None:
    raw = pax((b"path", b"other"), (b"uid", b"7"), flag=b"g") + block() + bytes(1024)
    (member,) = TarReader(io.BytesIO(raw), where="layer 0")
    assert (member.name, member.uid) == ("f", 0)
