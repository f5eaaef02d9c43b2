"""What an app's sources tell of its routes: a health endpoint, a port, static files."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from jettison.scaffold.apps import App, Framework
from jettison.scaffold.prefixes import dotted, read_prefixes
from jettison.scaffold.project import Project, Source, keyword, literal
from jettison.scaffold.settings import read_setting

HEALTH: Final = "/health"
_HEALTH_PATHS: Final = (
    HEALTH,
    "/healthz",
    "/livez",
    "/health/live",
    "/-/healthy",
    "/status/health",
)
_PORTS: Final = range(1, 65536)
# Calls that take a route's path as their first argument, by their last name.
_ROUTES: Final = frozenset(
    {
        *("route", "get", "head", "path", "re_path", "url", "add_url_rule", "add_get", "add_route"),
        *("api_route", "add_api_route", "Route", "websocket"),
    }
)
_AIOHTTP_ROUTES: Final = ("aiohttp.web.get", "aiohttp.web.head")


@dataclass(frozen=True, slots=True, kw_only=True)
class Routes:
    """Shape: `health` is the path of the endpoint that the app has itself, empty for none; `port`
    what the source itself would listen at, None where it does not say; `static` pairs of URL
    prefix and directory that a web server may serve; `static_root` is Django's STATIC_ROOT as the
    settings write it.
    """

    health: str = ""
    port: int | None = None
    static: tuple[tuple[str, str], ...] = ()
    static_root: str = ""


def read_routes(project: Project, app: App) -> Routes:
    """What the sources tell."""
    paths = set(_paths(project, app))
    health = next((path for path in _HEALTH_PATHS if paths & {path, f"{path}/"}), "")
    if health and health not in paths:
        health = f"{health}/"
    is_django = app.framework is Framework.DJANGO
    return Routes(
        health=health,
        port=_port(project),
        static=tuple(_static(project, app)),
        static_root=read_setting(project, app.settings, "STATIC_ROOT") if is_django else "",
    )


def _paths(project: Project, app: App) -> Iterator[str]:
    """Routes whose whole path is known."""
    prefixes = read_prefixes(project)
    is_django = app.framework is Framework.DJANGO
    first_urls = read_setting(project, app.settings, "ROOT_URLCONF") if is_django else ""
    for source in project.sources:
        if is_django:
            is_first = source.module == first_urls if first_urls else source.path.count("/") <= 1
            yield from (f"/{path.lstrip('^/').rstrip('$')}" for path, _ in _own(source) if is_first)
            continue
        for path, holder in _own(source):
            for prefix in prefixes.of(dotted(source, holder) if holder is not None else ""):
                if prefix is not None:
                    yield f"{prefix}{path}"


def _own(source: Source) -> Iterator[tuple[str, ast.expr | None]]:
    """Paths as a source writes them, with what they are declared on."""
    aside = _aside(source)
    for node in ast.walk(source.tree):
        if not isinstance(node, ast.Call) or not node.args or node in aside:
            continue
        last = ast.unparse(node.func).rpartition(".")[2]
        holder = node.func.value if isinstance(node.func, ast.Attribute) else None
        first = literal(node.args[0])
        if last in _ROUTES and isinstance(first, str):
            yield first, holder
        # aiohttp's `router.add_route("GET", path, …)`
        second = literal(node.args[1]) if len(node.args) > 1 else None
        if last == "add_route" and isinstance(second, str):
            yield second, holder


def _aside(source: Source) -> frozenset[ast.AST]:
    """Calls that only look like routes: below Starlette's `Mount`, and requests of a client."""
    decorators = {
        decorator
        for node in ast.walk(source.tree)
        for decorator in getattr(node, "decorator_list", ())
    }
    found: set[ast.AST] = set()
    for node in ast.walk(source.tree):
        if not isinstance(node, ast.Call):
            continue
        last = ast.unparse(node.func).rpartition(".")[2]
        if last == "Mount":
            found.update(inner for inner in ast.walk(node) if inner is not node)
        is_client = last in ("get", "head") and node not in decorators
        if is_client and source.resolve(node.func) not in _AIOHTTP_ROUTES:
            found.add(node)
    return frozenset(found)


def _port(project: Project) -> int | None:
    for source in project.sources:
        for node in ast.walk(source.tree):
            if not isinstance(node, ast.Call):
                continue
            last = ast.unparse(node.func).rpartition(".")[2]
            if last not in ("run", "run_app", "serve", "make_server"):
                continue
            value = literal(keyword(node, "port"))
            if isinstance(value, str) and value.isdigit():
                value = int(value)
            if isinstance(value, int) and value in _PORTS and not isinstance(value, bool):
                return value
    for name in (".flaskenv", ".env.example"):
        for line in project.texts.get(name, "").splitlines():
            key, _, text = line.partition("=")
            if key.strip() in ("FLASK_RUN_PORT", "PORT") and text.strip().isdigit():
                return int(text.strip())
    return None


def _static(project: Project, app: App) -> Iterator[tuple[str, str]]:
    if app.framework is Framework.DJANGO:
        if read_setting(project, app.settings, "STATIC_ROOT"):
            url = read_setting(project, app.settings, "STATIC_URL") or "/static/"
            yield f"/{url.strip('/')}/", "static"
        return
    base = app.path.rpartition("/")[0]
    for directory in dict.fromkeys((f"{base}/static".lstrip("/"), "static")):
        if any(path.startswith(f"{directory}/") for path in project.paths):
            yield "/static/", directory
            return
