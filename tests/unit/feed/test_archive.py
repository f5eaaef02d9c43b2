from __future__ import annotations

import io
import json
import struct
import zipfile
from pathlib import Path

import pytest

from jettison.feed.archive import Damaged, DamagedArchiveError, count_members, read_records


def write_zip(path: Path, members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as out:
        for name, content in members.items():
            out.writestr(name, content)
    return path


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED])
def test_records_come_whole_and_in_order(tmp_path: Path, method: int) -> None:
    members = {f"A-{number}.json": json.dumps({"n": number}).encode() * 9 for number in range(50)}
    path = write_zip(tmp_path / "all.zip", {**members, "README": b"no record"}, method)
    assert list(read_records(path)) == list(members.items())
    assert count_members(path) == 51


def test_a_streamed_zip_is_read(tmp_path: Path) -> None:
    """Sizes then stand behind the data and in the list alone."""

    class Unseekable(io.RawIOBase):
        def __init__(self) -> None:
            self.data = bytearray()

        def writable(self) -> bool:
            return True

        def write(self, data: bytes) -> int:  # type: ignore[override]  # bytes is what zipfile gives
            self.data += data
            return len(data)

    out = Unseekable()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.json", b"{}" * 100)
    (tmp_path / "all.zip").write_bytes(bytes(out.data))
    assert list(read_records(tmp_path / "all.zip")) == [("a.json", b"{}" * 100)]


def test_zip64_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zipfile, "ZIP_FILECOUNT_LIMIT", 2)
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 60)
    members = {f"{number}.json": bytes([65 + number]) * 100 for number in range(4)}
    path = write_zip(tmp_path / "all.zip", members, zipfile.ZIP_STORED)
    raw = bytearray(path.read_bytes())
    assert b"PK\x06\x06" in raw
    # As for 65,536 members and more: the last record says that it cannot say.
    end = raw.rindex(b"PK\x05\x06")
    raw[end + 8 : end + 12] = b"\xff" * 4
    raw[end + 16 : end + 20] = b"\xff" * 4
    path.write_bytes(bytes(raw))
    assert list(read_records(path)) == list(members.items())


def test_a_damaged_member_is_named_and_the_others_are_read(tmp_path: Path) -> None:
    members = {"a.json": b"A" * 500, "b.json": b"B" * 500, "c.json": b"C" * 500}
    path = write_zip(tmp_path / "all.zip", members, zipfile.ZIP_STORED)
    raw = bytearray(path.read_bytes())
    raw[raw.index(b"B" * 500)] = 0
    path.write_bytes(bytes(raw))
    first, second, third = read_records(path)
    assert (first, third) == (("a.json", b"A" * 500), ("c.json", b"C" * 500))
    assert isinstance(second, Damaged)
    assert second.name == "b.json"
    assert "checksum" in second.reason


def test_what_unpacks_to_more_than_it_says_is_not_unpacked(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "all.zip", {"a.json": bytes(10 << 20)})
    raw = path.read_bytes()
    small = raw.replace(struct.pack("<L", 10 << 20), struct.pack("<L", 100))
    path.write_bytes(small)
    (only,) = read_records(path)
    assert isinstance(only, Damaged)


def test_too_large_a_record_is_skipped(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "all.zip", {"a.json": bytes(65 << 20), "b.json": b"{}"})
    first, second = read_records(path)
    assert isinstance(first, Damaged)
    assert "too many" in first.reason
    assert second == ("b.json", b"{}")


@pytest.mark.parametrize("kept", [0, 10, 200, -1])
def test_a_cut_off_archive_is_said_so(tmp_path: Path, kept: int) -> None:
    path = write_zip(tmp_path / "all.zip", {f"{n}.json": b"{}" for n in range(9)})
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(DamagedArchiveError):
        count_members(path)
    with pytest.raises(DamagedArchiveError):
        list(read_records(path))


def test_a_broken_list_is_noticed_before_anything_is_used(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "all.zip", {f"{n}.json": b"{}" for n in range(9)})
    raw = bytearray(path.read_bytes())
    at = raw.rindex(b"PK\x01\x02")
    raw[at : at + 4] = b"XXXX"
    path.write_bytes(bytes(raw))
    with pytest.raises(DamagedArchiveError, match="8 of 9"):
        count_members(path)
