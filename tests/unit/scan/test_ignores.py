from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from typing import Any

import pytest

from jettison.errors import UsageError
from jettison.scan.ignores import Ignore, parse_ignores, sift, silence
from jettison.scan.match import Finding, match
from jettison.scan.vex import (
    Justification,
    VexComponent,
    VexProduct,
    VexStatement,
    VexStatus,
)
from support.matching import Advisories, debian_package, make_record, python_package

TODAY = date(2026, 6, 1)


def findings() -> tuple[Finding, ...]:
    packages = [
        python_package("Flask", "2.2.2"),
        debian_package("libssl3", "3.0", "openssl"),
        debian_package("openssl", "3.0"),
    ]
    return match(
        packages,
        Advisories(
            make_record("GHSA-1", "PyPI/flask", "introduced 0", aliases=["CVE-2026-1"]),
            make_record("DEBIAN-CVE-2026-2", "Debian:12/openssl", "introduced 0"),
        ).find,
    ).findings


def ignore(**fields: Any) -> Ignore:
    return Ignore(**{"reason": "not reached", "expires": TODAY, **fields})


@pytest.mark.parametrize(
    ("fields", "left"),
    [
        ({"id": "CVE-2026-1"}, ["CVE-2026-2"]),
        ({"id": "ghsa-1"}, ["CVE-2026-2"]),
        ({"package": "FLASK"}, ["CVE-2026-2"]),
        ({"package": "openssl"}, ["CVE-2026-1"]),
        ({"package": "libssl3"}, ["CVE-2026-1"]),
        ({"id": "CVE-2026-1", "package": "openssl"}, ["CVE-2026-1", "CVE-2026-2"]),
        ({"id": "CVE-2026-9"}, ["CVE-2026-1", "CVE-2026-2"]),
        ({"package": "*"}, ["CVE-2026-1", "CVE-2026-2"]),
    ],
)
def test_what_an_ignore_fits(fields: dict[str, str], left: list[str]) -> None:
    sifted = sift(findings(), [ignore(**fields)], today=TODAY)
    assert sorted(item.id for item in sifted.findings) == left
    assert len(sifted.ignored) == 2 - len(left)
    if sifted.ignored:
        assert sifted.ignored[0].reason == "not reached"
        assert sifted.notices == ()
    else:
        assert "fits nothing any more" in sifted.notices[0]


def test_an_expired_ignore_counts_again_and_is_named() -> None:
    old = ignore(id="CVE-2026-1", expires=date(2026, 5, 31))
    sifted = sift(findings(), [old], today=TODAY)
    assert len(sifted.findings) == 2
    assert sifted.notices == ("the ignore of CVE-2026-1 expired on 2026-05-31, so it counts again",)


def test_what_is_ignored_names_the_file_that_says_so() -> None:
    entry = {"id": "CVE-2026-1", "reason": "not reached", "expires": TODAY}
    ignores = parse_ignores([entry], where="ci/accepted.toml")
    assert [item.by for item in sift(findings(), ignores, today=TODAY).ignored] == [
        "ci/accepted.toml"
    ]


def test_ignores_are_read() -> None:
    table = [
        {"id": "CVE-1", "reason": "r", "expires": date(2026, 12, 31)},
        {"package": "flask", "reason": "r", "expires": "2026-12-31"},
        {"package": "flask", "reason": "r", "expires": datetime(2026, 12, 31, 12)},
    ]
    parsed = parse_ignores(table, where="jettison.toml")
    assert {item.expires for item in parsed} == {date(2026, 12, 31)}
    assert [str(item) for item in parsed] == ["CVE-1", "flask", "flask"]


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ({}, "not a list of tables"),
        (["x"], "number 1: not a table"),
        ([{"reason": "r", "expires": "2026-01-01"}], "neither id nor package"),
        ([{"id": "CVE-1", "expires": "2026-01-01"}], "has no reason"),
        ([{"id": "CVE-1", "reason": "  ", "expires": "2026-01-01"}], "has no reason"),
        ([{"id": "CVE-1", "reason": "r"}], "does not say when it expires"),
        (
            [{"id": "CVE-1", "reason": "r", "expires": "soon"}],
            "expires is 'soon', which is not a date",
        ),
        ([{"id": "CVE-1", "reason": "r", "expires": 5}], "expires is 5, which is not a date"),
        ([{"id": 5, "reason": "r", "expires": "2026-01-01"}], "id is not a text"),
        ([{"id": "C", "reason": "r", "until": "2026-01-01"}], "unknown key 'until'"),
    ],
)
def test_mistakes_are_named(value: object, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        parse_ignores(value, where="jettison.toml")


def statement(vulnerability: str, *purls: str, status: str = "not_affected") -> VexStatement:
    return VexStatement(
        vulnerability=vulnerability,
        products=tuple(VexProduct(component=VexComponent(purl=purl)) for purl in purls),
        status=VexStatus(status),
        justification=Justification.CODE_NOT_PRESENT,
        timestamp="2026-01-01T00:00:00Z",
    )


def test_vex_takes_out_what_is_not_affected() -> None:
    sifted = silence(findings(), [statement("CVE-2026-1", "pkg:pypi/flask@2.2.2")])
    assert [item.id for item in sifted.findings] == ["CVE-2026-2"]
    (ignored,) = sifted.ignored
    assert (ignored.by, ignored.reason) == ("VEX", "vulnerable_code_not_present")


def test_vex_that_hides_nothing_is_named() -> None:
    said = [
        statement("CVE-2026-1", "pkg:pypi/flask"),
        statement("CVE-2026-2", "pkg:deb/debian/gnutls28"),
        *(statement(f"CVE-2025-{number}", "pkg:pypi/flask") for number in range(6)),
        statement("CVE-2025-8", "pkg:pypi/flask", status="fixed"),
        statement("CVE-2026-2", "pkg:deb/debian/gnutls28", status="affected"),
    ]
    assert silence(findings(), said).notices == (
        "VEX is about another product or package for CVE-2026-2",
        "VEX is about vulnerabilities that were not found: "
        "CVE-2025-0, CVE-2025-1, CVE-2025-2, CVE-2025-3 and 2 more",
    )
    assert silence(findings(), said[:1]).notices == ()


def test_vex_must_speak_of_all_packages_of_a_finding() -> None:
    one = statement("CVE-2026-2", "pkg:deb/debian/libssl3@3.0")
    source = statement("CVE-2026-2", "pkg:deb/debian/openssl@3.0?arch=source")
    affected = statement("CVE-2026-1", "pkg:pypi/flask", status="affected")
    assert len(silence(findings(), [one, affected]).findings) == 2
    assert [item.id for item in silence(findings(), [source]).findings] == ["CVE-2026-1"]


@pytest.mark.parametrize(
    ("purl", "is_meant"),
    [
        ("pkg:deb/debian/openssl@3.0?arch=amd64&distro=debian-12", True),
        ("pkg:deb/debian/openssl@3.0?arch=amd64&distro=debian-12.5", True),
        ("pkg:deb/debian/openssl@3.0?distro=debian-12", True),
        ("pkg:deb/debian/openssl@3.0?arch=source", True),
        ("pkg:deb/debian/openssl@3.0?arch=arm64&distro=debian-12", False),
        ("pkg:deb/debian/openssl@3.0?distro=debian-11", False),
        ("pkg:deb/debian/openssl@3.0?distro=debian-1", False),
    ],
)
def test_vex_may_name_a_package_as_bills_do(purl: str, is_meant: bool) -> None:
    package = replace(debian_package("openssl", "3.0"), architecture="amd64")
    record = make_record("DEBIAN-CVE-2026-2", "Debian:12/openssl", "introduced 0")
    found = match([package], Advisories(record).find).findings
    assert bool(silence(found, [statement("CVE-2026-2", purl)]).ignored) is is_meant
