"""JT4006: an app directory that everyone may write to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from jettison.lint.image import ImageView
from jettison.lint.model import Problem, Rule, Severity
from jettison.lint.modes import is_everything, lets_everyone_write
from jettison.lint.rules.jt4004_chmod_777 import chmods
from jettison.lint.view import View

_MOST: Final = 5


def check(view: View) -> Iterator[Problem]:
    """Each mode that lets others write, 777 aside, which has a rule of its own."""
    for stage in view.stages:
        for item in stage.instructions:
            for mode in chmods(view, item):
                if lets_everyone_write(mode) and not is_everything(mode):
                    message = f"mode {mode} lets everyone write: give it to the app's user instead"
                    yield view.at(item.span, message)
                    break


def check_image(view: ImageView) -> Iterator[Problem]:
    """What everyone may write below the image's working directory."""
    directory = view.config.working_dir.rstrip("/")
    if not directory:
        return
    found = [
        path
        for path in view.tree
        if (path == directory or path.startswith(f"{directory}/"))
        and (view.tree[path].is_file or view.is_directory(path))
        and view.tree[path].mode & 0o1002 == 0o002
    ]
    for path in sorted(found)[:_MOST]:
        yield view.problem(f"everyone may write to {path}")


RULE: Final = Rule(
    code="JT4006",
    title="Writable by everyone",
    remedy="chown it to the app's user instead",
    severity=Severity.WARNING,
    check=check,
    check_image=check_image,
)
