"""What is decided for a project before anything is written."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from jettison.analysis.python_releases import PythonRelease, choose_release, find_release
from jettison.errors import UsageError
from jettison.scaffold.apps import App, Framework, Interface, find_app
from jettison.scaffold.dependencies import (
    Dependencies,
    allows,
    pinned_python,
    python_range,
    read_dependencies,
)
from jettison.scaffold.project import Project
from jettison.scaffold.routes import HEALTH, Routes, read_routes
from jettison.scaffold.servers import Server, choose_server
from jettison.scaffold.settings import find_settings, needed_variables, read_setting
from jettison.scaffold.system_libraries import SystemNeeds, find_needs

UID: Final = 999
WORKDIR: Final = "/app"
_BASE: Final = "python"
_SUITE: Final = "slim-trixie"
_DEFAULT_PORT: Final = 8000
_BUILDS: Final = re.compile(r"\bExtension\s*\(|\bcythonize\s*\(|\[\[tool\.setuptools\.ext-modules")
_NATIVE_BACKENDS: Final = ("maturin", "scikit-build", "scikit_build", "mesonpy", "meson-python")
_BY_GIT: Final = re.compile(r"(?i)(?:setuptools[-_.]scm|hatch[-_.]vcs)\b")
# RFC 1035, as Kubernetes asks of services.
_SERVICE: Final = re.compile(r"[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?")
_NAME: Final = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What the user has said; empty and None for what is to be found out.

    Shape: `base` is a repository or a whole reference; `app` is MODULE:OBJECT or a program's path.
    """

    base: str = ""
    app: str = ""
    port: int | None = None
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Everything that the written files say.

    Shape: `version` is what the image is tagged; `base` is a reference without a digest; `health`
    is the path that is asked, and `adds_health` tells that the server's configuration answers it;
    `versions_by_git` that a build of the project asks Git for its version; `collects_static` that
    Django gathers static files while the image is built; `static` pairs of URL prefix and directory
    in the image that a web server serves; `build_env` has variables that the settings need, with
    what stands in for them while the image is built; `manage` is what Python runs Django's commands
    by; `source_root` is what has to be on Python's path
    beside the working directory; `copies_sources` is off where the installed package is all that
    runs.
    """

    name: str
    version: str
    app: App
    python: PythonRelease
    python_ground: str
    base: str
    dependencies: Dependencies
    needs: SystemNeeds
    server: Server
    port: int
    health: str
    adds_health: bool
    installs_itself: bool = False
    versions_by_git: bool = False
    copies_sources: bool = True
    source_root: str = ""
    collects_static: bool = False
    static: tuple[tuple[str, str], ...] = ()
    build_env: Mapping[str, str] = field(default_factory=dict)
    manage: str = "manage.py"
    notices: tuple[str, ...] = ()

    @property
    def is_web(self) -> bool:
        """Whether it answers requests."""
        return self.app.interface is not Interface.NONE

    @property
    def is_django(self) -> bool:
        """Whether Django's commands are there."""
        return self.app.framework is Framework.DJANGO


def make_plan(project: Project, wishes: Wishes, *, today: date) -> Plan:
    """Decide everything.

    Raises: UsageError where the project does not tell enough, or contradicts itself.
    """
    app = find_app(project, wishes.app)
    dependencies = read_dependencies(project)
    python, ground = _python(project, wishes.base, today)
    routes = read_routes(project, app)
    builds_itself = _builds_itself(project)
    collects_static = app.framework is Framework.DJANGO and bool(routes.static_root)
    # WhiteNoise serves them from within the app.
    is_served = collects_static and "whitenoise" not in dependencies.names
    root = project.root_of(app.path)
    static, unclear = _static(routes, root) if is_served else ((), ())
    is_web = app.interface is not Interface.NONE
    return Plan(
        name=_checked_name(wishes.name) if wishes.name else _name(project),
        version=_version(project),
        app=app,
        python=python,
        python_ground=ground,
        base=_base(wishes.base, python),
        dependencies=dependencies,
        needs=find_needs(
            dependencies.names,
            builds_itself=builds_itself,
            clones=dependencies.clones,
            is_bookworm="bookworm" in wishes.base,
        ),
        server=choose_server(app, dependencies.names, is_hashed=dependencies.is_hashed),
        port=wishes.port or routes.port or _DEFAULT_PORT,
        health=(routes.health or HEALTH) if is_web else "",
        adds_health=is_web and not routes.health,
        installs_itself=builds_itself,
        versions_by_git=_versions_by_git(project),
        copies_sources=not (builds_itself and _is_in_package(project, app)),
        source_root="/".join((WORKDIR, root)) if root and not builds_itself else "",
        collects_static=collects_static,
        static=static,
        build_env=needed_variables(project, app.settings),
        manage="manage.py" if "manage.py" in project.paths else "-m django",
        notices=(*unclear, *_notices(project, app, dependencies, has_health=bool(routes.health))),
    )


def _checked_name(name: str) -> str:
    if not _SERVICE.fullmatch(name):
        raise UsageError(
            f"--name {name[:80]}: Kubernetes takes no service of that name",
            hint="lower-case letters, digits and -, a letter first, 63 characters at most",
        )
    return name


def _name(project: Project) -> str:
    """The directory's name as Kubernetes takes it for a service: a letter first, 63 at most."""
    found = _NAME.sub("-", project.name.lower()).strip("-")
    named = found if found[:1].isalpha() else f"app-{found}"
    return named[:63].strip("-")


def _version(project: Project) -> str:
    table = project.pyproject.get("project")
    found = str(table.get("version", "")) if isinstance(table, dict) else ""
    return found if re.fullmatch(r"[0-9A-Za-z][\w.-]{0,60}", found) else "0.1.0"


def _python(project: Project, base: str, today: date) -> tuple[PythonRelease, str]:
    of_base = re.search(r":(\d+)\.(\d+)(?:[.-]|$)", base.partition("@")[0])
    asked, where = python_range(project)
    if of_base is not None:
        release = find_release((int(of_base[1]), int(of_base[2])))
        if release is None:
            raise UsageError(
                f"base {base}: no Python {of_base[1]}.{of_base[2]} is known",
                hint="name an image of a released Python",
            )
        if asked and not allows(asked, release):
            raise UsageError(
                f"base {base} has Python {release}, and {where} asks for {asked}",
                hint="name another base, or leave --base out",
            )
        return release, "the base that was named"
    pinned = pinned_python(project)
    if pinned is not None and (release := find_release(pinned)) is not None:
        return release, ".python-version"
    release = choose_release(today, lambda item: not asked or allows(asked, item))
    if release is None:
        raise UsageError(
            f"{where} asks for Python {asked}, and no known release of CPython is in that",
            hint="correct requires-python",
        )
    return release, f"{where}: {asked}" if asked else "nothing asks for another"


def _base(wanted: str, python: PythonRelease) -> str:
    if not wanted:
        return f"{_BASE}:{python}-{_SUITE}"
    if re.search(r"[:-]alpine", wanted.partition("@")[0]):
        raise UsageError(
            f"base {wanted}: Alpine has neither apt-get nor useradd, which the Dockerfile calls",
            hint=f"name an image of Debian, such as {_BASE}:{python}-{_SUITE}",
        )
    last = wanted.partition("@")[0].rpartition("/")[2]
    return wanted if ":" in last else f"{wanted}:{python}-{_SUITE}"


def _builds_itself(project: Project) -> bool:
    """Whether the project has code of its own that a compiler has to see."""
    if any(_BUILDS.search(project.texts.get(name, "")) for name in ("setup.py", "pyproject.toml")):
        return True
    system = project.pyproject.get("build-system")
    requires = system.get("requires", ()) if isinstance(system, dict) else ()
    return any(str(item).startswith(_NATIVE_BACKENDS) for item in requires)


def _versions_by_git(project: Project) -> bool:
    """Whether a build of the project asks Git for its version, as setuptools-scm does."""
    system = project.pyproject.get("build-system")
    requires = system.get("requires", ()) if isinstance(system, dict) else ()
    return "use_scm_version" in project.texts.get("setup.py", "") or any(
        _BY_GIT.match(str(item)) for item in requires
    )


def _is_in_package(project: Project, app: App) -> bool:
    top = app.module.partition(".")[0]
    return f"{top}/__init__.py" in project.paths or f"src/{top}/__init__.py" in project.paths


def _static(routes: Routes, root: str) -> tuple[tuple[tuple[str, str], ...], tuple[str, ...]]:
    """What a web server serves, and what is not clear about it."""
    directory = _directory(routes.static_root, root)
    if not directory:
        unclear = f"STATIC_ROOT is {routes.static_root}, so nginx is not told to serve it"
        return (), (unclear,)
    return tuple((url, directory) for url, _ in routes.static), ()


def _directory(expression: str, root: str) -> str:
    """The path that `BASE_DIR / "static"` stands for in the image, BASE_DIR being manage.py's."""
    if expression.startswith("/"):
        return expression.rstrip("/")
    names = re.findall(r"['\"]([^'\"]+)['\"]", expression)
    is_below_base = re.match(r"(?:str\()?(?:os\.path\.join\()?BASE_DIR\b", expression)
    if is_below_base and names and all(re.fullmatch(r"[\w./-]+", name) for name in names):
        return "/".join((WORKDIR, *filter(None, (root,)), *names))
    return ""


def _notices(
    project: Project, app: App, dependencies: Dependencies, *, has_health: bool
) -> Iterator[str]:
    yield from (f"not read, it does not parse: {item}" for item in project.unreadable)
    if not dependencies.files:
        yield "no dependencies are named anywhere; the image will have Python and the app alone"
    elif not dependencies.is_hashed:
        yield f"{dependencies.files[0]} has no hashes: two builds may install different things"
    if app.framework is Framework.DJANGO:
        if any(
            "sqlite3" in ast.unparse(item.tree) for item in find_settings(project, app.settings)
        ):
            yield "the settings name an SQLite file: put it on a volume, the image is read-only"
        if has_health and "*" not in read_setting(project, app.settings, "ALLOWED_HOSTS"):
            yield (
                "the app's own health endpoint is asked as 127.0.0.1, and by Kubernetes as the "
                "pod's address: ALLOWED_HOSTS has to have them, or it answers 400"
            )
