"""A whole export and its EXPECTED.json, where JETTISON_OSV_EXPORT names the folder."""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest
from packaging.utils import canonicalize_name

from jettison.scan.component import Component
from jettison.scan.match import Finding, match
from jettison.scan.osv import Record, parse_record, render_record
from support.matching import debian_package, python_package

FOLDER: Final = Path(os.environ["JETTISON_OSV_EXPORT"])


def test_every_record_is_read_and_survives_being_written() -> None:
    count = 0
    for archive in sorted(FOLDER.glob("*/all.zip")):
        with zipfile.ZipFile(archive) as opened:
            for name in opened.namelist():
                record = parse_record(opened.read(name))
                assert f"{record.id}.json" == name
                assert parse_record(render_record(record)) == record
                count += 1
    assert count > 10_000


@cache
def records(ecosystem: str) -> tuple[Record, ...]:
    with zipfile.ZipFile(FOLDER / ecosystem / "all.zip") as opened:
        return tuple(parse_record(opened.read(name)) for name in opened.namelist())


@cache
def by_package(ecosystem: str) -> Mapping[str, Sequence[Record]]:
    found: dict[str, list[Record]] = {}
    for record in records(ecosystem):
        names = {canonicalize_name(item.package.name) for item in record.affected if item.package}
        for name in names:
            found.setdefault(name, []).append(record)
    return found


def find(ecosystem: str, release: str, names: Iterable[str]) -> Mapping[str, Sequence[Record]]:
    return {name: by_package(ecosystem).get(canonicalize_name(name), ()) for name in names}


def matched(component: Component, prefix: str = "") -> tuple[Finding, ...]:
    result = match([component], find)
    assert result.uncertain == ()
    return tuple(item for item in result.findings if item.id.startswith(prefix))


EXPECTED: Final = json.loads((FOLDER / "EXPECTED.json").read_text())


@pytest.mark.parametrize("case", EXPECTED["pypi"], ids=lambda case: case["name"])
def test_python_packages(case: dict[str, Any]) -> None:
    findings = matched(python_package(case["name"], case["version"]))
    assert len(findings) == case["distinct_after_aliases"]
    by_name = {name: finding for finding in findings for name in finding.ids}
    for advisory in case["advisories"]:
        finding = by_name[advisory["id"]]
        assert [finding.fixed_version] == (advisory["fixed"] or [None])
        assert set(advisory["aliases"]) <= set(finding.ids)
        if advisory["score"] is not None:
            assert finding.rating.score == advisory["score"]
            assert finding.rating.severity == advisory["rating"]


@pytest.mark.parametrize("case", EXPECTED["debian12_main_only"], ids=lambda case: case["source"])
def test_debian_packages_of_the_main_archive(case: dict[str, Any]) -> None:
    findings = matched(debian_package("binary", case["main_version"], case["source"]))
    assert len(findings) == case["matches_count"]
    by_name = {name: finding for finding in findings for name in finding.ids}
    for item in case["matches_at_main_version"]:
        assert by_name[item["id"]].fixed_version == item["fixed"]
        assert by_name[item["id"]].rating.severity == item["rating"]
    after = matched(debian_package("binary", case["security_version"], case["source"]))
    assert len(after) == case["matches_at_security_version"]


@pytest.mark.parametrize(
    "case", EXPECTED["debian12_release_versions"], ids=lambda case: case["source"]
)
def test_debian_packages_as_released(case: dict[str, Any]) -> None:
    findings = matched(debian_package("binary", case["version"], case["source"]))
    ids = {name for finding in findings for name in finding.ids if name.startswith("DEBIAN-")}
    assert ids == {item["id"] for item in case["matches"]}
    by_name = {name: finding for finding in findings for name in finding.ids}
    for item in case["matches"]:
        assert by_name[item["id"]].fixed_version == item["fixed"]
        assert by_name[item["id"]].rating.severity == item["rating"]
