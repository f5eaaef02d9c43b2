"""JT5004: more than one HEALTHCHECK, of which only the last counts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from jettison.dockerfile.edits import delete
from jettison.lint.model import Problem, Rule, Severity
from jettison.lint.view import View


def check(view: View) -> Iterator[Problem]:
    """In each stage all but the last."""
    for stage in view.stages:
        for item in stage.find_all("HEALTHCHECK")[:-1]:
            message = "a later HEALTHCHECK replaces this one"
            yield view.at(item.span, message, delete(item, view.dockerfile))


RULE: Final = Rule(
    code="JT5004",
    title="Several HEALTHCHECKs",
    remedy="keep the last one",
    severity=Severity.WARNING,
    check=check,
)
