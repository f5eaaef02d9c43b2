"""Apps of frameworks that `init` does not know, told from programs that are run as they are."""

from __future__ import annotations

import ast
from typing import Final

from jettison.errors import UsageError
from jettison.scaffold.project import Project

# Frameworks that listen and are not known here, by the module that a project imports.
_UNKNOWN: Final = {
    "blacksheep": "BlackSheep",
    "chainlit": "Chainlit",
    "cherrypy": "CherryPy",
    "dash": "Dash",
    "gradio": "Gradio",
    "nicegui": "NiceGUI",
    "panel": "Panel",
    "pyramid.config": "Pyramid",
    "reflex": "Reflex",
    "robyn": "Robyn",
    "sanic": "Sanic",
    "streamlit": "Streamlit",
    "tornado.web": "Tornado",
}


def check_known(project: Project) -> None:
    """That what looks like a program is no app of a framework that is not known here.

    Raises: UsageError where it is.
    """
    for source in project.sources:
        for node in ast.walk(source.tree):
            names: list[str] = []
            if isinstance(node, ast.Import):
                names = [item.name for item in node.names]
            elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
                names = [node.module, *(f"{node.module}.{item.name}" for item in node.names)]
            for name in names:
                title = _UNKNOWN.get(name)
                if title is not None:
                    line = getattr(node, "lineno", 1)
                    raise UsageError(
                        f"{source.path}:{line}: an app of {title}, which init does not know",
                        hint="write the Dockerfile yourself, as lint, build, slim and harden take "
                        "any; or a module with a WSGI or ASGI callable that hands on to the app",
                    )
