"""A Dockerfile as rules look at it: what a stage inherits, where it is, what it runs."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Final

from jettison.analysis.debug_servers import split_line
from jettison.dockerfile import Dockerfile, Instruction, Span, Stage
from jettison.dockerfile.edits import Edit
from jettison.dockerfile.scope import base_of, environment_of, expand, variables_at
from jettison.lint.bases import Base
from jettison.lint.context import Context
from jettison.lint.model import Change, Options, Place, Problem, Severity, place_of

Command = tuple[str, ...]
_ENTRY_SCRIPT: Final = re.compile(r"(?:\A|/)[\w.-]*entry-?point[\w.-]*\Z|\.sh\Z")


class View:
    """One Dockerfile, its context, and what several rules need of both, found once."""

    def __init__(
        self, dockerfile: Dockerfile, file: str, context: Context, options: Options
    ) -> None:
        self.dockerfile = dockerfile
        self.file = file
        self.context = context
        self.options = options
        self._commands: dict[int, tuple[Command, ...]] = {}

    @property
    def stages(self) -> tuple[Stage, ...]:
        """All stages."""
        return self.dockerfile.stages

    @property
    def final(self) -> Stage:
        """The stage that becomes the image."""
        return self.dockerfile.final_stage

    @cached_property
    def chain(self) -> tuple[Stage, ...]:
        """The stages that the image is made of, the lowest first; the final one is last."""
        found = [self.final]
        while (parent := self.dockerfile.parent_of(found[0])) is not None:
            found.insert(0, parent)
        return tuple(found)

    def shipped(self, stage: Stage) -> Severity | None:
        """What counts less, as a remark, in a stage that is no part of the image."""
        return None if stage in self.chain else Severity.INFO

    def in_chain(self, *names: str) -> Iterator[tuple[Stage, Instruction]]:
        """The image's instructions of these names, in order."""
        for stage in self.chain:
            yield from ((stage, item) for item in stage.find_all(*names))

    def last(self, *names: str) -> Instruction | None:
        """The image's last instruction of these names."""
        return next((stage_item[1] for stage_item in reversed([*self.in_chain(*names)])), None)

    def base(self, stage: Stage) -> Base | None:
        """The image that a stage builds on, its arguments replaced; None for another stage."""
        return self._bases[stage.index]

    @cached_property
    def _bases(self) -> tuple[Base | None, ...]:
        return tuple(
            None
            if self.dockerfile.parent_of(stage) is not None
            else Base.of(base_of(self.dockerfile, stage))
            for stage in self.stages
        )

    @cached_property
    def root_base(self) -> Base:
        """The image that the final stage builds on in the end."""
        return Base.of(base_of(self.dockerfile, self.chain[0]))

    @cached_property
    def is_python(self) -> bool:
        """Whether anything in the context or among the bases is about Python."""
        if any(path.endswith(".py") or path == "pyproject.toml" for path in self.context.paths):
            return True
        bases = [base.text for base in self._bases if base is not None]
        return any(word in text for text in bases for word in ("python", "pypy", "conda", "mamba"))

    @cached_property
    def environment(self) -> dict[str, str]:
        """The ENV of the image, without its base image's own."""
        return environment_of(self.dockerfile, self.final)

    def expanded(self, word: str, stage: Stage, item: Instruction) -> str:
        """A word as the instruction sees it; variables that nobody sets stay."""
        if "$" not in word and "'" not in word and '"' not in word:
            return word
        variables = variables_at(self.dockerfile, stage, item)
        return expand(word, variables, escape=self.dockerfile.escape)

    def workdir(self, stage: Stage, before: Instruction | None = None) -> str:
        """The working directory at an instruction, or at the stage's end."""
        parent = self.dockerfile.parent_of(stage)
        current = self.workdir(parent) if parent is not None else "/"
        for item in stage.instructions:
            if item is before:
                break
            if item.name == "WORKDIR":
                word = self.expanded(item.arguments[0], stage, item)
                current = posixpath.normpath(posixpath.join(current, word))
        return current

    def resolved(self, path: str, stage: Stage, item: Instruction) -> str:
        """A path of an instruction as an absolute one."""
        word = self.expanded(path, stage, item)
        return posixpath.normpath(posixpath.join(self.workdir(stage, item), word))

    def commands(self, item: Instruction) -> tuple[Command, ...]:
        """The simple commands that an instruction runs, words without quotes."""
        found = self._commands.get(id(item))
        if found is None:
            if item.is_exec:
                words = item.command
                found = (words,) if words else ()
            else:
                found = tuple(split_line(item.script.replace("\\\n", " ")))
            self._commands[id(item)] = found
        return found

    @cached_property
    def start(self) -> tuple[Instruction | None, Command]:
        """What the container starts, and the instruction that says so.

        Shape: the shell form begins with the shell; an ENTRYPOINT in exec form has CMD behind it.
        """
        entrypoint, command = self._entrypoint, self.last("CMD")
        if entrypoint is None:
            return command, self._argv(command)
        if not entrypoint.is_exec:
            return entrypoint, self._argv(entrypoint)
        if command is not None and self._stands_above(entrypoint, command):
            command = None
        return entrypoint, (*self._argv(entrypoint), *self._argv(command))

    @cached_property
    def _entrypoint(self) -> Instruction | None:
        return self.last("ENTRYPOINT")

    def _stands_above(self, entrypoint: Instruction, command: Instruction) -> bool:
        """A new ENTRYPOINT drops the CMD of what the stage builds on, but not its own stage's."""
        mine = next(s for s in self.chain if entrypoint in s.instructions)
        return command.span.start < mine.origin.span.start

    @staticmethod
    def _argv(item: Instruction | None) -> Command:
        if item is None:
            return ()
        return item.arguments if item.is_exec else ("/bin/sh", "-c", item.script)

    @cached_property
    def start_commands(self) -> tuple[Command, ...]:
        """The simple commands that the container starts."""
        item, argv = self.start
        if item is None:
            return ()
        if not item.is_exec:
            return self.commands(item)
        if len(argv) >= 3 and argv[1].startswith("-") and argv[1].endswith("c"):
            return tuple(split_line(argv[2]))
        # A script that prepares and then does `exec "$@"`.
        is_script = self._entrypoint is not None and _ENTRY_SCRIPT.search(argv[0]) is not None
        return (argv[1:] if is_script and len(argv) > 1 else argv,)

    def at(
        self,
        where: Span,
        message: str,
        *edits: Edit,
        severity: Severity | None = None,
    ) -> Problem:
        """A problem in this Dockerfile; `edits` put it right."""
        return Problem(
            place=place_of(self.file, where),
            message=message,
            changes=tuple(Change(file=self.file, edit=edit) for edit in edits),
            severity=severity,
        )

    def in_file(self, path: str, line: int, message: str, *, column: int = 1) -> Problem:
        """A problem in a file of the context."""
        place = Place(file=self.context.shown(path), line=line, column=column)
        return Problem(place=place, message=message)


def program_of(command: Sequence[str]) -> str:
    """The name of the program that a command starts, without its directory."""
    return posixpath.basename(command[0]) if command else ""
