from __future__ import annotations

from dataclasses import replace

import pytest

from jettison.scan.vex import (
    Justification,
    VexComponent,
    VexProduct,
    VexStatement,
    VexStatus,
    VexTarget,
    find_statement,
)

DIGEST = "ab" * 32
CURL = "pkg:deb/debian/curl@7.88.1-10?arch=amd64&distro=debian-12"
TARGET = VexTarget(
    purls=(CURL, "pkg:deb/debian/curl-source@7.88.1-10?arch=source"),
    image_digests=frozenset({f"sha256:{DIGEST}"}),
    image_names=frozenset({"ghcr.io/acme/shop"}),
)


def statement(product: VexProduct, **changes: object) -> VexStatement:
    made = VexStatement(
        vulnerability="CVE-2023-1",
        products=(product,),
        status=VexStatus.NOT_AFFECTED,
        justification=Justification.CODE_NOT_PRESENT,
        timestamp="2026-01-01T00:00:00Z",
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # the fields of a statement


def product(id_: str = "", *parts: str, sha256: str = "", purl: str = "") -> VexProduct:
    return VexProduct(
        component=VexComponent(id=id_, sha256=sha256, purl=purl),
        subcomponents=tuple(VexComponent(id=part) for part in parts),
    )


@pytest.mark.parametrize(
    "named",
    [
        product("pkg:deb/debian/curl"),
        product("pkg:deb/debian/curl@7.88.1-10"),
        product("pkg:deb/debian/curl@7.88.1-10?arch=amd64"),
        product("urn:x", purl="pkg:deb/debian/curl"),
        product("pkg:deb/debian/curl-source"),
        product(sha256=DIGEST),
        product(f"pkg:oci/shop@sha256%3A{DIGEST}"),
        product(f"pkg:oci/shop@sha256:{DIGEST}?repository_url=elsewhere.example/shop"),
        product("pkg:oci/shop"),
        product("pkg:oci/shop?repository_url=ghcr.io/acme/shop"),
        product("ghcr.io/acme/shop"),
        product(f"pkg:oci/shop@sha256%3A{DIGEST}", "pkg:deb/debian/other", "pkg:deb/debian/curl"),
    ],
)
def test_a_product_that_is_the_image_or_the_package(named: VexProduct) -> None:
    found = find_statement([statement(named)], ["CVE-2023-1"], TARGET)
    assert found is not None
    assert found.suppresses


@pytest.mark.parametrize(
    "named",
    [
        product("pkg:deb/debian/curl@7.88.1-11"),
        product("pkg:deb/ubuntu/curl"),
        product("pkg:deb/debian/curl?arch=arm64"),
        product("pkg:apk/alpine/curl"),
        product(sha256="cd" * 32),
        product(f"pkg:oci/shop@sha256%3A{'cd' * 32}"),
        product("pkg:oci/shop?repository_url=elsewhere.example/shop"),
        product(f"pkg:oci/shop@sha256%3A{DIGEST}", "pkg:deb/debian/other"),
        # A part of curl that has a name of its own, and not curl.
        product("pkg:deb/debian/curl", "pkg:generic/zlib"),
        product("pkg:not a purl"),
    ],
)
def test_a_product_that_is_something_else(named: VexProduct) -> None:
    assert find_statement([statement(named)], ["CVE-2023-1"], TARGET) is None


def test_a_vulnerability_is_known_by_any_of_its_names() -> None:
    said = statement(product("pkg:deb/debian/curl"), aliases=("GHSA-x",))
    assert find_statement([said], ["PYSEC-1", "ghsa-X"], TARGET) is said
    assert find_statement([said], ["CVE-2023-1"], TARGET) is said
    assert find_statement([said], ["CVE-2023-2"], TARGET) is None


def test_the_newest_statement_counts() -> None:
    about = product("pkg:deb/debian/curl")
    old = statement(about)
    new = statement(about, status=VexStatus.AFFECTED, timestamp="2026-01-01T00:30:00.123456789Z")
    # An hour later by the clock on the wall, half an hour earlier in truth.
    elsewhere = statement(about, status=VexStatus.FIXED, timestamp="2026-01-01T01:00:00+01:00")
    for order in ([old, new, elsewhere], [new, elsewhere, old], [elsewhere, old, new]):
        assert find_statement(order, ["CVE-2023-1"], TARGET) is new
    corrected = replace(new, status=VexStatus.FIXED)
    assert find_statement([new, corrected], ["CVE-2023-1"], TARGET) is corrected
    undated = replace(new, timestamp="yesterday")
    assert find_statement([old, undated], ["CVE-2023-1"], TARGET) is old


def test_only_two_of_the_statuses_suppress() -> None:
    about = product("pkg:deb/debian/curl")
    assert {status: statement(about, status=status).suppresses for status in VexStatus} == {
        VexStatus.NOT_AFFECTED: True,
        VexStatus.FIXED: True,
        VexStatus.AFFECTED: False,
        VexStatus.UNDER_INVESTIGATION: False,
    }


def test_the_reason_is_the_authors() -> None:
    said = statement(product("pkg:deb/debian/curl"), status_notes="no file of it is left")
    assert said.reason == "vulnerable_code_not_present: no file of it is left"
