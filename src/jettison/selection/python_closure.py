"""What the code of one Python environment can import, starting from what was reached.

Standard library modules are kept one by one, other distributions whole. Which environments there
are, and what they start from, is python.py's work.
"""

from __future__ import annotations

import re
from collections import deque
from functools import cached_property
from typing import Final, NamedTuple

from jettison.analysis.python_bytecode import names_in, source_of
from jettison.analysis.python_conditions import Target
from jettison.analysis.python_imports import (
    SourceScan,
    absolute_names,
    does_without,
    runs_when_imported,
    scan_source,
)
from jettison.analysis.python_interpreters import Environment
from jettison.analysis.python_modules import Module, ModuleFinder, ModuleKind
from jettison.analysis.python_names import names_in_strings
from jettison.analysis.python_packages import Distribution, read_distributions
from jettison.paths import ImagePath
from jettison.selection.context import Context
from jettison.selection.model import Policy, Reason, Rule
from jettison.selection.python_files import ballast, is_document, is_test, outside_ballast
from jettison.selection.python_stdlib import (
    CODECS,
    DEVELOPER_PARTS,
    FALLBACKS,
    INSTALLERS,
    LOADED_BY_NAME,
    PROMPTS,
    TOOL_GROUPS,
    WHOLE,
    developer_part,
)

_MAX_SOURCE_BYTES: Final = 16 << 20
# Shorter names stand in any binary by chance.
_SHORTEST_NAME: Final = 5
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
        self.distributions: Final = read_distributions(context.rootfs, environment.site_dirs)
        self.libraries: Final[dict[str, ImagePath]] = {}
        self._context = context
        self._finders = finders
        self._target = target
        self._queue: deque[_Work] = deque()
        self._queued: set[tuple[ImagePath, str]] = set()
        self._modules: set[tuple[ImagePath, str]] = set()
        self._reached: set[tuple[str, ImagePath]] = set()
        self._extensions: dict[ImagePath, None] = {}
        self._groups = self._plug_in_groups()
        self._roots = {item.key for item in self.distributions.roots()}

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
            why = self._ballast(item, path)
            if why:
                self._context.dropped.setdefault(path, f"{why} of {item.title}")
                continue
            self._keep_file(item, path, reason)
        anchor = self._anchor(item)
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
            if entry.is_directory or not self._is_stdlib(entry.path) or is_test(relative):
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
        while self._queue or self._extensions:
            while self._queue:
                self._follow(self._queue.popleft())
            # Names in binaries are only guesses, so they come last, when few are left to find.
            extensions, self._extensions = self._extensions, {}
            for path in extensions:
                self._follow_extension(path)

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
                self._reach(found, reason)
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
            if entry.is_file and not name.endswith((".py", ".pyc", ".pyi", ".so", ".bat", ".exe")):
                self._context.keeper.keep_exact(entry.path, reason)

    # -- sources ---------------------------------------------------------------------------

    def _enqueue(self, work: _Work) -> None:
        if (work.path, work.member) not in self._queued:
            self._queued.add((work.path, work.member))
            self._queue.append(work)

    def _follow(self, work: _Work) -> None:
        data = self._read(work)
        if data is None:
            return
        if work.path.suffix == ".pyc":
            for name in sorted(set(names_in(data))):
                self._import(work, name, data)
            return
        is_own = work.is_own or self._is_local(work.path)
        scan = scan_source(data, self._target, strings=is_own)
        for found in scan.imports:
            for name in absolute_names(found, work.name, is_package=work.is_package):
                self._import(work, name, data)
        self._named(work, scan, data)
        if is_own:
            detail = f"named in a string of {work.path.name}"
            reason = Reason(rule=Rule.PYTHON, detail=detail, because=work.path)
            for name in sorted(set(names_in_strings(scan.strings))):
                self.reach_name(name, reason, top_level=False)

    def _import(self, work: _Work, name: str, data: bytes) -> None:
        module = self._finders.installed.find(name)
        if module is None or self._is_cut(work, module, data):
            return
        detail = f"imported by {work.name or work.path.name}"
        self._reach(module, Reason(rule=Rule.PYTHON, detail=detail, because=work.path))

    def _is_cut(self, work: _Work, module: Module, data: bytes) -> bool:
        """Whether an import is one that does not count: for developers, or for installing."""
        if self._is_reached(module):
            return False
        owner = self.distributions.owner(module.path)
        top = module.name.partition(".")[0]
        importer = work.name.partition(".")[0]
        if importer == "_distutils_hack":
            # Runs at each start, and loads something only where `distutils` is imported.
            return top != importer
        if owner is not None and owner.name in INSTALLERS:
            return self._is_build_time(work, top, owner, data)
        if not self._is_stdlib(work.path) or top == importer:
            return top in PROMPTS and top != importer and does_without(data, top)
        if top in FALLBACKS and self._finders.installed.find(FALLBACKS[top]) is not None:
            return True
        if not developer_part(top) or runs_when_imported(data, top):
            return False
        why = f"{DEVELOPER_PARTS[top]}: only developers reach it"
        self._context.dropped.setdefault(module.path, why)
        return True

    def _is_build_time(self, work: _Work, top: str, owner: Distribution, data: bytes) -> bool:
        """Code that imports an installer without requiring it does so to be installed itself."""
        importer = self.distributions.owner(work.path)
        if importer is None or importer.key == owner.key or self._is_local(work.path):
            return False
        required = self.distributions.required_by(importer, self._target)
        if owner.key in {item.key for item in required}:
            return False
        return top != "pkg_resources" or does_without(data, top)

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
            if is_part and path.parent.name != "__pycache__" and not self._ballast(owner, path):
                self._keep_file(owner, path, reason)

    def _named(self, work: _Work, scan: SourceScan, data: bytes) -> None:
        """Distributions, libraries and entry point groups that a source names."""
        for name in scan.distributions:
            item = self.distributions.find(name)
            if item is not None and item.name not in INSTALLERS:
                detail = f"its metadata is looked up by {work.name or work.path.name}"
                self.reach_distribution(
                    item, Reason(rule=Rule.PYTHON, detail=detail, because=work.path)
                )
        for name in scan.libraries:
            self.libraries.setdefault(name, work.path)
        for group in [item for item in self._groups if item in data]:
            detail = f"provides entry points {group.decode()}"
            for item in self._groups.pop(group):
                self.reach_distribution(
                    item, Reason(rule=Rule.PYTHON, detail=detail, because=work.path)
                )

    def _follow_extension(self, path: ImagePath) -> None:
        """Names of standard modules in a compiled extension, which may import them."""
        data = self._context.read(path, limit=_MAX_SOURCE_BYTES)
        if data is None:
            return
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

    def _ballast(self, item: Distribution, path: ImagePath) -> str:
        if self._context.options.policy is Policy.PACKAGE:
            return ""
        if not path.is_below(item.location):
            if path.parent.name in ("bin", "sbin", "Scripts") and item.key not in self._roots:
                return "a command"
            return outside_ballast(path)
        if path.is_below(item.metadata):
            return ""
        relative = path[len(item.location) + 1 :]
        if is_document(relative):
            directory = item.location / "/".join(relative.split("/")[:2])
            if not {"__init__.py", "__init__.pyc"} & set(self._context.tree.children(directory)):
                return "documentation"
        if path.suffix in (".po", ".pot") and f"{path[:-3]}.mo" in self._context.tree:
            return "the source of a message catalogue"
        return ballast(relative, item.name)

    def _anchor(self, item: Distribution) -> ImagePath:
        """A kept path that stands for a distribution in a chain of reasons."""
        for name in ("METADATA", "PKG-INFO"):
            if (item.metadata / name) in self._context.keeper:
                return item.metadata / name
        return item.metadata

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
                and self._is_stdlib(entry.path)
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

    def _is_stdlib(self, path: ImagePath) -> bool:
        return path.is_below(self.environment.interpreter.stdlib) and not any(
            path.is_below(site) for site in self.environment.site_dirs
        )

    def _plug_in_groups(self) -> dict[bytes, list[Distribution]]:
        groups: dict[bytes, list[Distribution]] = {}
        for item in self.distributions.items:
            for point in item.entry_points:
                if point.group not in TOOL_GROUPS and item.name not in INSTALLERS:
                    found = groups.setdefault(point.group.encode(), [])
                    if item not in found:
                        found.append(item)
        return groups

    def _read(self, work: _Work) -> bytes | None:
        if work.member:
            return self._finders.installed.read_member(work.path, work.member)
        return self._context.read(work.path, limit=_MAX_SOURCE_BYTES)
