"""Servers for development in what the image starts: its command, its scripts, its variables."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Sequence
from typing import Final

from jettison.analysis.debug_servers import (
    DebugServer,
    find_in_argv,
    find_in_env,
    find_in_source,
    find_python_script,
    split_line,
)
from jettison.analysis.programs import SHELLS, SearchPath, parse_shebang
from jettison.paths import ROOT, ImagePath
from jettison.xray.risk_model import Risk, RiskKind, Severity, Subject

_MAX_SCRIPT_BYTES: Final = 1 << 20
# An entrypoint that calls a script that calls another: further ones are not followed.
_MAX_DEPTH: Final = 3


def find_command_risks(subject: Subject) -> Iterator[Risk]:
    """At most one for the command, and one for each variable."""
    config = subject.config
    argv = config.argv
    found = _Search(subject).of_argv(argv, _MAX_DEPTH)
    if found is not None:
        yield found
    for name, value in config.env:
        server = find_in_env(name, value)
        if server is not None:
            yield _risk(server, f"the environment has {server.what}")


class _Search:
    def __init__(self, subject: Subject) -> None:
        self._subject = subject
        self._directory = ImagePath.parse(subject.config.working_dir or ROOT)
        self._path = SearchPath.of(dict(subject.config.env), self._directory)

    def of_argv(self, argv: Sequence[str], depth: int) -> Risk | None:
        """The server that a command line starts by itself or through scripts of the image."""
        if depth == 0 or not argv:
            return None
        server = find_in_argv(argv)
        if server is not None:
            return _risk(server, f"the command starts {server.what}")
        return self._of_python(argv) or self._of_script(argv, depth)

    def _of_python(self, argv: Sequence[str]) -> Risk | None:
        script, module = find_python_script(argv)
        if module:
            name = posixpath.join(self._directory, module.replace(".", "/"))
            candidates = [f"{name}.py", f"{name}/__main__.py"]
        else:
            candidates = [posixpath.join(self._directory, script)] if script else []
        for candidate in candidates:
            path, source = self._read(candidate)
            found = find_in_source(source) if source else None
            if found is not None:
                server, line = found
                return _risk(server, f"the command starts {server.what}", path, line)
        return None

    def _of_script(self, argv: Sequence[str], depth: int) -> Risk | None:
        """A shell script's last commands matter as much as its first."""
        words = [word for word in argv if not word.startswith("-")]
        is_shell = bool(words) and posixpath.basename(words[0]) in SHELLS
        names = words[1:2] if is_shell else words[:1]
        for name in names:
            path, source = self._read(self._path.find(name, self._subject.rootfs.tree) or "")
            if not source and is_shell:
                path, source = self._read(posixpath.join(self._directory, name))
            shebang = parse_shebang(source)
            interpreter = posixpath.basename(shebang[0]) if shebang else ""
            if interpreter == "env" and len(shebang) > 1:
                interpreter = shebang[1].split()[0]
            if interpreter.startswith("python") and (found := find_in_source(source)):
                return _risk(found[0], f"the command starts {found[0].what}", path, found[1])
            if not is_shell and interpreter not in SHELLS:
                continue
            risk = self._of_lines(path, source, depth)
            # `exec "$@"` at the end of an entrypoint starts what stands behind it.
            return risk or self.of_argv(words[words.index(name) + 1 :], depth - 1)
        return None

    def _of_lines(self, path: ImagePath, source: bytes, depth: int) -> Risk | None:
        text = source.decode("utf-8", "replace").replace("\\\n", " ")
        for number, line in enumerate(text.splitlines(), start=1):
            for command in split_line(line):
                server = find_in_argv(command)
                if server is not None:
                    return _risk(server, f"the command starts {server.what}", path, number)
                risk = self._of_python(command)
                if risk is None and command[0].startswith(("/", "./")):
                    risk = self.of_argv(command, depth - 1)
                if risk is not None:
                    return risk
        return None

    def _read(self, name: str) -> tuple[ImagePath, bytes]:
        if not name or "\0" in name:
            return ROOT, b""
        found = self._subject.rootfs.tree.resolve(name)
        if found.entry is None or not found.entry.is_file:
            return found.path, b""
        with self._subject.rootfs.open(found.path) as file:
            return found.path, file.read(_MAX_SCRIPT_BYTES)


def _risk(
    server: DebugServer, detail: str, path: ImagePath | None = None, line: int | None = None
) -> Risk:
    if server.is_debugging:
        detail += ", with its debugger on"
    return Risk(
        kind=RiskKind.DEBUG_SERVER,
        severity=Severity.HIGH if server.is_debugging else Severity.MEDIUM,
        detail=detail,
        path=path,
        line=line,
    )
