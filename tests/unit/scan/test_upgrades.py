from __future__ import annotations

from jettison.scan.component import Component, plain_component
from jettison.scan.ecosystems import PYPI
from jettison.scan.match import match
from jettison.scan.upgrades import Upgrade, choose_upgrade
from support.matching import Advisories, make_record

FIRST = make_record("CVE-2026-1", "PyPI/flask", "introduced 0", "fixed 2.2.5")
SECOND = make_record("CVE-2026-2", "PyPI/flask", "introduced 2.2.5", "fixed 2.3.1")
LASTING = make_record("CVE-2026-3", "PyPI/flask", "introduced 0")
VERSIONS = ("2.2.2", "2.3.1", "2.2.5", "2.2.10", "2.3.0", "3.0.0rc1", "3.0.0", "1.0", "odd")


def choose(version: str, *advisories: Advisories, versions: tuple[str, ...] = VERSIONS) -> Upgrade:
    (known,) = advisories
    component = flask(version)
    findings = match([component], known.find).findings
    return choose_upgrade(component, findings, versions, known.find)


def flask(version: str) -> Component:
    return plain_component("python", "Flask", version, PYPI, record="requirements.txt:1")


def test_the_nearest_version_without_any_is_taken() -> None:
    assert choose("2.2.2", Advisories(FIRST)).after == "2.2.5"
    # What fixes one has another until 2.3.1.
    chosen = choose("2.2.2", Advisories(FIRST, SECOND))
    assert (chosen.after, chosen.fixed, chosen.remaining) == ("2.3.1", ("CVE-2026-1",), ())


def test_a_version_that_fixes_some_is_better_than_none() -> None:
    chosen = choose("2.2.2", Advisories(FIRST, LASTING))
    assert (chosen.after, chosen.fixed) == ("2.2.5", ("CVE-2026-1",))
    assert chosen.remaining == ("CVE-2026-3",)


def test_where_nothing_helps_it_stays() -> None:
    chosen = choose("2.2.2", Advisories(LASTING))
    assert (chosen.after, chosen.fixed, chosen.remaining) == (None, (), ("CVE-2026-3",))
    assert choose("2.2.2", Advisories(FIRST), versions=("2.2.2", "2.0")).after is None


def test_a_pre_release_is_for_those_who_have_one() -> None:
    until_three = make_record("CVE-2026-4", "PyPI/flask", "introduced 0", "fixed 3.0.0rc1")
    assert choose("2.2.2", Advisories(until_three)).after == "3.0.0"
    assert choose("3.0.0b1", Advisories(until_three)).after == "3.0.0rc1"
