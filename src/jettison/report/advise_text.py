"""The advice on a base image as text: a table as Snyk's, what to write, what is not offered."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from jettison.report.advise_document import AdviseDocument, AdviseRow, SeverityCounts
from jettison.report.columns import Column, Cut, render_table, visible, wrapped
from jettison.report.units import human_size
from jettison.scan.advise import Change, Wheels

_COLUMNS: Final = (
    Column(title="base image", cut=Cut.START),
    Column(title="total", is_right=True),
    Column(title="crit", is_right=True),
    Column(title="high", is_right=True),
    Column(title="med", is_right=True),
    Column(title="low", is_right=True),
    Column(title="?", is_right=True),
    Column(title="size", is_right=True),
    Column(title="OS pkgs", is_right=True),
    Column(title="Python"),
)
_GROUPS: Final = {
    Change.CURRENT: "in use",
    Change.REBUILD: "rebuild: the same tag as it is now",
    Change.PATCH: "the same Python, newer",
    Change.MINOR: "another minor version of Python",
    Change.MAJOR: "another major version of Python",
    Change.ALTERNATIVE: "another kind of image",
}
_KNOWN_BY: Final = {
    "from": "named by FROM",
    "label": "named by the image's label",
    "layers": "known by the layers that the image shares with it",
    "history": "its name is not known; its layers are told from the image's history",
    "nothing": "not known",
}


def render_advise_text(document: AdviseDocument, *, width: int = 80) -> str:
    """The whole advice."""
    base = visible(document.base) or "the base image"
    lines = [*wrapped(f"{base}: {_KNOWN_BY[document.base_known_by]}", width, 2)]
    if document.requires_python:
        lines.append(f"requires-python: {visible(document.requires_python)}")
    lines += ["", *_table(document, width), ""]
    lines.extend(_recommendation(document))
    lines.extend(_rest(document))
    return "\n".join(lines) + "\n"


def _table(document: AdviseDocument, width: int) -> Iterator[str]:
    """Rows by kind of change, the columns of all groups aligned."""
    own = () if document.current is None else (document.current,)
    order: list[AdviseRow | str] = []
    for change, title in _GROUPS.items():
        group = [row for row in (*own, *document.candidates) if row.change is change]
        if group:
            order += [title, *group]
    rows = [_cells(row) for row in order if not isinstance(row, str)]
    titles, *lines = render_table(_COLUMNS, rows, width=width)
    yield titles
    remaining = iter(lines)
    for row in order:
        yield f"  {row}:" if isinstance(row, str) else next(remaining)


def _cells(row: AdviseRow) -> tuple[str, ...]:
    name = row.pinned.partition("@")[0] or row.name
    counts = row.vulnerabilities
    numbers = (
        ("?",) * 6
        if counts is None
        else tuple(
            str(number)
            for number in (
                *(counts.total, counts.critical, counts.high, counts.medium),
                *(counts.low, counts.unknown),
            )
        )
    )
    python = row.python or "-"
    if row.wheels is Wheels.UNKNOWN:
        python = f"{python} *"
    return (name, *numbers, human_size(row.size_bytes), str(row.os_packages), python)


def _recommendation(document: AdviseDocument) -> Iterator[str]:
    chosen = next((row for row in document.candidates if row.name == document.recommended), None)
    if chosen is None:
        if document.candidates or document.excluded:
            yield "recommended: none of them is known to be better"
        else:
            yield "nothing to compare it with; name images with --candidate"
        current = document.current
        if current is not None and current.digest is not None and current.pinned:
            yield f"  the one in use, pinned: FROM {visible(current.pinned)}"
        return
    yield f"recommended: {visible(chosen.pinned.partition('@')[0] or chosen.name)}"
    if chosen.pinned:
        yield f"  FROM {visible(chosen.pinned)}"
    elif chosen.digest is not None:
        yield f"  digest {chosen.digest}"
    if document.current is not None:
        yield f"  {_gain(document.current, chosen)}"
    else:
        yield "  the best of these; the base in use could not be read"


def _gain(current: AdviseRow, chosen: AdviseRow) -> str:
    parts = []
    if current.vulnerabilities is not None and chosen.vulnerabilities is not None:
        parts.append(_difference(current.vulnerabilities, chosen.vulnerabilities))
    saved = current.size_bytes - chosen.size_bytes
    if saved:
        parts.append(f"{human_size(abs(saved))} {'smaller' if saved > 0 else 'larger'}")
    return ", ".join(parts) or "the same size and vulnerabilities"


def _difference(before: SeverityCounts, after: SeverityCounts) -> str:
    change = after.total - before.total
    if change:
        noun = "vulnerability" if abs(change) == 1 else "vulnerabilities"
        count = f"{abs(change)} {'fewer' if change < 0 else 'more'} {noun}"
    else:
        count = "as many vulnerabilities"
    severe = [
        f"{severity} {old} to {new}"
        for severity in ("critical", "high")
        if (old := getattr(before, severity)) != (new := getattr(after, severity))
    ]
    told = f" ({', '.join(severe)})" if severe else ""
    return f"{count}{told}"


def _rest(document: AdviseDocument) -> Iterator[str]:
    rows = [*document.candidates, *([document.current] if document.current else [])]
    noted = [(row.name, note) for row in rows for note in row.notes]
    for title, items in (
        ("notes", noted),
        ("not offered", [(item.name, item.reason) for item in document.excluded]),
    ):
        if items:
            yield ""
            yield f"{title}:"
            yield from (f"  {visible(name)}: {visible(text)}" for name, text in items)
    if any(row.wheels is Wheels.UNKNOWN for row in document.candidates):
        yield ""
        yield "* whether all that the app needs has a wheel for this Python is not known"
    if document.notices:
        yield ""
        yield from (f"note: {visible(notice)}" for notice in document.notices)
