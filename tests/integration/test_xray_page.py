"""The page of an X-ray in a real browser: what is clicked, typed, seen, and never fetched."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]  # no stubs
from playwright.sync_api import Browser, Locator, Page, expect

from jettison.report.html.xray_page import render_xray_page
from support.images import make_image
from support.secrets import django_key, github_token, random_text
from support.slimcase import jettison
from support.xray_pages import HOSTILE, page_document

pytestmark = pytest.mark.needs("chromium")

Open = Callable[..., Page]


@pytest.fixture
def visit(browser: Browser, tmp_path: Path) -> Iterator[Open]:
    """Open the page; at the end nothing was fetched and nothing complained."""
    path = tmp_path / "page.html"
    path.write_bytes(render_xray_page(page_document()))
    told: list[str] = []
    contexts = []

    def go(*, width: int = 1280, scheme: str = "light") -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": 800},
            color_scheme=scheme,  # type: ignore[arg-type]  # one of the literals that it takes
            reduced_motion="reduce",
        )
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: told.append(message.text))
        page.on("pageerror", lambda error: told.append(str(error)))
        page.on("request", lambda request: told.append(request.url))
        page.goto(path.as_uri())
        expect(page.locator(".tile").first).to_be_visible()
        return page

    yield go
    for context in contexts:
        context.close()
    # The page itself, once for each visit, and its icon, which stands in it.
    assert [text for text in told if text != path.as_uri() and not text.startswith("data:")] == []


def tile(page: Page, name: str, *, of: str = "directories") -> Locator:
    return page.locator(
        f"#map-{of} .tile", has=page.locator(".tile-name", has_text=re.compile(f"^{name}$"))
    )


def column(page: Page, table: str, number: int = 1) -> list[str]:
    cells = page.locator(f"#table-{table} tbody tr:not(.detail) td:nth-child({number})")
    return cells.all_inner_texts()


def test_a_tile_narrows_the_table_and_a_chip_widens_it(visit: Open) -> None:
    page = visit()
    before = column(page, "files")
    assert "/usr/bin/perl" in before
    tile(page, "lib").click()
    narrowed = column(page, "files")
    assert sorted(narrowed) == [
        "/usr/lib/gcc/cc1",
        "/usr/lib/gcc/cc1plus",
        "/usr/lib/python3/big.so",
    ]
    expect(page.locator("#table-files .table-status")).to_contain_text("3 of 8 files")
    expect(page.locator(".crumbs").first).to_have_text(re.compile(r"image\s*/\s*usr\s*/\s*lib"))
    # A file has nothing below it: it is shown by itself.
    tile(page, "gcc").click()
    tile(page, "cc1plus").click()
    assert column(page, "files") == ["/usr/lib/gcc/cc1plus"]
    page.locator("#table-files .chip").click()
    assert column(page, "files") == before
    expect(tile(page, "lib")).to_be_visible()


def test_a_tile_of_a_package_narrows_the_packages(visit: Open) -> None:
    page = visit()
    page.get_by_role("tab", name="By package").click()
    tile(page, "Debian packages", of="packages").click()
    expect(page.get_by_role("tab", name="Packages", exact=False).last).to_have_attribute(
        "aria-selected", "true"
    )
    assert set(column(page, "packages", 3)) == {"deb"}
    tile(page, "lib39", of="packages").click()
    assert column(page, "packages") == ["lib39"]
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    expect(page.locator("#table-packages .table-status")).to_contain_text("42 packages")


def test_the_map_with_a_keyboard_alone(visit: Open) -> None:
    page = visit()
    page.get_by_role("tab", name="By directory").focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    first = page.locator("#map-directories .tile").first
    expect(first).to_be_focused()
    expect(first).to_have_accessible_name(re.compile(r"^/usr/lib, 60 MB, 56 % of usr; go in$"))
    width = first.evaluate("tile => getComputedStyle(tile).outlineWidth")
    assert width == "3px"
    page.keyboard.press("ArrowRight")
    expect(first).not_to_be_focused()
    page.keyboard.press("Home")
    expect(first).to_be_focused()
    page.keyboard.press("Enter")
    expect(tile(page, "gcc")).to_be_focused()
    assert len(column(page, "files")) == 3
    page.keyboard.press("Escape")
    expect(tile(page, "lib")).to_be_focused()
    assert len(column(page, "files")) == 6
    # One stop for all tiles: Tab leaves the map.
    page.keyboard.press("Tab")
    expect(page.get_by_role("tab", name="Largest files")).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#table-directories")).to_be_visible()
    expect(page.locator("#table-files")).to_be_hidden()


def test_tables_sort_and_filter(visit: Open) -> None:
    page = visit()
    page.get_by_role("tab", name="Packages 42").click()
    assert column(page, "packages")[0] == "perl-base"
    head = page.locator("#table-packages th", has_text="Package")
    head.get_by_role("button").click()
    expect(head).to_have_attribute("aria-sort", "ascending")
    assert column(page, "packages")[:4] == ["Flask", "lib0", "lib1", "lib2"]
    assert len(column(page, "packages")) == 25
    page.locator("#table-packages .more").click()
    assert len(column(page, "packages")) == 42
    page.get_by_label("Type").select_option("python")
    assert column(page, "packages") == ["Flask"]
    page.get_by_label("Type").select_option("")
    page.get_by_label("Filter packages").fill("lib1 deb")
    expect(page.locator("#table-packages .table-status")).to_contain_text("11 of 42")
    page.get_by_label("Filter packages").fill("nothing like it")
    assert column(page, "packages") == ["No packages match."]


def test_a_layer_narrows_tables_and_marks_its_lines(visit: Open) -> None:
    page = visit()
    page.get_by_role("button", name="Layer 1, 12 MB").click()
    assert all(path.startswith("/app") for path in column(page, "files"))
    expect(page.locator(".dockerfile li.on")).to_have_count(1)
    expect(page.locator(".dockerfile li.on")).to_contain_text("RUN pip install flask")
    page.get_by_role("button", name="Layer 1, 12 MB").click()
    expect(page.locator(".dockerfile li.on")).to_have_count(0)
    assert len(column(page, "files")) == 8


def test_risks_the_most_severe_first(visit: Open) -> None:
    page = visit()
    assert column(page, "risks") == ["high", "medium", "medium", "low", "info"]
    page.get_by_label("Severity").select_option("high")
    assert column(page, "risks", 3) == ["/root/.envhidden"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [375, 1280])
def test_no_page_is_wider_than_its_screen_and_all_is_accessible(
    visit: Open, width: int, scheme: str
) -> None:
    page = visit(width=width, scheme=scheme)
    _accessible(page)
    for name in page.get_by_role("tab").all():
        name.click()
        assert page.evaluate("document.documentElement.scrollWidth") == width
    _accessible(page)


def _accessible(page: Page) -> None:
    """WCAG 2.2 AA, the contrast of all colours on the screen included."""
    # What lies under the bar that stays on top depends on how far the page was scrolled.
    page.evaluate("window.scrollTo(0, 0)")
    found = Axe().run(
        page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"]}
    )
    assert "color-contrast" in {rule["id"] for rule in found.response["passes"]}
    assert found.violations_count == 0, found.generate_report()


def test_the_theme_follows_the_system_until_one_is_chosen(visit: Open) -> None:
    def paper(page: Page) -> str:
        return str(page.evaluate("getComputedStyle(document.body).backgroundColor"))

    light, dark = paper(visit()), paper(visit(scheme="dark"))
    assert light != dark
    page = visit(scheme="dark")
    button = page.get_by_role("button", name="Theme")
    button.click()
    assert paper(page) == light
    page.reload()
    assert paper(page) == light
    button.click()
    assert paper(page) == dark
    button.click()
    page.emulate_media(color_scheme="light")
    assert paper(page) == light


@pytest.mark.needs("userns")
def test_the_command_writes_a_page_and_shows_no_secret(tmp_path: Path) -> None:
    token, key, password = github_token(), django_key(), random_text("pw", 20)
    built = make_image(
        (
            {"/app/settings.py": f"SECRET_KEY = '{key}'\n".encode()},
            {"/app/.wh.settings.py": b"", "/app/main.py": b"pass\n"},
        ),
        {
            "Env": [f"API_TOKEN={token}"],
            "Cmd": ["serve", f"--token={token}"],
            "Healthcheck": {"Test": ["CMD-SHELL", f"check {token}"]},
            "Labels": {"token": token},
        },
        extra={
            "history": [
                {"created_by": f"RUN |1 TOKEN={token} /bin/sh -c make"},
                {"created_by": f"ENV API_TOKEN={token}", "empty_layer": True},
                {"created_by": f"RUN curl https://ci:{password}@host/x # buildkit"},
            ]
        },
    )
    target = f"oci:{built.write_layout(tmp_path / 'image')}"
    page = tmp_path / "page.html"
    done = jettison("xray", target, "--format", "json", "--html", page)
    assert done.returncode == 0, done.stderr
    hidden = [risk for risk in json.loads(done.stdout)["risks"] if risk["is_hidden"]]
    assert [(risk["path"], risk["layer"]) for risk in hidden] == [("/app/settings.py", 0)]
    shown = page.read_text()
    assert "SECRET_KEY=***" in shown
    for text in (shown, done.stdout, jettison("xray", target).stdout):
        for secret in (token, key, password):
            assert secret not in text
    bad = jettison("xray", target, "--html", tmp_path / "no/page.html")
    assert bad.returncode == 2
    assert "there is no directory" in bad.stderr


def test_hostile_names_are_shown_and_do_nothing(visit: Open) -> None:
    page = visit()
    page.locator(".crumbs button").first.click()
    tile(page, "app").click()
    page.get_by_role("tab", name="Directories").click()
    assert f"/app/{HOSTILE}" in column(page, "directories")
    expect(page.locator("#config")).to_contain_text(HOSTILE)
    assert page.locator("img").count() == 0
    assert page.title() == "docker:shop · X-ray"
