from __future__ import annotations

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from importlib import resources
from typing import Final

import msgspec
import pytest

from jettison.report.documents import encode
from jettison.report.html.xray_page import render_xray_page
from jettison.report.xray_document import FileRow
from support.xray_documents import xray_document
from support.xray_pages import HOSTILE, page_document

# Changed together with the file, by the recipe beside it.
VENDORED: Final = {
    "d3-hierarchy.min.js": "a8771380454be89ec5ffe9a6396ba7c247081e348ae740dc9cb9629abd4c0e43",
}
# What `--only` leaves out together.
PARTS: Final = {
    "layers": ("layers",),
    "packages": ("packages", "unowned"),
    "files": ("files", "directories"),
    "waste": ("efficiency", "wasted_bytes", "user_wasted_percent", "waste"),
    "duplicates": ("duplicates", "duplicate_count", "duplicate_bytes"),
    "config": ("config",),
    "risks": ("risks",),
    "dockerfile": ("dockerfile",),
    "estimate": ("estimate",),
}


class Elements(HTMLParser):
    """Start tags with their attributes, and the text of each script and style."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[tuple[str, str]] = []
        self._open = ""
        self.feed(page.decode())
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        self.tags.append((tag, attributes))
        is_data = attributes.get("type") == "application/json"
        self._open = "data" if is_data else tag if tag in ("script", "style") else ""

    def handle_endtag(self, tag: str) -> None:
        self._open = ""

    def handle_data(self, data: str) -> None:
        if self._open:
            self.texts.append((self._open, data))

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def test_nothing_is_fetched_and_only_what_is_there_may_run() -> None:
    page = Elements(render_xray_page(page_document()))
    [policy] = [
        item["content"]
        for item in page.named("meta")
        if item.get("http-equiv") == "Content-Security-Policy"
    ]
    assert policy is not None
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    for kind, text in page.texts:
        if kind != "data":
            digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
            assert f"'sha256-{digest}'" in policy
    assert {"style", "script", "data"} == {kind for kind, _ in page.texts}
    for tag, attributes in page.tags:
        assert "src" not in attributes, tag
        assert "style" not in attributes, tag
        assert not any(name.startswith("on") for name in attributes), tag
        assert (attributes.get("href") or "#").startswith(("#", "data:")), tag


def test_hostile_names_stay_names() -> None:
    document = page_document()
    assert HOSTILE in repr(document)
    page = render_xray_page(document)
    elements = Elements(page)
    assert elements.named("img") == []
    assert len(elements.named("script")) == len(
        Elements(render_xray_page(xray_document())).named("script")
    )
    [data] = [text for kind, text in elements.texts if kind == "data"]
    assert not re.search(r"[<>&\u2028\u2029]", data)
    assert json.loads(data) == json.loads(encode(document))


def test_names_that_are_not_utf_8_are_written_as_documents_write_them() -> None:
    row = FileRow(path="/app/\udcff", size_bytes=1, layer=0)
    page = render_xray_page(
        msgspec.structs.replace(xray_document(), files=(row,), notices=("\udcff",))
    )
    assert b"/app/\\\\xff" in page
    assert b'<p class="notice">\\xff</p>' in page


@pytest.mark.parametrize("missing", [*PARTS, "all"])
def test_a_page_of_some_parts(missing: str) -> None:
    parts = tuple(PARTS) if missing == "all" else (missing,)
    fields = [field for part in parts for field in PARTS[part]]
    document = msgspec.structs.replace(page_document(), **dict.fromkeys(fields))
    page = render_xray_page(document)
    assert b'<h1 class="image-name">docker:shop</h1>' in page
    for section in ("layers", "risks", "config", "dockerfile", "estimate"):
        assert (f'<section class="section" id="{section}"'.encode() in page) is (
            section not in parts
        )
    for table in ("packages", "files", "waste", "duplicates"):
        assert (f'id="table-{table}"'.encode() in page) is (table not in parts)


def test_what_slimming_leaves_and_saves_are_two_parts_of_the_whole() -> None:
    page = render_xray_page(page_document()).decode().replace("\N{NO-BREAK SPACE}", " ")
    text = " ".join(re.sub("<[^>]+>", "", page).split())
    assert "About 112 MB of 182 MB would be left, 38 % saved" in text.replace("\u202f", " ")


def test_the_same_document_gives_the_same_page() -> None:
    assert render_xray_page(page_document()) == render_xray_page(page_document())


def test_vendored_scripts_are_what_their_recipe_says() -> None:
    directory = resources.files("jettison.report.html") / "vendor"
    scripts = {item.name: item for item in directory.iterdir() if item.name.endswith(".js")}
    assert {
        name: hashlib.sha256(item.read_bytes()).hexdigest() for name, item in scripts.items()
    } == (VENDORED)
    for name in scripts:
        assert (directory / f"{name.partition('.')[0]}.LICENSE").is_file()
        assert name in (directory / "README.md").read_text()


def test_marks_that_turn_the_direction_are_shown_and_do_nothing() -> None:
    row = FileRow(path="/app/rtl\u202egnp.exe", size_bytes=1, layer=0)
    document = msgspec.structs.replace(
        xray_document(), files=(row,), notices=("a\u2067b", "plain \u05e9")
    )
    page = render_xray_page(document).decode()
    assert not re.search("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]", page)
    [data] = [text for kind, text in Elements(page.encode()).texts if kind == "data"]
    assert json.loads(data)["files"][0]["path"] == "/app/rtl\\u202egnp.exe"
    assert '<p class="notice">a\\u2067b</p>' in page
    assert '<p class="notice">plain \u05e9</p>' in page
