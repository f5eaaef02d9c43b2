"""Change a Dockerfile and leave every other character of it as it was.

An edit replaces a piece of the text. Comments, spacing, line ends and the byte order mark outside
that piece stay; new lines end as the file's lines do.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from jettison.digest import Digest
from jettison.dockerfile.model import Dockerfile, Instruction, Span, Stage


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """Put `text` where `start` to `end` was; equal ends insert."""

    start: int
    end: int
    text: str


def apply(text: str, edits: Iterable[Edit]) -> str:
    """Make all edits at once; where two overlap, the one given first is made.

    Shape: insertions at one place stand in the order given; an edit given twice counts once.
    """
    chosen: list[Edit] = []
    for edit in edits:
        if not any(edit == other or overlap(edit, other) for other in chosen):
            chosen.append(edit)
    parts: list[str] = []
    position = 0
    for edit in sorted(chosen, key=lambda edit: (edit.start, edit.end)):
        parts += (text[position : edit.start], edit.text)
        position = edit.end
    return "".join((*parts, text[position:]))


def overlap(one: Edit, other: Edit) -> bool:
    """Whether they change the same characters, or one inserts into what the other replaces."""
    return one.start < other.end and other.start < one.end


def replace_span(span: Span, text: str) -> Edit:
    """Put `text` in the place of a word, a flag or an instruction."""
    return Edit(start=span.start, end=span.end, text=text)


def replace_base(stage: Stage, reference: str) -> Edit:
    """Let a FROM name another image."""
    return replace_span(stage.base.span, reference)


def pin_base(stage: Stage, digest: Digest) -> Edit:
    """Add a digest to what a FROM names, or replace the one that is there."""
    name = stage.base.text.partition("@")[0]
    quote = name[:1] if name[:1] in "'\"" else ""
    if quote:
        name = name.strip(quote)
    return replace_base(stage, f"{quote}{name}@{digest}{quote}")


def replace_instruction(item: Instruction, text: str, dockerfile: Dockerfile) -> Edit:
    """Put other instructions in the place of one."""
    return replace_span(item.span, _with_newlines(text, dockerfile))


def delete(item: Instruction, dockerfile: Dockerfile) -> Edit:
    """Take out an instruction's lines; the comments above it stay."""
    start = _line_start(dockerfile.text, item.span.start)
    return Edit(start=start, end=_line_end(dockerfile.text, item.span.end), text="")


def _with_newlines(text: str, dockerfile: Dockerfile) -> str:
    return text.replace("\r\n", "\n").replace("\n", dockerfile.newline)


def _line_start(text: str, offset: int) -> int:
    start = text.rfind("\n", 0, offset) + 1
    return 1 if start == 0 and text.startswith("\ufeff") and offset > 0 else start


def _line_end(text: str, offset: int) -> int:
    end = text.find("\n", offset)
    return len(text) if end < 0 else end + 1
