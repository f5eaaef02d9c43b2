"""Rule 5: programs that your code and settings, and the scripts they reach, start by name."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Final

from jettison.analysis.command_lines import (
    find_command_lines,
    is_periodic,
    may_name_commands,
)
from jettison.analysis.programs import SHELLS, env_program, parse_shebang, wrapped_programs
from jettison.analysis.python_programs import (
    PythonPrograms,
    find_program_literals,
    find_python_programs,
)
from jettison.analysis.shell_commands import find_shell_commands, inline_script
from jettison.filetree import Entry
from jettison.paths import ImagePath
from jettison.selection.context import Context
from jettison.selection.model import Reason, Rule
from jettison.selection.support import SupportFiles
from jettison.trace import Origin

_MAX_SCRIPT_BYTES: Final = 4 << 20


class ProgramRule:
    """Executables named where a program is started.

    Your own modules and shell scripts count in full, and a shell stays if one of them starts one.
    Other people's modules count only for programs that your layers installed, and never for a
    shell: a library that could page its help through a shell is no reason to ship one. A program
    comes with the rest that its package has it work with.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._keeper = context.keeper
        self._seen_paths = 0
        self._seen_programs = 0
        self._seen_scripts: set[ImagePath] = set()
        self._has_started = False
        self._support = SupportFiles(context)

    def apply(self) -> None:
        """Look at what came since the last time."""
        if not self._has_started:
            self._has_started = True
            self._commands_of_config()
            if self._context.is_closure:
                self._commands_of_trace()
        if not self._context.is_closure:
            return
        entries = self._keeper.new_entries(self._seen_paths)
        self._seen_paths = len(self._keeper.journal)
        for entry in entries:
            if entry.is_file and entry.path.endswith(".py"):
                self._module(entry)
            elif entry.is_file and entry.path in self._context.yours:
                self._settings(entry)
        while self._seen_programs < len(self._keeper.programs):
            path = self._keeper.programs[self._seen_programs]
            self._seen_programs += 1
            self._executed(path)

    def finish(self) -> None:
        """Nothing depends on the whole."""

    # Where commands stand

    def _commands_of_config(self) -> None:
        """The image's own command and its health check are kept under every policy."""
        config = self._context.config
        entrypoint = Reason(rule=Rule.ESSENTIAL, detail="the image's command")
        self._argv(config.argv, entrypoint)
        if config.entrypoint and config.cmd:
            # An entrypoint script ends with `exec "$@"`, which is the CMD.
            self._argv(config.cmd, entrypoint)
        if config.healthcheck is None:
            return
        reason = Reason(rule=Rule.ESSENTIAL, detail="HEALTHCHECK")
        kind, *words = config.healthcheck.test or ("NONE",)
        if kind == "CMD":
            self._argv(words, reason)
        elif kind == "CMD-SHELL" and words:
            self._argv((*(config.shell or ("/bin/sh", "-c")), words[0]), reason)

    def _commands_of_trace(self) -> None:
        """Shell scripts that were run, by the arguments of the shells that ran them."""
        pids = self._context.trace.pids(Origin.APP, Origin.HEALTHCHECK)
        reason = Reason(rule=Rule.PROGRAM, detail="in a shell line that was run")
        for process in self._context.trace.processes:
            if process.pid in pids:
                for path, argv in process.programs:
                    if path.name in SHELLS or posixpath.basename("".join(argv[:1])) in SHELLS:
                        self._shell_arguments(argv[1:], reason)

    def _module(self, entry: Entry) -> None:
        is_yours = entry.path in self._context.yours
        if not is_yours and not (self._installed and _is_distributed(entry.path)):
            return
        source = self._context.read(entry.path, limit=_MAX_SCRIPT_BYTES) or b""
        reason = Reason(rule=Rule.PROGRAM, detail="started by", because=entry.path)
        if is_yours:
            self._own_module(find_python_programs(source), reason)
        else:
            for name in sorted(find_program_literals(source) & self._installed.keys()):
                self._start(self._installed[name], reason)

    def _own_module(self, found: PythonPrograms, reason: Reason) -> None:
        if found.starts_shell:
            self._start("/bin/sh", reason)
        for line in found.lines:
            self._shell_text(line, reason)
        for argv in (*found.argvs, *found.heads):
            self._argv(argv, reason)
        for name in sorted({posixpath.basename(path) for path in found.paths}):
            for path in self._own_executables.get(name, ()):
                self._keeper.keep_program(path, reason)

    def _settings(self, entry: Entry) -> None:
        """Crontabs, Procfiles, and what tells process managers which programs there are."""
        reason = Reason(rule=Rule.PROGRAM, detail="named by", because=entry.path)
        if is_periodic(entry.path):
            self._start("run-parts", reason)
            self._keeper.keep_program(entry.path, reason)
        elif may_name_commands(entry.path) and entry.size_bytes <= _MAX_SCRIPT_BYTES:
            text = (self._context.read(entry.path) or b"").decode("utf-8", "replace")
            found = find_command_lines(entry.path, text)
            for line in found.lines:
                self._shell_text(line, reason)
            if found.needs_shell:
                self._start("/bin/sh", reason)

    def _executed(self, path: ImagePath) -> None:
        """The body of a program, if that is a shell script."""
        words = parse_shebang(self._context.read(path, limit=256) or b"")
        if not words:
            return
        interpreter = posixpath.basename(words[0])
        if interpreter == "env" and len(words) > 1:
            interpreter = env_program(words[1])
        if posixpath.basename(interpreter) in SHELLS:
            self._script(path)

    def _script(self, path: ImagePath) -> None:
        if path in self._seen_scripts:
            return
        self._seen_scripts.add(path)
        text = self._context.read(path, limit=_MAX_SCRIPT_BYTES) or b""
        reason = Reason(rule=Rule.PROGRAM, detail="named by the script", because=path)
        self._shell_text(text.decode("utf-8", "replace"), reason)

    # What they name

    def _argv(self, argv: Sequence[str], reason: Reason) -> None:
        if not argv or not self._start(argv[0], reason):
            return
        if posixpath.basename(argv[0]) in SHELLS:
            self._shell_arguments(argv[1:], reason)
        for name in wrapped_programs(argv):
            self._start(name, reason)

    def _shell_arguments(self, arguments: Sequence[str], reason: Reason) -> None:
        """`sh -c LINE` or `sh SCRIPT`."""
        if line := inline_script(arguments):
            self._shell_text(line, reason)
            return
        for word in arguments:
            if not word.startswith("-"):
                self._read_script(word, reason)
                return

    def _read_script(self, name: str, reason: Reason) -> None:
        path = posixpath.join(self._context.working_dir, name)
        found = self._context.tree.resolve(path) if "\0" not in path else None
        if found is not None and found.entry is not None and found.entry.is_file:
            self._keeper.keep(path, reason)
            self._script(found.path)

    def _shell_text(self, text: str, reason: Reason) -> None:
        if not self._context.is_closure:
            return
        use = find_shell_commands(text)
        self._start_all((*use.commands, *use.candidates), reason)
        for name in use.sourced:
            self._read_script(name, reason)

    def _start_all(self, names: Iterable[str], reason: Reason) -> None:
        for name in names:
            self._start(name, reason)

    def _start(self, name: str, reason: Reason) -> bool:
        path = self._context.search_path.find(name, self._context.tree)
        real = self._keeper.keep_program(path, reason) if path is not None else None
        if real is not None and self._context.is_closure and not self._has_shown(real, reason):
            self._support.keep(real)
        return real is not None

    def _has_shown(self, program: ImagePath, reason: Reason) -> bool:
        """Whether the run has shown what the image's own command, or a manager's program, needs."""
        is_service = reason.rule is Rule.ESSENTIAL or (
            reason.because is not None and may_name_commands(reason.because)
        )
        return is_service and any(
            item.rule is Rule.OBSERVED for item in self._keeper.reasons(program)
        )

    @cached_property
    def _own_executables(self) -> dict[str, list[ImagePath]]:
        """The author's executable files, by name."""
        found: dict[str, list[ImagePath]] = {}
        for path in sorted(self._context.yours):
            if self._context.tree[path].is_executable:
                found.setdefault(path.name, []).append(path)
        return found

    @cached_property
    def _installed(self) -> dict[str, str]:
        """Programs that the author's layers installed from OS packages, by name."""
        tree, base = self._context.tree, self._context.last_base_layer
        found: dict[str, str] = {}
        for directory in reversed(self._context.search_path.directories):
            real = tree.resolve(posixpath.join("/", directory)).path
            for name in tree.children(real):
                entry = tree[real / name]
                owner = self._context.ownership.find_owner(entry.path)
                if owner is not None and entry.layer > base and name not in SHELLS:
                    found[name] = f"{directory}/{name}"
        return found


def _is_distributed(path: ImagePath) -> bool:
    """Whether it belongs to a distribution, and not to the standard library."""
    return "/site-packages/" in path or "/dist-packages/" in path
