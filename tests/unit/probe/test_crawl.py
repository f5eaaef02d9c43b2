from collections.abc import Callable, Mapping

from jettison.probe.crawl import Crawl
from jettison.probe.links import Site
from jettison.probe.model import Answer, CrawlLimits, Endpoint, Purpose, Request, Skipped

SITE = Site(endpoint=Endpoint(host="127.0.0.1", port=8000, scheme="http"), host="localhost")


def page(request: Request, body: str | None) -> Answer:
    return Answer(
        request=request,
        port=8000,
        scheme="http",
        target=request.path,
        status=404 if body is None else 200,
        headers=(("Content-Type", "text/html"),),
        body=(body or "").encode(),
    )


def crawl(
    pages: Mapping[str, str],
    limits: CrawlLimits,
    *,
    clock: Callable[[], float] = lambda: 0.0,
) -> tuple[list[Request], tuple[Skipped, ...]]:
    exchange = Crawl(SITE, limits, lambda: False, clock).run()
    asked: list[Request] = []
    try:
        request = next(exchange)
        while True:
            asked.append(request)
            request = exchange.send((page(request, pages.get(request.path)),))
    except StopIteration as end:
        return asked, end.value


def many(count: int, template: str) -> str:
    return "".join(f'<a href="{template.format(number)}">' for number in range(count))


def test_first_the_root_and_the_well_known_then_links_breadth_first() -> None:
    pages = {"/": "<a href=/a><a href=/b>", "/a": "<a href=/c>", "/b": "<a href=/a>"}
    asked, skipped = crawl(pages, CrawlLimits())
    assert [(request.path, request.purpose) for request in asked] == [
        ("/", Purpose.ROOT),
        ("/robots.txt", Purpose.WELL_KNOWN),
        ("/sitemap.xml", Purpose.WELL_KNOWN),
        ("/favicon.ico", Purpose.WELL_KNOWN),
        ("/a", Purpose.CRAWL),
        ("/b", Purpose.CRAWL),
        ("/c", Purpose.CRAWL),
    ]
    assert not skipped


def test_depth_is_bounded() -> None:
    pages = {"/": "<a href=/1>"} | {f"/{n}": f"<a href=/{n + 1}>" for n in range(1, 10)}
    asked, _ = crawl(pages, CrawlLimits(depth=2))
    paths = [request.path for request in asked]
    assert "/2" in paths
    assert "/3" not in paths


def test_pages_and_time_are_bounded_and_said() -> None:
    asked, skipped = crawl({"/": many(50, "/{}")}, CrawlLimits(pages=10))
    assert len(asked) == 10
    assert skipped == (Skipped(item="44 further links", reason="the crawl's limit of pages"),)
    ticks = iter(range(1000))
    asked, skipped = crawl(
        {"/": many(50, "/{}")}, CrawlLimits(seconds=8), clock=lambda: float(next(ticks))
    )
    assert len(asked) == 8
    assert skipped[0].reason == "the crawl's limit of time"


def test_queries_on_one_path_and_files_of_one_kind_are_bounded() -> None:
    asked, skipped = crawl(
        {"/": many(30, "/calendar?day={}") + many(30, "/icons/{}.svg") + "<a href=/last>"},
        CrawlLimits(),
    )
    paths = [request.path for request in asked]
    assert sum(path.startswith("/calendar") for path in paths) == 5
    assert sum(path.startswith("/icons") for path in paths) == 10
    assert paths[-1] == "/last"
    assert [item.item for item in skipped] == ["/calendar", "/icons/*.svg"]


def test_links_of_error_pages_are_not_followed() -> None:
    asked, _ = crawl({}, CrawlLimits())
    assert len(asked) == 4
