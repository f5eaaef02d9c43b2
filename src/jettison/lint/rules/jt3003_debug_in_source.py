"""JT3003: debugging switched on in the app's source."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Final

from jettison.lint.model import Problem, Rule, Severity
from jettison.lint.view import View

_SWITCHES: Final = frozenset({"debug", "reload", "use_debugger", "use_reloader"})
_RUNNERS: Final = frozenset({"run", "run_simple", "run_server", "run_app", "serve"})
_SETTINGS: Final = ("DEBUG", "TEMPLATE_DEBUG")
_MOST_SOURCES: Final = 2000


def check(view: View) -> Iterator[Problem]:
    """The sources that the build is sent, where the Dockerfile copies any."""
    if not any(True for _ in view.in_chain("COPY", "ADD")):
        return
    for number, path in enumerate(view.context.sources()):
        if number >= _MOST_SOURCES:
            return
        text = view.context.text(path) or ""
        # Parsing takes a hundred times as long as looking.
        if not any(word in text for word in (*_SWITCHES, *_SETTINGS)):
            continue
        tree = view.context.tree(path)
        if tree is not None:
            for line, column, what in sorted(_find(tree)):
                message = f"{what}: visitors can run code in the debugger, or read tracebacks"
                yield view.in_file(path, line, message, column=column)


def _find(tree: ast.Module) -> Iterator[tuple[int, int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield from _of_call(node)
    is_settings = any(
        isinstance(node, ast.Assign)
        and any(
            isinstance(target, ast.Name) and target.id in ("INSTALLED_APPS", "ROOT_URLCONF")
            for target in node.targets
        )
        for node in tree.body
    )
    for node in tree.body:
        if not isinstance(node, ast.Assign) or not _is_true(node.value):
            continue
        for target in node.targets:
            if isinstance(target, ast.Name) and target.id in _SETTINGS and is_settings:
                yield node.lineno, node.col_offset + 1, f"{target.id} = True"
            elif isinstance(target, ast.Attribute) and target.attr == "debug":
                yield node.lineno, node.col_offset + 1, f"{ast.unparse(target)} = True"


def _of_call(node: ast.Call) -> Iterator[tuple[int, int, str]]:
    name = node.func.attr if isinstance(node.func, ast.Attribute) else ast.unparse(node.func)
    if name not in _RUNNERS:
        return
    for keyword in node.keywords:
        if keyword.arg in _SWITCHES and _is_true(keyword.value):
            shown = f"{ast.unparse(node.func)}({keyword.arg}=True)"
            yield keyword.lineno, keyword.col_offset + 1, shown


def _is_true(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is True


RULE: Final = Rule(
    code="JT3003",
    title="Debugging switched on in source",
    remedy="take it from the environment, off by default",
    severity=Severity.ERROR,
    check=check,
)
