"""Findings that somebody decided to live with, and said why.

In a file: `# jettison: ignore=JT1003 reason`, above what it is about or behind it, and
`# jettison: ignore-file=JT1003 reason` for the whole file. In jettison.toml: `[[lint.ignore]]`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatchcase
from typing import Any, Final

from jettison.decisions import Decision, read_decisions
from jettison.dockerfile import Dockerfile
from jettison.errors import UsageError
from jettison.lint.meta import BAD_SUPPRESSION, IDLE_SUPPRESSION, UNREADABLE
from jettison.lint.model import Finding, Place, Problem

_PRAGMA: Final = re.compile(r"#\s*jettison:\s*ignore(?P<file>-file)?(?P<rest>.*)")
_RULES: Final = re.compile(r"\s*=\s*([A-Za-z]+\d+(?:\s*,\s*[A-Za-z]+\d+)*)(?:\s+|$)(.*)")
_EXAMPLE: Final = (
    'write [[lint.ignore]] with rule = "JT1003", reason = "…" and, if you like, path = "…" and '
    "expires = 2026-12-31"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppression:
    """One decision, in a file.

    Shape: it holds for findings from `first` to `last`; `line` is where it stands itself.
    """

    file: str
    line: int
    rules: tuple[str, ...]
    reason: str
    first: int
    last: int

    def fits(self, finding: Finding) -> bool:
        """Whether it is about this finding."""
        place = finding.place
        return (
            place.file == self.file
            and self.first <= place.line <= self.last
            and finding.rule in self.rules
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Ignore:
    """One decision of jettison.toml; `path` is a pattern, and holds for all files when empty."""

    rule: str
    reason: str
    path: str = ""
    expires: date | None = None

    def fits(self, finding: Finding, today: date) -> bool:
        """Whether it is about this finding, today."""
        if self.expires is not None and self.expires < today:
            return False
        file = finding.place.file
        in_path = not self.path or fnmatchcase(file, self.path) or file.endswith(f"/{self.path}")
        return finding.rule == self.rule and in_path


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppressed:
    """A finding that does not count, and why not."""

    finding: Finding
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sifted:
    """Findings that count, and those that do not."""

    findings: tuple[Finding, ...]
    suppressed: tuple[Suppressed, ...]


def in_dockerfile(dockerfile: Dockerfile, file: str) -> Iterator[Suppression | Finding]:
    """The suppressions of a Dockerfile; what is wrong with one comes as a finding."""
    spans = [item.span for item in dockerfile.instructions()]
    last = max(span.end_line for span in spans)
    for comment in dockerfile.comments:
        after = next((span for span in spans if span.end_line > comment.span.line), spans[-1])
        place = Place(file=file, line=comment.span.line, column=comment.span.column)
        yield from _read(f"# {comment.text}", place, (after.line, after.end_line), last)


def in_text(text: str, file: str) -> Iterator[Suppression | Finding]:
    """The suppressions of a file with `#` comments."""
    if "jettison:" not in text:
        return
    lines = text.splitlines()
    for number, line in enumerate(lines, start=1):
        match = _PRAGMA.search(line)
        if match is None:
            continue
        about = number
        if line.lstrip().startswith("#"):
            about += 1
            while about <= len(lines) and lines[about - 1].lstrip()[:1] in ("#", ""):
                about += 1
        place = Place(file=file, line=number, column=match.start() + 1)
        yield from _read(line, place, (about, about), len(lines))


def _read(
    line: str, place: Place, about: tuple[int, int], last: int
) -> Iterator[Suppression | Finding]:
    match = _PRAGMA.search(line)
    if match is None:
        return
    found = _RULES.match(match["rest"])
    if found is None:
        message = "a suppression names its rules: # jettison: ignore=JT1003 why"
        yield BAD_SUPPRESSION.finding(Problem(place=place, message=message))
        return
    rules = tuple(code.strip().upper() for code in found[1].split(","))
    reason = found[2].strip(" \t-:–—")
    if not reason:
        message = f"the suppression of {', '.join(rules)} has no reason, and does not hold"
        yield BAD_SUPPRESSION.finding(Problem(place=place, message=message))
        return
    first, end = (1, last) if match["file"] else about
    yield Suppression(
        file=place.file, line=place.line, rules=rules, reason=reason, first=first, last=end
    )


def parse_ignores(value: Any, *, where: str) -> tuple[Ignore, ...]:  # decoded TOML
    """Read the list of `[[lint.ignore]]`.

    Raises: UsageError naming the entry and what it lacks.
    """
    decisions = read_decisions(
        value, where=f"{where}: lint.ignore", about=("rule", "path"), example=_EXAMPLE
    )
    return tuple(_ignore(decision) for decision in decisions)


def _ignore(decision: Decision) -> Ignore:
    if not decision.about["rule"]:
        raise UsageError(f"{decision.where}: it names no rule", hint=_EXAMPLE)
    return Ignore(
        rule=decision.about["rule"].upper(),
        path=decision.about["path"],
        reason=decision.reason,
        expires=decision.expires,
    )


def sift(
    findings: Iterable[Finding],
    suppressions: Iterable[Suppression],
    ignores: Iterable[Ignore],
    today: date,
) -> Sifted:
    """Set apart what somebody decided to live with; a suppression of nothing is a finding.

    A file that cannot be read, and a suppression without a reason, cannot be suppressed.
    """
    counted: list[Finding] = []
    suppressed: list[Suppressed] = []
    decisions = list(suppressions)
    settings = list(ignores)
    used = set[int]()
    for finding in findings:
        mine = [n for n, item in enumerate(decisions) if item.fits(finding)]
        used.update(mine)
        reason = decisions[mine[0]].reason if mine else ""
        if not reason:
            reason = next((item.reason for item in settings if item.fits(finding, today)), "")
        if reason and finding.rule not in (UNREADABLE.code, BAD_SUPPRESSION.code):
            suppressed.append(Suppressed(finding=finding, reason=reason))
        else:
            counted.append(finding)
    for number, item in enumerate(decisions):
        if number not in used:
            place = Place(file=item.file, line=item.line)
            message = f"nothing to suppress: {', '.join(item.rules)} is not found here"
            counted.append(IDLE_SUPPRESSION.finding(Problem(place=place, message=message)))
    return Sifted(
        findings=tuple(sorted(set(counted), key=lambda finding: finding.sort_key)),
        suppressed=tuple(sorted(set(suppressed), key=lambda item: item.finding.sort_key)),
    )
