from __future__ import annotations

import hashlib
import os
import stat
import tarfile
from pathlib import Path

import pytest

from imagebuild.packing import OPAQUE, open_tar, pack, unpack

pytestmark = pytest.mark.needs("root")

CAPABILITY = b"\x01\x00\x00\x02\x00\x04\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"


def _make(files: Path) -> None:
    (files / "d").mkdir(parents=True)
    (files / "d/file").write_bytes(b"x")
    (files / "d/file").chmod(0o4711)
    os.chown(files / "d/file", 5, 6)
    (files / "d/file").chmod(0o4711)
    (files / "d/other").hardlink_to(files / "d/file")
    (files / "link").symlink_to("d/../d/file")
    (files / "ping").write_bytes(b"elf")
    os.setxattr(files / "ping", "security.capability", CAPABILITY)
    os.mknod(files / "gone", stat.S_IFCHR, 0)
    os.mknod(files / "null", stat.S_IFCHR | 0o666, os.makedev(1, 3))
    os.setxattr(files / "d", OPAQUE[0], b"y")


def test_layer_survives_packing_and_unpacking(tmp_path: Path) -> None:
    _make(tmp_path / "a")
    diff_id = pack(tmp_path / "a", tmp_path / "layer.tar.gz")
    with open_tar(tmp_path / "layer.tar.gz") as plain:
        assert diff_id == f"sha256:{hashlib.sha256(plain.read()).hexdigest()}"
    again = tmp_path / "b"
    again.mkdir()
    with open_tar(tmp_path / "layer.tar.gz") as plain:
        unpack(plain, again)
    status = (again / "d/file").lstat()
    assert (stat.S_IMODE(status.st_mode), status.st_uid, status.st_gid) == (0o4711, 5, 6)
    assert (again / "d/other").samefile(again / "d/file")
    assert os.readlink(again / "link") == "d/../d/file"  # noqa: PTH115  # as written
    assert os.getxattr(again / "ping", "security.capability") == CAPABILITY
    assert (again / "gone").lstat().st_rdev == 0
    assert (again / "null").lstat().st_rdev == os.makedev(1, 3)
    assert os.getxattr(again / "d", OPAQUE[0]) == b"y"
    assert pack(again, tmp_path / "again.tar.gz") == diff_id


def test_whiteouts_have_the_names_of_the_specification(tmp_path: Path) -> None:
    _make(tmp_path / "a")
    pack(tmp_path / "a", tmp_path / "layer.tar.gz")
    with tarfile.open(tmp_path / "layer.tar.gz") as tar:
        names = tar.getnames()
    assert {".wh.gone", "d/.wh..wh..opq", "d/file"} <= set(names)
    assert "gone" not in names
