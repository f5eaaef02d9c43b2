"""JT1002: a base image by the tag latest."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from jettison.lint.borrowed import borrowed_images
from jettison.lint.model import Problem, Rule, Severity
from jettison.lint.view import View


def check(view: View) -> Iterator[Problem]:
    """Each FROM and --from with the tag latest and no digest."""
    for stage in view.stages:
        base = view.base(stage)
        if base is not None and base.tag == "latest" and not base.digest:
            yield view.at(stage.base.span, f"{base.text} is another image whenever one comes out")
    for image, span in borrowed_images(view):
        if image.tag == "latest" and not image.digest:
            yield view.at(span, f"{image.text} is another image whenever one comes out")


RULE: Final = Rule(
    code="JT1002",
    title="Base image by the tag latest",
    remedy="name a version and a variant, such as python:3.13-slim",
    severity=Severity.WARNING,
    check=check,
)
