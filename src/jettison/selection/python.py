"""Rule 3: which Pythons run in the image, what each starts from, and what follows.

The closure over imports is python_closure.py's work, byte code and records are python_code.py's.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Final

from jettison.analysis.command_lines import find_command_lines, may_name_commands
from jettison.analysis.elf import read_elf
from jettison.analysis.library_path import LibraryPath
from jettison.analysis.programs import SHELLS, env_program, parse_shebang
from jettison.analysis.python_conditions import Target
from jettison.analysis.python_imports import absolute_names, scan_shell, scan_source
from jettison.analysis.python_interpreters import (
    Environment,
    Interpreter,
    find_started,
)
from jettison.analysis.python_names import (
    CONFIG_SUFFIXES,
    modules_run,
    names_in_argv,
    names_in_environment,
    names_in_text,
)
from jettison.filetree import Entry
from jettison.paths import ROOT, ImagePath
from jettison.selection.context import Context
from jettison.selection.model import Policy, Reason, Rule
from jettison.selection.python_closure import Finders, PythonClosure
from jettison.selection.python_code import CodePlan
from jettison.selection.python_files import is_test
from jettison.selection.python_stdlib import INSTALLERS, STARTUP
from jettison.trace import Operation, Origin

_MAX_CONFIG_BYTES: Final = 1 << 20
# A local file header: archives may have a `#!` line before it.
_ARCHIVE: Final = b"PK\3\4"
_MAX_HEAD_BYTES: Final = 512
_MACHINES: Final = {"amd64": "x86_64", "arm64": "aarch64", "386": "i686", "arm": "armv7l"}


class PythonRule:
    """Everything that Python can import from what is reached."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._keeper = context.keeper
        self._seen = 0
        self._seen_programs = 0
        self._is_begun = False
        self._closures: dict[tuple[ImagePath, ImagePath], PythonClosure] = {}
        self._libraries: set[str] = set()
        self._scripts: set[ImagePath] = set()

    def apply(self) -> None:
        """Look at what was kept since the last time, and follow it."""
        if not self._environments:
            return
        for environment in self._started():
            self._start(environment)
        if not self._context.is_closure or not self._closures:
            return
        while self._seen < len(self._keeper.journal):
            entries = self._keeper.new_entries(self._seen)
            self._seen = len(self._keeper.journal)
            for entry in entries:
                if entry.is_file or entry.is_symlink:
                    self._take(entry)
            for closure in self._closures.values():
                closure.drain()
                self._find_libraries(closure)

    def finish(self) -> None:
        """Place byte code, let sources go, and cut the records of distributions."""
        if not self._environments:
            return
        started = [closure.environment for closure in self._closures.values()]
        plan = CodePlan(self._context, self._environments, started, frozenset(self._scripts))
        plan.place()
        plan.cut_records()

    # -- environments ------------------------------------------------------------------------

    @cached_property
    def _environments(self) -> tuple[Environment, ...]:
        paths = self._context.env.get("PYTHONPATH", "").split(":")
        absolute = (posixpath.join(self._context.working_dir, path) for path in paths if path)
        return self._context.facts.python.environments(tuple(absolute))

    def _started(self) -> Iterator[Environment]:
        """Environments whose interpreter something kept starts; opened ones where none is."""
        tree = self._context.tree
        for path in self._new_programs():
            found = find_started(tree, path, self._environments)
            if found is not None:
                yield found
        for environment in self._environments:
            # Programs are kept by their real path, to which a link in a virtual environment leads
            # as well: it tells only where nothing else does.
            if environment.is_virtual or self._is_started(environment.interpreter):
                continue
            if set(environment.interpreter.programs) & set(self._keeper.programs):
                yield environment
        if self._closures:
            return
        # A server may embed Python: then its library is opened and no program tells.
        for environment in self._environments:
            area = environment.prefix if environment.is_virtual else environment.interpreter.stdlib
            if any(
                access.path.is_below(area) or tree.resolve(access.path).path.is_below(area)
                for access in self._context.trace.accesses
                if access.path.suffix in (".py", ".pyc", ".so")
            ):
                yield environment

    def _is_started(self, interpreter: Interpreter) -> bool:
        return any(item.environment.interpreter == interpreter for item in self._closures.values())

    def _new_programs(self) -> Iterator[str]:
        """Paths by which programs are executed, `#!` lines followed, as they are spelled there."""
        if not self._is_begun:
            self._is_begun = True
            for argv in self._command_lines():
                found = self._context.search_path.find(argv[0], self._context.tree)
                if found is not None:
                    yield found
                    yield from self._interpreter_of(ImagePath.parse(found))
        while self._seen_programs < len(self._keeper.programs):
            program = self._keeper.programs[self._seen_programs]
            self._seen_programs += 1
            yield from self._interpreter_of(program)

    def _interpreter_of(self, program: ImagePath) -> Iterator[str]:
        words = parse_shebang(self._context.read(program, limit=256) or b"")
        if not words:
            return
        if "python" in " ".join(words):
            self._scripts.add(self._context.tree.resolve(program).path)
        yield words[0]
        if words[0].endswith("/env") and len(words) > 1:
            name = env_program(words[1])
            found = self._context.search_path.find(name, self._context.tree)
            if found is not None:
                yield found

    def _start(self, environment: Environment) -> None:
        key = (environment.prefix, environment.interpreter.stdlib)
        if key in self._closures:
            return
        interpreter = environment.interpreter
        local = tuple(directory for directory in self._local_path if directory != ROOT)
        facts, version = self._context.facts.python, interpreter.version
        closure = PythonClosure(
            self._context,
            environment,
            Finders(
                installed=facts.finder((*self._archives, *environment.search_path), version),
                local=facts.finder(local, version),
            ),
            self._target(interpreter),
        )
        self._closures[key] = closure
        if self._keeper.journal and self._seen:
            self._seen = 0
        self._keep_layout(environment)
        if self._context.is_closure:
            self._seed(closure)

    def _keep_layout(self, environment: Environment) -> None:
        """What an interpreter looks at to find its way, files that say where things are."""
        interpreter = environment.interpreter
        reason = Reason(rule=Rule.PYTHON, detail="the interpreter looks here at its start")
        if environment.is_virtual:
            self._keeper.keep(environment.prefix / "pyvenv.cfg", reason)
        for path in (interpreter.stdlib, interpreter.stdlib / "lib-dynload"):
            self._keeper.keep(path, reason)
        for path in environment.site_dirs:
            self._keeper.keep(path, reason)
        if self._context.is_closure:
            self._keep_names(environment)

    def _keep_names(self, environment: Environment) -> None:
        """The links by which it is called: another command may use another one."""
        tree, programs = self._context.tree, environment.interpreter.programs
        directories = [environment.prefix / "bin"]
        if not environment.is_virtual:
            directories += [ImagePath.parse(path) for path in self._context.search_path.directories]
        for directory in dict.fromkeys(tree.resolve(path).path for path in directories):
            for name in tree.children(directory):
                path = directory / name
                if tree[path].is_symlink and tree.resolve(path).path in programs:
                    reason = Reason(rule=Rule.PYTHON, detail=f"a name of {programs[0]}")
                    self._keeper.keep_program(path, reason)

    def _seed(self, closure: PythonClosure) -> None:
        environment = closure.environment
        anchor = environment.interpreter.stdlib
        # First, as what the user asks for stays in any case.
        self._seed_user(closure)
        start = Reason(rule=Rule.PYTHON, detail="loaded at each start", because=anchor)
        for name in STARTUP:
            closure.reach_name(name, start)
        if self._context.options.policy is Policy.PACKAGE:
            closure.reach_whole_stdlib()
        for item in closure.distributions.roots():
            if item.name not in INSTALLERS:
                detail = f"{item.title} was asked for by name"
                closure.reach_distribution(item, Reason(rule=Rule.PYTHON, detail=detail))
        self._seed_path_files(closure)
        for path in self._archives:
            reason = Reason(rule=Rule.PYTHON, detail="the program", because=path)
            closure.reach_name("__main__", reason)
        reason = Reason(rule=Rule.PYTHON, detail="named in a command line")
        for argv in self._command_lines():
            closure.note(" ".join(argv).encode("utf-8", "surrogateescape"))
            for name in names_in_argv(argv):
                closure.reach_name(name, reason, top_level="-m" in argv or "-k" in argv)
        closure.note(" ".join(self._context.env.values()).encode("utf-8", "surrogateescape"))
        reason = Reason(rule=Rule.PYTHON, detail="named in an environment variable")
        for name in names_in_environment(self._context.env.values()):
            closure.reach_name(name, reason, top_level=False)

    def _seed_path_files(self, closure: PythonClosure) -> None:
        """`.pth` files of what stays, and what they import at each start."""
        target = self._target(closure.environment.interpreter)
        for item in closure.environment.path_files:
            owner = closure.distributions.owner(item.path)
            if owner is not None and owner.name in INSTALLERS and item.path not in self._keeper:
                continue
            reason = Reason(rule=Rule.PYTHON, detail="read at each start")
            if owner is None:
                self._keeper.keep_exact(item.path, reason)
            if item.path in self._keeper:
                because = Reason(rule=Rule.PYTHON, detail="imported at start", because=item.path)
                for found in scan_source(item.code.replace(b";", b"\n"), target).imports:
                    for name in absolute_names(found, "", is_package=False):
                        closure.reach_name(name, because)

    def _seed_user(self, closure: PythonClosure) -> None:
        options, matched = self._context.options, self._context.matched
        for name in options.keep_packages:
            item = closure.distributions.find(name)
            if item is not None:
                matched.add(name)
                detail = f"--keep-package {name}"
                closure.reach_distribution(item, Reason(rule=Rule.USER, detail=detail))
        for name in options.keep_modules:
            reason = Reason(rule=Rule.USER, detail=f"--keep-module {name}")
            module = closure.reach_name(name, reason)
            if module is not None and module.name == name:
                matched.add(name)

    # -- kept files ----------------------------------------------------------------------------

    def _take(self, entry: Entry) -> None:
        """One kept file: a module of an environment, the author's code, or configuration."""
        path = entry.path
        if path.suffix in (".py", ".pyc", ".so"):
            areas = [closure for closure in self._closures.values() if self._is_in(path, closure)]
            for closure in areas:
                closure.reach_path(path)
            if not areas and path.suffix == ".py" and not is_test(path.lstrip("/")):
                for closure in self._closures.values():
                    closure.scan_own(path)
        elif path in self._scripts:
            for closure in self._closures.values():
                closure.scan_own(path)
        elif path in self._context.yours and (
            path.suffix in CONFIG_SUFFIXES
            or may_name_commands(path)
            or self._is_shell_script(entry)
        ):
            self._take_config(entry)

    def _take_config(self, entry: Entry) -> None:
        if entry.size_bytes > _MAX_CONFIG_BYTES:
            return
        raw = self._context.read(entry.path) or b""
        for closure in self._closures.values():
            closure.note(raw)
        text = raw.decode("utf-8", "replace")
        reason = Reason(rule=Rule.PYTHON, detail="named in configuration", because=entry.path)
        for name in sorted(set(names_in_text(text))):
            for closure in self._closures.values():
                closure.reach_name(name, reason, top_level=False)
        if entry.path.suffix == ".sh" or self._is_shell_script(entry):
            self._take_embedded(raw, reason)
        elif may_name_commands(entry.path):
            lines = find_command_lines(entry.path, text).lines
            self._take_embedded("\n".join(lines).encode(), reason)

    def _take_embedded(self, script: bytes, reason: Reason) -> None:
        """Python code in a shell script, and modules that it runs with `python -m`."""
        for closure in self._closures.values():
            target = self._target(closure.environment.interpreter)
            for found in scan_shell(script, target):
                for name in absolute_names(found, "", is_package=False):
                    closure.reach_name(name, reason)
            for name in modules_run(script.decode("utf-8", "replace")):
                closure.reach_name(name, reason)

    def _is_shell_script(self, entry: Entry) -> bool:
        """Whether a `#!` line says so: entrypoints often have no suffix."""
        if not entry.is_executable or entry.path.suffix:
            return False
        words = parse_shebang(self._context.read(entry.path, limit=256) or b"")
        if not words:
            return False
        name = env_program(words[1]) if words[0].endswith("/env") and words[1:] else words[0]
        return posixpath.basename(name) in SHELLS

    def _is_in(self, path: ImagePath, closure: PythonClosure) -> bool:
        environment = closure.environment
        return any(
            path.is_below(area) for area in (environment.interpreter.stdlib, *environment.site_dirs)
        )

    def _find_libraries(self, closure: PythonClosure) -> None:
        """Libraries that code opens with ctypes, and what `find_library` runs to find them."""
        program = next(iter(closure.environment.interpreter.programs), None)
        for name, by in sorted(closure.libraries.items()):
            if name in self._libraries or program is None:
                continue
            self._libraries.add(name)
            with self._context.rootfs.open(program) as stream:
                elf = read_elf(stream)
            if elf is None:
                continue
            paths = LibraryPath(self._context.rootfs)
            is_bare = ".so" not in name
            reason = Reason(rule=Rule.PYTHON, detail=f"opens {name} with ctypes", because=by)
            for directory in paths.directories(elf):
                for child in self._context.tree.children(
                    self._context.tree.resolve(directory).path
                ):
                    if child == name or (is_bare and child.startswith(f"lib{name}.so")):
                        self._keeper.keep(f"{directory}/{child}", reason)
                        if is_bare:
                            self._keeper.keep_program("/sbin/ldconfig", reason)

    # -- what the image says -------------------------------------------------------------------

    def _command_lines(self) -> Sequence[tuple[str, ...]]:
        config = self._context.config
        found = [config.argv]
        if config.healthcheck is not None:
            found.append(config.healthcheck.test[1:])
        pids = self._context.trace.pids(Origin.APP, Origin.HEALTHCHECK)
        for process in self._context.trace.processes:
            if process.pid in pids:
                found += [(str(path), *argv[1:]) for path, argv in process.programs]
        found += [
            (str(access.path),)
            for access in self._context.trace.accesses
            if access.operation is Operation.EXEC and access.pid in pids
        ]
        return [argv for argv in dict.fromkeys(found) if argv]

    @cached_property
    def _local_path(self) -> tuple[ImagePath, ...]:
        """Directories that programs put on `sys.path` themselves: their own, and where they run."""
        found = [self._context.working_dir]
        for argv in self._command_lines():
            found += [
                ImagePath.parse(posixpath.join(self._context.working_dir, word)).parent
                for word in argv
                if word.endswith(".py")
            ]
        resolved = (self._context.tree.resolve(path) for path in found)
        return tuple(dict.fromkeys(item.path for item in resolved if item.entry is not None))

    @cached_property
    def _archives(self) -> tuple[ImagePath, ...]:
        """Programs that are archives (zipapp, pex, shiv): they come first on `sys.path`."""
        found: dict[ImagePath, None] = {}
        for argv in self._command_lines():
            for word in argv:
                if word.endswith((".pyz", ".pex", ".zip")) or word in (argv[0], *self._scripts):
                    path = posixpath.join(self._context.working_dir, word)
                    if _ARCHIVE in (self._context.read(path, limit=_MAX_HEAD_BYTES) or b""):
                        found[self._context.tree.resolve(path).path] = None
        return tuple(found)

    def _target(self, interpreter: Interpreter) -> Target:
        architecture = self._context.config.platform.architecture
        return Target(
            interpreter.version,
            interpreter.implementation,
            _MACHINES.get(architecture, architecture),
        )
