"""What serves the app: the command's server, where it listens, and at which ports."""

from __future__ import annotations

import ast
import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from jettison.analysis.debug_servers import find_python_script
from jettison.lint.copies import find_file
from jettison.lint.view import Command, View, program_of

_LOOPBACK: Final = re.compile(r"(?:localhost|127(?:\.\d+){1,3}|\[?::1\]?)\Z")
_ADDRESS: Final = re.compile(r"(?:(?P<host>\[[^]]*\]|[^:/\[\]]*):)?(?P<port>\d+|\$\{?\w.*)?\Z")
_BIND: Final = re.compile(r"^\s*bind\s*=\s*(.+)$", re.MULTILINE)
_QUOTED: Final = re.compile(r"[\"']([^\"']+)[\"']")


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A program that listens: its options for address and port, and what it does without.

    Shape: `host` and `port` are options with a value; `bind` ones with both; variables by name;
    `default_host` is where it listens untold, empty for all addresses.
    """

    host: tuple[str, ...] = ()
    port: tuple[str, ...] = ()
    bind: tuple[str, ...] = ()
    host_variable: str = ""
    port_variable: str = ""
    default_host: str = ""
    default_port: int = 8000
    others: tuple[str, ...] = ()


SERVERS: Final[Mapping[str, Server]] = {
    "gunicorn": Server(
        bind=("-b", "--bind"),
        port_variable="PORT",
        default_host="127.0.0.1",
        others=("-c", "--config"),
    ),
    "uvicorn": Server(
        host=("--host",),
        port=("--port",),
        host_variable="UVICORN_HOST",
        port_variable="UVICORN_PORT",
        default_host="127.0.0.1",
        others=("--uds", "--fd"),
    ),
    "hypercorn": Server(bind=("-b", "--bind"), default_host="127.0.0.1", others=("-c", "--config")),
    "granian": Server(
        host=("--host",),
        port=("--port",),
        host_variable="GRANIAN_HOST",
        port_variable="GRANIAN_PORT",
        default_host="127.0.0.1",
        others=("--uds",),
    ),
    "daphne": Server(
        host=("-b", "--bind"), port=("-p", "--port"), default_host="127.0.0.1", others=("-u", "-e")
    ),
    "flask": Server(
        host=("-h", "--host"),
        port=("-p", "--port"),
        host_variable="FLASK_RUN_HOST",
        port_variable="FLASK_RUN_PORT",
        default_host="127.0.0.1",
        default_port=5000,
    ),
    "waitress-serve": Server(
        host=("--host",), port=("--port",), default_port=8080, bind=("--listen",)
    ),
    "fastapi": Server(host=("--host",), port=("--port",)),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Listening:
    """Where a command listens.

    Shape: `hosts` are empty for all addresses; `where` is the file and line that say so, None for
    the command itself; `untold` says that nothing but the server's default does.
    """

    program: str
    hosts: tuple[str, ...]
    ports: tuple[int, ...]
    untold: bool = False
    where: tuple[str, int] | None = None

    @property
    def is_loopback(self) -> bool:
        """Whether nobody outside the container can reach it."""
        return bool(self.hosts) and all(_LOOPBACK.match(host) for host in self.hosts)


def listening(command: Command, environment: Mapping[str, str]) -> Listening | None:
    """Where the server that a command starts listens; None where it is none that is known."""
    words = list(command)
    while words and words[0] in ("exec", "tini", "--", "/sbin/tini", "dumb-init"):
        words.pop(0)
    program = program_of(words)
    if re.match(r"(?:python|pypy)[0-9.]*\Z", program) and "-m" in words[:-1]:
        words = words[words.index("-m") + 1 :]
        program = words[0].partition(".")[0]
    if program.endswith("manage.py") or (program.startswith("python") and "runserver" in words):
        return _runserver(words)
    server = SERVERS.get(program)
    if server is None or (program == "flask" and "run" not in words):
        return None
    if any(word.partition("=")[0] in server.others for word in words):
        return Listening(program=program, hosts=(), ports=())
    return _of_options(program, server, words, environment)


def _of_options(
    program: str, server: Server, words: list[str], environment: Mapping[str, str]
) -> Listening:
    hosts, ports = [], []
    untold = True
    for value in _values(words, server.bind):
        host, port = split_address(value)
        untold = False
        if host is not None:
            hosts.append(host)
        if port:
            ports.append(port)
    for value in _values(words, server.host):
        untold = False
        hosts.append(value)
    ports += [int(value) for value in _values(words, server.port) if value.isdigit()]
    if untold and (value := environment.get(server.host_variable, "")):
        hosts, untold = [value], False
    set_port = environment.get(server.port_variable, "") if not ports else ""
    if set_port.isdigit():
        ports.append(int(set_port))
    # Gunicorn listens everywhere where PORT is set.
    if untold and program == "gunicorn" and set_port:
        untold = False
    if untold and server.default_host:
        hosts = [server.default_host]
    return Listening(
        program=program,
        hosts=tuple(hosts),
        ports=tuple(ports) or (server.default_port,),
        untold=untold,
    )


def _runserver(words: list[str]) -> Listening | None:
    if "runserver" not in words:
        return None
    rest = [word for word in words[words.index("runserver") + 1 :] if not word.startswith("-")]
    host, port = split_address(rest[0]) if rest else ("127.0.0.1", 8000)
    if rest and host is None:
        host = "127.0.0.1"
    return Listening(
        program="runserver", hosts=(host,) if host else (), ports=(port or 8000,), untold=not rest
    )


def _values(words: list[str], options: tuple[str, ...]) -> Iterator[str]:
    for number, word in enumerate(words):
        name, equals, value = word.partition("=")
        if name in options:
            if equals:
                yield value
            elif number + 1 < len(words):
                yield words[number + 1]
        elif not word.startswith("--"):
            for option in options:
                if len(option) == 2 and word.startswith(option) and len(word) > 2:
                    yield word[2:]


def split_address(text: str) -> tuple[str | None, int]:
    """Host and port of `127.0.0.1:8000`, `:8000`, `8000` or `unix:/run/app`; None for no host."""
    if text.startswith(("unix:", "fd://")):
        return "", 0
    match = _ADDRESS.match(text)
    if match is None:
        return text, 0
    port = match["port"] or ""
    return match["host"], int(port) if port.isdigit() else 0


def of_command(view: View) -> Iterator[Listening]:
    """Where the app listens, by its command, its server's config, and its source."""
    for command in view.start_commands:
        environment = dict(view.environment)
        arguments = environment.pop("GUNICORN_CMD_ARGS", "").split()
        found = listening((*command, *arguments), environment)
        if found is not None and found.untold and found.program == "gunicorn":
            found = _of_config(view) or found
        elif found is not None and found.program in ("gunicorn", "hypercorn") and not found.ports:
            found = _of_config(view, *_values([*command, *arguments], ("-c", "--config"))) or found
        if found is not None:
            yield found
        else:
            yield from _of_script(view, command)


def _of_config(view: View, *names: str) -> Listening | None:
    for name in names or ("gunicorn.conf.py",):
        path = posixpath.join(view.workdir(view.final), name.removeprefix("python:"))
        file = find_file(view, view.final, posixpath.normpath(path), None)
        text = view.context.text(file) if file else None
        match = _BIND.search(text or "")
        if file is None or match is None:
            continue
        line = (text or "").count("\n", 0, match.start(1)) + 1
        addresses = [split_address(value) for value in _QUOTED.findall(match[1])]
        if not addresses:
            return Listening(program="gunicorn", hosts=(), ports=())
        return Listening(
            program="gunicorn",
            hosts=tuple(host for host, _ in addresses if host),
            ports=tuple(port for _, port in addresses if port),
            where=(file, line),
        )
    return None


def script_of(view: View, command: Command) -> str:
    """The file of the context that a command gives to Python, empty where it is not known."""
    script, module = find_python_script(command)
    if module:
        script = module.replace(".", "/") + ".py"
    if not script:
        return ""
    path = posixpath.normpath(posixpath.join(view.workdir(view.final), script))
    for stage in reversed(view.chain):
        found = find_file(view, stage, path, None)
        if found is not None and view.context.text(found) is not None:
            return found
    return ""


def _of_script(view: View, command: Command) -> Iterator[Listening]:
    """`app.run(host=…, port=…)` and `uvicorn.run(…)` in the script that is started."""
    file = script_of(view, command)
    tree = view.context.tree(file) if file else None
    if tree is None:
        return
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        owner = ast.unparse(node.func.value)
        if node.func.attr != "run" or owner.rpartition(".")[2] in ("asyncio", "subprocess"):
            continue
        options = {item.arg: item.value for item in node.keywords if item.arg}
        if owner != "uvicorn" and not {"host", "port", "debug"} & options.keys():
            continue
        host, port = (_literal(options.get(name)) for name in ("host", "port"))
        default = 8000 if owner == "uvicorn" else 5000
        if "host" in options and not isinstance(host, str):
            continue
        yield Listening(
            program=f"{owner}.run",
            hosts=(str(host),) if "host" in options else ("127.0.0.1",),
            ports=(port,) if isinstance(port, int) else () if "port" in options else (default,),
            untold="host" not in options,
            where=(file, node.lineno),
        )


def _literal(node: ast.expr | None) -> object:
    return node.value if isinstance(node, ast.Constant) else None
