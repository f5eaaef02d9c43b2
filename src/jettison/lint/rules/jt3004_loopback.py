"""JT3004: a server that listens where nobody outside the container can reach it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from jettison.lint.image import ImageView
from jettison.lint.model import Problem, Rule, Severity
from jettison.lint.servers import listening, of_command
from jettison.lint.view import View


def check(view: View) -> Iterator[Problem]:
    """The command, its server's config file, or the script that it starts."""
    item, _ = view.start
    if item is None:
        return
    for found in of_command(view):
        if not found.is_loopback:
            continue
        told = "without being told otherwise" if found.untold else "as told"
        message = f"{found.program} listens at {found.hosts[0]} {told}: no port leads there"
        if found.where is not None:
            file, line = found.where
            yield view.in_file(file, line, message)
        else:
            yield view.at(item.span, message)


def check_image(view: ImageView) -> Iterator[Problem]:
    """The command of the image."""
    found = listening(view.config.argv, dict(view.config.env))
    if found is not None and found.is_loopback and not found.untold:
        yield view.problem(f"{found.program} listens at {found.hosts[0]}: no port leads there")


RULE: Final = Rule(
    code="JT3004",
    title="Listens inside the container only",
    remedy="bind to 0.0.0.0, and let the engine decide who reaches it",
    severity=Severity.ERROR,
    check=check,
    check_image=check_image,
)
