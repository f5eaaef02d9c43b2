"""What the routes of a router, a blueprint or a mounted app begin with."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from jettison.scaffold.project import Project, Source, keyword, literal

# Calls that make a part of an app.
_PARTS: Final = frozenset({"Blueprint", "APIRouter", "Router", "RouteTableDef"})
# Calls that mount one, which stands behind the prefix or before it.
_MOUNTING_FIRST: Final = frozenset({"include_router", "register_blueprint"})
_MOUNTING_SECOND: Final = frozenset({"mount", "add_subapp"})
_DEEPEST: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class _Mount:
    """`prefix` is None where it is not known; Flask's replaces the blueprint's own."""

    parent: str
    prefix: str | None
    replaces: bool


@dataclass(frozen=True, slots=True)
class Prefixes:
    """Prefixes of everything in a project that can hold routes, by dotted names."""

    own: dict[str, str | None] = field(default_factory=dict)
    mounts: dict[str, list[_Mount]] = field(default_factory=dict)

    def of(self, holder: str) -> Iterator[str | None]:
        """What comes before the routes of a holder, for each place; None if it is not known."""
        yield from self._of(holder, 0)

    def _of(self, holder: str, depth: int) -> Iterator[str | None]:
        own = self.own.get(holder, "")
        mounts = self.mounts.get(holder, ())
        if depth > _DEEPEST or (not mounts and holder in self.own and self._has_strays):
            yield None
            return
        if not mounts:
            yield own
        for mount in mounts:
            rest = mount.prefix if mount.replaces and mount.prefix else own
            middle = mount.prefix if not mount.replaces else ""
            for above in self._of(mount.parent, depth + 1):
                known = above is not None and middle is not None and rest is not None
                yield f"{above}{middle}{rest}" if known else None

    @property
    def _has_strays(self) -> bool:
        """Whether something is mounted under a prefix that no part could be found for."""
        return any(
            mount.prefix != "" and holder not in self.own
            for holder, mounts in self.mounts.items()
            for mount in mounts
        )


def read_prefixes(project: Project) -> Prefixes:
    """What the sources tell."""
    found = Prefixes()
    for source in project.sources:
        for node in ast.walk(source.tree):
            match node:
                case ast.Assign(targets=[ast.Name() as target], value=ast.Call() as call):
                    if _last(call) in _PARTS:
                        found.own[dotted(source, target)] = _prefix(call)
                case ast.Call(func=ast.Attribute(value=parent, attr=name)) if node.args:
                    part, prefix = _mounted(node)
                    if part is not None:
                        mount = _Mount(
                            parent=dotted(source, parent),
                            prefix=prefix,
                            replaces=name == "register_blueprint",
                        )
                        found.mounts.setdefault(dotted(source, part), []).append(mount)
    return found


def dotted(source: Source, node: ast.expr) -> str:
    """The name that an expression has in the whole project."""
    root = ast.unparse(node).partition(".")[0]
    if root in source.imported:
        return source.resolve(node)
    # aiohttp's `app.router.add_get(…)` is about `app`.
    if isinstance(node, ast.Attribute) and node.attr == "router":
        node = node.value
    return f"{source.module}.{source.resolve(node)}"


def _mounted(call: ast.Call) -> tuple[ast.expr | None, str | None]:
    """What a call mounts, if it mounts something that has a name, and the prefix."""
    last = _last(call)
    part: ast.expr | None = None
    prefix: str | None = ""
    if last in _MOUNTING_FIRST:
        part, prefix = call.args[0], _prefix(call)
    elif last in _MOUNTING_SECOND and len(call.args) > 1:
        part, prefix = call.args[1], _text(call.args[0])
    return (part if isinstance(part, ast.Name | ast.Attribute) else None), prefix


def _last(call: ast.Call) -> str:
    return ast.unparse(call.func).rpartition(".")[2]


def _prefix(call: ast.Call) -> str | None:
    given = keyword(call, "url_prefix") or keyword(call, "prefix")
    return "" if given is None else _text(given)


def _text(node: ast.expr) -> str | None:
    value = literal(node)
    return value.rstrip("/") if isinstance(value, str) else None
