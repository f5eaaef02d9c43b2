"""JT3001: a server for development in production."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from jettison.analysis.debug_servers import (
    DebugServer,
    find_in_argv,
    find_in_source,
    find_python_script,
)
from jettison.lint.image import ImageView
from jettison.lint.model import Problem, Rule, Severity
from jettison.lint.servers import script_of
from jettison.lint.view import View

_ADVICE: Final = "which is for development: gunicorn or uvicorn serve"


def check(view: View) -> Iterator[Problem]:
    """The command, or the script that it starts."""
    item, _ = view.start
    if item is None:
        return
    for command in view.start_commands:
        server = find_in_argv(command)
        if server is None:
            file = script_of(view, command)
            text = view.context.text(file) if file else None
            found = find_in_source(text.encode()) if text is not None else None
            if found is None:
                continue
            server, line = found
            what = f"{view.context.shown(file)}:{line} starts {_shown(server)}"
        else:
            what = f"the container starts {_shown(server)}"
        yield view.at(item.span, f"{what}, {_ADVICE}", severity=_severity(server))
        return


def _shown(server: DebugServer) -> str:
    return f"{server.what}, debugger and all" if server.is_debugging else server.what


def _severity(server: DebugServer) -> Severity | None:
    """A debugger that visitors reach is worse than a server that is slow."""
    return Severity.ERROR if server.is_debugging else None


def check_image(view: ImageView) -> Iterator[Problem]:
    """The command of the image, or the script that it starts."""
    argv = view.config.argv
    server = find_in_argv(argv)
    if server is not None:
        message = f"the image starts {_shown(server)}, {_ADVICE}"
        yield view.problem(message, severity=_severity(server))
        return
    script, _ = find_python_script(argv)
    found = find_in_source(view.text(script)) if script else None
    if found is not None:
        message = f"{script}:{found[1]} starts {_shown(found[0])}, {_ADVICE}"
        yield view.problem(message, severity=_severity(found[0]))


RULE: Final = Rule(
    code="JT3001",
    title="Development server",
    remedy="start gunicorn, or uvicorn for ASGI",
    severity=Severity.WARNING,
    check=check,
    check_image=check_image,
)
