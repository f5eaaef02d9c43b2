"""What a Dockerfile says, and where in its text it says so."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from jettison.errors import UsageError


class DockerfileError(UsageError):
    """A Dockerfile that cannot be understood; the message has the line and the reason.

    Shape: `line` counts from 1 and is 0 where the file as a whole is meant.
    """

    def __init__(self, message: str, *, hint: str = "", line: int = 0) -> None:
        super().__init__(message, hint=hint)
        self.line = line


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A piece of the text.

    Units: `start` and `end` are offsets into the text in characters, `end` past the last one;
    `line` and `column` count from 1, columns in characters.
    """

    start: int
    end: int
    line: int
    column: int
    end_line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """A word as it stands in the text, quotes and references to variables included."""

    text: str
    span: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Flag:
    """`--name=value` before the arguments; `value` is empty where there is no `=`."""

    name: str
    value: str
    span: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Heredoc:
    """A here-document: `content` with its line ends; `expands` unless its name was quoted."""

    name: str
    content: str
    expands: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment:
    """A comment line without its `#` and the spaces around it."""

    text: str
    span: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Directive:
    """A parser directive: `# syntax=…`, `# escape=…` or `# check=…`; `name` in lower case."""

    name: str
    value: str
    span: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Instruction:
    """One instruction.

    Shape: `name` is upper case. `arguments` are what BuildKit's parser makes of the rest of the
    line: words for FROM, ARG, COPY, ADD, EXPOSE and VOLUME; one string for the shell form of RUN,
    CMD, ENTRYPOINT and for USER, WORKDIR, STOPSIGNAL and MAINTAINER; the JSON list where
    `is_exec`; first `CMD` or `NONE` for HEALTHCHECK; empty for ENV and LABEL, which have `pairs`,
    and for ONBUILD, which has a `trigger`. `words` are all words after the name as they stand in
    the text. `joined` is the line without its continuations. `span` has the here-documents too.
    """

    name: str
    arguments: tuple[str, ...]
    flags: tuple[Flag, ...]
    pairs: tuple[tuple[str, str], ...]
    is_exec: bool
    heredocs: tuple[Heredoc, ...]
    joined: str
    words: tuple[Word, ...]
    span: Span
    trigger: Instruction | None = None

    def flag(self, name: str) -> Flag | None:
        """The last flag of this name."""
        return next((flag for flag in reversed(self.flags) if flag.name == name), None)

    @property
    def script(self) -> str:
        """What a shell is given: the shell form, or the here-document that stands for it."""
        if self.heredocs and len(self.arguments) == 1:
            line = self.arguments[0]
            if len(line.split()) == 1:
                return self.heredocs[0].content
            return "\n".join((line, *(f"{doc.content}{doc.name}" for doc in self.heredocs)))
        if self.is_exec:
            return ""
        skipped = 1 if self.name == "HEALTHCHECK" else 0
        return " ".join(self.arguments[skipped:])

    @property
    def command(self) -> tuple[str, ...]:
        """The words of the exec form, for HEALTHCHECK without its `CMD`; empty otherwise."""
        if not self.is_exec:
            return ()
        return self.arguments[1:] if self.name == "HEALTHCHECK" else self.arguments


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One FROM and what follows it.

    Shape: `base` and `platform` as written; `alias` in lower case, empty without `AS`.
    """

    index: int
    origin: Instruction
    base: Word
    alias: str
    platform: str
    instructions: tuple[Instruction, ...]

    def find_all(self, *names: str) -> tuple[Instruction, ...]:
        """Its instructions of these names, in order."""
        return tuple(item for item in self.instructions if item.name in names)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dockerfile:
    """A Dockerfile.

    Shape: `text` is what was parsed, to the character; `global_arguments` are the ARG before the
    first FROM; there is at least one stage.
    """

    text: str
    escape: str
    newline: str
    directives: tuple[Directive, ...]
    comments: tuple[Comment, ...]
    global_arguments: tuple[Instruction, ...]
    stages: tuple[Stage, ...]

    @property
    def final_stage(self) -> Stage:
        """The stage that becomes the image, unless a build names another."""
        return self.stages[-1]

    def instructions(self) -> Iterator[Instruction]:
        """All of them in the order of the text, FROM included."""
        yield from self.global_arguments
        for stage in self.stages:
            yield stage.origin
            yield from stage.instructions

    def find_stage(self, name: str) -> Stage | None:
        """The stage that `COPY --from` or a later FROM means by an alias or a number."""
        wanted = name.lower()
        for stage in reversed(self.stages):
            if stage.alias == wanted and wanted:
                return stage
        if name.isascii() and name.isdigit() and int(name) < len(self.stages):
            return self.stages[int(name)]
        return None

    def parent_of(self, stage: Stage) -> Stage | None:
        """The earlier stage that `stage` builds on; None where it builds on an image."""
        wanted = stage.base.text.lower()
        for earlier in reversed(self.stages[: stage.index]):
            if earlier.alias and earlier.alias == wanted:
                return earlier
        return None
