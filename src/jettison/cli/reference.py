"""The reference of all verbs and options as Markdown, for docs/cli.md."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import typer

_HEAD = """\
# Command line reference

Made from the program itself; a test keeps it so. Options can also stand in `jettison.toml`, in a
table for each verb, without their dashes.
"""


def render_reference(app: typer.Typer) -> str:
    """One section a verb: what it does, its arguments, its options by group."""
    group: Any = typer.main.get_command(app)
    sections = [_HEAD]
    sections.append("\n".join(_options("Options of every verb", group.params, group)))
    sections.extend(_sections("jettison", group))
    return "\n".join(section.rstrip() + "\n" for section in sections)


def _sections(above: str, group: Any) -> Iterator[str]:
    for name, command in group.commands.items():
        yield _section(f"{above} {name}", command)
        if hasattr(command, "commands"):
            yield from _sections(f"{above} {name}", command)


def _section(title: str, command: Any) -> str:
    lines = [f"## {title}", "", str(command.help).strip(), ""]
    arguments = [param for param in command.params if param.param_type_name == "argument"]
    lines.extend(f"- `{param.name.upper()}`: {param.help}" for param in arguments)
    lines.append("")
    panels: dict[str, list[Any]] = {}
    for param in command.params:
        if param.param_type_name == "option" and param.name != "help":
            panel = getattr(param, "rich_help_panel", None) or "Options"
            panels.setdefault(panel, []).append(param)
    for panel, params in panels.items():
        lines.extend(_options(panel, params, command))
    return "\n".join(lines)


def _options(title: str, params: list[Any], command: Any) -> Iterator[str]:
    context = command.context_class(command)
    yield f"### {title}"
    yield ""
    yield "| option | default | what it does |"
    yield "| --- | --- | --- |"
    for param in params:
        if param.param_type_name != "option" or param.name == "help":
            continue
        names = ", ".join(f"`{name}`" for name in (*param.opts, *param.secondary_opts))
        default = param.get_default(context)
        shown = "" if default in (None, (), [], "") else f"`{getattr(default, 'value', default)}`"
        if param.is_flag:
            shown = "on" if default else "off"
        repeat = " Repeatable." if param.multiple else ""
        yield f"| {names} | {shown} | {param.help}{repeat} |"
    yield ""
