"""The tags of an HTML document, found in time linear in its length whatever it contains.

Not a parser: `html.parser` of Python before 3.11.14 takes quadratic time on crafted input, and the
documents come from the container.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape
from typing import Final

# Possessive quantifiers and look-behind keep every match attempt from re-reading text. They
# stand behind single characters only: over groups they match wrongly before Python 3.11.5.
_TAG: Final = re.compile(r"<([a-zA-Z][a-zA-Z0-9-]{0,30}+)([^<>]*+)>")
_QUOTED_TAG: Final = re.compile(
    r"""<([a-zA-Z][a-zA-Z0-9-]{0,30}+)((?:[^<>"']++|"[^"]*+"|'[^']*+')*)>"""
)
_ATTRIBUTE: Final = re.compile(
    r"""(?<![-\w:.])([a-zA-Z_:@][-\w:.]*+)(?:\s*+=\s*+("[^"]*+"|'[^']*+'|[^\s"'>]++))?"""
)
_INVISIBLE: Final = frozenset({"script", "textarea", "title"})
_LONGEST_TAG: Final = 16 << 10
# Attempts at the pattern that minds quotes may overlap, so only so many of them may fail.
_MOST_FAILURES: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Tag:
    """A start tag; `text` is what a `style` element holds."""

    name: str
    attributes: tuple[tuple[str, str], ...]
    text: str = ""

    def get(self, name: str) -> str:
        """An attribute's value, or an empty string."""
        return next((value for key, value in self.attributes if key == name), "")

    def has(self, name: str) -> bool:
        """Whether the attribute is there, with or without a value."""
        return any(key == name for key, _ in self.attributes)


def find_tags(document: str) -> Iterator[Tag]:
    """Start tags in document order; comments and scripts are passed over."""
    at = 0
    lowered = ""
    failures = 0
    while (at := document.find("<", at)) >= 0:
        if document.startswith("<!--", at):
            end = document.find("-->", at + 4)
            if end < 0:
                return
            at = end + 3
            continue
        match = None
        if failures < _MOST_FAILURES:
            match = _QUOTED_TAG.match(document, at, at + _LONGEST_TAG)
            failures += match is None
        match = match or _TAG.match(document, at)
        if match is None:
            at += 1
            continue
        at = match.end()
        name = match[1].lower()
        text = ""
        if name in _INVISIBLE or name == "style":
            lowered = lowered or _lower(document)
            end = lowered.find(f"</{name}", at)
            end = len(document) if end < 0 else end
            if name == "style":
                text = document[at:end]
            at = end
        if len(match[2]) <= _LONGEST_TAG:
            yield Tag(name=name, attributes=_attributes(match[2]), text=text)


def _attributes(text: str) -> tuple[tuple[str, str], ...]:
    return tuple(
        (match[1].lower(), unescape((match[2] or "").strip("\"'")))
        for match in _ATTRIBUTE.finditer(text)
    )


def _lower(document: str) -> str:
    # str.lower may change the length of some letters, which would shift positions.
    return document.translate({code: code + 32 for code in range(ord("A"), ord("Z") + 1)})
