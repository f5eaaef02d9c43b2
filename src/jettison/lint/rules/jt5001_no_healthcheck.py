"""JT5001: no HEALTHCHECK."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from jettison.lint.health import find_healthcheck
from jettison.lint.image import ImageView
from jettison.lint.model import Problem, Rule, Severity
from jettison.lint.view import View


def check(view: View) -> Iterator[Problem]:
    """An image that starts something; `HEALTHCHECK NONE` says that there is nothing to ask."""
    item, _ = view.start
    if item is not None and find_healthcheck(view) is None:
        message = "there is no HEALTHCHECK: an app that hangs is taken for one that works"
        yield view.at(item.span, message)


def check_image(view: ImageView) -> Iterator[Problem]:
    """An image that starts something and has no check."""
    if view.config.argv and view.config.healthcheck is None:
        yield view.problem("the image has no health check")


RULE: Final = Rule(
    code="JT5001",
    title="No HEALTHCHECK",
    remedy="HEALTHCHECK CMD with Python's urllib; HEALTHCHECK NONE where nothing listens",
    severity=Severity.WARNING,
    check=check,
    check_image=check_image,
)
