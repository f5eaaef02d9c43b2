"""JT4003: USER before the files are there, which then belong to root."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from jettison.dockerfile.edits import Edit
from jettison.lint.model import Problem, Rule, Severity
from jettison.lint.users import unprivileged
from jettison.lint.view import View


def check(view: View) -> Iterator[Problem]:
    """Each COPY and ADD behind a USER that does not say whose the files shall be."""
    for _, item, user in unprivileged(view):
        if item.name not in ("COPY", "ADD") or item.flag("chown") is not None:
            continue
        message = f"USER {user} does not make these files {user}'s: they belong to root"
        start = item.words[0].span.start
        owner = user if "$" not in user else ""
        edits = (Edit(start=start, end=start, text=f"--chown={owner} "),) if owner else ()
        yield view.at(item.span, f"{message}; --chown does", *edits)


RULE: Final = Rule(
    code="JT4003",
    title="Files behind USER belong to root",
    remedy="put USER behind the copies, or --chown where the app writes",
    severity=Severity.WARNING,
    check=check,
)
