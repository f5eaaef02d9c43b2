"""From a plan to the files that it proposes."""

from __future__ import annotations

import json
import posixpath
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from itertools import groupby
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from jettison.scaffold.plan import UID, WORKDIR, Plan
from jettison.scaffold.servers import CONFIG_FILE, Pin

DOCKERFILE: Final = "Dockerfile"
IGNORE_FILE: Final = ".dockerignore"
SERVER_REQUIREMENTS: Final = "deploy/requirements-server.txt"
# An nginx that runs as an ordinary user.
NGINX: Final = "nginxinc/nginx-unprivileged:1.30-alpine"

# The releases of the tools that install from lock files.
_TOOLS: Final[Mapping[str, str]] = {
    "uv": "0.13.9",
    "poetry": "2.5.1",
    "pdm": "2.29.4",
    "pipenv": "2026.10.3",
}
_WEB: Final = (
    (CONFIG_FILE, "gunicorn.conf.py.j2"),
    ("deploy/nginx.conf", "deploy/nginx.conf.j2"),
)
_ALWAYS: Final = (
    (DOCKERFILE, "Dockerfile.j2"),
    (IGNORE_FILE, "dockerignore.j2"),
    ("compose.yaml", "compose.yaml.j2"),
    ("deploy/kubernetes.yaml", "deploy/kubernetes.yaml.j2"),
    ("jettison.toml", "jettison.toml.j2"),
)


def render_files(plan: Plan, *, base: str, nginx: str) -> dict[str, str]:
    """Every file by its path in the project, sorted.

    Shape: `base` and `nginx` are the references as they are to be written, with digests if known.
    """
    values = {
        **{name: getattr(plan, name) for name in plan.__dataclass_fields__},
        "base": base,
        "nginx": nginx,
        "is_web": plan.is_web,
        "uid": UID,
        "workdir": WORKDIR,
        "config_file": CONFIG_FILE,
        "server_requirements": SERVER_REQUIREMENTS,
        "tools": _TOOLS,
    }
    wanted = (*_ALWAYS, *(_WEB if plan.is_web else ()))
    files = {path: _environment().get_template(name).render(values) for path, name in wanted}
    if plan.server.adds:
        files[SERVER_REQUIREMENTS] = _requirements(
            plan.server.adds, is_hashed=plan.dependencies.is_hashed
        )
    return dict(sorted(files.items()))


@cache
def _environment() -> Environment:
    # Nothing is escaped: what is written is no HTML, and what comes from the project was checked
    # to be a name or a number before.
    environment = Environment(
        loader=PackageLoader("jettison.scaffold"),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=StrictUndefined,
        autoescape=False,  # noqa: S701  # as said above
    )
    environment.filters["exec_form"] = _exec_form
    environment.filters["basename"] = posixpath.basename
    environment.filters["by_directory"] = _by_directory
    return environment


def _exec_form(argv: Iterable[str]) -> str:
    """As Docker takes a command without a shell: a JSON list."""
    return json.dumps(list(argv))


def _by_directory(paths: Iterable[str]) -> Iterator[tuple[str, list[str]]]:
    """Paths by the directory that they are copied to, which ends with a slash unless it is here."""
    for directory, group in groupby(sorted(paths), key=posixpath.dirname):
        yield (f"{directory}/" if directory else ""), list(group)


def _requirements(pins: Iterable[Pin], *, is_hashed: bool) -> str:
    lines = ["# The server, which the project does not install itself."]
    for pin in pins:
        hashed = f" \\\n    --hash=sha256:{pin.sha256}" if is_hashed else ""
        lines.append(f"{pin.name}=={pin.version}{hashed}")
    return "\n".join(lines) + "\n"
