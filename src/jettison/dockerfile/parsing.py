"""Read a Dockerfile by BuildKit's rules.

The language itself is the library's work: line ends, byte order mark, directives, comments,
continuations, flags, JSON forms and here-documents. This module finds the places in the text,
puts instructions into stages, and refuses what BuildKit refuses after parsing.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from jettison.dockerfile.lines import (
    Lines,
    comment_at,
    is_comment,
    read_directives,
    words_between,
)
from jettison.dockerfile.model import (
    Dockerfile,
    DockerfileError,
    Flag,
    Heredoc,
    Instruction,
    Span,
    Stage,
    Word,
)

if TYPE_CHECKING:
    from e2b_dockerfile_utils import DockerfileInstruction

MAX_CHARS: Final = 1 << 20
_DEFAULT_ESCAPE: Final = "\\"
# Instructions that BuildKit refuses without arguments.
_NEEDS_ARGUMENTS: Final = frozenset(
    {"ADD", "ARG", "COPY", "ENV", "EXPOSE", "FROM", "LABEL", "MAINTAINER", "ONBUILD", "SHELL"}
    | {"STOPSIGNAL", "USER", "VOLUME", "WORKDIR", "HEALTHCHECK"}
)
_ONE_ARGUMENT: Final = frozenset({"MAINTAINER", "STOPSIGNAL", "USER", "WORKDIR"})
_NEVER_TRIGGERS: Final = frozenset({"ONBUILD", "FROM", "MAINTAINER"})


def parse(text: str) -> Dockerfile:
    """Read a Dockerfile.

    Raises: DockerfileError with the line and the reason.
    Source: BuildKit, frontend/dockerfile/parser and frontend/dockerfile/instructions.
    """
    # Imported here: most verbs never read a Dockerfile.
    from e2b_dockerfile_utils import DockerfileSyntaxError, parse_dockerfile_ast  # noqa: PLC0415

    if len(text) > MAX_CHARS:
        raise DockerfileError(f"a Dockerfile of {len(text)} characters; the bound is {MAX_CHARS}")
    lines = Lines.of(text)
    try:
        parsed = parse_dockerfile_ast(text)
    except DockerfileSyntaxError as err:
        line = err.line or 0
        reason = str(err).partition(": ")[2]
        raise _error(line, reason) from err
    directives = read_directives(lines)
    instructions = [_instruction(item, lines, parsed.escape_token) for item in parsed.instructions]
    if not instructions:
        raise DockerfileError("line 1: the file has no instructions", line=1)
    first_stage = next(
        (index for index, item in enumerate(instructions) if item.name == "FROM"),
        len(instructions),
    )
    for item in instructions[:first_stage]:
        if item.name != "ARG":
            raise _error(item.span.line, f"{item.name} before the first FROM")
    if first_stage == len(instructions):
        raise _error(instructions[-1].span.line, "there is no FROM")
    inside = {line for item in instructions for line in _inner_lines(item)}
    return Dockerfile(
        text=text,
        escape=parsed.escape_token,
        newline="\r\n" if text.count("\r\n") * 2 > text.count("\n") else "\n",
        directives=directives,
        comments=tuple(
            comment_at(lines, number)
            for number in range(len(directives) + 1, len(lines) + 1)
            if number not in inside and is_comment(lines.get(number))
        ),
        global_arguments=tuple(instructions[:first_stage]),
        stages=_stages(instructions[first_stage:]),
    )


def parse_bytes(raw: bytes) -> Dockerfile:
    """Read the bytes of a file; they must be UTF-8, and line ends are kept as they are.

    Raises: DockerfileError.
    """
    try:
        return parse(raw.decode("utf-8"))
    except UnicodeDecodeError as err:
        line = raw.count(b"\n", 0, err.start) + 1
        found = f"byte {raw[err.start]:#04x} is not UTF-8"
        raise _error(line, found, hint="save the file as UTF-8") from err


def _error(line: int, reason: str, *, hint: str = "") -> DockerfileError:
    return DockerfileError(f"line {line}: {reason}", hint=hint, line=line)


def _inner_lines(item: Instruction) -> Iterable[int]:
    """The lines of here-documents, where `#` begins no comment."""
    if not item.heredocs:
        return ()
    length = sum(doc.content.count("\n") + 1 for doc in item.heredocs)
    return range(item.span.end_line - length + 1, item.span.end_line + 1)


def _instruction(item: DockerfileInstruction, lines: Lines, escape: str) -> Instruction:
    length = sum(doc.content.count("\n") + 1 for doc in item.heredocs)
    words = tuple(words_between(lines, item.start_line, item.end_line - length, escape))
    last = lines.get(item.end_line)
    end = lines.starts[item.end_line - 1] + len(last.rstrip())
    start = words[0].span.start if words else lines.starts[item.start_line - 1]
    span = lines.span(start, max(end, start))
    trigger = _trigger(words[1:], span, escape) if item.name == "ONBUILD" else None
    pairs = _pairs(item)
    instruction = Instruction(
        name=item.name,
        arguments=() if pairs else tuple(item.args),
        flags=tuple(_flags(item.flags, words[1:], span)),
        pairs=pairs,
        is_exec=item.json,
        heredocs=tuple(
            Heredoc(name=doc.name, content=doc.content, expands=doc.expand) for doc in item.heredocs
        ),
        joined=item.original.strip(),
        words=words[1:],
        span=span,
        trigger=trigger,
    )
    _check(instruction)
    return instruction


def _flags(flags: list[str], words: tuple[Word, ...], whole: Span) -> Iterable[Flag]:
    for index, flag in enumerate(flags):
        name, _, value = flag.removeprefix("--").partition("=")
        span = words[index].span if index < len(words) else whole
        yield Flag(name=name, value=value, span=span)


def _trigger(words: tuple[Word, ...], span: Span, escape: str) -> Instruction | None:
    """What ONBUILD holds back, with the place of the whole."""
    from e2b_dockerfile_utils import DockerfileSyntaxError, parse_dockerfile_ast  # noqa: PLC0415

    if not words:
        return None
    line = " ".join(word.text for word in words)
    prefix = f"# escape={escape}\n" if escape != _DEFAULT_ESCAPE else ""
    try:
        item = parse_dockerfile_ast(f"{prefix}{line}\n").instructions[0]
    except DockerfileSyntaxError as err:
        raise _error(span.line, str(err).partition(": ")[2]) from err
    if item.name in _NEVER_TRIGGERS:
        raise _error(span.line, f"{item.name} is not allowed as an ONBUILD trigger")
    pairs = _pairs(item)
    return Instruction(
        name=item.name,
        arguments=() if pairs else tuple(item.args),
        flags=tuple(_flags(item.flags, words[1:], span)),
        pairs=pairs,
        is_exec=item.json,
        heredocs=(),
        joined=item.original.strip(),
        words=words[1:],
        span=span,
    )


def _pairs(item: DockerfileInstruction) -> tuple[tuple[str, str], ...]:
    """Names and values of ENV and LABEL; the third of each three is the sign between them."""
    if item.name not in ("ENV", "LABEL"):
        return ()
    return tuple(zip(item.args[::3], item.args[1::3], strict=True))


def _check(item: Instruction) -> None:
    """Refuse what BuildKit refuses when it reads arguments."""
    line, count = item.span.line, len(item.arguments)
    if item.name in _NEEDS_ARGUMENTS and not (count or item.pairs or item.trigger):
        raise _error(line, f"{item.name} needs at least one argument")
    match item.name:
        case "FROM":
            if count not in (1, 3) or (count == 3 and item.arguments[1].lower() != "as"):
                raise _error(line, "FROM needs either one or three arguments: IMAGE [AS NAME]")
        case "COPY" | "ADD":
            # A here-document counts as a source.
            if count < 2:
                raise _error(line, f"{item.name} needs at least two arguments")
        case "HEALTHCHECK":
            kind = item.arguments[0].upper()
            if kind not in ("CMD", "NONE"):
                raise _error(line, f"HEALTHCHECK of unknown type {item.arguments[0][:40]!r}")
            if kind == "NONE" and count > 1:
                raise _error(line, "HEALTHCHECK NONE takes no arguments")
            if kind == "CMD" and not (item.command or item.script.strip()):
                raise _error(line, "HEALTHCHECK CMD needs a command")
        case "SHELL":
            if not item.is_exec:
                raise _error(line, "SHELL needs the JSON form")
        case _ if item.name in _ONE_ARGUMENT and count != 1:
            raise _error(line, f"{item.name} needs exactly one argument")
        case _:
            pass


def _stages(instructions: list[Instruction]) -> tuple[Stage, ...]:
    starts = [index for index, item in enumerate(instructions) if item.name == "FROM"]
    stages: list[Stage] = []
    for number, start in enumerate(starts):
        stop = starts[number + 1] if number + 1 < len(starts) else len(instructions)
        origin = instructions[start]
        alias = origin.arguments[2].lower() if len(origin.arguments) == 3 else ""
        platform = origin.flag("platform")
        stages.append(
            Stage(
                index=number,
                origin=origin,
                base=origin.words[len(origin.flags)],
                alias=alias,
                platform=platform.value if platform else "",
                instructions=tuple(instructions[start + 1 : stop]),
            )
        )
    return tuple(stages)
