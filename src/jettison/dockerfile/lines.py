"""Where things stand in the text: lines, words and comments, without knowing what they mean."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from jettison.dockerfile.model import Comment, Directive, Span, Word

_BOM: Final = "\ufeff"
# BuildKit cuts lines at \n alone and drops a \r before it.
_LINES: Final = re.compile(r"[^\n]*\n|[^\n]+\Z")
_DIRECTIVE: Final = re.compile(r"#\s*([a-zA-Z][a-zA-Z0-9]*)\s*=\s*(.+?)\s*\Z")
_DIRECTIVES: Final = frozenset({"syntax", "escape", "check"})


@dataclass(frozen=True, slots=True)
class Lines:
    """The lines of a text and where each begins; the byte order mark belongs to none."""

    text: str
    starts: tuple[int, ...]

    @classmethod
    def of(cls, text: str) -> Lines:
        """Cut a text into lines."""
        first = len(_BOM) if text.startswith(_BOM) else 0
        return cls(text, tuple(match.start() for match in _LINES.finditer(text, first)))

    def __len__(self) -> int:
        return len(self.starts)

    def get(self, number: int) -> str:
        """Line `number`, from 1, with its end."""
        end = self.starts[number] if number < len(self.starts) else len(self.text)
        return self.text[self.starts[number - 1] : end]

    def span(self, start: int, end: int) -> Span:
        """Name the place of two offsets."""
        line = bisect_right(self.starts, start)
        last = bisect_right(self.starts, max(start, end - 1))
        return Span(
            start=start,
            end=end,
            line=line,
            column=start - self.starts[line - 1] + 1,
            end_line=last,
        )


def is_comment(line: str) -> bool:
    """Whether a line is nothing but a comment."""
    return line.lstrip().startswith("#")


def comment_at(lines: Lines, number: int) -> Comment:
    """The comment that line `number` is."""
    raw = lines.get(number)
    start = lines.starts[number - 1] + len(raw) - len(raw.lstrip())
    body = raw.strip()
    return Comment(text=body.lstrip("#").strip(), span=lines.span(start, start + len(body)))


def read_directives(lines: Lines) -> tuple[Directive, ...]:
    """The parser directives; they end with the first line that is none."""
    found = []
    for number in range(1, len(lines) + 1):
        body = lines.get(number).strip()
        match = _DIRECTIVE.match(body)
        if match is None or match[1].lower() not in _DIRECTIVES:
            break
        span = comment_at(lines, number).span
        found.append(Directive(name=match[1].lower(), value=match[2], span=span))
    return tuple(found)


def words_between(lines: Lines, first: int, last: int, escape: str) -> Iterator[Word]:
    """The words on some lines; a continuation at a line's end joins the next to it.

    Shape: a word that goes on over a line's end has both halves in its text and spans both.
    """
    text: list[str] = []
    begin = end = 0
    for number in range(first, last + 1):
        raw = lines.get(number).rstrip("\r\n")
        if is_comment(raw) or not raw.strip():
            continue
        body, continued = _without_continuation(raw, escape)
        offset = lines.starts[number - 1]
        position = 0
        for start, stop in _words_of_line(body, escape):
            if text and start > position:
                yield Word(text="".join(text), span=lines.span(begin, end))
                text = []
            if not text:
                begin = offset + start
            text.append(body[start:stop])
            position, end = stop, offset + stop
        if text and (not continued or position < len(body)):
            yield Word(text="".join(text), span=lines.span(begin, end))
            text = []
    if text:
        yield Word(text="".join(text), span=lines.span(begin, end))


def _without_continuation(line: str, escape: str) -> tuple[str, bool]:
    stripped = line.rstrip(" \t")
    doubled = stripped.endswith(escape * 2)
    if stripped.endswith(escape) and not doubled:
        return stripped[: -len(escape)], True
    return line, False


def _words_of_line(line: str, escape: str) -> Iterator[tuple[int, int]]:
    """Where words begin and end; spaces within quotes do not end one."""
    position = 0
    while position < len(line):
        if line[position].isspace():
            position += 1
            continue
        start, quote = position, ""
        while position < len(line) and (quote or not line[position].isspace()):
            char = line[position]
            if char == escape and quote != "'":
                position += 1
            elif quote:
                quote = "" if char == quote else quote
            elif char in "'\"":
                quote = char
            position += 1
        position = min(position, len(line))
        yield start, position
