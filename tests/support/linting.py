"""Rules on files that stand in the test: what is caught, what is clean, what is put right."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import ClassVar, TypeAlias

from jettison.dockerfile.parsing import parse
from jettison.lint.catalogue import RULES
from jettison.lint.check import check_dockerfile, check_workload
from jettison.lint.context import Context
from jettison.lint.fixes import fixed
from jettison.lint.manifests import find_workloads
from jettison.lint.model import Finding, Options, Rule
from jettison.lint.suppressions import Sifted, Suppressed
from jettison.lint.view import View
from jettison.report.lint_document import LintDocument, describe_lint

Files: TypeAlias = Mapping[str, str]

TODAY = date(2026, 11, 28)
PAGES = Path(__file__).resolve().parents[2] / "docs/rules"


@dataclass(frozen=True)
class Fixed:
    """Files before, and those that `--fix` changes after."""

    before: str | Files
    after: str | Files


def as_files(given: str | Files) -> dict[str, str]:
    """A text by itself is the Dockerfile."""
    return {"Dockerfile": given} if isinstance(given, str) else dict(given)


def lint(given: str | Files, digests: Mapping[str, str] | None = None) -> list[Finding]:
    """All findings of all rules on these files."""
    files = as_files(given)
    found: list[Finding] = []
    if "Dockerfile" in files:
        context = Context(frozenset(files), files.get)
        options = Options(today=TODAY, digests=digests or {})
        view = View(parse(files["Dockerfile"]), "Dockerfile", context, options)
        found += check_dockerfile(view)
    for name, text in files.items():
        if name.endswith((".yaml", ".yml")):
            for workload in find_workloads(name, text):
                found += check_workload(workload)
    return found


def codes(given: str | Files) -> set[str]:
    """The rules that find something in these files."""
    return {finding.rule for finding in lint(given)}


class RuleContract:
    """What holds for each rule; a test of one brings RULE, CAUGHT, CLEAN and perhaps FIXED."""

    RULE: ClassVar[Rule]
    CAUGHT: ClassVar[tuple[str | Files, ...]]
    CLEAN: ClassVar[tuple[str | Files, ...]]
    FIXED: ClassVar[tuple[Fixed, ...]] = ()
    DIGESTS: ClassVar[Mapping[str, str]] = {}

    def _mine(self, given: str | Files) -> list[Finding]:
        return [item for item in lint(given, self.DIGESTS) if item.rule == self.RULE.code]

    def test_what_is_wrong_is_found(self) -> None:
        assert self.CAUGHT
        for given in self.CAUGHT:
            found = self._mine(given)
            assert found, given
            for item in found:
                lines = as_files(given).get(item.place.file, "").splitlines()
                assert 1 <= item.place.line <= max(1, len(lines))
                assert item.message

    def test_what_is_right_is_not_complained_about(self) -> None:
        assert self.CLEAN
        for given in self.CLEAN:
            assert self._mine(given) == [], given

    def test_a_fix_leaves_nothing_to_be_found_and_all_else_alone(self) -> None:
        for case in self.FIXED:
            files = as_files(case.before)
            mine = self._mine(files)
            assert all(item.is_fixable for item in mine), case.before
            changed = fixed(mine, files)
            assert changed == as_files(case.after)
            assert self._mine(files | changed) == []

    def test_it_is_in_the_catalogue_and_has_a_page(self) -> None:
        assert self.RULE in RULES
        page = (PAGES / f"{self.RULE.code}.md").read_text()
        assert page.startswith(f"# {self.RULE.code}: {self.RULE.title}\n")
        for heading in ("## Why", "## Bad", "## Good", "## Source"):
            assert f"\n{heading}\n" in page
        assert ("`jettison lint --fix`" in page) == bool(self.FIXED)


def lint_document() -> LintDocument:
    """A document with a finding of each severity, a suppressed one, and a fix."""
    found = lint(
        "FROM python:3.13-slim\nRUN pip install --no-cache-dir a==1\nCMD gunicorn -b :80 a:b\n"
    )
    reason = "it is behind a proxy, which asks | by itself"
    (first, *rest) = sorted(found, key=lambda item: item.sort_key)
    return describe_lint(
        Sifted(findings=tuple(rest), suppressed=(Suppressed(finding=first, reason=reason),)),
        ("Dockerfile", "other/Dockerfile"),
        changed=("other/Dockerfile",),
        fixed_count=2,
        hadolint=True,
    )
