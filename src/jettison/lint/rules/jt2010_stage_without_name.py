"""JT2010: a stage without a name, in a Dockerfile of several."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from jettison.dockerfile import Stage
from jettison.dockerfile.edits import Edit, replace_span
from jettison.lint.model import Problem, Rule, Severity
from jettison.lint.view import View


def check(view: View) -> Iterator[Problem]:
    """Each stage but the last that others can name by its number alone."""
    taken = {stage.alias for stage in view.stages}
    for stage in view.stages[:-1]:
        if stage.alias:
            continue
        name = "build" if "build" not in taken else f"stage-{stage.index}"
        taken.add(name)
        message = f"stage {stage.index} has no name, and its number changes when one is put before"
        yield view.at(stage.origin.span, message, *_named(view, stage, name))


def _named(view: View, stage: Stage, name: str) -> Iterator[Edit]:
    end = stage.base.span.end
    yield Edit(start=end, end=end, text=f" AS {name}")
    for other in view.stages:
        for item in other.instructions:
            flag = item.flag("from")
            if flag is not None and flag.value == str(stage.index):
                yield replace_span(flag.span, f"--from={name}")


RULE: Final = Rule(
    code="JT2010",
    title="Stage without a name",
    remedy="FROM … AS build, and COPY --from=build",
    severity=Severity.INFO,
    check=check,
)
