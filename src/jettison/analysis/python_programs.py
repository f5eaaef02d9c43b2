"""Which programs a Python module starts, read from its syntax tree.

Only literals are found: `subprocess.run(["gzip", name])`, `os.system("sort " + name)`,
`shutil.which("convert")`, names that the module sets to a literal, defaults of settings, and what
the module hands to a function of its own that starts it: `run("gzip", name)`.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

_MAX_SOURCE_BYTES: Final = 4 << 20
_HINT: Final = re.compile(
    rb"subprocess|[Pp]open|\bos\.system|import.{0,80}\b(?:system|which)\b|shutil\.which|\.exec[lv]|spawn"
    rb"|run_process|open_process|find_executable"
)
_LITERAL: Final = re.compile(rb"""["']([\w.+-]{2,64})["']""")
_SCRIPT_NAME: Final = re.compile(r"(?=.*[./])[\w@%+=:,./-]{1,255}")


class _Form(StrEnum):
    ARGV = "argv"  # the first argument is a list, or the program's name
    SHELL = "shell"  # the first argument is a line for /bin/sh
    NAME = "name"  # the first argument is the program's name
    MODE = "mode"  # the second argument is the program's name: os.spawnv


_CALLS: Final = {
    **{
        f"subprocess.{name}": _Form.ARGV
        for name in ("run", "call", "check_call", "check_output", "Popen")
    },
    "subprocess.getoutput": _Form.SHELL,
    "subprocess.getstatusoutput": _Form.SHELL,
    "os.system": _Form.SHELL,
    "os.popen": _Form.SHELL,
    **{
        f"os.{name}": _Form.NAME
        for name in (
            *("execl", "execle", "execlp", "execlpe", "execv", "execve", "execvp", "execvpe"),
            *("posix_spawn", "posix_spawnp"),
        )
    },
    **{
        f"os.{name}": _Form.MODE
        for name in (
            *("spawnl", "spawnle", "spawnlp", "spawnlpe"),
            *("spawnv", "spawnve", "spawnvp", "spawnvpe"),
        )
    },
    "shutil.which": _Form.NAME,
    "distutils.spawn.find_executable": _Form.NAME,
    "pty.spawn": _Form.ARGV,
    "asyncio.create_subprocess_exec": _Form.NAME,
    "asyncio.create_subprocess_shell": _Form.SHELL,
    "asyncio.subprocess.create_subprocess_exec": _Form.NAME,
    "asyncio.subprocess.create_subprocess_shell": _Form.SHELL,
    "anyio.run_process": _Form.ARGV,
    "anyio.open_process": _Form.ARGV,
    "trio.run_process": _Form.ARGV,
    "pexpect.spawn": _Form.ARGV,
    "psutil.Popen": _Form.ARGV,
}
# Packages that have modules of the standard library once more, as theirs.
_STAND_INS: Final = ("", "gevent.", "eventlet.green.")
# Calls with an argument for what is not set, and its place: os.getenv("GZIP", "gzip").
_DEFAULT_AT: Final = {"get": 1, "getattr": 2, "getenv": 1, "pop": 1, "setdefault": 1}

# Arguments that one parameter is followed to.
_MAX_PASSED: Final = 128


@dataclass(frozen=True, slots=True, kw_only=True)
class PythonPrograms:
    """What one module starts.

    Shape: `argvs` are literal argument lists, "" for each argument that is computed; `lines` are
    for a shell, "$x" for each computed part; `heads` are lists of literals which the module may
    pass on as argv; `paths` are literals that look like the name of a script; all sorted.
    `starts_shell` also when the line is computed.
    """

    argvs: tuple[tuple[str, ...], ...] = ()
    lines: tuple[str, ...] = ()
    heads: tuple[tuple[str, ...], ...] = ()
    paths: tuple[str, ...] = ()
    starts_shell: bool = False


_NOTHING: Final = PythonPrograms()


def find_python_programs(source: bytes) -> PythonPrograms:
    """Read one module; nothing for a module that starts none or cannot be parsed."""
    if len(source) > _MAX_SOURCE_BYTES or not _HINT.search(source):
        return _NOTHING
    try:
        with warnings.catch_warnings():
            # Invalid escapes in somebody's source are no concern of the reader.
            warnings.simplefilter("ignore")
            module = ast.parse(source)
        finder = _Finder()
        finder.collect(module)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return _NOTHING
    return finder.result()


def find_program_literals(source: bytes) -> frozenset[str]:
    """Literals of a module that starts programs which could name one; no syntax tree is made."""
    if not _HINT.search(source):
        return frozenset()
    return frozenset(match.decode("ascii", "replace") for match in _LITERAL.findall(source))


@dataclass
class _Finder:
    aliases: dict[str, set[str]] = field(default_factory=dict)
    values: dict[str, list[ast.expr]] = field(default_factory=dict)
    functions: dict[str, list[ast.arguments]] = field(default_factory=dict)
    passed: dict[str, list[ast.expr]] = field(default_factory=dict)
    argvs: set[tuple[str, ...]] = field(default_factory=set)
    lines: set[str] = field(default_factory=set)
    heads: set[tuple[str, ...]] = field(default_factory=set)
    paths: set[str] = field(default_factory=set)
    starts_shell: bool = False
    starts_any: bool = False

    def collect(self, module: ast.Module) -> None:
        """Names first, so that a call may stand before the assignment it depends on."""
        nodes = list(ast.walk(module))
        for node in nodes:
            self._learn_names(node)
        for node in nodes:
            if isinstance(node, ast.Call):
                self._learn_arguments(node)
        for node in nodes:
            if isinstance(node, ast.Call):
                self._call(node)
            elif isinstance(node, ast.List | ast.Tuple):
                words = tuple(_literal(item) for item in node.elts)
                if words and words[0]:
                    self.heads.add(words)
            elif _SCRIPT_NAME.fullmatch(text := _literal(node)):
                self.paths.add(text)

    def result(self) -> PythonPrograms:
        """What was found; lists and paths count only where something is started at all."""
        if not self.starts_any:
            return _NOTHING
        return PythonPrograms(
            argvs=tuple(sorted(self.argvs)),
            lines=tuple(sorted(self.lines)),
            heads=tuple(sorted(self.heads)),
            paths=tuple(sorted(self.paths)),
            starts_shell=self.starts_shell,
        )

    def _learn_names(self, node: ast.AST) -> None:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            self._learn_function(node.name, node.args)
        match node:
            case ast.Import():
                for item in node.names:
                    top = item.name.partition(".")[0]
                    self._alias(item.asname or top, item.name if item.asname else top)
            case ast.ImportFrom(module=str(module)):
                for item in node.names:
                    self._alias(item.asname or item.name, f"{module}.{item.name}")
            case ast.Assign():
                for target in node.targets:
                    self._learn_value(target, node.value)
            case ast.AnnAssign(value=ast.expr() as value):
                self._learn_value(node.target, value)
            case ast.arguments():
                named = [*node.posonlyargs, *node.args]
                pairs = [
                    *zip(reversed(named), reversed(node.defaults), strict=False),
                    *zip(node.kwonlyargs, node.kw_defaults, strict=True),
                ]
                for argument, default in pairs:
                    if default is not None:
                        self.values.setdefault(argument.arg, []).append(default)
            case _:
                pass

    def _alias(self, name: str, meant: str) -> None:
        """Functions may import different things by one name, so each of them counts."""
        self.aliases.setdefault(name, set()).add(meant)

    def _learn_value(self, target: ast.expr, value: ast.expr) -> None:
        name = _name(target)
        if name and len(self.values.setdefault(name, [])) < 16:
            self.values[name].append(value)

    def _learn_function(self, name: str, arguments: ast.arguments) -> None:
        known = self.functions.setdefault(name, [])
        # Each call is laid against each of them.
        if len(known) < 16 and len(arguments.posonlyargs) + len(arguments.args) <= 64:
            known.append(arguments)

    def _learn_arguments(self, node: ast.Call) -> None:
        """A call of a function of this module sets the function's parameters."""
        for wanted in self.functions.get(_name(node.func), ()):
            names = [item.arg for item in (*wanted.posonlyargs, *wanted.args)]
            if isinstance(node.func, ast.Attribute) and names[:1] in (["self"], ["cls"]):
                del names[0]
            for name, value in zip(names, node.args, strict=False):
                self._pass(name, value)
            if wanted.vararg is not None and (rest := node.args[len(names) :]):
                self._pass(wanted.vararg.arg, ast.Tuple(elts=rest, ctx=ast.Load()))
            for item in node.keywords:
                if item.arg:
                    self._pass(item.arg, item.value)

    def _pass(self, name: str, value: ast.expr) -> None:
        if len(self.passed.setdefault(name, [])) < _MAX_PASSED:
            self.passed[name].append(value)

    def _call(self, node: ast.Call) -> None:
        form = self._form(node.func)
        if form is None:
            return
        self.starts_any = True
        keywords = {item.arg: item.value for item in node.keywords if item.arg}
        first = node.args[0] if node.args else keywords.get("args") or keywords.get("cmd")
        shell = keywords.get("shell")
        if shell is not None and not (isinstance(shell, ast.Constant) and not shell.value):
            form = _Form.SHELL
        if form is _Form.SHELL:
            self.starts_shell = True
        if form is _Form.MODE:
            first = node.args[1] if len(node.args) > 1 else None
        if isinstance(first, ast.Starred):  # create_subprocess_exec(*argv)
            first = first.value
        if first is None:
            return
        for value in self._resolve(first):
            self._take(value, form, node.args)

    def _take(self, value: ast.expr, form: _Form, arguments: list[ast.expr]) -> None:
        if form is _Form.SHELL:
            if isinstance(value, ast.List | ast.Tuple):
                value = value.elts[0] if value.elts else value
            if line := _text(value):
                self.lines.add(line)
        elif isinstance(value, ast.List | ast.Tuple):
            rest = [next(self._words(item), "") for item in value.elts[1:]]
            for program in self._words(value.elts[0]) if value.elts else ():
                self.argvs.add((program, *rest))
        elif word := _literal(value):
            others = arguments[1:] if form is _Form.NAME else []
            self.argvs.add((word, *map(_literal, others)))
        elif isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute):
            # shlex.split("gzip -k x") and "gzip -k x".split()
            inner = value.args[0] if value.args else value.func.value
            if value.func.attr == "split" and (line := _text(inner)):
                self.argvs.add(tuple("" if "$x" in word else word for word in line.split()))
        elif isinstance(value, ast.BinOp):
            for left in self._resolve(value.left):
                self._take(left, form, arguments)

    def _words(self, item: ast.expr) -> Iterator[str]:
        return filter(None, map(_literal, self._resolve(item)))

    def _resolve(self, value: ast.expr, *, depth: int = 0) -> Iterator[ast.expr]:
        """The expression itself, or what the module assigns to the name that it is."""
        if isinstance(value, ast.IfExp):
            yield from self._resolve(value.body, depth=depth)
            yield from self._resolve(value.orelse, depth=depth)
        elif isinstance(value, ast.BoolOp):
            for item in value.values:
                yield from self._resolve(item, depth=depth)
        elif (name := _name(value)) and depth < 4:
            # Only one call deep, which bounds the work.
            passed = self.passed.get(name, ()) if depth == 0 else ()
            for assigned in (*self.values.get(name, ()), *passed):
                yield from self._resolve(assigned, depth=depth + 1)
        elif isinstance(value, ast.Call) and depth < 4 and (inner := self._stand_in(value)):
            for item in inner:
                yield from self._resolve(item, depth=depth + 1)
        else:
            yield value

    def _stand_in(self, node: ast.Call) -> list[ast.expr]:
        """What a call as the first word of an argv gives, as far as its arguments say."""
        if self._form(node.func) is _Form.NAME:  # which("gzip")
            return node.args[:1]
        at = _DEFAULT_AT.get(_name(node.func))
        if at is None:
            return []
        named = [item.value for item in node.keywords if item.arg == "default"]
        return named or node.args[at : at + 1]

    def _form(self, node: ast.expr) -> _Form | None:
        """How the function that is called starts a program; None if it starts none."""
        parts: list[str] = []
        while isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        if not isinstance(node, ast.Name):
            return None
        rest = "".join(f".{part}" for part in reversed(parts))
        forms = [
            _CALLS.get(f"{meant}{rest}".removeprefix(package))
            for meant in sorted(self.aliases.get(node.id, {node.id}))
            for package in _STAND_INS
        ]
        return next(filter(None, forms), None)


def _name(node: ast.expr) -> str:
    """The name that is assigned to or read: `CMD`, or `cmd` of `self.cmd`."""
    if isinstance(node, ast.Name):
        return node.id
    return node.attr if isinstance(node, ast.Attribute) else ""


def _literal(node: ast.AST) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    return ""


def _text(node: ast.expr) -> str:
    """A line of text with "$x" for what is computed; empty if all of it is."""
    match node:
        case ast.Constant(value=str(value)):
            return value
        case ast.JoinedStr():
            parts = [_literal(item) or "$x" for item in node.values]
            return "".join(parts) if any(part != "$x" for part in parts) else ""
        case ast.BinOp(op=ast.Add()):
            left, right = _text(node.left), _text(node.right)
            return f"{left or '$x'}{right or '$x'}" if left or right else ""
        case ast.BinOp(op=ast.Mod()):
            return re.sub(r"%[^%\s]*?[a-zA-Z]", "$x", _text(node.left))
        case ast.Call(func=ast.Attribute(attr="format", value=inner)):
            return re.sub(r"\{[^{}]*\}", "$x", _text(inner))
        case _:
            return ""
