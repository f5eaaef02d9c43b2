"""A project's files as values, its Python sources parsed once. Reading disks is others' work."""

from __future__ import annotations

import ast
import posixpath
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

from jettison.errors import UsageError

# Directories whose sources are not what runs in production.
_ASIDE: Final = re.compile(
    r"(?:^|/)(?:tests?|testing|docs?|examples?|samples?|benchmarks?|scripts|tools|migrations|\.[^/]+)/"
    r"|(?:^|/)(?:test_[^/]*|[^/]*_test|conftest|setup|noxfile|fabfile|tasks|docs_conf)\.py$"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """A source that does not parse: where, and what Python says of it."""

    path: str
    line: int
    reason: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.reason}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One Python source.

    Shape: `module` is the name that it is imported by from the project's directory, from `src` or
    from where manage.py stands;
    `imported` tells what each name that an import binds at any depth stands for, dotted.
    """

    path: str
    module: str
    tree: ast.Module
    imported: Mapping[str, str]

    def resolve(self, node: ast.expr) -> str:
        """The dotted name that an expression stands for, imports looked up; empty for others."""
        if isinstance(node, ast.Name):
            return self.imported.get(node.id, node.id)
        if isinstance(node, ast.Attribute):
            base = self.resolve(node.value)
            return f"{base}.{node.attr}" if base else ""
        return ""


@dataclass(frozen=True)
class Project:
    """The files of a project's directory.

    Shape: `texts` has the contents of those that may matter, by path relative to the directory,
    POSIX; `paths` all of them, what is ignored by everyone (`.git`, virtual environments) left out.
    """

    name: str
    texts: Mapping[str, str]
    paths: frozenset[str]
    unreadable: list[Unreadable] = field(default_factory=list, compare=False)

    @cached_property
    def sources(self) -> tuple[Source, ...]:
        """The sources of the app, in path order; those that do not parse are in `unreadable`."""
        return tuple(self._sources())

    @cached_property
    def pyproject(self) -> Mapping[str, Any]:
        """`pyproject.toml`, empty where there is none.

        Raises: UsageError if it is no TOML.
        """
        text = self.texts.get("pyproject.toml", "")
        try:
            return tomllib.loads(text)
        except tomllib.TOMLDecodeError as err:
            raise UsageError(
                f"pyproject.toml: {err}", hint="correct it; it says what the project needs"
            ) from err

    @cached_property
    def _roots(self) -> tuple[str, ...]:
        manage = {posixpath.dirname(item) for item in self.paths if item.endswith("/manage.py")}
        return tuple(sorted({"src", *manage}, key=lambda root: (-len(root), root)))

    def root_of(self, path: str) -> str:
        """The directory that a source is imported from: `src`, or where manage.py stands."""
        return next((root for root in self._roots if path.startswith(f"{root}/")), "")

    def find_source(self, module: str) -> Source | None:
        """The source of a module by its dotted name."""
        return next((source for source in self.sources if source.module == module), None)

    def _sources(self) -> Iterator[Source]:
        for path in sorted(self.texts):
            if not path.endswith(".py") or _ASIDE.search(path):
                continue
            try:
                tree = ast.parse(self.texts[path].removeprefix("\ufeff"))
            except (SyntaxError, ValueError) as err:
                line = getattr(err, "lineno", None) or 1
                reason = getattr(err, "msg", None) or str(err)
                self.unreadable.append(Unreadable(path=path, line=line, reason=reason))
                continue
            module = _module_name(path, self.root_of(path))
            yield Source(
                path=path, module=module, tree=tree, imported=dict(_imports(tree, module, path))
            )


def literal(node: ast.expr | None) -> object:
    """The value of a constant, or of what an environment variable is if nobody sets it.

    Shape: None for anything that is not known before it runs.
    """
    match node:
        case ast.Constant(value=value):
            return value
        case ast.Call(func=ast.Name(id="int" | "str"), args=[inner]):
            return literal(inner)
        case ast.Call(func=ast.Attribute(attr="get" | "getenv"), args=[_, default]):
            return literal(default)
        case ast.BoolOp(op=ast.Or(), values=values):
            return literal(values[-1])
    return None


def keyword(call: ast.Call, name: str) -> ast.expr | None:
    """The argument that a call gives by this name."""
    return next((item.value for item in call.keywords if item.arg == name), None)


def _module_name(path: str, root: str) -> str:
    parts = path.removeprefix(f"{root}/").removesuffix(".py").split("/")
    if parts[-1] == "__init__" and len(parts) > 1:
        parts.pop()
    return ".".join(parts)


def _imports(tree: ast.Module, module: str, path: str) -> Iterator[tuple[str, str]]:
    package = module if posixpath.basename(path) == "__init__.py" else module.rpartition(".")[0]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                whole = alias.name if alias.asname else alias.name.partition(".")[0]
                yield alias.asname or whole, whole
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = package.split(".") if package else []
                kept = above[: len(above) - node.level + 1]
                base = ".".join((*kept, *([base] if base else [])))
            for alias in node.names:
                yield alias.asname or alias.name, f"{base}.{alias.name}" if base else alias.name
