import time

import pytest

from jettison.probe.html import find_tags
from jettison.probe.links import Site, find_links
from jettison.probe.model import Answer, Endpoint, Request

SITE = Site(endpoint=Endpoint(host="127.0.0.1", port=8000, scheme="http"), host="localhost")


def links(body: str, path: str = "/", kind: str = "text/html") -> tuple[str, ...]:
    answer = Answer(
        request=Request(path=path),
        port=8000,
        scheme="http",
        status=200,
        headers=(("Content-Type", kind),),
        body=body.encode(),
    )
    return find_links(answer, path, SITE)


@pytest.mark.parametrize(
    ("html", "found"),
    [
        ('<a href="/a">x</a>', ("/a",)),
        ("<A HREF=/a>x</A><a href='b?x=1&amp;y=2#part'>", ("/a", "/b?x=1&y=2")),
        ('<img src="i.png" srcset="s.png 1x, l.png 2x">', ("/i.png", "/s.png", "/l.png")),
        ("<script src=/app.js></script><link rel=stylesheet href=s.css>", ("/app.js", "/s.css")),
        ('<iframe src="/f"></iframe><video poster=/p><source src=/v></video>', ("/f", "/p", "/v")),
        ('<div style="background: url(/bg.png)">', ("/bg.png",)),
        ("<style>@import 'a.css'; b{background:url( \"b.png\" )}</style>", ("/a.css", "/b.png")),
        ('<meta http-equiv="Refresh" content="0; url=/next">', ("/next",)),
        ('<base href="/deep/"><a href="x">', ("/deep/x",)),
        ('<base href="http://cdn.test/"><a href="x"><a href="/y">', ()),
        ("<a href='../../up'>", ("/up",)),
        ("<a href='/caf\u00e9 1'>", ("/caf%C3%A9%201",)),
        ('<a href="?page=2">', ("/?page=2",)),
    ],
)
def test_links_of_a_page(html: str, found: tuple[str, ...]) -> None:
    assert links(html) == found


@pytest.mark.parametrize(
    "html",
    [
        '<a href="http://other.test/">',
        '<a href="//other.test/x">',
        '<a href="https://localhost:8000/">',
        '<a href="http://localhost:9000/">',
        '<a href="http://localhost/">',
        '<a href="mailto:a@b.test"><a href="javascript:x()"><a href="data:text/html,x">',
        '<a href="http://[bad/"><a href="http://localhost:99999/">',
        '<a href=""><a>',
        '<!-- <a href="/comment"> -->',
        "<script>var x = '<a href=\"/script\">';</script>",
        '<link rel="preconnect" href="/">',
        '<a href="/' + "x" * 3000 + '">',
    ],
)
def test_what_is_not_followed(html: str) -> None:
    assert links(html + '<a href="/yes">') == ("/yes",)


@pytest.mark.parametrize("host", ["localhost:8000", "127.0.0.1:8000", "[::1]:8000"])
def test_own_origin_by_all_its_names(host: str) -> None:
    assert links(f'<a href="http://{host}/a">') == ("/a",)


def test_get_forms_are_sent_as_they_come_and_others_never() -> None:
    html = """
        <form action="/search"><input name=q value="a b"><input type=submit name=go>
        <input type=checkbox name=c value=1 checked><input type=checkbox name=d value=1></form>
        <form method=post action="/delete"><input name=x></form><input name=outside>
    """
    assert links(html) == ("/search?q=a+b&c=1",)


def test_style_sheets_sitemaps_and_robots() -> None:
    css = "@import url('x.css'); a{b:url(data:image/png;base64,AA)} c{d:url(../i.png)}"
    assert links(css, "/static/css/s.css", "text/css") == ("/static/css/x.css", "/static/i.png")
    sitemap = "<urlset><url><loc> http://localhost:8000/a?b=1&amp;c=2 </loc></url></urlset>"
    assert links(sitemap, "/sitemap.xml", "application/xml") == ("/a?b=1&c=2",)
    robots = "User-agent: *\nDisallow: /admin # no\nAllow: /a\nDisallow: /*?x\nSitemap: /map.xml\n"
    assert links(robots, "/robots.txt", "text/plain") == ("/admin", "/a", "/map.xml")


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/a",
        "/a/b.css?x=1&y=2",
        "/a/./b",
        "/a/../b",
        "/.a",
        "/a//b",
        "/a..b",
        "/..",
        "/a?",
        "/é",
    ],
)
def test_short_way_and_long_way_agree(path: str) -> None:
    short = SITE.find_path(path, "/base/page")
    assert short == SITE.find_path(path, "http://localhost:8000/base/page")
    assert short is not None


def test_other_bodies_have_no_links() -> None:
    assert links('{"a": "<a href=/x>"}', kind="application/json") == ()
    assert links("<a href=/x>", kind="text/plain; charset=utf-8") == ()


@pytest.mark.parametrize(
    "piece",
    [
        "<",
        "<a",
        "<a ",
        "<!--",
        "<script>",
        "<style>url(",
        "<form>",
        "<a href='",
        "<a '\"",
        '<a ""\'<\'"<"',
        '<a href="" ',
        "<a " + "x " * 50 + ">",
        "<meta http-equiv=refresh content='" + " " * 500 + "'>",
        "<img srcset='" + "," * 500 + "'>",
        "<a href=" + "../" * 600 + ">",
    ],
)
def test_hostile_pages_take_linear_time(piece: str) -> None:
    page = piece * ((1 << 20) // len(piece))
    started = time.process_time()
    links(page)
    assert time.process_time() - started < 8


def test_attributes() -> None:
    (tag,) = find_tags('<INPUT disabled name=a value=\'b"c\' data-x = "1 < 2">')
    assert tag.name == "input"
    assert tag.has("disabled")
    assert (tag.get("name"), tag.get("value")) == ("a", 'b"c')
    assert tag.get("absent") == ""
