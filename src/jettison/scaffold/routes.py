"""What an app's sources tell of its routes: a health endpoint, a port, static files."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from jettison.scaffold.apps import App, Framework
from jettison.scaffold.project import Project, Source, keyword, literal

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
_PARTS: Final = frozenset({"Blueprint", "APIRouter", "Router", "RouteTableDef"})


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
    paths = {path for source in project.sources for path in _paths(source, app)}
    health = next((path for path in _HEALTH_PATHS if paths & {path, f"{path}/"}), "")
    if health and health not in paths:
        health = f"{health}/"
    is_django = app.framework is Framework.DJANGO
    return Routes(
        health=health,
        port=_port(project),
        static=tuple(_static(project, app)),
        static_root=_setting(project, app.settings, "STATIC_ROOT") if is_django else "",
    )


def _paths(source: Source, app: App) -> Iterator[str]:
    """Routes whose whole path is written in one place, or in two that are next to each other."""
    prefixes = dict(_prefixes(source))
    is_root_urls = app.framework is Framework.DJANGO and source.path.count("/") <= 1
    for node in ast.walk(source.tree):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        name = ast.unparse(node.func)
        last = name.rpartition(".")[2]
        first = literal(node.args[0])
        if last not in _ROUTES or not isinstance(first, str):
            # aiohttp's `router.add_route("GET", path, …)`
            second = literal(node.args[1]) if len(node.args) > 1 else None
            if last == "add_route" and isinstance(second, str):
                yield second
            continue
        if app.framework is Framework.DJANGO:
            if is_root_urls:
                yield "/" + first.lstrip("^/").rstrip("$")
            continue
        holder = name.rpartition(".")[0]
        prefix = prefixes.get(holder, "")
        if prefix is not None:
            yield f"{prefix.rstrip('/')}{first}"


def _prefixes(source: Source) -> Iterator[tuple[str, str | None]]:
    """What blueprints and routers are mounted at; None where that is not known."""
    for node in ast.walk(source.tree):
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call() as call):
                if ast.unparse(call.func).rpartition(".")[2] not in _PARTS:
                    continue
                given = keyword(call, "url_prefix") or keyword(call, "prefix")
                value = literal(given)
                known = given is None or isinstance(value, str)
                yield name, str(value or "") if known else None


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
        if _setting(project, app.settings, "STATIC_ROOT"):
            url = _setting(project, app.settings, "STATIC_URL") or "/static/"
            yield f"/{url.strip('/')}/", "static"
        return
    base = app.path.rpartition("/")[0]
    for directory in dict.fromkeys((f"{base}/static".lstrip("/"), "static")):
        if any(path.startswith(f"{directory}/") for path in project.paths):
            yield "/static/", directory
            return


def _setting(project: Project, module: str, name: str) -> str:
    """A setting of Django as a text: its value, or the expression that makes it."""
    source = project.find_source(module)
    for node in source.tree.body if source is not None else ():
        match node:
            case ast.Assign(targets=[ast.Name(id=found)], value=value) if found == name:
                known = literal(value)
                return known if isinstance(known, str) else ast.unparse(value)
    return ""
