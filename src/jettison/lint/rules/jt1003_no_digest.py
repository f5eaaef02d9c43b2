"""JT1003: a tag without a digest."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from jettison.digest import Digest
from jettison.dockerfile.edits import pin_base
from jettison.lint.borrowed import borrowed_images
from jettison.lint.model import Problem, Rule, Severity
from jettison.lint.view import View


def check(view: View) -> Iterator[Problem]:
    """Each FROM and --from with a tag alone; worse, and put right, where a registry was asked."""
    for stage in view.stages:
        base = view.base(stage)
        if base is None or base.is_scratch or not base.is_known or base.digest or not base.tag:
            continue
        message = f"{base.text} is named by a tag, which can be moved; a digest cannot"
        digest = view.options.digests.get(base.text)
        if not digest:
            yield view.at(stage.base.span, f"{message} (--online --fix asks for it)")
        elif "$" in stage.base.text:
            # The digest of the argument's default would be wrong for its other values.
            yield view.at(stage.base.span, message, severity=Severity.WARNING)
        else:
            edit = pin_base(stage, Digest.parse(digest))
            yield view.at(stage.base.span, message, edit, severity=Severity.WARNING)
    for image, span in borrowed_images(view):
        if image.tag and not image.digest:
            yield view.at(
                span, f"{image.text} is named by a tag, which can be moved; a digest cannot"
            )


RULE: Final = Rule(
    code="JT1003",
    title="Base image without a digest",
    remedy="append @sha256:… of the tag, and let a bot move it on",
    severity=Severity.INFO,
    check=check,
)
