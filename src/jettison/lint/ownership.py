"""Who owns the working directory, and whether the app writes to it."""

from __future__ import annotations

import ast
import posixpath
from collections.abc import Iterator
from typing import Final

from jettison.dockerfile import Instruction, Stage
from jettison.lint.copies import copies
from jettison.lint.users import unprivileged
from jettison.lint.view import View, program_of

_MAKERS: Final = frozenset({"chown", "mkdir", "install", "useradd", "adduser"})
_OWNERS: Final = frozenset({"chown", "install", "useradd"})
_WRITERS: Final = frozenset({"write_text", "write_bytes", "mkdir", "touch"})
_MOST_SOURCES: Final = 500


def late_workdirs(view: View) -> Iterator[tuple[Instruction, str, str]]:
    """Each WORKDIR behind a USER that makes its directory, with the path and the user."""
    for stage, item, user in unprivileged(view):
        if item.name == "WORKDIR":
            path = view.resolved(item.arguments[0], stage, item)
            if not _is_made(view, path, before=item):
                yield item, path, user


def _is_made(view: View, path: str, before: Instruction) -> bool:
    """Whether something makes the directory before an instruction."""
    for stage in view.chain:
        for copy in copies(view, stage):
            is_earlier = copy.item.span.start < before.span.start
            if is_earlier and copy.target.startswith(path):
                return True
        for item in stage.find_all("RUN", "WORKDIR"):
            if item.span.start >= before.span.start:
                continue
            if item.name == "WORKDIR":
                if view.resolved(item.arguments[0], stage, item) == path:
                    return True
            elif _touches(view, stage, item, path):
                return True
    return False


def is_owned(view: View, path: str) -> bool:
    """Whether a RUN gives the directory, or one above it, to somebody."""
    return any(_touches(view, stage, item, path, _OWNERS) for stage, item in view.in_chain("RUN"))


def _touches(
    view: View,
    stage: Stage,
    item: Instruction,
    path: str,
    programs: frozenset[str] = _MAKERS,
) -> bool:
    for command in view.commands(item):
        if program_of(command) not in programs:
            continue
        for word in command[1:]:
            if word.startswith("-"):
                continue
            named = view.resolved(word, stage, item)
            if named == path or (named != "/" and path.startswith(f"{named}/")):
                return True
    return False


def find_write(view: View) -> str | None:
    """A place in the sources that writes to a relative path."""
    for number, file in enumerate(view.context.sources()):
        if number >= _MOST_SOURCES:
            break
        text = view.context.text(file) or ""
        if "open(" not in text and "sqlite" not in text and "write_" not in text:
            continue
        tree = view.context.tree(file)
        line = _line_of_write(tree) if tree is not None else 0
        if line:
            return f"{view.context.shown(file)}:{line}"
    return None


def _line_of_write(tree: ast.Module) -> int:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = ast.unparse(node.func)
        first = node.args[0].value if node.args and isinstance(node.args[0], ast.Constant) else None
        if name == "open" and isinstance(first, str) and _is_relative(first):
            mode = node.args[1] if len(node.args) > 1 else None
            mode = next((k.value for k in node.keywords if k.arg == "mode"), mode)
            if isinstance(mode, ast.Constant) and set(str(mode.value)) & set("wax+"):
                return node.lineno
        if name == "sqlite3.connect" and isinstance(first, str) and _is_relative(first):
            return node.lineno
        if isinstance(node.func, ast.Attribute) and node.func.attr in _WRITERS:
            owner = node.func.value
            if isinstance(owner, ast.Call) and ast.unparse(owner.func).endswith("Path"):
                argument = owner.args[0] if owner.args else None
                if isinstance(argument, ast.Constant) and _is_relative(str(argument.value)):
                    return node.lineno
    return 0


def _is_relative(path: str) -> bool:
    return bool(path) and not posixpath.isabs(path) and ":" not in path
