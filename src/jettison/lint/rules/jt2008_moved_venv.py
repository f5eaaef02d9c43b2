"""JT2008: a virtual environment that is copied to another path than it was made at."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from jettison.lint.model import Problem, Rule, Severity
from jettison.lint.venvs import moved
from jettison.lint.view import View


def check(view: View) -> Iterator[Problem]:
    """Each environment whose scripts would look for a Python that is not there."""
    for stage in view.stages:
        for venv in moved(view, stage):
            if venv.put_at != venv.made_at:
                message = (
                    f"the environment was made at {venv.made_at} and is put at {venv.put_at}:"
                    f" its scripts begin with #!{venv.made_at}/bin/python"
                )
                yield view.at(venv.copy.item.span, message)


RULE: Final = Rule(
    code="JT2008",
    title="Virtual environment moved",
    remedy="copy it to the path that it was made at",
    severity=Severity.ERROR,
    check=check,
)
