"""What `jettison init` found out, decided and wrote: a document, and a few lines for people."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import msgspec

from jettison.report.columns import fitted
from jettison.scaffold.plan import Plan


class InitDocument(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The outcome of one `init`.

    Shape: `app` as servers take it (`shop.wsgi:application`) or a program's path; `python` a minor
    version and `python_ground` why that one; `base` as the Dockerfile names it; `health` is empty
    for what does not listen, and `adds_health` tells that the server's configuration answers it;
    `written` paths in the project.
    """

    kind: Literal["init"] = "init"
    schema_version: Literal[1] = 1
    name: str
    framework: str
    app: str
    found_in: str
    python: str
    python_ground: str
    base: str
    installer: str
    server: str
    port: int | None
    health: str
    adds_health: bool
    build_packages: tuple[str, ...]
    run_packages: tuple[str, ...]
    written: tuple[str, ...]
    notices: tuple[str, ...]


def describe_init(
    plan: Plan, base: str, written: Iterable[str], notices: Iterable[str]
) -> InitDocument:
    """The document of a plan."""
    return InitDocument(
        name=plan.name,
        framework=plan.app.framework,
        app=plan.app.target,
        found_in=f"{plan.app.path}:{plan.app.line}",
        python=str(plan.python),
        python_ground=plan.python_ground,
        base=base,
        installer=plan.dependencies.installer,
        server=" ".join(plan.server.argv),
        port=plan.port if plan.is_web else None,
        health=plan.health,
        adds_health=plan.adds_health,
        build_packages=plan.needs.build,
        run_packages=plan.needs.run,
        written=tuple(written),
        notices=tuple(notices),
    )


def render_init_text(document: InitDocument, *, is_dry: bool, width: int = 80) -> str:
    """What was found, what was written, what to know."""
    rows = [
        ("app", f"{document.framework}: {document.app} ({document.found_in})"),
        ("Python", f"{document.python} ({document.python_ground})"),
        ("base", document.base),
        ("dependencies", document.installer),
        ("server", document.server),
    ]
    if document.port is not None:
        health = (
            "answered by the server's configuration" if document.adds_health else "the app's own"
        )
        rows += [("port", str(document.port)), ("health", f"{document.health} ({health})")]
    packages = dict.fromkeys((*document.build_packages, *document.run_packages))
    if packages:
        rows.append(("Debian packages", ", ".join(packages)))
    lines = [f"{label:<16} {text}" for label, text in rows]
    if document.written:
        verb = "would write" if is_dry else "wrote"
        lines.append(f"{verb}: {', '.join(document.written)}")
    else:
        lines.append("nothing to write: every file is as it would be written")
    lines.extend(f"note: {item}" for item in document.notices)
    return fitted(lines, width)
