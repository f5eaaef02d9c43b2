"""Servers for development in what a container starts: command lines, variables, Python sources."""

from __future__ import annotations

import ast
import posixpath
import re
import shlex
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from jettison.analysis.programs import SHELLS, WRAPPERS

_MAX_SOURCE_BYTES: Final = 1 << 20
_PYTHON: Final = re.compile(r"(?:python|pypy)[0-9.]*\Z")
_TRUE: Final = frozenset({"1", "true", "yes", "on", "t", "y"})
_RELOADERS: Final = frozenset(
    {"uvicorn", "gunicorn", "hypercorn", "granian", "pserve", "daphne", "sanic", "litestar"}
)
_RELOAD_OPTIONS: Final = ("--reload", "--debug", "--dev", "--auto-reload", "-d")
# Variables that switch debugging on, and what they are set to for that.
_DEBUG_VARIABLES: Final = frozenset(
    {"FLASK_DEBUG", "DJANGO_DEBUG", "QUART_DEBUG", "DEBUG", "APP_DEBUG", "PYTHONDEVMODE"}
)
_DEVELOPMENT_VARIABLES: Final = frozenset({"FLASK_ENV", "QUART_ENV"})
# Frameworks whose `app.run()` serves for development alone, by the module that gives the app.
_OWN_SERVERS: Final = frozenset({"flask", "quart", "dash", "bottle", "flask_socketio", "connexion"})


@dataclass(frozen=True, slots=True, kw_only=True)
class DebugServer:
    """A server that is not for production; `is_debugging` says that its debugger is on, too.

    A debugger like Werkzeug's runs whatever its visitors type.
    """

    what: str
    is_debugging: bool = False


def find_in_argv(argv: Sequence[str]) -> DebugServer | None:
    """What a command line starts, if it is a server for development.

    Shape: wrappers, `python -m` and lines handed to a shell are looked through.
    """
    words = _unwrapped(argv)
    if not words:
        return None
    program = posixpath.basename(words[0])
    if program in SHELLS:
        line = _shell_line(words)
        return next(filter(None, map(find_in_argv, split_line(line))), None)
    if _PYTHON.match(program):
        return _of_python(words)
    return _of_program(program, words[1:])


def find_python_script(argv: Sequence[str]) -> tuple[str, str]:
    """The script or the module that a command line gives to Python; one of both is empty."""
    words = _unwrapped(argv)
    if words and posixpath.basename(words[0]) in SHELLS:
        for command in split_line(_shell_line(words)):
            found = find_python_script(command)
            if any(found):
                return found
    if not words or not _PYTHON.match(posixpath.basename(words[0])):
        return "", ""
    script, module, _ = _python_target(words)
    return script, module


def split_line(line: str) -> Iterator[tuple[str, ...]]:
    """The commands of a line of shell, without assignments in front of them."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars=";&|()\n")
    lexer.whitespace = " \t\r"
    lexer.whitespace_split = True
    command: list[str] = []
    try:
        for word in lexer:
            if set(word) <= set(";&|()\n"):
                if command:
                    yield tuple(command)
                command = []
            elif command or not re.match(r"\w+=", word):
                command.append(word)
    except ValueError:  # a quote that nobody closes
        return
    if command:
        yield tuple(command)


def find_in_env(name: str, value: str) -> DebugServer | None:
    """Whether a variable switches debugging on."""
    if name in _DEBUG_VARIABLES and value.strip().lower() in _TRUE:
        return DebugServer(what=f"{name}={value}", is_debugging=name != "PYTHONDEVMODE")
    if name in _DEVELOPMENT_VARIABLES and value.strip().lower() == "development":
        return DebugServer(what=f"{name}={value}", is_debugging=True)
    if name == "WERKZEUG_DEBUG_PIN" and value == "off":
        return DebugServer(what="WERKZEUG_DEBUG_PIN=off", is_debugging=True)
    return None


def find_in_source(source: bytes) -> tuple[DebugServer, int] | None:
    """The server for development that a Python script starts, and the line where it does."""
    if len(source) > _MAX_SOURCE_BYTES or b"run" not in source:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            module = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    imported = {
        name.partition(".")[0]
        for node in ast.walk(module)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in _imported(node)
    }
    for node in ast.walk(module):
        if isinstance(node, ast.Call) and (found := _of_call(node, imported)):
            return found, node.lineno
    return None


def _imported(node: ast.Import | ast.ImportFrom) -> tuple[str, ...]:
    if isinstance(node, ast.ImportFrom):
        return (node.module or "",)
    return tuple(alias.name for alias in node.names)


def _of_call(node: ast.Call, imported: set[str]) -> DebugServer | None:
    name = ast.unparse(node.func)
    options = {
        keyword.arg: keyword.value.value
        for keyword in node.keywords
        if keyword.arg and isinstance(keyword.value, ast.Constant)
    }
    is_on = any(options.get(name) is True for name in ("debug", "reload", "use_reloader"))
    shown = f"{name}(…, debug=True)" if options.get("debug") is True else f"{name}(…)"
    if name == "uvicorn.run":
        return DebugServer(what="uvicorn.run(…, reload=True)") if options.get("reload") else None
    if name in ("run_simple", "serving.run_simple") and "werkzeug" in imported:
        is_debugging = options.get("use_debugger") is True
        return DebugServer(what="werkzeug's run_simple", is_debugging=is_debugging)
    if name.endswith((".run", ".run_server")) and imported & _OWN_SERVERS:
        # asyncio.run, subprocess.run and others' are no servers.
        owner = name.rpartition(".")[0]
        if owner.rpartition(".")[2] in ("asyncio", "subprocess", "anyio", "trio", "runner"):
            return None
        return DebugServer(what=shown, is_debugging=is_on)
    return None


def _unwrapped(argv: Sequence[str]) -> Sequence[str]:
    """Without `tini --`, `env A=b`, `exec` and the like in front."""
    words = list(argv)
    for _ in range(8):
        if not words or (words[0] != "exec" and posixpath.basename(words[0]) not in WRAPPERS):
            break
        rest = words[1:]
        if "--" in rest:
            rest = rest[rest.index("--") + 1 :]
        while rest and (rest[0][:1] in ("-", "+") or "=" in rest[0] or rest[0].isdecimal()):
            rest = rest[1:]
        words = rest
    return words


def _shell_line(words: Sequence[str]) -> str:
    for number, word in enumerate(words[1:], start=1):
        if word.startswith("-") and not word.startswith("--") and "c" in word:
            return words[number + 1] if len(words) > number + 1 else ""
    return ""


def _python_target(words: Sequence[str]) -> tuple[str, str, Sequence[str]]:
    """Script, module and arguments of an interpreter's command line."""
    rest = list(words[1:])
    while rest:
        word = rest.pop(0)
        if word == "-m" and rest:
            return "", rest[0], rest[1:]
        if word.startswith("-m") and len(word) > 2:
            return "", word[2:], rest
        if word in ("-W", "-X") and rest:
            rest.pop(0)
        elif word in ("-c", "-"):
            break
        elif not word.startswith("-"):
            return word, "", rest
    return "", "", ()


def _of_python(words: Sequence[str]) -> DebugServer | None:
    script, module, arguments = _python_target(words)
    if module:
        if module == "http.server":
            return DebugServer(what="python -m http.server")
        if module in ("pdb", "debugpy"):
            return DebugServer(what=f"python -m {module}", is_debugging=True)
        return _of_program(module.partition(".")[0], arguments)
    return _of_program(posixpath.basename(script), arguments) if script else None


def _of_program(program: str, arguments: Sequence[str]) -> DebugServer | None:
    commands = [word for word in arguments if not word.startswith("-")]
    first = commands[0] if commands else ""
    is_debugging = "--debug" in arguments
    if program in ("flask", "quart") and "run" in commands:
        return DebugServer(what=f"{program} run", is_debugging=is_debugging)
    if first.startswith("runserver") and (
        program in ("django-admin", "django", "adev", "manage") or program.endswith(".py")
    ):
        return DebugServer(what=f"{program} {first}", is_debugging=first == "runserver_plus")
    if program == "fastapi" and first == "dev":
        return DebugServer(what="fastapi dev")
    if program in _RELOADERS:
        options = _RELOAD_OPTIONS if program in ("sanic", "litestar") else ("--reload",)
        for option in options:
            if option in arguments:
                return DebugServer(what=f"{program} {option}")
    if program in ("watchmedo", "watchfiles", "nodemon"):
        return DebugServer(what=f"{program}, which restarts on every change of a file")
    return None
