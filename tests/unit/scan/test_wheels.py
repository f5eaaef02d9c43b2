from __future__ import annotations

from dataclasses import replace

import pytest

from jettison.analysis.locked_files import LockedFiles, Need
from jettison.scan.wheels import PythonPlace, WheelCheck, allows, check_wheels, machine_of

DEBIAN = PythonPlace(version="3.12", machine="x86_64")
ALPINE = replace(DEBIAN, glibc=None)


def locked(name: str, *tags: str, **more: object) -> LockedFiles:
    wheels = tuple(f"{name}-1-{tag}.whl" for tag in tags)
    made = LockedFiles(name=name, version="1", wheels=wheels)
    return replace(made, **more)  # type: ignore[arg-type]  # the fields of locked files


def missing(place: PythonPlace, *packages: LockedFiles) -> tuple[str, ...]:
    return check_wheels(packages, place).missing


@pytest.mark.parametrize(
    "tag",
    [
        "py3-none-any",
        "cp312-cp312-manylinux_2_17_x86_64.manylinux2014_x86_64",
        "cp38-abi3-manylinux_2_28_x86_64",
        "cp312-cp312-linux_x86_64",
        "py3-none-manylinux1_x86_64",
    ],
)
def test_wheels_that_fit(tag: str) -> None:
    assert missing(DEBIAN, locked("a", tag)) == ()


@pytest.mark.parametrize(
    "tag",
    [
        "cp311-cp311-manylinux_2_17_x86_64",
        "cp313-cp313-manylinux_2_17_x86_64",
        "cp312-cp312-manylinux_2_39_x86_64",
        "cp313-abi3-manylinux_2_17_x86_64",
        "cp311-none-any",
    ],
)
def test_wheels_for_another_python_or_a_newer_c_library(tag: str) -> None:
    assert missing(DEBIAN, locked("a", tag), locked("b", "py3-none-any")) == ("a 1",)


def test_musl_needs_wheels_of_its_own() -> None:
    glibc = "cp312-cp312-manylinux_2_17_x86_64"
    musl = "cp312-cp312-musllinux_1_1_x86_64"
    assert missing(ALPINE, locked("a", glibc)) == ("a 1",)
    assert missing(ALPINE, locked("a", glibc, musl)) == ()
    assert missing(DEBIAN, locked("a", glibc)) == ()


def test_another_machine() -> None:
    arm = replace(DEBIAN, machine=machine_of("arm64"))
    wheels = ("cp311-cp311-manylinux_2_17_aarch64", "cp312-cp312-manylinux_2_17_x86_64")
    assert missing(arm, locked("a", *wheels)) == ("a 1",)
    assert missing(DEBIAN, locked("a", *wheels)) == ()


@pytest.mark.parametrize("tags", [(), ("cp311-cp311-win_amd64",), ("py2-none-any",)])
def test_what_is_built_everywhere_or_is_for_other_systems_is_no_reason(
    tags: tuple[str, ...],
) -> None:
    assert missing(DEBIAN, locked("a", *tags)) == ()


def test_what_a_marker_leaves_out_is_not_needed() -> None:
    old = locked("backport", "cp38-cp38-manylinux_2_17_x86_64")
    root = locked(
        "shop",
        "py3-none-any",
        needs=(Need(name="backport", marker="python_version < '3.9'"), Need(name="click")),
    )
    click = locked("click", "cp38-cp38-manylinux_2_17_x86_64")
    assert missing(DEBIAN, root, old, click) == ("click 1",)
    assert missing(DEBIAN, replace(old, marker="python_version < '3.9'")) == ()
    assert missing(DEBIAN, old) == ("backport 1",)


def test_one_of_several_locked_versions_is_enough() -> None:
    former = locked("a", "cp311-cp311-manylinux_2_17_x86_64")
    later = LockedFiles(name="a", version="2", wheels=("a-2-cp312-cp312-linux_x86_64.whl",))
    assert missing(DEBIAN, former, later) == ()


def test_a_package_that_does_not_take_the_python() -> None:
    assert missing(DEBIAN, locked("a", "py3-none-any", requires_python="<3.12")) == ("a 1",)
    assert missing(DEBIAN, locked("a", "py3-none-any", requires_python=">=3.8,<4")) == ()


def test_packages_that_need_each_other_are_needed() -> None:
    one = locked("a", "cp311-cp311-linux_x86_64", needs=(Need(name="b"),))
    other = locked("b", "py3-none-any", needs=(Need(name="a"),))
    assert missing(DEBIAN, one, other) == ("a 1",)


def test_what_no_file_is_known_of_is_unknown() -> None:
    unlisted = locked("a", is_listed=False)
    assert check_wheels([unlisted], DEBIAN) == WheelCheck(unknown=("a 1",))


@pytest.mark.parametrize(
    ("wanted", "version", "taken"),
    [
        (">=3.10", "3.12", True),
        (">=3.10,<3.12", "3.12", False),
        (">=3.10,<3.12", "3.11", True),
        (">=3.12.3", "3.12", True),
        (">=3.12.3", "3.12.1", False),
        ("==3.11.*", "3.11", True),
        ("==3.11.*", "3.12.4", False),
        ("^3.9", "3.13", True),
        ("^3.9", "4.0", False),
        ("~3.11", "3.12", False),
        ("~3.11", "3.11.4", True),
        ("~=3.11", "3.12", True),
        ("nonsense", "3.12", True),
        ("", "3.12", True),
    ],
)
def test_requires_python(wanted: str, version: str, taken: bool) -> None:
    assert allows(wanted, version) is taken
