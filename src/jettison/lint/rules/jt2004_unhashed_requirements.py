"""JT2004: requirements without hashes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from jettison.lint.model import Problem, Rule, Severity
from jettison.lint.view import View
from jettison.lint.wanted import wanted_lines


def check(view: View) -> Iterator[Problem]:
    """Each file whose lines are pinned and not all hashed, once, at the first that is not."""
    seen = set[str]()
    for _, line in wanted_lines(view):
        if line.is_pinned and not line.is_hashed and "://" not in line.text:
            if line.file not in seen:
                message = f"{line.name} has no hash: another file of that version would do as well"
                yield view.in_file(line.file, line.line, message)
            seen.add(line.file)


RULE: Final = Rule(
    code="JT2004",
    title="Requirements without hashes",
    remedy="pip-compile --generate-hashes or uv export, and pip install --require-hashes",
    severity=Severity.INFO,
    check=check,
)
