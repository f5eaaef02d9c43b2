"""The requirements that a Dockerfile installs, from the files that it names."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from jettison.dockerfile import Instruction, Stage
from jettison.lint.copies import find_file
from jettison.lint.installs import PipInstall, pip_installs
from jettison.lint.requirements import RequirementLine, read_requirements
from jettison.lint.view import View


def files_of(view: View, stage: Stage, item: Instruction, install: PipInstall) -> Iterator[str]:
    """The files of the context that `-r` means."""
    for path in install.requirements:
        found = find_file(view, stage, view.resolved(path, stage, item), item)
        # A bind mount, or a file that something else brings: its name may be enough.
        name = found or posixpath.basename(path)
        if view.context.text(name) is not None:
            yield posixpath.normpath(name)


def installs(view: View) -> Iterator[tuple[Stage, Instruction, PipInstall]]:
    """Each pip install of all stages."""
    for stage in view.stages:
        for item in stage.find_all("RUN"):
            for install in pip_installs(view, item):
                yield stage, item, install


def wanted_lines(view: View) -> Iterator[tuple[PipInstall, RequirementLine]]:
    """Each requirement of each file that is installed, once."""
    seen = set[str]()
    for stage, item, install in installs(view):
        for file in files_of(view, stage, item, install):
            if file not in seen:
                seen.add(file)
                for line in read_requirements(file, view.context.text):
                    yield install, line
