"""Imports that do not count: for developers, for installing, for interpreters built otherwise."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from jettison.analysis.python_conditions import Target
from jettison.analysis.python_imports import does_without, runs_when_imported
from jettison.analysis.python_interpreters import Environment
from jettison.analysis.python_modules import Module, ModuleFinder
from jettison.analysis.python_packages import Distribution
from jettison.paths import ImagePath
from jettison.selection.python_facts import PythonFacts
from jettison.selection.python_stdlib import (
    DEVELOPER_PARTS,
    FALLBACKS,
    FROZEN,
    FROZEN_LIBRARY,
    FROZEN_SINCE,
    INSTALLERS,
    PROMPTS,
    SELF_TESTS,
    developer_part,
)
from jettison.trace import TraceLog

# A module that every start imports.
_FIRST_FROZEN: Final = r"(?:__pycache__/)?abc\.[^/]*"
_DISTUTILS_HOOK: Final = "_distutils_hack"


class Importer(NamedTuple):
    """The module that imports: its dotted name and its file."""

    name: str
    path: ImagePath


class ImportCuts:
    """Says of an import whether it is to be followed."""

    def __init__(
        self,
        facts: PythonFacts,
        environment: Environment,
        finder: ModuleFinder,
        target: Target,
    ) -> None:
        self._environment = environment
        self._facts = facts
        self._distributions = facts.distributions(environment.site_dirs)
        self._finder = finder
        self._target = target
        self._uses_frozen: bool | None = None

    def is_frozen(self, module: Module, trace: TraceLog) -> bool:
        """Whether the interpreter takes this module of its library from itself.

        It was seen to start, and not to look for one of those that each start imports.
        """
        if module.name not in FROZEN_LIBRARY or not is_standard(module.path, self._environment):
            return False
        if self._uses_frozen is None:
            interpreter = self._environment.interpreter
            # By whatever links it got there; `collections.abc` is another module.
            looked_for = re.compile(rf".*/{re.escape(interpreter.stdlib.name)}/{_FIRST_FROZEN}")
            paths = [access.path for access in trace.accesses]
            self._uses_frozen = (
                interpreter.implementation == "cpython"
                and interpreter.version >= FROZEN_SINCE
                and any(path.is_below(interpreter.stdlib / "encodings") for path in paths)
                and not any(looked_for.fullmatch(path) for path in paths)
            )
        return self._uses_frozen

    def why_not(self, importer: Importer, module: Module) -> str:
        """Why servers do without what is imported here; empty if it is to be followed."""
        top = module.name.partition(".")[0]
        importing = importer.name.partition(".")[0]
        if module.name in FROZEN and self._environment.interpreter.implementation == "cpython":
            return "the interpreter has it in itself"
        if top == importing:
            return ""
        if importing == _DISTUTILS_HOOK:
            # It runs at each start, and loads something only where `distutils` is imported.
            return "only a hook for distutils names it"
        owner = self._distributions.owner(module.path)
        if owner is not None:
            if owner.name in INSTALLERS and self._is_build_time(importer, top, owner):
                return f"{owner.title} installs packages, and what imports it does not require it"
            return ""
        if top in PROMPTS and does_without(self._source(importer), top):
            return f"{DEVELOPER_PARTS[top]}: what imports it does without"
        if not is_standard(importer.path, self._environment):
            return ""
        if (importer.name, module.name) in SELF_TESTS:
            return f"imported {SELF_TESTS[importer.name, module.name]}"
        if top in FALLBACKS and self._has_original(FALLBACKS[top]):
            return "stands in for a C module, which is there"
        if developer_part(top) and not runs_when_imported(self._source(importer), top):
            return f"{DEVELOPER_PARTS[top]}: only developers reach it"
        return ""

    def _has_original(self, name: str) -> bool:
        if not name:
            return self._environment.interpreter.implementation == "cpython"
        return self._finder.find(name) is not None

    def _is_build_time(self, importer: Importer, top: str, owner: Distribution) -> bool:
        """Code that imports an installer without requiring it does so to be installed itself."""
        item = self._distributions.owner(importer.path)
        if item is None or item.key == owner.key or item.is_local:
            return False
        required = self._distributions.required_by(item, self._target)
        if owner.key in {other.key for other in required}:
            return False
        # Many use this one at run time and forget to require it.
        return top != "pkg_resources" or does_without(self._source(importer), top)

    def _source(self, importer: Importer) -> bytes:
        return self._facts.source(importer.path) or b""


def is_standard(path: ImagePath, environment: Environment) -> bool:
    """Whether a file belongs to the standard library itself, not to what is installed below it."""
    return path.is_below(environment.interpreter.stdlib) and not any(
        path.is_below(site) for site in environment.site_dirs
    )
