"""Every relative link in the Markdown of the repository leads somewhere, also into a page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).resolve().parents[2]
_LINK: Final = re.compile(r"\]\(<?([^)\s>]+)>?(?: \"[^\"]*\")?\)")
_CODE: Final = re.compile(r"^(```|~~~).*?^\1|`[^`\n]*`", re.DOTALL | re.MULTILINE)
_HEADING: Final = re.compile(r"^#{1,6} +(.+?) *#*$", re.MULTILINE)
_ELSEWHERE: Final = re.compile(r"[a-z][a-z0-9+.-]*:|//")


def _pages() -> Iterator[Path]:
    yield from ROOT.glob("*.md")
    for directory in ("docs", "examples", "tests", "benchmarks", "scripts", "src"):
        for page in sorted((ROOT / directory).rglob("*.md")):
            if "node_modules" not in page.parts:
                yield page


def _anchors(page: Path) -> frozenset[str]:
    """The names that forges give to the headings of a page."""
    titles = _HEADING.findall(page.read_text(encoding="utf-8"))
    plain = (re.sub(r"[^\w\- ]", "", title.lower()) for title in titles)
    return frozenset(title.replace(" ", "-") for title in plain)


def _broken(page: Path) -> Iterator[str]:
    for link in _LINK.findall(_CODE.sub("", page.read_text(encoding="utf-8"))):
        if _ELSEWHERE.match(link):
            continue
        name, _, anchor = link.partition("#")
        target = page.parent / name if name else page
        if not target.exists() or (anchor and anchor not in _anchors(target)):
            yield link


@pytest.mark.parametrize("page", tuple(_pages()), ids=lambda page: str(page.relative_to(ROOT)))
def test_relative_links_lead_somewhere(page: Path) -> None:
    assert list(_broken(page)) == []


def test_a_dead_link_is_seen(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "# One title\n\n[a](page.md) [b](gone.md) [c](#one-title) [d](page.md#two) `[e](no.md)`\n"
        "[f](https://example.org/x)\n"
    )
    assert list(_broken(page)) == ["gone.md", "page.md#two"]
