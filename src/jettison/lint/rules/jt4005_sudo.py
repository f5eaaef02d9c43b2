"""JT4005: sudo in an image."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from jettison.lint.image import ImageView
from jettison.lint.installs import system_packages
from jettison.lint.model import Problem, Rule, Severity
from jettison.lint.view import View, program_of


def check(view: View) -> Iterator[Problem]:
    """Each RUN that installs it or works through it, and a command that does."""
    for stage in view.stages:
        for item in stage.find_all("RUN", "CMD", "ENTRYPOINT"):
            commands = view.commands(item)
            programs = {program_of(command) for command in commands}
            if "sudo" in programs:
                message = "sudo is not needed while building, where USER root does, nor running"
                yield view.at(item.span, message)
            elif "su" in programs:
                message = "su is not needed: USER says who runs what comes after it"
                yield view.at(item.span, message)
            elif any("sudo" in system_packages(command) for command in commands):
                yield view.at(item.span, "sudo in the image is a way back to root")


def check_image(view: ImageView) -> Iterator[Problem]:
    """The program in the image."""
    path = view.find_program("sudo")
    if path:
        yield view.problem(f"the image has {path}, which is a way back to root")


RULE: Final = Rule(
    code="JT4005",
    title="sudo in the image",
    remedy="USER root for the RUN that needs it",
    severity=Severity.WARNING,
    check=check,
    check_image=check_image,
)
