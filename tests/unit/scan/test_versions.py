from __future__ import annotations

import itertools
import shutil
import subprocess

import pytest

from jettison.scan.versions import (
    APK,
    DEBIAN,
    PYPI,
    RPM,
    SEMVER,
    InvalidVersionError,
    VersionOrder,
    find_order,
)

# From the oldest to the newest; versions in one group are the same.
ORDERED = [
    (
        DEBIAN,
        "1.0~~ | 1.0~rc1-1 | 1.0~rc1-1+b1 | 1.0-0~deb12u1 | 1.0 1.0-0 0:1.0 01.0 | 1.0-0.1 | "
        "1.0-1~deb12u1 | 1.0-1 | 1.0-1+b1 | 1.0-1+deb12u1 | 1.0-1+deb12u9 | 1.0-1+deb12u10 | "
        "1.0-1.1 | 1.0-9 | 1.0-10 | 1.0a-1 | 1.0+dfsg-1 | 1.0.1-1 | 1.10 | 9 | 10 | 20230311 | "
        "1:0.1-1 | 2:0",
    ),
    # Debian policy, 5.6.12: a tilde before the end of a part, letters before all others.
    (DEBIAN, "1~~ | 1~~a | 1~ | 1 | 1a | 1+ | 1."),
    (
        APK,
        "1.0_alpha | 1.0_alpha2 | 1.0_beta-r3 | 1.0_pre1 | 1.0_rc1 | 1.0_rc1-r1 | 1.0 | 1.0-r1 | "
        "1.0-r9 | 1.0-r10 | 1.0_cvs | 1.0_git20230717-r4 | 1.0_p | 1.0_p1-r0 | 1.0_p10 | 1.0a | "
        "1.0b_rc1 | 1.0b | 1.0.01 | 1.0.1 | 1.0.9 | 1.0.10 | 1.1 | 1.10 | 20230506-r0",
    ),
    (APK, "1.2.4-r2 | 1.2.4~0a1b-r0 | 1.2.4_git20230717-r4 | 1.2.4_git20230717-r5 | 1.2.5-r0"),
    (
        RPM,
        "1.0~rc1-1 | 1.0-1 | 1.0-1.el9 | 1.0-1.el9_2 | 1.0^git1-1 | 1.0.1-1 | 1.05-1 1.5-1 | "
        "1.10-1 | 2a-1 | 2.1-1 | 1:0.5-1",
    ),
    (
        PYPI,
        "1.0.dev1 | 1.0a1 1.0-alpha.1 | 1.0b2 | 1.0rc1 1.0c1 | 1 1.0 v1.0.0 1.0+cu118 | 1.0.post1 "
        "1.0-1 | 1.1 | 1.9 | 1.10 | 2022.9.24 | 1!0.1",
    ),
    (
        SEMVER,
        "1.0.0-alpha | 1.0.0-alpha.1 | 1.0.0-alpha.beta | 1.0.0-beta | 1.0.0-beta.2 | "
        "1.0.0-beta.11 | 1.0.0-rc.1 | 1.0.0 1.0.0+build v1.0.0 1.0 | 1.2.3 | 1.10.0 | 2.0.0",
    ),
]


@pytest.mark.parametrize(("order", "text"), ORDERED, ids=[item[0].name for item in ORDERED])
def test_order_of_versions(order: VersionOrder, text: str) -> None:
    groups = [group.split() for group in text.split(" | ")]
    for (rank, group), (other_rank, others) in itertools.product(enumerate(groups), repeat=2):
        for version, other in itertools.product(group, others):
            key, other_key = order.key(version), order.key(other)
            assert (key < other_key) is (rank < other_rank), f"{version} < {other}"
            assert (key == other_key) is (rank == other_rank), f"{version} == {other}"


@pytest.mark.skipif(shutil.which("dpkg") is None, reason="dpkg tells")
def test_debian_order_is_the_one_of_dpkg() -> None:
    versions = ["1.0", "1.0-1", "1:1.0-1", "1.0~rc1-1", "1.0~~", "1.0a", "1.0+", "1.0-1~b", "1.00",
                "1.0.", "1.0-1+b1", "1.0a~", "1.0.a", "2:0", "1.0a+", "1.0Z", "1-1-1"]  # fmt: skip
    for version, other in itertools.combinations(versions, 2):
        argv = ("dpkg", "--compare-versions", version, "lt", other)
        is_less = subprocess.run(argv, check=False).returncode == 0
        assert (DEBIAN.key(version) < DEBIAN.key(other)) is is_less, f"{version} {other}"


@pytest.mark.parametrize(
    ("order", "version"),
    [
        (DEBIAN, ""),
        (DEBIAN, "a1"),
        (DEBIAN, "1.0 1"),
        (DEBIAN, "1.0\n"),
        (DEBIAN, "x:1.0"),
        (DEBIAN, "1" * 300),
        (APK, "1.0_foo1"),
        (APK, "1.0-1"),
        (APK, "r1"),
        (RPM, "a:1-1"),
        (RPM, "1.0é"),
        (PYPI, "1.0-ubuntu"),
        (PYPI, "latest"),
        (SEMVER, "latest"),
    ],
)
def test_what_the_rules_cannot_read_is_an_error(order: VersionOrder, version: str) -> None:
    assert not order.is_version(version)
    with pytest.raises(InvalidVersionError, match="no version"):
        order.key(version)


def test_orders_are_found_by_ecosystem() -> None:
    assert find_order("Debian:12") is DEBIAN
    assert find_order("Ubuntu:22.04:LTS") is DEBIAN
    assert find_order("Alpine:v3.19") is APK
    assert find_order("Rocky Linux:9") is RPM
    assert find_order("PyPI") is PYPI
    assert find_order("npm") is SEMVER
    assert find_order("Hex") is None
