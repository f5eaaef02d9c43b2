"""JT1001: a base image without a tag."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from jettison.lint.borrowed import borrowed_images
from jettison.lint.model import Problem, Rule, Severity
from jettison.lint.view import View


def check(view: View) -> Iterator[Problem]:
    """Each FROM and --from that names an image and says nothing of which."""
    for stage in view.stages:
        base = view.base(stage)
        if base is None or base.is_scratch or not base.is_known:
            continue
        if not base.tag and not base.digest:
            message = f"{base.text} has no tag, so that it is whatever latest is that day"
            yield view.at(stage.base.span, message)
    for image, span in borrowed_images(view):
        # One word may be a context that the build is given by name.
        if "/" in image.name and not image.tag and not image.digest:
            message = f"{image.text} has no tag, so that it is whatever latest is that day"
            yield view.at(span, message)


RULE: Final = Rule(
    code="JT1001",
    title="Base image without a tag",
    remedy="name a version and a variant, such as python:3.13-slim",
    severity=Severity.WARNING,
    check=check,
)
