"""Which app a project is: framework, module and object, found by reading its sources."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, TypeAlias, assert_never

from jettison.errors import UsageError
from jettison.scaffold.project import Project, Source, literal
from jettison.scaffold.unknown_frameworks import check_known


class Framework(StrEnum):
    """What an app is written with; the values are for people."""

    FLASK = "Flask"
    DJANGO = "Django"
    FASTAPI = "FastAPI"
    STARLETTE = "Starlette"
    AIOHTTP = "aiohttp"
    QUART = "Quart"
    WSGI = "plain WSGI"
    ASGI = "plain ASGI"
    CELERY = "Celery worker"
    WORKER = "worker"


class Interface(StrEnum):
    """How a server talks to an app."""

    WSGI = "wsgi"
    ASGI = "asgi"
    AIOHTTP = "aiohttp"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """One app.

    Shape: `attribute` is the object in `module`, empty for a worker that is run as a program;
    `is_factory` says that it has to be called first, `is_coroutine` that the server does that;
    `settings` is Django's settings module.
    """

    framework: Framework
    interface: Interface
    module: str
    attribute: str
    path: str
    line: int
    is_factory: bool = False
    is_coroutine: bool = False
    settings: str = ""

    @property
    def target(self) -> str:
        """As servers take it: `shop.wsgi:application`."""
        return f"{self.module}:{self.attribute}" if self.attribute else self.module


# What makes an app, by the dotted name of the callable.
_MAKERS: Final = {
    "flask.Flask": Framework.FLASK,
    "quart.Quart": Framework.QUART,
    "fastapi.FastAPI": Framework.FASTAPI,
    "fastapi.applications.FastAPI": Framework.FASTAPI,
    "starlette.applications.Starlette": Framework.STARLETTE,
    "aiohttp.web.Application": Framework.AIOHTTP,
    "django.core.wsgi.get_wsgi_application": Framework.DJANGO,
    "django.core.asgi.get_asgi_application": Framework.DJANGO,
    "channels.routing.ProtocolTypeRouter": Framework.DJANGO,
    "celery.Celery": Framework.CELERY,
    "falcon.App": Framework.WSGI,
    "falcon.asgi.App": Framework.ASGI,
    "bottle.Bottle": Framework.WSGI,
    "litestar.Litestar": Framework.ASGI,
}
_Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef
_FACTORIES: Final = ("create_app", "make_app", "get_app", "build_app", "app_factory")
_SAYS_DEPENDENCIES: Final = (
    *("requirements.txt", "pyproject.toml", "Pipfile", "setup.py", "setup.cfg"),
    *("requirements/base.txt", "requirements/prod.txt", "requirements/production.txt"),
)
_USUAL: Final = ("app", "application", "api", "celery")
_PROGRAMS: Final = ("worker", "__main__", "main", "run", "app")
_CHANNELS: Final = "channels.routing.ProtocolTypeRouter"
_DJANGO_ASGI: Final = ("django.core.asgi.get_asgi_application", _CHANNELS)
_MOUNTING: Final = ("mount", "add_subapp", "add_route", "register_blueprint", "include_router")


def find_app(project: Project, wanted: str = "") -> App:
    """The project's app; `wanted` is MODULE:OBJECT where the user has said which.

    Raises: UsageError where there is none, or more than one that could be meant.
    """
    candidates = tuple(_candidates(project, _FACTORIES))
    if not any(app.interface is not Interface.NONE for app in candidates):
        candidates = tuple(_candidates(project, ()))
    if wanted:
        return _wanted(project, candidates, wanted)
    web = [app for app in candidates if app.interface is not Interface.NONE]
    apps = web or [app for app in candidates if app.framework is Framework.CELERY]
    if not apps:
        check_known(project)
        apps = _likeliest(list(_programs(project)))
    if not apps:
        raise _nothing(project)
    if len(apps) > 1:
        found = "; ".join(f"{app.target} ({app.framework}, {app.path}:{app.line})" for app in apps)
        raise UsageError(
            f"{project.name}: {len(apps)} apps could be meant: {found}",
            hint=_apart(project, apps) or f"name one: --app {apps[0].target}",
        )
    if apart := _apart(project, apps):
        message = f"{project.name}: the app in {apps[0].path} is a project of its own"
        raise UsageError(message, hint=apart)
    return apps[0]


def _apart(project: Project, apps: list[App]) -> str:
    """What to do where each app has a directory of its own that says what it depends on."""
    if any(name in project.paths for name in _SAYS_DEPENDENCIES):
        return ""
    directories = []
    for app in apps:
        parents = [app.path[:at] for at, letter in enumerate(app.path) if letter == "/"]
        own = [
            parent
            for parent in parents
            if any(f"{parent}/{name}" in project.paths for name in _SAYS_DEPENDENCIES)
        ]
        directories += own[-1:]
    if len(directories) < len(apps):
        return ""
    named = " or ".join(f"`jettison init {item}`" for item in sorted(set(directories)))
    return f"name its directory: {named}"


def _wanted(project: Project, candidates: tuple[App, ...], wanted: str) -> App:
    for app in (*candidates, *_programs(project)):
        if wanted in (app.target, app.path, app.module):
            return app
    module, _, attribute = wanted.partition(":")
    source = project.find_source(module)
    if source is None or not attribute:
        known = ", ".join(app.target for app in candidates) or "none"
        raise UsageError(
            f"--app {wanted}: the project has no such app; found: {known}",
            hint="write MODULE:OBJECT, as gunicorn and uvicorn take it",
        )
    raise UsageError(
        f"--app {wanted}: {source.path} makes no app of that name that is known here",
        hint="known are Flask, Django, FastAPI, Starlette, aiohttp, Quart, WSGI and ASGI callables",
    )


def _nothing(project: Project) -> UsageError:
    if project.unreadable:
        return UsageError(
            f"{project.name}: no app found, and a source does not parse: {project.unreadable[0]}",
            hint="correct it, or name the app: --app MODULE:OBJECT",
        )
    if not any(path.endswith(".py") for path in project.paths):
        return UsageError(
            f"{project.name}: no Python source in it", hint="name the directory of the project"
        )
    return UsageError(
        f"{project.name}: no app found in {len(project.sources)} Python sources",
        hint="name it: --app MODULE:OBJECT for a web app, --app FILE.py for a worker",
    )


def _candidates(project: Project, names: tuple[str, ...]) -> Iterator[App]:
    """Apps, and functions of these names that make one; of any name where there are none."""
    factories = {
        f"{source.module}.{node.name}": (framework, node)
        for source in project.sources
        for framework, node in _factories(source, names)
    }
    called: set[str] = set()
    found: list[App] = []
    for source in project.sources:
        best = list(_objects(source, factories, called))
        usual = [app for app in best if app.attribute in _USUAL]
        found.extend(usual[:1] if usual else best)
    found = _one_django(found, project)
    for app in found:
        is_django = app.framework is Framework.DJANGO
        yield replace(app, settings=_settings(project, app)) if is_django else app
    for whole, (framework, node) in factories.items():
        module, _, name = whole.rpartition(".")
        holder = project.find_source(module)
        if whole not in called and holder is not None:
            is_coroutine = isinstance(node, ast.AsyncFunctionDef)
            app = _app(holder, framework, name, node.lineno)
            yield replace(app, is_factory=True, is_coroutine=is_coroutine)


def _objects(
    source: Source, factories: dict[str, tuple[Framework, _Function]], called: set[str]
) -> Iterator[App]:
    mounted = _mounted(source)
    for node in source.tree.body:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call() as call):
                pass
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.Call() as call):
                pass
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                if (plain := _plain(node)) is not None:
                    yield _app(source, plain, node.name, node.lineno)
                continue
            case _:
                continue
        whole = source.resolve(call.func)
        local = f"{source.module}.{whole}"
        framework = _MAKERS.get(whole)
        for factory in (whole, local):
            if factory in factories:
                called.add(factory)
                framework = factories[factory][0]
        if framework is not None and name not in mounted:
            app = _app(source, framework, name, node.lineno)
            yield replace(app, interface=Interface.ASGI) if whole in _DJANGO_ASGI else app


def _plain(node: ast.FunctionDef | ast.AsyncFunctionDef) -> Framework | None:
    names = tuple(argument.arg for argument in node.args.args)
    if isinstance(node, ast.AsyncFunctionDef):
        return Framework.ASGI if names == ("scope", "receive", "send") else None
    return (
        Framework.WSGI
        if names in (("environ", "start_response"), ("env", "start_response"))
        else None
    )


def _mounted(source: Source) -> frozenset[str]:
    """Names of apps that other apps of the same module have as parts."""
    return frozenset(
        part.id
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Call)
        for argument in _parts(source, node)
        for part in (argument.values if isinstance(argument, ast.Dict) else (argument,))
        if isinstance(part, ast.Name)
    )


def _parts(source: Source, call: ast.Call) -> tuple[ast.expr, ...]:
    """What a call makes part of an app: `main.mount(…)`, `ProtocolTypeRouter({"http": …})`."""
    mounts = isinstance(call.func, ast.Attribute) and call.func.attr in _MOUNTING
    if not mounts and source.resolve(call.func) != _CHANNELS:
        return ()
    return (*call.args, *(item.value for item in call.keywords))


def _factories(source: Source, names: tuple[str, ...]) -> Iterator[tuple[Framework, _Function]]:
    for node in source.tree.body:
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if len(node.args.args) > len(node.args.defaults) or (names and node.name not in names):
            continue
        made = {
            id(inner): framework
            for inner in ast.walk(node)
            if isinstance(inner, ast.Call)
            and (framework := _MAKERS.get(source.resolve(inner.func))) is not None
        }
        framework = next(iter(made.values()), None) if names else _returned(node, made)
        # Of all servers only aiohttp's waits for what makes its app.
        waits = isinstance(node, ast.FunctionDef) or framework is Framework.AIOHTTP
        if framework is not None and waits:
            yield framework, node


def _returned(node: _Function, made: dict[int, Framework]) -> Framework | None:
    """The web framework whose app a function gives back, by itself or by the name it gave it."""
    named = {
        item.targets[0].id: made[id(item.value)]
        for item in ast.walk(node)
        if isinstance(item, ast.Assign)
        and isinstance(item.targets[0], ast.Name)
        and id(item.value) in made
    }
    for item in ast.walk(node):
        if isinstance(item, ast.Return) and item.value is not None:
            name = item.value.id if isinstance(item.value, ast.Name) else ""
            found = made.get(id(item.value)) or named.get(name)
            if found is not None and found is not Framework.CELERY:
                return found
    return None


def _app(source: Source, framework: Framework, attribute: str, line: int) -> App:
    return App(
        framework=framework,
        interface=_interface(framework),
        module=source.module,
        attribute=attribute,
        path=source.path,
        line=line,
    )


def _interface(framework: Framework) -> Interface:
    match framework:
        case Framework.FLASK | Framework.DJANGO | Framework.WSGI:
            return Interface.WSGI
        case Framework.FASTAPI | Framework.STARLETTE | Framework.QUART | Framework.ASGI:
            return Interface.ASGI
        case Framework.AIOHTTP:
            return Interface.AIOHTTP
        case Framework.CELERY | Framework.WORKER:
            return Interface.NONE
        case _:
            assert_never(framework)


def _one_django(apps: list[App], project: Project) -> list[App]:
    """Django's own template makes a WSGI and an ASGI module of one project; one is meant."""
    django = [app for app in apps if app.framework is Framework.DJANGO]
    if len(django) < 2:
        return apps
    needs_asgi = any(
        "channels" in text for path, text in project.texts.items() if "require" in path
    )
    wanted = Interface.ASGI if needs_asgi else Interface.WSGI
    chosen = [app for app in django if app.interface is wanted] or django
    return [app for app in apps if app.framework is not Framework.DJANGO] + chosen


def _settings(project: Project, app: App) -> str:
    """The settings that the app's own module names, which for development may be others."""
    for source in sorted(project.sources, key=lambda source: source.path != app.path):
        for node in ast.walk(source.tree):
            match node:
                case ast.Call(func=ast.Attribute(attr="setdefault"), args=[name, value]):
                    if literal(name) == "DJANGO_SETTINGS_MODULE":
                        return str(literal(value) or "")
    return ""


def _likeliest(programs: list[App]) -> list[App]:
    """Of several programs the one whose name says that it is the one to be run."""
    for name in _PROGRAMS:
        named = [app for app in programs if app.path.rpartition("/")[2] == f"{name}.py"]
        if len(named) == 1:
            return named
    return programs


def _programs(project: Project) -> Iterator[App]:
    """Sources that do something when they are run as programs."""
    for source in project.sources:
        line = next((node.lineno for node in source.tree.body if _is_main(node)), 0)
        if source.path == "__main__.py" or source.path.endswith("/__main__.py"):
            line = line or 1
        if line and source.path != "manage.py":
            yield App(
                framework=Framework.WORKER,
                interface=Interface.NONE,
                module=source.module.removesuffix(".__main__"),
                attribute="",
                path=source.path,
                line=line,
            )


def _is_main(node: ast.stmt) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) in (
        "__name__ == '__main__'",
        "'__main__' == __name__",
    )
