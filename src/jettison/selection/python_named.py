"""Imports inside functions that serve only those who spell a certain name, and who spells it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from jettison.analysis.python_modules import Module
from jettison.selection.model import Reason
from jettison.selection.python_stdlib import ONLY_FOR

NAMES: Final = tuple(sorted({name for names in ONLY_FOR.values() for name in names}))
"""All names that `ONLY_FOR` waits for."""

# Parts of the standard library that list names of Python 2, for pickles and translations.
_TABLES: Final = ("_compat_pickle", "lib2to3")
_RAW: Final = tuple((name, name.encode()) for name in NAMES)


class _Held(NamedTuple):
    package: str
    names: tuple[str, ...]
    module: Module
    reason: Reason


def find_names(data: bytes) -> tuple[str, ...]:
    """Which of NAMES stand in a file, in whatever place."""
    return tuple(name for name, raw in _RAW if raw in data)


class NamedParts:
    """Holds such imports back until a kept file outside of the importing package spells a name."""

    def __init__(self) -> None:
        self._held: list[_Held] = []
        # Each name with the packages of the standard library that spell it, "" for all others.
        self._spelled: dict[str, set[str]] = {}

    def hold(self, importer: str, module: Module, reason: Reason) -> str:
        """Why a module is not to be reached yet; empty if it is to be."""
        names = ONLY_FOR.get((importer, module.name), ())
        item = _Held(importer.partition(".")[0], names, module, reason)
        if not names or self._is_named(item):
            return ""
        self._held.append(item)
        return f"only for {' and '.join(names)}, which nothing names"

    def note(self, names: Iterable[str], package: str = "") -> None:
        """Kept code spells these names; `package` if it belongs to the standard library."""
        if package in _TABLES:
            return
        for name in names:
            self._spelled.setdefault(name, set()).add(package)

    def release(self) -> tuple[_Held, ...]:
        """What was held and is now named."""
        found = tuple(item for item in self._held if self._is_named(item))
        if found:
            self._held = [item for item in self._held if item not in found]
        return found

    def _is_named(self, item: _Held) -> bool:
        return any(self._spelled.get(name, set()) - {item.package} for name in item.names)
