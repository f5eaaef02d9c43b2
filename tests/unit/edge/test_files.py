from pathlib import Path

import pytest

from jettison.edge.files import atomic_write, write_text


def test_a_file_appears_whole(tmp_path: Path) -> None:
    path = tmp_path / "index.json"
    with atomic_write(path, mode=0o600) as out:
        out.write(b"new")
        assert not path.exists()
    assert path.read_bytes() == b"new"
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_failed_write_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "index.json"
    path.write_bytes(b"old")
    with pytest.raises(RuntimeError), atomic_write(path) as out:
        out.write(b"half")
        raise RuntimeError
    assert path.read_bytes() == b"old"
    assert [item.name for item in tmp_path.iterdir()] == ["index.json"]


def test_text_makes_its_directories(tmp_path: Path) -> None:
    write_text(tmp_path / "a" / "b" / "c.txt", "caf\udce9")
    assert (tmp_path / "a" / "b" / "c.txt").read_bytes() == b"caf\xe9"
