"""JT2007: a .dockerignore that lets secrets, history or environments through."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from jettison.dockerfile import DockerfileError
from jettison.dockerfile.edits import Edit
from jettison.dockerfile.ignore import IgnoreRules
from jettison.lint.copies import copies
from jettison.lint.ignorable import ENVIRONMENTS, NEVER
from jettison.lint.model import Change, Place, Problem, Rule, Severity
from jettison.lint.view import View


def check(view: View) -> Iterator[Problem]:
    """Where the whole context is copied, each thing that the file does not keep out."""
    name = view.context.ignore_file
    text = view.context.text(name) if name else None
    if text is None:
        return
    shown = view.context.shown(name)
    try:
        rules = IgnoreRules(text)
    except DockerfileError as err:
        yield Problem(
            place=Place(file=shown, line=err.line or 1), message=f"Docker refuses it: {err.message}"
        )
        return
    if not any(copy.takes_everything for stage in view.stages for copy in copies(view, stage)):
        return
    missing = [
        item
        for item in NEVER
        if not rules.ignores(item[1]) and (item[0] != ENVIRONMENTS or view.is_python)
    ]
    change = Change(file=shown, edit=_appended(text, [pattern for _, _, pattern in missing]))
    for what, pattern in {what: pattern for what, _, pattern in reversed(missing)}.items():
        message = f"it lets {what} into the build: {pattern} keeps that out"
        yield Problem(place=Place(file=shown), message=message, changes=(change,))


def _appended(text: str, patterns: list[str]) -> Edit:
    """All patterns at once, as lines that end as the file's do."""
    newline = "\r\n" if "\r\n" in text else "\n"
    first = newline if text and not text.endswith("\n") else ""
    lines = first + "".join(f"{pattern}{newline}" for pattern in patterns)
    return Edit(start=len(text), end=len(text), text=lines)


RULE: Final = Rule(
    code="JT2007",
    title=".dockerignore that lets too much through",
    remedy="add the pattern",
    severity=Severity.WARNING,
    check=check,
)
