"""JT3002: debugging or reloading switched on in the image."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from jettison.analysis.debug_servers import find_in_env
from jettison.dockerfile.edits import replace_span
from jettison.lint.image import ImageView
from jettison.lint.model import Problem, Rule, Severity
from jettison.lint.view import View

_OPTIONS: Final = frozenset({"--reload", "--debug", "--auto-reload", "--debugger"})


def check(view: View) -> Iterator[Problem]:
    """Variables that switch it on, and options of the command."""
    for stage, item in view.in_chain("ENV"):
        for name, value in item.pairs:
            found = find_in_env(name, view.expanded(value, stage, item))
            if found is None:
                continue
            word = next((w for w in item.words if w.text == f"{name}={value}"), None)
            message = f"{found.what} switches debugging on for everyone"
            if word is None or found.what.startswith("WERKZEUG"):
                yield view.at(item.span, message)
            else:
                off = "production" if name.endswith("_ENV") else "0"
                yield view.at(word.span, message, replace_span(word.span, f"{name}={off}"))
    starter, _ = view.start
    for command in view.start_commands:
        for option in sorted(_OPTIONS.intersection(command)):
            if starter is not None:
                message = f"{option} watches files and shows tracebacks to visitors"
                yield view.at(starter.span, message)


def check_image(view: ImageView) -> Iterator[Problem]:
    """The image's variables and its command."""
    for name, value in view.config.env:
        found = find_in_env(name, value)
        if found is not None:
            yield view.problem(f"{found.what} switches debugging on for everyone")
    for option in sorted(_OPTIONS.intersection(view.config.argv)):
        yield view.problem(f"the command has {option}, which is for development")


RULE: Final = Rule(
    code="JT3002",
    title="Debugging switched on",
    remedy="leave it out here, and set it where people develop",
    severity=Severity.ERROR,
    check=check,
    check_image=check_image,
)
