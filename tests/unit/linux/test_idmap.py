from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from jettison.linux import idmap
from jettison.linux.idmap import (
    IdMapping,
    IdRange,
    parse_subordinate_ids,
    plan_mapping,
    read_current_mapping,
    single_mapping,
)

FULL = IdMapping(
    uids=(IdRange(inside=0, outside=1000, count=1), IdRange(inside=1, outside=100000, count=65536)),
    gids=(IdRange(inside=0, outside=1000, count=1), IdRange(inside=1, outside=100000, count=1000)),
)


def test_subordinate_ids_are_found_by_name_and_by_number() -> None:
    text = "alice:100000:65536\nbob:165536:65536\n1000:300000:10\nalice:500000:5\n"
    assert parse_subordinate_ids(text, "alice", 1000) == (
        (100000, 65536),
        (300000, 10),
        (500000, 5),
    )
    assert parse_subordinate_ids(text, "bob", 1001) == ((165536, 65536),)


@pytest.mark.parametrize(
    "line",
    ["", "alice", "alice:1", "alice::", "alice:x:1", "alice:1:-1", "alice:1:0", "#alice:1:1"],
)
def test_lines_that_give_nothing_are_passed_over(line: str) -> None:
    assert parse_subordinate_ids(f"{line}\nalice:7:7\n", "alice", 1) == ((7, 7),)


def test_single_mapping_is_the_caller_as_root() -> None:
    mapping = single_mapping(1000, 1001)
    assert mapping.is_single
    assert mapping.id_count == 1
    assert mapping.uids == (IdRange(inside=0, outside=1000, count=1),)
    assert mapping.gids == (IdRange(inside=0, outside=1001, count=1),)


def test_id_count_is_what_users_and_groups_both_have() -> None:
    assert not FULL.is_single
    assert FULL.id_count == 1001


def test_initial_namespace_is_told_from_a_mapped_one() -> None:
    everyone = (IdRange(inside=0, outside=0, count=2**32 - 1),)
    assert IdMapping(uids=everyone, gids=everyone).is_initial
    assert not FULL.is_initial
    assert read_current_mapping().uids


def test_several_ranges_are_joined_without_gaps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fake_command: Callable[..., object]
) -> None:
    fake_command("newuidmap")
    fake_command("newgidmap")
    uid = os.geteuid()
    for name in ("subuid", "subgid"):
        (tmp_path / name).write_text(f"{uid}:1000:10\n{uid}:5000:20\n")
        monkeypatch.setattr(idmap, f"_{name.upper()}", tmp_path / name)
    mapping = plan_mapping()
    assert [(item.inside, item.outside, item.count) for item in mapping.uids] == [
        (0, uid, 1),
        (1, 1000, 10),
        (11, 5000, 20),
    ]
    assert mapping.id_count == 31


def test_without_a_file_or_a_helper_there_is_one_id(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(idmap, "_SUBUID", tmp_path / "none")
    assert plan_mapping().is_single
    monkeypatch.setenv("PATH", str(tmp_path))
    assert plan_mapping().is_single
