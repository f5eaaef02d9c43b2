"""In which form kept modules go into the slimmed image: byte code plan, sources, records."""

from __future__ import annotations

import csv
import io
import posixpath
from collections.abc import Sequence
from functools import cached_property
from typing import Final

from jettison.analysis.python_bytecode import (
    HEADER_BYTES,
    cached_path,
    is_valid_header,
    source_of,
)
from jettison.analysis.python_interpreters import Environment, Interpreter
from jettison.analysis.python_packages import Distribution, Distributions
from jettison.filetree import Entry
from jettison.paths import ImagePath
from jettison.selection.context import Context
from jettison.selection.model import Bytecode, PythonSources, Reason, Rule
from jettison.selection.python_files import is_test

# Distributions that read the sources of functions at run time, their own or those of others.
_READS_SOURCES: Final = frozenset({"torch", "triton", "numba", "jax", "taichi", "pytest", "dill"})


class CodePlan:
    """Decides for each kept module between source and byte code, once everything is kept."""

    def __init__(
        self,
        context: Context,
        environments: Sequence[Environment],
        started: Sequence[Environment],
        scripts: frozenset[ImagePath],
    ) -> None:
        self._context = context
        self._keeper = context.keeper
        self._environments = environments
        self._started = started
        self._scripts = scripts
        self._optimize = _optimization(context.env.get("PYTHONOPTIMIZE", ""))
        self._compiled: dict[ImagePath, ImagePath] = {}

    def place(self) -> None:
        """Plan byte code for each kept source that can be imported; release what it replaces."""
        kept = [path for path, _ in self._keeper.items() if path.suffix in (".py", ".pyc")]
        for path in kept:
            if source_of(path) is not None:
                self._keeper.release(path)
        for path in kept:
            entry = self._context.tree[path]
            if path.suffix != ".py" or not entry.is_file:
                continue
            interpreter = self._interpreter_for(path)
            if interpreter is not None and interpreter.programs:
                self._plan(entry, interpreter)

    def cut_records(self) -> None:
        """Keep the record of each distribution of which a module stays, cut to what stays."""
        for item in self._distributions.items:
            if any(self._is_there(path) for path in item.files if _is_content(item, path)):
                self._cut(item)
            else:
                for entry in self._context.tree.walk(item.metadata):
                    self._keeper.release(entry.path)

    # -- byte code -----------------------------------------------------------------------------

    def _plan(self, source: Entry, interpreter: Interpreter) -> None:
        leaves = self._leaves(source, interpreter)
        cached = cached_path(source.path, interpreter.version, optimize=self._optimize)
        target = ImagePath(f"{source.path}c") if leaves else cached
        self._context.bytecode.append(
            Bytecode(
                source=source.path,
                target=target,
                stored=self._stored(source, cached, interpreter),
                interpreter=interpreter.programs[0],
            )
        )
        self._compiled[source.path] = target
        if leaves:
            self._keeper.release(source.path)

    def _leaves(self, source: Entry, interpreter: Interpreter) -> bool:
        """Whether the source goes and its byte code takes its place."""
        if source.path in self._scripts:
            return False
        match self._context.options.python_sources:
            case PythonSources.KEEP:
                return False
            case PythonSources.DROP_STDLIB:
                return self._is_stdlib(source.path, interpreter)
            case PythonSources.DROP:
                return self._is_installed(source.path)

    def _stored(
        self, source: Entry, cached: ImagePath, interpreter: Interpreter
    ) -> ImagePath | None:
        entry = self._context.tree.find(cached)
        if entry is None or not entry.is_file:
            return None
        header = self._context.read(cached, limit=HEADER_BYTES) or b""
        return cached if is_valid_header(header, source, interpreter.version) else None

    def _interpreter_for(self, path: ImagePath) -> Interpreter | None:
        """Which interpreter imports the file: by the directory it is in, else the one that ran."""
        areas = [
            (area, item.interpreter)
            for item in (*self._started, *self._environments)
            for area in (item.interpreter.stdlib, *item.site_dirs)
            if path.is_below(area)
        ]
        if areas:
            return max(areas, key=lambda item: len(item[0]))[1]
        if self._started and path in self._context.yours and not is_test(path.relative):
            return self._started[0].interpreter
        return None

    def _is_stdlib(self, path: ImagePath, interpreter: Interpreter) -> bool:
        return path.is_below(interpreter.stdlib) and not self._is_site(path)

    def _is_site(self, path: ImagePath) -> bool:
        return any(path.is_below(site) for item in self._environments for site in item.site_dirs)

    def _is_installed(self, path: ImagePath) -> bool:
        owner = self._distributions.owner(path)
        if owner is not None:
            return owner.name not in _READS_SOURCES
        return self._is_site(path) or any(
            path.is_below(item.interpreter.stdlib) for item in self._environments
        )

    @cached_property
    def _distributions(self) -> Distributions:
        sites = dict.fromkeys(site for item in self._environments for site in item.site_dirs)
        return self._context.facts.python.distributions(tuple(sites))

    # -- records -------------------------------------------------------------------------------

    def _is_there(self, path: ImagePath) -> bool:
        return path in self._keeper or path in self._compiled

    def _cut(self, item: Distribution) -> None:
        reason = Reason(rule=Rule.RECORD, detail=f"record of {item.title}")
        for entry in self._context.tree.walk(item.metadata):
            if not entry.is_directory:
                self._keeper.keep_exact(entry.path, reason)
        record = item.metadata / "RECORD"
        data = self._context.read(record)
        if data is None:
            return
        rows: list[list[str]] = []
        text = data.decode("utf-8", "surrogateescape")
        for row in csv.reader(text.splitlines()):
            if not row:
                continue
            path = ImagePath.parse(posixpath.join(item.location, row[0]))
            real = self._context.tree.resolve(path, follow_last=False).path
            rows += self._cut_row(row, real)
        out = io.StringIO()
        csv.writer(out, lineterminator="\n").writerows(rows)
        self._context.rewritten[record] = out.getvalue().encode("utf-8", "surrogateescape")

    def _cut_row(self, row: list[str], real: ImagePath) -> list[list[str]]:
        """The rows for one file of a record: itself, and the byte code that belongs to it.

        Byte code has no digest there: installers compile after they have written the record.
        """
        if source_of(real) is not None:
            return []
        rows = [row] if real in self._keeper else []
        target = self._compiled.get(real)
        if target is not None:
            name = posixpath.join(posixpath.dirname(row[0]), posixpath.relpath(target, real.parent))
            rows.append([name, "", ""])
        return rows


def _is_content(item: Distribution, path: ImagePath) -> bool:
    return path.is_below(item.location) and not path.is_below(item.metadata)


def _optimization(value: str) -> int:
    """PYTHONOPTIMIZE: a number, or anything else for 1."""
    if not value:
        return 0
    return min(int(value), 2) if value.isdigit() else 1
