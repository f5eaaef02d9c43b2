import os
from pathlib import Path

import pytest

from jettison.linux.removal import remove_directory


def test_everything_goes_and_nothing_that_a_link_leads_to(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir(mode=0o751)
    (outside / "kept").write_text("x")
    top = tmp_path / "top"
    for name in ("a/b/c", "a/d", "e"):
        (top / name).mkdir(parents=True)
        (top / name / "file").write_text("x")
    (top / "a/link").symlink_to(outside)
    (top / "dangling").symlink_to("nowhere")
    os.mkfifo(top / "a/b/fifo")
    (top / "a/b/c").chmod(0o000)
    (top / "a/b").chmod(0o500)
    remove_directory(top)
    assert not top.exists()
    assert (outside.stat().st_mode & 0o777, (outside / "kept").read_text()) == (0o751, "x")


def test_directories_deeper_than_any_path_go_too(tmp_path: Path) -> None:
    top = tmp_path / "top"
    top.mkdir()
    here = os.open(top, os.O_RDONLY)
    for _ in range(3000):
        os.mkdir("d", dir_fd=here)
        below = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)
    remove_directory(top)
    assert not top.exists()


def test_one_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        remove_directory(tmp_path / "absent")
