"""Tables as plain text that fit a terminal: what is too long is cut, what could act is escaped."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from rich.cells import cell_len, chop_cells

_GAP: Final = 2
_ELLIPSIS: Final = "…"
# What a column that gives way keeps at least.
_NARROWEST: Final = 12


class Cut(StrEnum):
    """Where a text that is too long is cut: never, at its start (paths), or at its end.

    WRAP is for a last column of which nothing may be missing: it goes on below itself.
    """

    NEVER = "never"
    START = "start"
    END = "end"
    WRAP = "wrap"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column: its title, on which side it stands, and whether it gives way."""

    title: str = ""
    is_right: bool = False
    cut: Cut = Cut.NEVER


def visible(text: str) -> str:
    """Text of an image on one line, without what would move a terminal's cursor or hide."""
    if text.isprintable():
        return text
    raw = text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode() for char in raw
    )


def shorten(text: str, width: int, cut: Cut) -> str:
    """The text within so many columns of a terminal, an ellipsis for what was cut."""
    if cut in (Cut.NEVER, Cut.WRAP) or cell_len(text) <= width:
        return text
    if width <= 1:
        return _ELLIPSIS[:width]
    if cut is Cut.END:
        return chop_cells(text, width - 1)[0].rstrip() + _ELLIPSIS
    kept = chop_cells(text[::-1], width - 1)[0][::-1]
    return _ELLIPSIS + kept


def wrapped(text: str, width: int, indent: int) -> Iterator[str]:
    """The text on as many lines as it takes, broken at spaces; words are never broken."""
    line, started = "", False
    for word in text.split(" "):
        if started and len(line) + 1 + len(word) > width and line.strip():
            yield line.rstrip()
            line = " " * indent + word
        else:
            line = f"{line} {word}" if started else word
        started = True
    yield line.rstrip()


def broken(text: str, width: int) -> list[str]:
    """The text in lines of so many columns, broken at spaces, and within a word that is longer."""
    lines: list[str] = []
    line = ""
    for word in text.split(" "):
        longer = f"{line} {word}" if line else word
        if cell_len(longer) <= width:
            line = longer
            continue
        *whole, rest = chop_cells(word, max(width, 1)) or [""]
        lines.extend((line, *whole) if line else whole)
        line = rest
    return [*lines, line]


def fitted(lines: Iterable[str], width: int) -> str:
    """The lines as a text, those that are too long broken at spaces."""
    return "".join(f"{part}\n" for line in lines for part in wrapped(line, width, 4))


def render_table(
    columns: Sequence[Column], rows: Sequence[Sequence[str]], *, width: int, indent: int = 2
) -> Iterator[str]:
    """The lines of a table; columns that may be cut share what the others leave."""
    cells = [[visible(text) for text in row] for row in rows]
    has_titles = any(column.title for column in columns)
    if has_titles:
        cells.insert(0, [column.title for column in columns])
    widest = [max(cell_len(row[number]) for row in cells) for number in range(len(columns))]
    room = width - indent - _GAP * (len(columns) - 1)
    widths = _share(columns, widest, room)
    for row in cells:
        below: list[str] = []
        parts = []
        for text, column, size in zip(row, columns, widths, strict=True):
            shown = shorten(text, size, column.cut)
            if column.cut is Cut.WRAP:
                shown, *below = broken(text, size)
            padding = " " * (size - cell_len(shown))
            parts.append(padding + shown if column.is_right else shown + padding)
        yield (" " * indent + (" " * _GAP).join(parts)).rstrip()
        start = indent + sum(widths[:-1]) + _GAP * (len(widths) - 1)
        yield from (" " * start + line for line in below)


def _share(columns: Sequence[Column], widest: Sequence[int], room: int) -> list[int]:
    """How wide each column is: as wide as it needs, or less where it may be cut."""
    widths = list(widest)
    elastic = [number for number, column in enumerate(columns) if column.cut is not Cut.NEVER]
    left = room - sum(size for number, size in enumerate(widths) if number not in elastic)
    # The narrow ones get what they need, the others share the rest.
    for done, number in enumerate(sorted(elastic, key=lambda item: widest[item])):
        fair = max(left // (len(elastic) - done), _NARROWEST)
        widths[number] = min(widest[number], fair)
        left -= widths[number]
    return widths
