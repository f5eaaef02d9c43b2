"""Real records against real versions: what matches was worked out by an independent script."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest

from jettison.analysis.inventory_read import read_inventory
from jettison.scan.installed import installed_of
from jettison.scan.match import match
from jettison.scan.osv import parse_record
from support.matching import Advisories, debian_package, python_package
from support.trees import make_rootfs

DATA: Final = Path(__file__).resolve().parents[2] / "data/advisories"
EXPECTED: Final[list[dict[str, Any]]] = json.loads((DATA / "expected.json").read_text())


@cache
def advisories() -> Advisories:
    lines = (DATA / "records.jsonl").read_bytes().splitlines()
    return Advisories(*(parse_record(line) for line in lines))


@pytest.mark.parametrize("case", EXPECTED, ids=lambda case: f"{case['name']}-{case['version']}")
def test_real_records_match_as_they_should(case: dict[str, Any]) -> None:
    make = debian_package if case["ecosystem"] == "Debian" else python_package
    findings = match([make(case["name"], case["version"])], advisories().find).findings
    assert len(findings) == case["distinct"]
    by_name = {name: finding for finding in findings for name in finding.ids}
    expected = {name for name, *_ in case["advisories"]}
    assert expected <= set(by_name)
    for name, fix, rating, score in case["advisories"]:
        finding = by_name[name]
        assert finding.fixed_version == fix
        # One record of a vulnerability may have the vector that the other lacks.
        if rating != "unknown" or len(expected & set(finding.ids)) == 1:
            assert finding.rating.severity == rating
        if score is not None:
            assert finding.rating.score == score


def test_every_kind_of_case_is_there() -> None:
    assert {case["ecosystem"] for case in EXPECTED} == {"Debian", "PyPI"}
    assert any(case["distinct"] == 0 for case in EXPECTED)
    assert sum(case["distinct"] for case in EXPECTED) == 195


def test_a_status_file_of_debian_12_as_released() -> None:
    cases = [case for case in EXPECTED if case["ecosystem"] == "Debian" and case["distinct"]]
    # One version of each source: the one with the most findings.
    chosen = {case["name"]: case for case in sorted(cases, key=lambda case: case["distinct"])}
    status = "".join(
        f"Package: lib{name}-x\nStatus: install ok installed\nArchitecture: amd64\n"
        f"Source: {name} ({case['version']})\nVersion: {case['version']}+b1\n\n"
        for name, case in chosen.items()
    )
    inventory = read_inventory(
        make_rootfs(
            {
                "/etc/os-release": b"ID=debian\nVERSION_ID=12\n",
                "/var/lib/dpkg/status": status.encode(),
            }
        )
    )
    findings = match(installed_of(inventory).components, advisories().find).findings
    found: dict[str, set[str]] = {name: set() for name in chosen}
    for finding in findings:
        found[finding.affected_name].update(finding.ids)
    for name, case in chosen.items():
        assert {item[0] for item in case["advisories"]} <= found[name]
    assert len(findings) == sum(case["distinct"] for case in chosen.values())
    assert len(chosen) > 10
