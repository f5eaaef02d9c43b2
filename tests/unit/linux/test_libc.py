from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from jettison.linux import libc
from jettison.linux.libc import MountFlag, Namespace


@pytest.mark.parametrize("path", ["/etc/passwd", "etc/passwd", "../../etc/passwd", "/abs", "up"])
def test_nothing_leads_out_of_the_root(tmp_path: Path, path: str) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/passwd").write_text("inside")
    (tmp_path / "abs").symlink_to("/etc/passwd")
    (tmp_path / "up").symlink_to("../../../../../../etc/passwd")
    root = os.open(tmp_path, os.O_PATH | os.O_DIRECTORY)
    try:
        with os.fdopen(libc.open_in_root(root, path, os.O_RDONLY)) as file:
            assert file.read() == "inside"
    finally:
        os.close(root)


def test_errors_carry_number_and_path(tmp_path: Path) -> None:
    root = os.open(tmp_path, os.O_PATH | os.O_DIRECTORY)
    try:
        with pytest.raises(FileNotFoundError) as raised:
            libc.open_in_root(root, "/nowhere", os.O_RDONLY)
    finally:
        os.close(root)
    assert raised.value.filename == "/nowhere"


def test_calls_that_fail_name_what_they_were_about(tmp_path: Path) -> None:
    target = tmp_path / "not-there"
    with pytest.raises(OSError, match="not-there") as raised:
        libc.mount("tmpfs", target, "tmpfs", MountFlag.NOSUID)
    assert raised.value.errno in (errno.ENOENT, errno.EPERM)
    with pytest.raises(OSError, match="not-there"):
        libc.umount(target)
    with pytest.raises(OSError, match="setns NETWORK") as raised:
        libc.setns(-1, Namespace.NETWORK)
    assert raised.value.errno == errno.EBADF
