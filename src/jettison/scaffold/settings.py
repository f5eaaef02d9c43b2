"""Django's settings: what they say in so many words, and which variables they cannot do without."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Final

from jettison.scaffold.project import Project, Source, keyword, literal

_DEEPEST: Final = 5
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# Methods of django-environ's Env by the variable that they ask for when nobody names one.
_UNNAMED: Final = {"db": "DATABASE_URL", "cache": "CACHE_URL", "email_url": "EMAIL_URL"}
# Stand-ins that can be understood; any text does for the rest.
_STAND_INS: Final = {
    **dict.fromkeys(("bool", "int", "float"), "0"),
    "db": "sqlite://:memory:",
    "cache": "locmemcache://",
    "email_url": "consolemail://",
}
_STAND_IN: Final = "only-for-the-build"


def find_settings(project: Project, module: str, depth: int = 0) -> Iterator[Source]:
    """The settings' source, then those it takes everything from; the first that says counts."""
    source = project.find_source(module) if module else None
    if source is None or depth > _DEEPEST:
        return
    yield source
    for node in reversed(source.tree.body):
        if isinstance(node, ast.ImportFrom) and any(item.name == "*" for item in node.names):
            yield from find_settings(project, _module_of(source, node), depth + 1)


def read_setting(project: Project, module: str, name: str) -> str:
    """A setting as a text: its value, or the expression that makes it; empty if it is not set."""
    for source in find_settings(project, module):
        for node in source.tree.body:
            match node:
                case ast.Assign(targets=[ast.Name(id=found)], value=value) if found == name:
                    known = literal(value)
                    return known if isinstance(known, str) else ast.unparse(value)
    return ""


def needed_variables(project: Project, module: str) -> dict[str, str]:
    """Variables without which the settings cannot be loaded, each with what can stand in for it."""
    found: dict[str, str] = {}
    for source in find_settings(project, module):
        given = _defaults(source)
        for node in ast.walk(source.tree):
            name, kind = _asked(source, node)
            if _NAME.fullmatch(name) and name not in given:
                found.setdefault(name, _STAND_INS.get(kind, _STAND_IN))
    return dict(sorted(found.items()))


def _asked(source: Source, node: ast.AST) -> tuple[str, str]:
    """The variable that an expression cannot do without, and as what it is read."""
    match node:
        case ast.Subscript(value=base, slice=ast.Constant(value=str(name)), ctx=ast.Load()):
            if ast.unparse(base) in ("os.environ", "environ"):
                return name, ""
        # decouple's `config("X", cast=int)`
        case ast.Call(func=ast.Name() as func, args=[ast.Constant(value=str(name))]) if (
            source.resolve(func) == "decouple.config" and keyword(node, "default") is None
        ):
            cast = keyword(node, "cast")
            return name, ast.unparse(cast) if cast is not None else ""
        # django-environ's `env("X")`, `env.bool("X")` and `env.db()`
        case ast.Call(func=func, args=[] | [ast.Constant()] as args) if keyword(
            node, "default"
        ) is None and _is_env(source, func):
            kind = func.attr if isinstance(func, ast.Attribute) else ""
            return (str(literal(args[0])) if args else _UNNAMED.get(kind, "")), kind
    return "", ""


def _is_env(source: Source, func: ast.expr) -> bool:
    base = func.value if isinstance(func, ast.Attribute) else func
    return isinstance(base, ast.Name) and base.id == "env" and "environ" in _roots(source)


def _roots(source: Source) -> set[str]:
    """What a source imports; those that only take over another's `env` count as it does."""
    names = {whole.partition(".")[0] for whole in source.imported.values()}
    takes_all = any(whole.endswith(".*") for whole in source.imported.values())
    return names | ({"environ"} if takes_all else set())


def _defaults(source: Source) -> frozenset[str]:
    """Names that `Env(DEBUG=(bool, False))` has a value for."""
    return frozenset(
        item.arg
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("environ.Env", "Env")
        for item in node.keywords
        if item.arg and isinstance(item.value, ast.Tuple)
    )


def _module_of(source: Source, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    package = source.module.split(".")
    if not source.path.endswith("__init__.py"):
        package.pop()
    above = package[: len(package) - node.level + 1]
    return ".".join((*above, *([node.module] if node.module else [])))
