"""JT2001: the sources are copied before the dependencies are installed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from jettison.dockerfile import Instruction, Stage
from jettison.dockerfile.edits import Edit, replace_instruction
from jettison.lint.copies import Copy, brings, copies, is_directory
from jettison.lint.installs import installs_project, is_local, pip_installs
from jettison.lint.model import Problem, Rule, Severity
from jettison.lint.view import View

# Options by which pip reads more of the context than one file.
_LOCAL: Final = frozenset({"-f", "--find-links", "-c", "--constraint", "-e", "--editable"})
_MESSAGE: Final = "each change of the sources installs all dependencies again: copy {what} first"


def check(view: View) -> Iterator[Problem]:
    """In each stage the copy of whole directories that the first install stands behind."""
    for stage in view.stages:
        found = _find(view, stage)
        if found is None:
            continue
        copy, install, needed = found
        what = needed or "what names them"
        message = _MESSAGE.format(what=what)
        edits = _swapped(view, stage, copy, install, needed)
        yield view.at(copy.item.span, message, *edits)


def _find(view: View, stage: Stage) -> tuple[Copy, Instruction, str] | None:
    """The copy, the install behind it, and the file of the context that the install needs."""
    before: list[Copy] = []
    rest = {id(copy.item): copy for copy in copies(view, stage)}
    for item in stage.instructions:
        if id(item) in rest:
            before.append(rest[id(item)])
        elif item.name == "RUN":
            wanted = _needs(view, stage, item)
            if wanted is None:
                continue
            for path in wanted:
                culprit, needed = _culprit(view, before, path)
                if culprit is not None:
                    return culprit, item, needed
            if not wanted:
                whole = next((copy for copy in before if copy.takes_everything), None)
                if whole is not None:
                    return whole, item, "pyproject.toml and its lock file"
            # Dependencies are there; what comes now changes with the sources anyway.
            return None
    return None


def _needs(view: View, stage: Stage, item: Instruction) -> list[str] | None:
    """The requirements files of an install; empty for others, None for what installs nothing."""
    found: list[str] | None = None
    if installs_project(view, item):
        found = []
    for install in pip_installs(view, item):
        if install.requirements:
            found = [view.resolved(path, stage, item) for path in install.requirements]
        elif any(is_local(package) for package in install.packages):
            found = found or []
    return found


def _culprit(view: View, before: list[Copy], path: str) -> tuple[Copy | None, str]:
    """The first copy that brings a file together with others; none where it comes alone before."""
    for copy in before:
        source = brings(view, copy, path)
        if source is None:
            continue
        if any(is_directory(view, item) for item in copy.sources):
            return copy, source
        return None, source
    return None, ""


def _swapped(
    view: View, stage: Stage, copy: Copy, install: Instruction, needed: str
) -> tuple[Edit, ...]:
    """Copy the one file, install, copy the rest: where that does no harm."""
    items = stage.instructions
    at = items.index(copy.item)
    follows = at + 1 < len(items) and items[at + 1] is install
    text = view.context.text(needed) if needed else None
    if not follows or text is None or copy.item.is_exec or copy.item.flags or copy.item.heredocs:
        return ()
    if any(_LOCAL & found.options for found in pip_installs(view, install)):
        return ()
    # A requirement on a directory, or on another file, needs more than this one.
    if any(line.strip().startswith((".", "-e", "-r", "-c", "/")) for line in text.splitlines()):
        return ()
    path = next(iter(_needs(view, stage, install) or ()), "")
    if len(copy.sources) != 1 or len(view.commands(install)) != 1 or " " in f"{needed}{path}":
        return ()
    whole = view.dockerfile.text
    copied, installed = (whole[item.span.start : item.span.end] for item in (copy.item, install))
    return (
        replace_instruction(copy.item, f"COPY {needed} {path}\n{installed}", view.dockerfile),
        replace_instruction(install, copied, view.dockerfile),
    )


RULE: Final = Rule(
    code="JT2001",
    title="Sources copied before dependencies are installed",
    remedy="copy the file that names them, install, and copy the rest after that",
    severity=Severity.WARNING,
    check=check,
)
