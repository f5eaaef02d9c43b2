"""JT4003: USER before the files are there, which then belong to root."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from jettison.lint.model import Problem, Rule, Severity
from jettison.lint.ownership import find_write, late_workdirs
from jettison.lint.users import unprivileged
from jettison.lint.view import View


def check(view: View) -> Iterator[Problem]:
    """Each COPY and ADD behind a USER that does not say whose the files shall be.

    There is no fix: whether the app may change its own files is for people to say.
    """
    found = [
        (item, user)
        for _, item, user in unprivileged(view)
        if item.name in ("COPY", "ADD") and item.flag("chown") is None
    ]
    if not found:
        return
    # Root's files are what an app that only reads should have.
    writes = any(True for _ in late_workdirs(view)) or find_write(view) is not None
    for item, user in found:
        message = f"USER {user} does not make these files {user}'s: they belong to root"
        yield view.at(item.span, message, severity=None if writes else Severity.INFO)


RULE: Final = Rule(
    code="JT4003",
    title="Files behind USER belong to root",
    remedy="put USER behind the copies, or --chown where the app writes",
    severity=Severity.WARNING,
    check=check,
)
