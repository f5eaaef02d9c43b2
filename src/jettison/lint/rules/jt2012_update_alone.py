"""JT2012: apt-get update in a layer of its own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from jettison.dockerfile import Instruction, Stage
from jettison.dockerfile.edits import Edit, delete
from jettison.lint.installs import system_packages
from jettison.lint.model import Problem, Rule, Severity
from jettison.lint.view import View, program_of


def check(view: View) -> Iterator[Problem]:
    """Each RUN that brings apt's lists and leaves installing to others."""
    for stage in view.stages:
        for number, item in enumerate(stage.instructions):
            if item.name == "RUN" and _updates(view, item) and not _installs(view, item):
                message = "the cached lists grow old while the install behind them changes: one RUN"
                yield view.at(item.span, message, *_merged(view, stage, number))


def _updates(view: View, item: Instruction) -> bool:
    return any(
        program_of(command) in ("apt-get", "apt") and "update" in command[1:]
        for command in view.commands(item)
    )


def _installs(view: View, item: Instruction) -> bool:
    return any(system_packages(command) for command in view.commands(item))


def _merged(view: View, stage: Stage, number: int) -> Iterator[Edit]:
    """Put it before the install that comes next, where each is one plain command."""
    item = stage.instructions[number]
    after = stage.instructions[number + 1] if number + 1 < len(stage.instructions) else None
    if after is None or after.name != "RUN" or not _installs(view, after):
        return
    if any(one.is_exec or one.heredocs or one.flags for one in (item, after)):
        return
    if len(view.commands(item)) == 1 and "\n" not in item.script and after.words:
        yield delete(item, view.dockerfile)
        start = after.words[0].span.start
        yield Edit(start=start, end=start, text=f"{item.script.strip()} && ")


RULE: Final = Rule(
    code="JT2012",
    title="apt-get update in a layer of its own",
    remedy="RUN apt-get update && apt-get install … in one",
    severity=Severity.WARNING,
    check=check,
)
