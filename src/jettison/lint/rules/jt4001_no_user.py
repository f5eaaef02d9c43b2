"""JT4001: no USER, so that the app runs as root."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from jettison.lint.image import ImageView
from jettison.lint.model import Problem, Rule, Severity
from jettison.lint.view import View


def check(view: View) -> Iterator[Problem]:
    """An image for which nobody says who runs it."""
    base = view.root_base
    if view.last("USER") is None and not base.is_unprivileged and not base.is_windows:
        where = view.start[0] or view.final.origin
        yield view.at(where.span, "there is no USER: the app runs as root")


def check_image(view: ImageView) -> Iterator[Problem]:
    """An image whose config names no user."""
    if not view.config.user:
        yield view.problem("the image names no user: the app runs as root")


RULE: Final = Rule(
    code="JT4001",
    title="Runs as root for want of a USER",
    remedy="make a user, and USER 999:999 behind the last COPY",
    severity=Severity.ERROR,
    check=check,
    check_image=check_image,
)
