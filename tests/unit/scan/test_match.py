from __future__ import annotations

from dataclasses import replace

import msgspec

from jettison.scan.component import Component
from jettison.scan.ecosystems import Ecosystem, NoEcosystem
from jettison.scan.match import Finding, match
from jettison.scan.osv import Record
from jettison.scan.severity import Severity
from support.matching import Advisories, debian_package, make_record, python_package

HIGH = [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N"}]


def found(components: list[Component], *records: Record) -> tuple[Finding, ...]:
    return match(components, Advisories(*records).find).findings


def test_records_that_share_an_alias_are_one_finding() -> None:
    (finding,) = found(
        [python_package("flask", "2.2.2")],
        make_record("PYSEC-2023-62", "PyPI/flask", "introduced 0", "fixed 2.2.5",
                    aliases=["CVE-2023-30861", "GHSA-m2qf-hxjv-5gpq"]),
        make_record("GHSA-m2qf-hxjv-5gpq", "PyPI/Flask", "introduced 0", "fixed 2.2.5",
                    aliases=["CVE-2023-30861"], severity=HIGH),
    )  # fmt: skip
    assert finding.id == "CVE-2023-30861"
    assert finding.aliases == ("GHSA-m2qf-hxjv-5gpq", "PYSEC-2023-62")
    assert finding.rating.severity is Severity.HIGH
    assert finding.rating.score == 7.5
    assert finding.fixed_version == "2.2.5"


def test_aliases_join_over_a_record_that_does_not_match() -> None:
    (finding,) = found(
        [python_package("p", "1.0")],
        make_record("PYSEC-1", "PyPI/p", versions=["1.0"], aliases=["X-1"]),
        make_record("OTHER-1", "PyPI/p", versions=["9.0"], aliases=["X-1", "CVE-2026-7"]),
        make_record("GHSA-1", "PyPI/p", versions=["1.0"], aliases=["CVE-2026-7"]),
    )
    assert finding.ids == ("CVE-2026-7", "GHSA-1", "PYSEC-1", "OTHER-1", "X-1")


def test_related_records_stay_apart() -> None:
    findings = found(
        [python_package("p", "1.0")],
        make_record("GHSA-1", "PyPI/p", "introduced 0", related=["GHSA-2"]),
        make_record("GHSA-2", "PyPI/p", "introduced 0"),
    )
    assert [finding.id for finding in findings] == ["GHSA-1", "GHSA-2"]


def test_a_distribution_s_record_goes_by_what_it_passes_on() -> None:
    (finding,) = found(
        [debian_package("libssl3", "3.0.20-1~deb12u2", "openssl")],
        make_record("DEBIAN-CVE-2026-35189", "Debian:12/openssl", "introduced 0",
                    "fixed 3.0.22-1~deb12u2", upstream=["CVE-2026-35189"]),
    )  # fmt: skip
    assert finding.ids == ("CVE-2026-35189", "DEBIAN-CVE-2026-35189")
    assert finding.rating.severity is Severity.UNKNOWN
    assert (finding.affected_name, finding.affected_version) == ("openssl", "3.0.20-1~deb12u2")


def test_an_advisory_on_several_is_a_finding_for_each() -> None:
    findings = found(
        [debian_package("curl", "7.88.1-10")],
        make_record("DSA-1-1", "Debian:12/curl", "introduced 0", "fixed 7.88.1-10+deb12u2",
                    upstream=["CVE-2026-2", "CVE-2026-1"]),
        make_record("DEBIAN-CVE-2026-1", "Debian:12/curl", "introduced 0",
                    "fixed 7.88.1-10+deb12u1"),
    )  # fmt: skip
    assert [finding.ids for finding in findings] == [
        ("CVE-2026-1", "DEBIAN-CVE-2026-1", "DSA-1-1"),
        ("CVE-2026-2", "DSA-1-1"),
    ]
    assert [finding.fixed_version for finding in findings] == ["7.88.1-10+deb12u2"] * 2


def test_binaries_of_one_source_share_a_finding() -> None:
    packages = [
        debian_package("libssl3", "3.0.20-1", "openssl"),
        debian_package("openssl", "3.0.20-1+b1", "openssl 3.0.20-1"),
        debian_package("openssl-other", "3.0.20-1"),
    ]
    (finding,) = found(
        packages, make_record("CVE-2026-1", "Debian:12/openssl", "introduced 0", "fixed 3.0.22-1")
    )
    assert [package.name for package in finding.packages] == ["libssl3", "openssl"]


def test_the_version_of_the_source_counts_not_the_binary_s() -> None:
    record = make_record("CVE-2026-1", "Debian:12/gcc-12", "introduced 0", "fixed 12.2.0-14")
    package = debian_package("libgcc-s1", "4:99", "gcc-12 12.2.0-13")
    assert len(found([package], record)) == 1
    assert found([replace(package, source_version="12.2.0-14")], record) == ()


def test_only_records_of_the_release_count() -> None:
    records = (
        make_record("CVE-2026-1", "Debian:11/curl", "introduced 0"),
        make_record("CVE-2026-2", "Debian:12/curl", "introduced 0"),
        make_record("CVE-2026-3", "Debian/curl", "introduced 0"),
        make_record("CVE-2026-4", "Debian:1/curl", "introduced 0"),
        make_record("CVE-2026-5", "Ubuntu:12/curl", "introduced 0"),
    )
    findings = found([debian_package("curl", "7.88")], *records)
    assert [finding.id for finding in findings] == ["CVE-2026-2", "CVE-2026-3"]


def test_a_long_term_release_matches_before_and_after_it_is_called_so() -> None:
    ubuntu = Ecosystem(name="Ubuntu", release="26.04:LTS")
    package = debian_package("curl", "8.1", ecosystem=ubuntu)
    findings = found(
        [package],
        make_record("CVE-2026-1", "Ubuntu:26.04/curl", "introduced 0"),
        make_record("CVE-2026-2", "Ubuntu:26.04:LTS/curl", "introduced 0"),
        make_record("CVE-2026-3", "Ubuntu:24.04:LTS/curl", "introduced 0"),
    )
    assert [finding.id for finding in findings] == ["CVE-2026-1", "CVE-2026-2"]


def test_what_ubuntu_fixes_for_subscribers_alone_is_vulnerable_without_a_subscription() -> None:
    ubuntu = Ecosystem(name="Ubuntu", release="18.04:LTS")
    record = make_record(
        "UBUNTU-CVE-2026-1",
        "Ubuntu:Pro:18.04:LTS/curl",
        "introduced 0",
        "fixed 7.58-2ubuntu3.24+esm1",
    )
    fips = make_record("UBUNTU-CVE-2026-2", "Ubuntu:Pro:FIPS:18.04:LTS/curl", "introduced 0")
    package = debian_package("curl", "7.58-2ubuntu3.24", ecosystem=ubuntu)
    (finding,) = found([package], record, fips)
    assert finding.id == "CVE-2026-1"
    assert finding.fixed_version == "7.58-2ubuntu3.24+esm1"
    subscribed = debian_package("curl", "7.58-2ubuntu3.24+esm1", ecosystem=ubuntu)
    assert found([subscribed], record, fips) == ()


def test_what_a_record_says_of_the_release_itself_goes_before_its_paid_support() -> None:
    ubuntu = Ecosystem(name="Ubuntu", release="18.04:LTS")
    own = make_record("UBUNTU-CVE-2026-1", "Ubuntu:18.04:LTS/curl", "introduced 0", "fixed 2")
    paid = make_record("UBUNTU-CVE-2026-1", "Ubuntu:Pro:18.04:LTS/curl", "introduced 0")
    both = type(own)(id=own.id, affected=(*paid.affected, *own.affected))
    (finding,) = found([debian_package("curl", "1", ecosystem=ubuntu)], both)
    assert finding.fixed_version == "2"
    assert found([debian_package("curl", "2", ecosystem=ubuntu)], both) == ()


def test_withdrawn_records_do_not_count() -> None:
    findings = found(
        [python_package("p", "1.0")],
        make_record("GHSA-1", "PyPI/p", "introduced 0", withdrawn="2026-01-01T00:00:00Z"),
        make_record("GHSA-2", "PyPI/p", "introduced 0"),
    )
    assert [finding.id for finding in findings] == ["GHSA-2"]


def test_names_of_python_packages_are_compared_as_pip_does() -> None:
    record = make_record("GHSA-1", "PyPI/Ruamel.YAML_x", "introduced 0")
    assert len(found([python_package("ruamel-yaml-X", "1.0")], record)) == 1
    assert found([python_package("ruamelyaml-x", "1.0")], record) == ()


def test_an_entry_without_a_package_is_passed_over() -> None:
    record = make_record("GHSA-1", "PyPI/p", "introduced 0", "fixed 2")
    odd = make_record("GHSA-1", "PyPI/p", "introduced 0")
    mixed = type(record)(
        id="GHSA-1", affected=(type(record.affected[0])(ranges=odd.affected[0].ranges),
                               *record.affected),
    )  # fmt: skip
    assert len(found([python_package("p", "1.0")], mixed)) == 1
    assert found([python_package("p", "2.0")], mixed) == ()


def test_two_versions_of_one_package_are_two_findings() -> None:
    findings = found(
        [python_package("p", "1.0"), python_package("p", "1.1"), python_package("p", "2.0")],
        make_record("GHSA-1", "PyPI/p", "introduced 0", "fixed 2.0"),
    )
    assert [finding.affected_version for finding in findings] == ["1.0", "1.1"]


def test_an_rpm_is_known_by_its_own_name_and_its_source_s() -> None:
    rocky = Ecosystem(name="Rocky Linux", release="9")
    package = debian_package(
        "openssl-libs", "1:3.0.7-1.el9", "openssl", type="rpm", ecosystem=rocky
    )
    by_source = make_record("CVE-2026-1", "Rocky Linux:9/openssl", "introduced 0", "fixed 1:3.1-1")
    by_name = make_record("CVE-2026-1", "Rocky Linux:9/openssl-libs", "introduced 0")
    assert [finding.fixed_version for finding in found([package], by_source)] == ["1:3.1-1"]
    assert len(found([package], by_name)) == 1
    assert len(found([package], by_source, by_name)) == 1


def test_a_version_that_cannot_be_read_is_reported() -> None:
    source = Advisories(make_record("GHSA-1", "PyPI/p", "introduced 1", "fixed 2"))
    matches = match([python_package("p", "unreadable")], source.find)
    assert matches.findings == ()
    (item,) = matches.uncertain
    assert (item.package.name, item.advisory) == ("p", "GHSA-1")
    assert "'unreadable' is no version of PEP 440" in item.reason


def test_packages_without_an_ecosystem_are_not_looked_up() -> None:
    source = Advisories()
    nowhere = debian_package("curl", "1", ecosystem=NoEcosystem(reason="x"))
    assert match([nowhere], source.find).findings == ()
    assert source.asked == []
    match([debian_package("libcurl4", "1", "curl"), debian_package("curl", "1")], source.find)
    assert source.asked == [("Debian", "12", ("curl",))]


def test_the_worst_comes_first() -> None:
    findings = found(
        [python_package("b", "1.0"), python_package("a", "1.0")],
        make_record("CVE-2026-10", "PyPI/a", "introduced 0"),
        make_record("CVE-2026-9", "PyPI/a", "introduced 0"),
        make_record("GHSA-1", "PyPI/b", "introduced 0", severity=HIGH),
    )
    assert [finding.id for finding in findings] == ["GHSA-1", "CVE-2026-9", "CVE-2026-10"]


def test_links_prefer_advisories() -> None:
    url = "https://example.org/"
    references = [{"type": "WEB", "url": f"{url}w"}, {"type": "ADVISORY", "url": f"{url}a"}]
    one = make_record("GHSA-1", "PyPI/p", "introduced 0", references=references)
    other = make_record("GHSA-2", "PyPI/p", "introduced 0", references=references[:1])
    assert [finding.links for finding in found([python_package("p", "1")], one, other)] == [
        (f"{url}a",),
        (f"{url}w",),
    ]


def test_the_end_of_one_branch_is_no_fix_where_the_next_one_has_it_too() -> None:
    record = make_record("GHSA-1", "PyPI/p", "introduced 0", "fixed 2.0")
    other = make_record("GHSA-1", "PyPI/p", "introduced 2.0", "fixed 2.3")
    both = msgspec.structs.replace(record, affected=record.affected + other.affected)
    (finding,) = found([python_package("p", "1.0")], both)
    assert finding.fixed_version == "2.3"
    alias = make_record("PYSEC-1", "PyPI/p", "introduced 2.0", "fixed 2.3", aliases=["GHSA-1"])
    (finding,) = found([python_package("p", "1.0")], record, alias)
    assert finding.fixed_version == "2.3"
    (finding,) = found([python_package("p", "1.0")], record)
    assert finding.fixed_version == "2.0"


def test_an_id_that_only_looks_like_a_cve_s_is_an_id() -> None:
    records = [
        make_record(name, "PyPI/p", "introduced 0")
        for name in ("CVE-2026-XYZ", "CVE-TEST", "CVE-2026-2", "CVE-2026-10")
    ]
    assert [item.id for item in found([python_package("p", "1.0")], *records)] == [
        "CVE-2026-XYZ",
        "CVE-TEST",
        "CVE-2026-2",
        "CVE-2026-10",
    ]


def test_only_addresses_of_the_web_are_links() -> None:
    references = [
        {"type": "ADVISORY", "url": "javascript:alert(1)"},
        {"type": "WEB", "url": "https://example.org/1"},
    ]
    record = make_record("CVE-2026-1", "PyPI/p", "introduced 0", references=references)
    (finding,) = found([python_package("p", "1.0")], record)
    assert finding.links == ("https://example.org/1",)
