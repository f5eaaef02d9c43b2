"""JT2009: a PATH with a directory that does not exist."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from typing import Final

from jettison.dockerfile import Instruction, Stage
from jettison.lint.copies import brings, copies
from jettison.lint.image import ImageView
from jettison.lint.model import Problem, Rule, Severity
from jettison.lint.venvs import made_in, moved
from jettison.lint.view import View

# What images have, or whose packages bring it.
_USUAL: Final = frozenset(
    {"/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"}
)
_SYSTEM: Final = ("/usr/lib/", "/usr/local/", "/opt/conda/", "/root/.local/", "/home/")


def check(view: View) -> Iterator[Problem]:
    """Each directory of a PATH of the image that no instruction makes."""
    for stage, item in view.in_chain("ENV"):
        for name, value in item.pairs:
            if name != "PATH":
                continue
            for part in view.expanded(value, stage, item).split(":"):
                path = posixpath.normpath(part) if part.startswith("/") else ""
                if path and not _may_exist(view, path):
                    yield view.at(item.span, f"PATH names {path}, which nothing here makes")


def _may_exist(view: View, path: str) -> bool:
    if path in _USUAL or path.startswith(_SYSTEM) or "$" in path:
        return True
    return any(_makes(view, stage, path) for stage in view.chain)


def _makes(view: View, stage: Stage, path: str) -> bool:
    venvs = {*made_in(view, stage), *(venv.put_at for venv in moved(view, stage))}
    if any(path == posixpath.join(venv, "bin") for venv in venvs):
        return True
    for copy in copies(view, stage):
        if copy.is_from_context:
            found = brings(view, copy, posixpath.join(path, "any"))
            if found is not None and view.context.is_directory(posixpath.dirname(found)):
                return True
        elif copy.target not in venvs and _is_in(path, copy.target):
            return True
    return any(_mentions(view, stage, item, path) for item in stage.find_all("RUN", "WORKDIR"))


def _mentions(view: View, stage: Stage, item: Instruction, path: str) -> bool:
    """Whether a RUN names it or a directory above it; a WORKDIR makes only itself."""
    if item.name == "WORKDIR":
        return view.resolved(item.arguments[0], stage, item) == path
    venvs = set(made_in(view, stage))
    for command in view.commands(item):
        for word in command:
            if not word.startswith("/"):
                continue
            named = posixpath.normpath(view.expanded(word, stage, item))
            if named not in venvs and named != "/" and (_is_in(path, named) or _is_in(named, path)):
                return True
    return False


def _is_in(path: str, directory: str) -> bool:
    return path == directory or path.startswith(directory.rstrip("/") + "/")


def check_image(view: ImageView) -> Iterator[Problem]:
    """Each directory of the image's PATH that is not there, of those that are not everyone's."""
    for part in dict(view.config.env).get("PATH", "").split(":"):
        if part.startswith("/") and part not in _USUAL and not view.is_directory(part):
            yield view.problem(f"PATH names {part}, which does not exist")


RULE: Final = Rule(
    code="JT2009",
    title="PATH names a directory that does not exist",
    remedy="name the directory that is there, or make it",
    severity=Severity.WARNING,
    check=check,
    check_image=check_image,
)
