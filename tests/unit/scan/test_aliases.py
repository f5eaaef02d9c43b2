from __future__ import annotations

from jettison.scan.aliases import AliasGroups, ordered_ids, preferred_id
from jettison.scan.osv import Record


def record(name: str, aliases: str = "", upstream: str = "") -> Record:
    return Record(id=name, aliases=tuple(aliases.split()), upstream=tuple(upstream.split()))


def names(records: list[Record], of: int = 0) -> list[str]:
    groups = AliasGroups(records).groups_of(records[of])
    return [" ".join(ordered_ids(group)) for group in groups.values()]


def test_chains_of_aliases_are_one() -> None:
    records = [record("D", "C"), record("A", "B"), record("B", "C")]
    assert names(records, 0) == names(records, 1) == ["A B C D"]
    assert names([*records, record("E")], 3) == ["E"]


def test_a_record_without_aliases_is_itself() -> None:
    assert names([record("GHSA-1")]) == ["GHSA-1"]


def test_a_prefix_says_which_cve_is_meant() -> None:
    assert names([record("UBUNTU-CVE-2026-1")]) == ["CVE-2026-1 UBUNTU-CVE-2026-1"]
    assert names([record("USN-1-1", upstream="CVE-2026-1 UBUNTU-CVE-2026-1")]) == [
        "CVE-2026-1 UBUNTU-CVE-2026-1 USN-1-1"
    ]


def test_what_is_passed_on_alone_is_the_same() -> None:
    records = [record("DSA-2", upstream="CVE-2026-1"), record("DSA-1", upstream="CVE-2026-1")]
    assert names(records) == ["CVE-2026-1 DSA-1 DSA-2"]


def test_an_advisory_on_several_does_not_join_them() -> None:
    records = [record("DSA-1", upstream="CVE-2026-1 CVE-2026-2"), record("CVE-2026-1", "GHSA-1")]
    assert names(records) == ["CVE-2026-1 GHSA-1 DSA-1", "CVE-2026-2 DSA-1"]
    assert names(records, 1) == ["CVE-2026-1 GHSA-1"]


def test_a_cve_of_its_own_is_what_it_is_called_whatever_it_passes_on() -> None:
    records = [record("GHSA-1", "CVE-2026-9", upstream="CVE-2026-1 CVE-2026-2")]
    assert names(records) == ["CVE-2026-9 GHSA-1"]


def test_records_that_name_themselves_or_each_other_end() -> None:
    assert names([record("A", "A B"), record("B", "A B")]) == ["A B"]


def test_the_preferred_name() -> None:
    assert preferred_id(["PYSEC-1", "GHSA-1", "CVE-2026-10", "CVE-2026-9"]) == "CVE-2026-9"
    assert preferred_id(["MAL-1", "PYSEC-1", "GHSA-1"]) == "GHSA-1"
    assert preferred_id(["SNYK-1", "PYSEC-1"]) == "PYSEC-1"
    assert preferred_id(["CVE-x", "GHSA-1"]) == "CVE-x"
