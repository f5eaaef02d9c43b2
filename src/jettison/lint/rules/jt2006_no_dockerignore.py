"""JT2006: no .dockerignore."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from jettison.dockerfile.edits import Edit
from jettison.lint.copies import copies, is_directory
from jettison.lint.ignorable import PATTERNS
from jettison.lint.model import Change, Place, Problem, Rule, Severity
from jettison.lint.view import View


def check(view: View) -> Iterator[Problem]:
    """Where directories of the context are copied and nothing says what stays out."""
    if view.context.ignore_file:
        return
    for stage in view.stages:
        for copy in copies(view, stage):
            if copy.is_from_context and any(is_directory(view, item) for item in copy.sources):
                text = "\n".join(PATTERNS) + "\n"
                change = Change(
                    file=view.context.shown(".dockerignore"), edit=Edit(start=0, end=0, text=text)
                )
                message = "there is no .dockerignore: .git, .env and all else go into the build"
                span = copy.item.span
                place = Place(file=view.file, line=span.line, column=span.column)
                yield Problem(place=place, message=message, changes=(change,))
                return


RULE: Final = Rule(
    code="JT2006",
    title="No .dockerignore",
    remedy="write one; .git, **/.env and .venv belong in it",
    severity=Severity.WARNING,
    check=check,
)
