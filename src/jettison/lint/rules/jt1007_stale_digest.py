"""JT1007: a digest that is not the tag's any more."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from jettison.digest import Digest
from jettison.dockerfile.edits import pin_base
from jettison.lint.model import Problem, Rule, Severity
from jettison.lint.view import View


def check(view: View) -> Iterator[Problem]:
    """Each FROM with tag and digest, where the registry was asked and says otherwise."""
    for stage in view.stages:
        base = view.base(stage)
        if base is None or not base.digest or not base.tag:
            continue
        now = view.options.digests.get(f"{base.name}:{base.tag}")
        if now and now != base.digest:
            message = f"{base.name}:{base.tag} has been {now[:19]}… since; fixes are in there"
            if "$" in stage.base.text:
                yield view.at(stage.base.span, message)
            else:
                yield view.at(stage.base.span, message, pin_base(stage, Digest.parse(now)))


RULE: Final = Rule(
    code="JT1007",
    title="Digest that the tag has left",
    remedy="pin the digest that the tag has now, and test",
    severity=Severity.INFO,
    check=check,
)
