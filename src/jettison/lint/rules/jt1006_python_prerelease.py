"""JT1006: a Python that is not released yet."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from jettison.lint.model import Problem, Rule, Severity
from jettison.lint.view import View


def check(view: View) -> Iterator[Problem]:
    """Each base image that is an alpha, a beta or a release candidate."""
    for stage in view.stages:
        base = view.base(stage)
        if base is not None and base.is_prerelease:
            message = f"{base.text} is a Python before its release: not for production"
            yield view.at(stage.base.span, message)


RULE: Final = Rule(
    code="JT1006",
    title="Python before its release",
    remedy="use the last release",
    severity=Severity.WARNING,
    check=check,
)
