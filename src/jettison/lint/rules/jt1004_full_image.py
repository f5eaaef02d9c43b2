"""JT1004: a full base image where a slim one serves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from jettison.lint.model import Problem, Rule, Severity
from jettison.lint.view import View


def check(view: View) -> Iterator[Problem]:
    """The base of the final stage; what only builds may be large."""
    base = view.root_base
    if base.is_full and base.is_known:
        message = f"{base.text} is the full image: its slim variant has far less to keep safe"
        yield view.at(view.chain[0].base.span, message)


RULE: Final = Rule(
    code="JT1004",
    title="Full image where slim serves",
    remedy="use the slim variant; what must be compiled, in a stage before it",
    severity=Severity.WARNING,
    check=check,
)
