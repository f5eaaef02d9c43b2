"""The differences of two images as text that fits a screen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final

from jettison.report.columns import Column, Cut, render_table, shorten, visible
from jettison.report.units import count_of, human_size
from jettison.report.xray_diff_document import XrayDiffDocument
from jettison.xray.compare import Change

_FEW: Final = 8
_ABSENT: Final = "-"
_SIGNS: Final = {Change.ADDED: "+", Change.REMOVED: "-", Change.CHANGED: "~"}
_SIZE: Final = Column(is_right=True)

Lines = Iterator[str]


def render_xray_diff_text(document: XrayDiffDocument, *, width: int = 80) -> str:
    """What differs: numbers side by side, then settings, packages, directories, largest files."""
    sections = (
        [*_numbers(document, width)],
        [*_config(document, width)],
        [*_packages(document, width)],
        [*_directories(document, width)],
        [*_files(document, width)],
        [f"note: {visible(notice)}" for notice in document.notices],
    )
    return "\n".join("".join(f"{line}\n" for line in lines) for lines in sections if lines)


def _numbers(document: XrayDiffDocument, width: int) -> Lines:
    before, after = document.before, document.after
    yield shorten(f"A  {visible(before.reference)}  {before.platform}", width, Cut.END)
    yield shorten(f"B  {visible(after.reference)}  {after.platform}", width, Cut.END)
    yield ""
    rows = [
        ("", "A", "B", "change"),
        (
            "size",
            human_size(before.size_bytes),
            human_size(after.size_bytes),
            _signed(after.size_bytes - before.size_bytes),
        ),
        (
            "visible",
            human_size(before.visible_size_bytes),
            human_size(after.visible_size_bytes),
            _signed(after.visible_size_bytes - before.visible_size_bytes),
        ),
        (
            "files",
            f"{before.file_count:,}",
            f"{after.file_count:,}",
            f"{after.file_count - before.file_count:+,}".replace("+0", "0"),
        ),
        (
            "layers",
            str(before.layer_count),
            str(after.layer_count),
            f"{document.shared_layer_count} shared",
        ),
    ]
    columns = (Column(), _SIZE, _SIZE, _SIZE)
    yield from render_table(columns, rows, width=width)
    if not (document.files or document.packages or document.config):
        yield ""
        yield "  nothing differs but times"


def _config(document: XrayDiffDocument, width: int) -> Lines:
    if not document.config:
        return
    yield f"SETTINGS ({len(document.config)})"
    rows = [
        (row.name, row.before or _ABSENT, "→", row.after or _ABSENT)
        for row in document.config[: 2 * _FEW]
    ]
    columns = (Column(cut=Cut.END), Column(cut=Cut.END), Column(), Column(cut=Cut.END))
    yield from render_table(columns, rows, width=width)
    yield from _more(len(document.config) - len(rows), "setting")


def _packages(document: XrayDiffDocument, width: int) -> Lines:
    if not document.packages:
        return
    counts = Counter(row.change for row in document.packages)
    told = ", ".join(f"{counts[change]} {change}" for change in Change if counts[change])
    yield f"PACKAGES ({told})"
    rows = sorted(
        document.packages, key=lambda row: (-abs(row.after_bytes - row.before_bytes), row.name)
    )[: 2 * _FEW]
    columns = (Column(), Column(), Column(cut=Cut.END), Column(cut=Cut.END), _SIZE)
    yield from render_table(
        columns,
        [
            (
                _SIGNS[row.change],
                row.type,
                row.name,
                " → ".join(", ".join(side) for side in (row.before, row.after) if side),
                _signed(row.after_bytes - row.before_bytes),
            )
            for row in rows
        ],
        width=width,
    )
    yield from _more(len(document.packages) - len(rows), "package")


def _directories(document: XrayDiffDocument, width: int) -> Lines:
    rows = [row for row in document.directories if row.added_bytes or row.removed_bytes][:_FEW]
    if not rows:
        return
    yield "WHERE"
    yield from render_table(
        (_SIZE, _SIZE, Column(is_right=True), Column(cut=Cut.START)),
        [
            (
                _signed(row.added_bytes) if row.added_bytes else "",
                _signed(-row.removed_bytes) if row.removed_bytes else "",
                count_of(row.file_count, "path"),
                row.path,
            )
            for row in rows
        ],
        width=width,
    )


def _files(document: XrayDiffDocument, width: int) -> Lines:
    if not document.files:
        return
    counts = Counter(row.change for row in document.files)
    told = ", ".join(f"{counts[change]:,} {change}" for change in Change if counts[change])
    yield f"PATHS ({told}), the largest"
    rows = sorted(
        document.files, key=lambda row: (-max(row.before_bytes, row.after_bytes), row.path)
    )
    shown = rows[:_FEW]
    yield from render_table(
        (Column(), _SIZE, Column(cut=Cut.START), Column()),
        [
            (
                _SIGNS[row.change],
                human_size(max(row.before_bytes, row.after_bytes)),
                row.path,
                ", ".join(row.aspects),
            )
            for row in shown
        ],
        width=width,
    )
    yield from _more(len(rows) - len(shown), "path")


def _more(count: int, noun: str) -> Lines:
    if count > 0:
        yield f"  … and {count:,} more {noun}{'s' if count > 1 else ''}; --format json has all"


def _signed(size_bytes: int) -> str:
    sign = "-" if size_bytes < 0 else "+"
    return f"{sign}{human_size(abs(size_bytes))}" if size_bytes else "0B"
