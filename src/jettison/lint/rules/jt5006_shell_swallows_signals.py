"""JT5006: the shell form of CMD or ENTRYPOINT, whose shell keeps SIGTERM to itself."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from typing import Final

from jettison.dockerfile import Instruction
from jettison.dockerfile.edits import Edit
from jettison.lint.image import ImageView
from jettison.lint.model import Problem, Rule, Severity
from jettison.lint.view import View

_MESSAGE: Final = "a shell is process 1 and hands no SIGTERM on: the app is killed, not stopped"
# What only a shell understands.
_SHELL: Final = re.compile(r"[$`|&;<>(){}*?~#\n\\\[\]!]|\A\w+=")


def check(view: View) -> Iterator[Problem]:
    """What the container starts, where that is the shell form without exec."""
    item, _ = view.start
    if item is None or item.is_exec or _hands_over(item.script):
        return
    yield view.at(item.span, _MESSAGE, *_fix(item))


def _hands_over(script: str) -> bool:
    last = re.split(r"&&|;|\n", script.strip())[-1].strip()
    return last.startswith("exec ")


def _fix(item: Instruction) -> Iterator[Edit]:
    """The exec form, where the shell had nothing to do."""
    script = item.script.strip()
    if _SHELL.search(script) or item.heredocs or not item.words:
        return
    try:
        words = shlex.split(script)
    except ValueError:
        return
    if words:
        yield Edit(
            start=item.words[0].span.start,
            end=item.span.end,
            text=json.dumps(words, ensure_ascii=False),
        )


def check_image(view: ImageView) -> Iterator[Problem]:
    """An image that starts `/bin/sh -c …` without exec."""
    argv = view.config.argv
    if argv[:2] == ("/bin/sh", "-c") and len(argv) > 2 and not _hands_over(argv[2]):
        yield view.problem(_MESSAGE)


RULE: Final = Rule(
    code="JT5006",
    title="Shell form swallows SIGTERM",
    remedy='the exec form, ["gunicorn", …], or exec in front',
    severity=Severity.WARNING,
    check=check,
    check_image=check_image,
)
