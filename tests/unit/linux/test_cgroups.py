from __future__ import annotations

from pathlib import Path

import pytest

from jettison.linux import cgroups
from jettison.linux.cgroups import (
    CgroupMode,
    can_make_groups,
    find_cgroups,
    find_limits,
    parse_mode,
    remove_cgroups,
)

_TMPFS = "30 23 0:26 / /sys/fs/cgroup ro,nosuid - tmpfs tmpfs ro,mode=755\n"
_PIDS = "31 30 0:27 / /sys/fs/cgroup/pids rw,nosuid shared:9 - cgroup cgroup rw,pids\n"
_SECOND = "32 30 0:28 / /sys/fs/cgroup/unified rw,nosuid - cgroup2 cgroup2 rw\n"
_UNIFIED = "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n"


@pytest.mark.parametrize(
    ("mountinfo", "mode"),
    [
        (_UNIFIED, CgroupMode.UNIFIED),
        (_TMPFS + _PIDS, CgroupMode.LEGACY),
        (_TMPFS + _PIDS + _SECOND, CgroupMode.HYBRID),
        (_TMPFS, CgroupMode.NONE),
        ("", CgroupMode.NONE),
    ],
)
def test_mode_is_read_from_mounts(mountinfo: str, mode: CgroupMode) -> None:
    assert parse_mode(mountinfo) is mode


def test_unified_limits_are_those_passed_down(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cgroups, "CGROUP_ROOT", tmp_path)
    (tmp_path / "cgroup.subtree_control").write_text("cpuset cpu io pids\n")
    assert find_limits(CgroupMode.UNIFIED) == {"pids"}
    assert find_limits(CgroupMode.NONE) == frozenset()


def test_legacy_limits_are_the_mounted_controllers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cgroups, "CGROUP_ROOT", tmp_path)
    (tmp_path / "memory").mkdir()
    assert find_limits(CgroupMode.LEGACY) == {"memory"}


def test_groups_of_one_run_are_removed_in_every_hierarchy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cgroups, "CGROUP_ROOT", tmp_path)
    for name in ("run-a.1", "memory/run-a.1", "pids/run-a.2", "pids/run-b.1"):
        (tmp_path / name).mkdir(parents=True)
    remove_cgroups("run-a")
    assert find_cgroups("run-a") == ()
    assert find_cgroups("run-b") == (tmp_path / "pids/run-b.1",)


def test_groups_can_be_made_where_every_hierarchy_can_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cgroups, "CGROUP_ROOT", tmp_path)
    for name in ("memory", "pids"):
        (tmp_path / name).mkdir()
    writable = {tmp_path, tmp_path / "memory", tmp_path / "pids"}
    monkeypatch.setattr("os.access", lambda path, _mode: path in writable)
    assert can_make_groups(CgroupMode.UNIFIED)
    assert can_make_groups(CgroupMode.HYBRID)
    assert not can_make_groups(CgroupMode.NONE)
    writable.remove(tmp_path / "pids")
    assert not can_make_groups(CgroupMode.LEGACY)
    writable.remove(tmp_path)
    assert not can_make_groups(CgroupMode.UNIFIED)
