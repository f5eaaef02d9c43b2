"""JT4004: files that everyone may change."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from jettison.dockerfile import Instruction
from jettison.lint.model import Problem, Rule, Severity
from jettison.lint.modes import is_everything, mode_of
from jettison.lint.view import View, program_of


def check(view: View) -> Iterator[Problem]:
    """Each chmod and `--chmod` that lets everyone do everything."""
    for stage in view.stages:
        for item in stage.instructions:
            for mode in chmods(view, item):
                if is_everything(mode):
                    message = f"chmod {mode} lets whoever gets in change it: own it, and 755"
                    yield view.at(item.span, message)
                    break


def chmods(view: View, item: Instruction) -> Iterator[str]:
    """The modes that an instruction sets."""
    flag = item.flag("chmod")
    if flag is not None:
        yield flag.value
    if item.name != "RUN":
        return
    for command in view.commands(item):
        words = tuple(word for word in command if word != "sudo")
        if program_of(words) == "chmod":
            yield mode_of(words[1:])


RULE: Final = Rule(
    code="JT4004",
    title="chmod 777",
    remedy="chown it to the app's user, and 755 or less",
    severity=Severity.WARNING,
    check=check,
)
