"""Text of images and advisories in Markdown, without any of it acting there."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from jettison.report.columns import visible

# What CommonMark and GitHub's tables give a meaning inside a line, an address's start among them.
_SPECIAL: Final = re.compile(r"([\\`*_{}\[\]<>#|~!&@])")


def cell(text: str) -> str:
    """Text for a cell or a line: on one line, nothing in it marked up or linked."""
    return _SPECIAL.sub(r"\\\1", visible(text)).replace("://", ":&#47;&#47;")


def link(text: str, url: str) -> str:
    """A link; text alone where the address is none that a browser should follow."""
    if not url.startswith(("https://", "http://")) or re.search(r"[\s<>()\\|\x00-\x1f]", url):
        return cell(text)
    return f"[{cell(text)}]({url})"


def table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """The lines of a table whose cells are Markdown already."""
    yield "| " + " | ".join(headings) + " |"
    yield "| " + " | ".join("---" for _ in headings) + " |"
    for row in rows:
        yield "| " + " | ".join(row) + " |"
