from __future__ import annotations

import msgspec
import pytest

from jettison.scan.osv import Affected
from jettison.scan.ranges import find_fix, is_affected
from jettison.scan.versions import DEBIAN, PYPI, SEMVER, InvalidVersionError


def affected(*events: str, versions: str = "", kind: str = "ECOSYSTEM") -> Affected:
    """`introduced 0`, `fixed 1.2`, ..."""
    pairs = [dict([event.split(" ", 1)]) for event in events]
    return msgspec.convert(
        {
            "ranges": [{"type": kind, "events": pairs}] if pairs else [],
            "versions": versions.split(),
        },
        Affected,
    )


def held(item: Affected, versions: str) -> list[str]:
    return [version for version in versions.split() if is_affected(version, item, PYPI)]


def test_fixed_is_the_first_version_that_is_free() -> None:
    item = affected("introduced 1.0", "fixed 1.2")
    assert held(item, "0.9 1.0rc1 1.0 1.0.0 1.1 1.2rc1 1.2 1.3") == [
        "1.0",
        "1.0.0",
        "1.1",
        "1.2rc1",
    ]


def test_zero_is_before_all_versions() -> None:
    assert held(affected("introduced 0", "fixed 1"), "0.dev0 0 0.9 1") == ["0.dev0", "0", "0.9"]
    assert is_affected("0~beta1-1", affected("introduced 0", "fixed 1"), DEBIAN)


def test_last_affected_is_still_affected() -> None:
    item = affected("introduced 0", "last_affected 2.0")
    assert held(item, "1.0 2.0 2.0.0 2.0.1") == ["1.0", "2.0", "2.0.0"]


def test_without_an_end_all_later_versions_are_affected() -> None:
    assert held(affected("introduced 2"), "1.9 2 99") == ["2", "99"]


def test_several_turns_in_any_order() -> None:
    item = affected("fixed 4.2.1", "introduced 0", "fixed 3.2.19", "introduced 4.0")
    assert held(item, "3.2.18 3.2.19 3.9 4.0 4.2 4.2.1 5") == ["3.2.18", "4.0", "4.2"]


def test_introduced_again_where_it_was_fixed() -> None:
    item = affected("introduced 0", "fixed 1.0", "introduced 1.0", "fixed 2.0")
    assert held(item, "0.9 1.0 1.5 2.0") == ["0.9", "1.0", "1.5"]


def test_a_limit_bounds_the_range() -> None:
    assert held(affected("introduced 1", "limit 2"), "0.9 1 1.9 2 3") == ["1", "1.9"]
    assert held(affected("introduced 1", "limit 2", "limit 4"), "1 3 4") == ["1", "3"]
    assert held(affected("introduced 1", "limit *"), "1 3") == ["1", "3"]


def test_listed_versions_are_affected_however_they_are_spelled() -> None:
    item = affected(versions="1.0 1.1rc1 2.0.post1 0.0")
    assert held(item, "1.0 1.0.0 1.1c1 2.0-1 1.1 2.0 1.0+local 0 0.1") == (
        ["1.0", "1.0.0", "1.1c1", "2.0-1", "1.0+local", "0"]
    )


def test_lists_and_ranges_add_up() -> None:
    item = affected("introduced 2", "fixed 3", versions="1.0")
    assert held(item, "1.0 1.1 2.5 3") == ["1.0", "2.5"]


def test_ranges_of_commits_say_nothing_of_versions() -> None:
    item = affected("introduced 0", "fixed 6f1c", kind="GIT")
    assert not is_affected("1.0", item, PYPI)
    assert is_affected("1.0", affected("introduced 0", kind="ECOSYSTEM"), PYPI)


def test_semver_ranges_follow_semver_in_every_ecosystem() -> None:
    item = affected("introduced 1.0.0-alpha.2", "fixed 1.0.0", kind="SEMVER")
    assert is_affected("1.0.0-alpha.11", item, SEMVER)
    assert is_affected("1.0.0-alpha.11", item, PYPI) is True
    assert not is_affected("1.0.0-alpha.1", item, PYPI)


def test_epochs_and_tildes_count() -> None:
    item = affected("introduced 0", "fixed 8:6.9.11.60+dfsg-1.6+deb12u12")
    assert is_affected("8:6.9.11.60+dfsg-1.6+deb12u11", item, DEBIAN)
    assert is_affected("7:99-1", item, DEBIAN)
    assert not is_affected("8:6.9.11.60+dfsg-1.6+deb12u12", item, DEBIAN)


def test_an_unreadable_version_is_an_error_unless_another_range_holds_it() -> None:
    broken = {"type": "ECOSYSTEM", "events": [{"introduced": "what"}]}
    good = {"type": "ECOSYSTEM", "events": [{"introduced": "0"}]}
    with pytest.raises(InvalidVersionError, match="what"):
        is_affected("1.0", msgspec.convert({"ranges": [broken]}, Affected), PYPI)
    assert is_affected("1.0", msgspec.convert({"ranges": [broken, good]}, Affected), PYPI)
    with pytest.raises(InvalidVersionError, match="banana"):
        is_affected("banana", affected("introduced 1"), PYPI)
    assert is_affected("banana", affected(versions="banana"), PYPI)
    assert is_affected("banana", affected("introduced 0"), PYPI), "all versions are affected"
    assert is_affected("1.0a1a0", affected("introduced 0", versions="1.0a1"), PYPI)


@pytest.mark.parametrize(
    ("version", "fix"),
    [("3.2.5", "3.2.19"), ("4.1", "4.2.1"), ("3.2.19", "4.2.1"), ("0.1", "3.2.19")],
)
def test_the_nearest_fix_of_the_own_branch(version: str, fix: str) -> None:
    item = affected("introduced 0", "fixed 3.2.19", "introduced 4.0", "fixed 4.2.1")
    assert find_fix(version, [item], PYPI) == fix


def test_a_fix_must_clear_all_entries() -> None:
    first = affected("introduced 0", "fixed 1.1")
    second = affected("introduced 0", "fixed 1.3", versions="1.4")
    third = affected(versions="1.0")
    assert find_fix("1.0", [first], PYPI) == "1.1"
    assert find_fix("1.0", [first, second, third], PYPI) == "1.3"
    assert find_fix("1.0", [first, affected("introduced 0")], PYPI) is None
    assert find_fix("1.0", [third], PYPI) is None
