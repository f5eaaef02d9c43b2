from __future__ import annotations

import errno
import os
import signal
import stat
import tempfile
from pathlib import Path
from types import SimpleNamespace

import pytest

from jettison.linux import workdir
from jettison.linux.idmap import single_mapping
from jettison.linux.workdir import discard_work_directory, work_directory


def base() -> Path:
    return Path(tempfile.gettempdir())


def leave_behind(name: str = "jettison-{uid}-dead") -> Path:
    """What a killed run leaves: a directory and the lock that nobody holds."""
    directory = base() / name.format(uid=os.getuid())
    (directory / "c1").mkdir(parents=True)
    (directory / "c1/file").write_text("x")
    directory.with_name(directory.name + ".lock").touch()
    return directory


def test_directory_is_private_and_gone_afterwards() -> None:
    with work_directory() as directory:
        assert directory.parent == base()
        assert stat.S_IMODE(directory.stat().st_mode) == 0o700
        (directory / "file").write_text("x")
    assert list(base().iterdir()) == []


def test_it_stays_where_it_is_if_we_go_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(tempfile, "tempdir", ".")
    with work_directory() as directory:
        os.chdir("/")
        assert directory.parent == tmp_path
    assert list(tmp_path.iterdir()) == []


def test_directory_is_gone_after_an_error() -> None:
    with pytest.raises(ZeroDivisionError), work_directory() as directory:
        (directory / "file").write_text("x")
        raise ZeroDivisionError
    assert list(base().iterdir()) == []


@pytest.mark.parametrize(
    ("number", "error"), [(signal.SIGINT, KeyboardInterrupt), (signal.SIGTERM, SystemExit)]
)
def test_directory_is_gone_after_a_signal(
    number: signal.Signals, error: type[BaseException]
) -> None:
    with pytest.raises(error), work_directory():
        os.kill(os.getpid(), number)
    assert list(base().iterdir()) == []


def test_what_a_killed_run_left_is_removed_by_the_next() -> None:
    dead = leave_behind()
    with work_directory() as directory:
        assert not dead.exists()
        assert directory.exists()
        assert len(list(base().glob("*.lock"))) == 1


def test_what_another_run_still_uses_is_left_alone() -> None:
    with work_directory() as first:
        with work_directory() as second:
            assert first != second
            assert first.exists()
        assert first.exists()
        assert not second.exists()


def test_names_of_others_are_left_alone() -> None:
    strange = leave_behind("jettison-4000000000-dead")
    plain = base() / "jettison-notes"
    plain.mkdir()
    with work_directory():
        pass
    assert strange.exists()
    assert plain.exists()


def test_a_link_in_the_place_of_a_dead_directory_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("x")
    trap = base() / f"jettison-{os.getuid()}-trap"
    trap.symlink_to(tmp_path)
    trap.with_name(trap.name + ".lock").touch()
    with work_directory():
        pass
    assert (tmp_path / "precious").exists()


def test_a_lock_that_is_a_link_is_not_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.touch()
    lock = base() / f"jettison-{os.getuid()}-trap.lock"
    lock.symlink_to(victim)
    with work_directory():
        pass
    assert victim.exists()


def test_discarding_removes_directory_and_lock() -> None:
    dead = leave_behind()
    discard_work_directory(dead)
    assert list(base().iterdir()) == []


def test_our_own_files_are_removed_where_no_user_namespace_can_be_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> int:
        raise OSError(errno.ENOSPC, "unshare USER: No space left on device")

    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(workdir, "run_mapped", refuse)
    monkeypatch.setattr(
        workdir, "detect", lambda: SimpleNamespace(mapping=single_mapping(1000, 1000))
    )
    (tmp_path / "work/d").mkdir(parents=True)
    (tmp_path / "work/d/f").write_bytes(b"1")
    workdir.remove_tree(tmp_path / "work")
    assert not any(tmp_path.iterdir())
