"""What the code of one Python environment can import, starting from what was reached.

Standard library modules are kept one by one, other distributions whole. Which environments there
are, and what they start from, is python.py's work.
"""

from __future__ import annotations

import re
from collections import deque
from functools import cached_property
from typing import Final, NamedTuple

from jettison.analysis.python_bytecode import source_of
from jettison.analysis.python_conditions import Target
from jettison.analysis.python_imports import absolute_names
from jettison.analysis.python_interpreters import Environment
from jettison.analysis.python_modules import Module, ModuleFinder, ModuleKind
from jettison.analysis.python_names import names_in_strings
from jettison.analysis.python_packages import Distribution
from jettison.paths import ImagePath
from jettison.selection.context import Context
from jettison.selection.model import Reason, Rule
from jettison.selection.python_cuts import ImportCuts, Importer, is_standard
from jettison.selection.python_facts import Scanned, ScanOptions
from jettison.selection.python_files import DistributionFiles, is_test
from jettison.selection.python_named import NamedParts, find_names
from jettison.selection.python_stdlib import (
    CODECS,
    INSTALLERS,
    LOADED_BY_NAME,
    TOOL_GROUPS,
    WHOLE,
    developer_part,
)

# Shorter names stand in any binary by chance.
_SHORTEST_NAME: Final = 5
# What is no data of a package: modules, programs of another system, pages about how it is made.
_NO_DATA: Final = (".py", ".pyc", ".pyi", ".so", ".bat", ".exe", ".rst")
_RUST_STRING: Final = re.compile(rb"[a-z][a-z0-9_.]{4,}")
_C_STRING: Final = re.compile(rb"\0([a-z][a-z0-9_.]{4,40})(?=\0)")


class Finders(NamedTuple):
    """Where an environment looks: `installed` is its own search path, `local` what apps add."""

    installed: ModuleFinder
    local: ModuleFinder


class _Work(NamedTuple):
    """A file to scan, and what it is called; `is_own` for the author's own code."""

    name: str
    path: ImagePath
    is_package: bool
    is_own: bool
    member: str = ""


class PythonClosure:
    """Keeps, for one environment, all that follows from the modules that it is told of."""

    def __init__(
        self, context: Context, environment: Environment, finders: Finders, target: Target
    ) -> None:
        self.environment: Final = environment
        self.distributions: Final = context.facts.python.distributions(environment.site_dirs)
        self.libraries: Final[dict[str, ImagePath]] = {}
        self._context = context
        self._finders = finders
        self._target = target
        self._queue: deque[_Work] = deque()
        self._queued: set[tuple[ImagePath, str]] = set()
        self._modules: set[tuple[ImagePath, str]] = set()
        self._reached: set[tuple[str, ImagePath]] = set()
        self._extensions: dict[ImagePath, None] = {}
        self._groups = self.distributions.groups(without=TOOL_GROUPS)
        self._all_groups = frozenset(self._groups)
        roots = frozenset(item.key for item in self.distributions.roots())
        self._cuts = ImportCuts(context.facts.python, environment, finders.installed, target)
        self._parts = NamedParts()
        self._files = DistributionFiles(context.tree, context.options.policy, roots)

    # -- what others tell it ---------------------------------------------------------------

    def reach_path(self, path: ImagePath) -> None:
        """A kept file: if it can be imported it counts as reached."""
        source = source_of(path) or path
        name = self._finders.installed.name_of(source)
        if name is None:
            return
        module = self._finders.installed.find(name)
        if module is None or source not in (module.path, module.source):
            if source not in self._context.tree:
                return
            # Shadowed by another module of this name, or in a directory that is on no path.
            is_package = source.name == "__init__.py"
            module = Module(name, ModuleKind.SOURCE, source, is_package)
        self._reach(
            module, Reason(rule=Rule.PYTHON, detail="its byte code is loaded", because=path)
        )

    def reach_name(self, name: str, reason: Reason, *, top_level: bool = True) -> Module | None:
        """A name that somebody may import; the longest part of it that is a module counts.

        `top_level=False` passes over single words that name something in the standard library.
        """
        module = self._finders.installed.find_longest(name)
        if module is None or module.kind is ModuleKind.NAMESPACE:
            return None
        if "." not in module.name and not top_level:
            owner = self.distributions.owner(module.path)
            if owner is None or owner.name in INSTALLERS:
                return None
        self._reach(module, reason)
        return module

    def reach_distribution(self, item: Distribution, reason: Reason) -> None:
        """Keep a distribution, without what nobody needs at run time, and what it requires."""
        if item.key in self._reached:
            return
        self._reached.add(item.key)
        for path in item.files:
            if path.parent.name == "__pycache__":
                continue
            why = self._files.why_not(item, path)
            if why:
                self._context.dropped.setdefault(path, f"{why} of {item.title}")
                continue
            self._keep_file(item, path, reason)
        anchor = item.anchor
        for required in self.distributions.required_by(item, self._target):
            detail = f"required by {item.title}"
            self.reach_distribution(
                required, Reason(rule=Rule.PYTHON, detail=detail, because=anchor)
            )

    def reach_whole_stdlib(self) -> None:
        """Keep the standard library, its tests excepted."""
        stdlib = self.environment.interpreter.stdlib
        reason = Reason(rule=Rule.PACKAGE, detail="the standard library", because=stdlib)
        for entry in self._context.tree.walk(stdlib):
            relative = entry.path[len(stdlib) + 1 :]
            if (
                entry.is_directory
                or not is_standard(entry.path, self.environment)
                or is_test(relative)
            ):
                continue
            if entry.path.parent.name != "__pycache__":
                self._context.keeper.keep_exact(entry.path, reason)

    def scan_own(self, path: ImagePath, name: str | None = None) -> None:
        """A source of the author's: its imports count, and its strings that name modules."""
        module = name or self._finders.local.name_of(path) or ""
        is_package = path.name == "__init__.py"
        self._enqueue(_Work(module, path, is_package, is_own=True))

    def drain(self) -> None:
        """Follow everything that was reached until nothing new comes."""
        while True:
            while self._queue:
                self._follow(self._queue.popleft())
            # Names in binaries are only guesses, so they come last, when few are left to find.
            extensions, self._extensions = self._extensions, {}
            for path in extensions:
                self._follow_extension(path)
            for item in self._parts.release():
                self._reach(item.module, item.reason)
            if not (self._queue or self._extensions):
                return

    def note(self, text: bytes) -> None:
        """Text of the author's that may spell what a part of the standard library waits for."""
        self._parts.note(find_names(text))

    # -- modules ---------------------------------------------------------------------------

    def _reach(self, module: Module, reason: Reason) -> None:
        if self._is_reached(module):
            return
        owner = self.distributions.owner(module.path)
        if owner is not None and not self._is_installer(owner):
            # The module itself is kept first, so that its own reason comes first.
            self._keep_module(module, reason)
            because = Reason(
                rule=Rule.PYTHON, detail=f"distribution {owner.title}", because=module.path
            )
            self.reach_distribution(owner, because)
        else:
            self._keep_module(module, reason)
            if owner is not None:
                self._installer_part(module)

    def _keep_module(self, module: Module, reason: Reason) -> None:
        parent = module.name.rpartition(".")[0]
        if parent:
            package = self._finders.installed.find(parent)
            if package is not None and not self._is_reached(package):
                detail = f"package of {module.name}"
                self._reach(package, Reason(rule=Rule.PYTHON, detail=detail, because=module.path))
        self._modules.add((module.path, module.member))
        if module.kind is ModuleKind.NAMESPACE:
            return
        if reason.rule is Rule.PYTHON and self._cuts.is_frozen(module, self._context.trace):
            why = "the interpreter has it in itself"
            self._context.dropped.setdefault(module.path, why)
        else:
            self._context.keeper.keep(module.path, reason)
        if module.source is not None:
            self._context.keeper.keep(module.source, reason)
            self._enqueue(_Work(module.name, module.source, module.is_package, is_own=False))
        if module.kind is ModuleKind.EXTENSION:
            if not module.path.is_below(self.environment.interpreter.stdlib / "lib-dynload"):
                self._extensions[module.path] = None
        else:
            self._enqueue(_Work(module.name, module.path, module.is_package, False, module.member))
        self._by_name(module)

    def _by_name(self, module: Module) -> None:
        """What comes with a module though no import statement says so."""
        detail = f"loaded by name by {module.name}"
        reason = Reason(rule=Rule.PYTHON, detail=detail, because=module.path)
        names: list[str] = list(LOADED_BY_NAME.get(module.name, ()))
        stdlib = self.environment.interpreter.stdlib
        if module.name == "sysconfig":
            names += [
                child.partition(".")[0]
                for child in self._context.tree.children(stdlib)
                if child.startswith("_sysconfigdata") and child.endswith((".py", ".pyc"))
            ]
        if module.name in WHOLE:
            names += [found.name for found in self._finders.installed.submodules(module)]
            names += CODECS
        for name in names:
            found = self._finders.installed.find(name)
            if found is not None:
                self._reach_for(module.name, found, reason)
        if module.is_package and module.path.parent.parent == stdlib:
            self._package_data(module)

    def _package_data(self, package: Module) -> None:
        """Files in a standard library package that are no modules."""
        tree = self._context.tree
        reason = Reason(
            rule=Rule.PYTHON, detail=f"package data of {package.name}", because=package.path
        )
        for name in tree.children(package.path.parent):
            entry = tree[package.path.parent / name]
            if entry.is_file and not name.endswith(_NO_DATA):
                self._context.keeper.keep_exact(entry.path, reason)

    # -- sources ---------------------------------------------------------------------------

    def _enqueue(self, work: _Work) -> None:
        if (work.path, work.member) not in self._queued:
            self._queued.add((work.path, work.member))
            self._queue.append(work)

    def _follow(self, work: _Work) -> None:
        is_own = work.is_own or self._is_local(work.path)
        options = ScanOptions(self._target, self._all_groups, is_own)
        scanned = self._context.facts.python.scan(work.path, options, member=work.member)
        if scanned is None:
            return
        for found in scanned.source.imports:
            for name in absolute_names(found, work.name, is_package=work.is_package):
                self._import(work, name)
        self._named(work, scanned)
        is_theirs = is_standard(work.path, self.environment)
        self._parts.note(scanned.named, work.name.partition(".")[0] if is_theirs else "")
        detail = f"named in a string of {work.path.name}"
        reason = Reason(rule=Rule.PYTHON, detail=detail, because=work.path)
        for name in sorted(set(names_in_strings(scanned.source.strings))):
            self.reach_name(name, reason, top_level=False)

    def _import(self, work: _Work, name: str) -> None:
        module = self._finders.installed.find(name)
        if module is None or self._is_reached(module):
            return
        why = self._cuts.why_not(Importer(work.name, work.path), module)
        if why:
            self._context.dropped.setdefault(module.path, why)
            return
        detail = f"imported by {work.name or work.path.name}"
        reason = Reason(rule=Rule.PYTHON, detail=detail, because=work.path)
        self._reach_for(work.name, module, reason)

    def _reach_for(self, importer: str, module: Module, reason: Reason) -> None:
        why = self._parts.hold(importer, module, reason)
        if why:
            self._context.dropped.setdefault(module.path, why)
        else:
            self._reach(module, reason)

    def _installer_part(self, module: Module) -> None:
        """A package of an installer that something uses is kept whole, the installer is not."""
        top = module.name.partition(".")[0]
        package = self._finders.installed.find(top)
        if package is None or not package.is_package or top == "_distutils_hack":
            return
        directories = [package.path.parent]
        if top == "pkg_resources":
            # Where it finds the libraries that it brings along since setuptools 71.
            directories.append(package.path.parent.parent / "setuptools" / "_vendor")
        owner = self.distributions.owner(package.path)
        reason = Reason(rule=Rule.PYTHON, detail=f"package {top}", because=module.path)
        if owner is None:
            return
        for path in owner.files:
            is_part = any(path.is_below(directory) for directory in directories)
            if (
                is_part
                and path.parent.name != "__pycache__"
                and not self._files.why_not(owner, path)
            ):
                self._keep_file(owner, path, reason)

    def _named(self, work: _Work, scanned: Scanned) -> None:
        """Distributions, libraries and entry point groups that a source names."""
        for name in scanned.source.distributions:
            item = self.distributions.find(name)
            if item is not None and item.name not in INSTALLERS:
                detail = f"its metadata is looked up by {work.name or work.path.name}"
                self.reach_distribution(
                    item, Reason(rule=Rule.PYTHON, detail=detail, because=work.path)
                )
        for name in scanned.source.libraries:
            self.libraries.setdefault(name, work.path)
        for group in scanned.groups:
            detail = f"provides entry points {group.decode()}"
            for item in self._groups.pop(group, ()):
                if item.name in INSTALLERS:
                    continue
                self.reach_distribution(
                    item, Reason(rule=Rule.PYTHON, detail=detail, because=work.path)
                )

    def _follow_extension(self, path: ImagePath) -> None:
        """Names of standard modules in a compiled extension, which may import them."""
        data = self._context.facts.python.source(path)
        if data is None:
            return
        self._parts.note(find_names(data))
        names = set(_C_STRING.findall(data))
        # C has names with NULs around; Rust has them one after the other.
        text = b" ".join(_RUST_STRING.findall(data)) if b"/rustc/" in data else b""
        reason = Reason(rule=Rule.PYTHON, detail=f"named in {path.name}", because=path)
        for name in self._standard_names:
            if name in names or name in text:
                module = self._finders.installed.find(name.decode())
                if module is not None:
                    self._reach(module, reason)

    # -- files of distributions ------------------------------------------------------------

    def _keep_file(self, item: Distribution, path: ImagePath, reason: Reason) -> None:
        keeper = self._context.keeper
        keeper.keep_exact(path, reason)
        if path.suffix not in (".py", ".so", ".pyc") or not path.is_below(item.location):
            return
        name = self._finders.installed.name_of(path)
        if name is None:
            return
        self._modules.add((path, ""))
        if path.suffix == ".py":
            is_package = path.name == "__init__.py"
            self._enqueue(_Work(name, path, is_package, is_own=item.is_local))
        elif path.suffix == ".so":
            self._extensions[path] = None

    # -- questions -------------------------------------------------------------------------

    def _is_reached(self, module: Module) -> bool:
        return (module.path, module.member) in self._modules

    @cached_property
    def _standard_names(self) -> tuple[bytes, ...]:
        """Modules of the standard library that a binary may name."""
        stdlib = self.environment.interpreter.stdlib
        found: list[str] = []
        for entry in self._context.tree.walk(stdlib):
            if (
                entry.is_file
                and entry.path.suffix in (".py", ".pyc")
                and is_standard(entry.path, self.environment)
            ):
                name = self._finders.installed.name_of(entry.path)
                if name and len(name) >= _SHORTEST_NAME and not developer_part(name):
                    found.append(name)
        return tuple(sorted({name.encode() for name in found if name[0] != "_"}))

    def _is_installer(self, item: Distribution) -> bool:
        return item.name in INSTALLERS and item.key not in self._reached

    def _is_local(self, path: ImagePath) -> bool:
        owner = self.distributions.owner(path)
        return owner is not None and owner.is_local
