from __future__ import annotations

import re

from jettison.lint import rules as package
from jettison.lint.catalogue import RULES
from jettison.lint.hadolint import _SAME
from jettison.lint.meta import META
from support.linting import PAGES

EVERY = (*RULES, *META)
CODES = frozenset(rule.code for rule in RULES)


def test_codes_are_unique_and_in_order_and_titles_too() -> None:
    codes = [rule.code for rule in RULES]
    assert codes == sorted(set(codes))
    assert len({rule.title for rule in EVERY}) == len(EVERY)
    assert all(re.fullmatch(r"JT[0-6]\d{3}", rule.code) for rule in EVERY)
    assert all(rule.remedy for rule in EVERY)


def test_every_module_is_in_the_catalogue() -> None:
    (folder,) = package.__path__
    names = {path.stem[:6].upper() for path in PAGES.parents[1].glob("src/jettison/lint/rules/jt*")}
    assert folder.endswith("lint/rules")
    assert names == CODES


def test_every_rule_has_a_page_that_the_guide_links() -> None:
    guide = (PAGES.parent / "lint.md").read_text()
    linked = set(re.findall(r"\(rules/(JT\d{4})\.md\)", guide))
    assert linked == {rule.code for rule in EVERY}
    assert {path.stem for path in PAGES.glob("*.md")} == linked


def test_what_replaces_hadolint_s_rules_is_there() -> None:
    assert {code for codes in _SAME.values() for code in codes} <= CODES
