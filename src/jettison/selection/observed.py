"""Rule 1: what the app and its health check looked up, and where that leads."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from jettison.analysis.essentials import is_runtime_mount
from jettison.analysis.programs import env_program, parse_shebang
from jettison.filetree import Entry
from jettison.paths import ImagePath
from jettison.selection.context import Context
from jettison.selection.model import Reason, Rule
from jettison.trace import Operation, Origin

# A listed directory is a dependency on the names in it. The bytes behind the names are kept with
# them as long as they are this few; beyond, only what was looked up by name is.
_MAX_LISTED_BYTES: Final = 1 << 20
_MAX_LISTED_NAMES: Final = 1000


class ObservedRule:
    """Each path that was looked up and exists, links and parents included.

    A directory that was only looked up is kept as a directory. One that was listed keeps its names
    too, unless Python's import system lists it (it lists each directory that it searches) or it
    is large.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._is_done = False

    def apply(self) -> None:
        """Go through the trace, once."""
        if self._is_done:
            return
        self._is_done = True
        for path, operations in sorted(self._accesses().items()):
            detail = ", ".join(sorted(operation.value for operation in operations))
            reason = Reason(rule=Rule.OBSERVED, detail=detail)
            if Operation.EXEC in operations:
                real = self._context.keeper.keep_program(path, reason)
            else:
                real = self._context.keeper.keep(path, reason)
            if real is not None and Operation.OPEN in operations:
                entry = self._context.tree[real]
                if entry.is_directory:
                    self._keep_listed(entry)

    def finish(self) -> None:
        """Nothing depends on the whole."""

    def _accesses(self) -> dict[ImagePath, set[Operation]]:
        origins = [Origin.APP, Origin.HEALTHCHECK]
        if self._context.options.exec_keeps:
            origins.append(Origin.EXEC)
        pids = self._context.trace.pids(*origins)
        found: dict[ImagePath, set[Operation]] = {}
        for access in self._context.trace.accesses:
            if access.pid in pids and not is_runtime_mount(access.path):
                found.setdefault(access.path, set()).add(access.operation)
        return found

    def _keep_listed(self, directory: Entry) -> None:
        tree = self._context.tree
        names = tree.children(directory.path)
        if len(names) > _MAX_LISTED_NAMES or any(name.endswith((".py", ".pyc")) for name in names):
            return
        if _is_searched_by_python(directory.path):
            return
        paths = [directory.path / name for name in names]
        if self._size_bytes(paths) > _MAX_LISTED_BYTES:
            return
        for path in paths:
            reason = Reason(rule=Rule.OBSERVED, detail="listed", because=directory.path)
            self._context.keeper.keep_exact(path, reason)

    def _size_bytes(self, paths: Iterable[ImagePath]) -> int:
        found = (self._context.tree.resolve(path).entry for path in paths)
        return sum(entry.size_bytes for entry in found if entry is not None and entry.is_file)


class InterpreterRule:
    """The interpreter that the `#!` line of each program names, and what `env` starts for it."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._seen = 0

    def apply(self) -> None:
        """Look at programs that came since the last time; an interpreter may be a script itself."""
        keeper = self._context.keeper
        while self._seen < len(keeper.programs):
            path = keeper.programs[self._seen]
            self._seen += 1
            words = parse_shebang(self._context.read(path, limit=256) or b"")
            if not words:
                continue
            reason = Reason(rule=Rule.PROGRAM, detail="its #! line names this", because=path)
            keeper.keep_program(words[0], reason)
            if words[0].endswith("/env") and len(words) > 1:
                name = env_program(words[1])
                found = self._context.search_path.find(name, self._context.tree)
                if found is not None:
                    keeper.keep_program(found, reason)

    def finish(self) -> None:
        """Nothing depends on the whole."""


def _is_searched_by_python(path: ImagePath) -> bool:
    return any(
        name in ("site-packages", "dist-packages", "lib-dynload") or name.startswith("python3")
        for name in path.split("/")
    )
