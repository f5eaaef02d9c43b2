import pytest

from jettison.errors import UsageError
from jettison.probe.steps import parse_probe, parse_statuses


@pytest.mark.parametrize(
    ("text", "method", "port", "scheme", "path", "statuses"),
    [
        ("/", "GET", None, None, "/", ()),
        ("GET /health 200", "GET", None, None, "/health", ((200, 200),)),
        ("post /items 2xx", "POST", None, None, "/items", ((200, 299),)),
        ("DELETE :8080/x?a=b 204", "DELETE", 8080, None, "/x?a=b", ((204, 204),)),
        (":9000", "GET", 9000, None, "/", ()),
        ("GET https://localhost:8443/a", "GET", 8443, "https", "/a", ()),
        ("https://127.0.0.1", "GET", 443, "https", "/", ()),
        ("/caf\u00e9 200,301-303", "GET", None, None, "/caf%C3%A9", ((200, 200), (301, 303))),
        ("/already%20encoded#part", "GET", None, None, "/already%20encoded", ()),
    ],
)
def test_probe_on_the_command_line(
    text: str,
    method: str,
    port: int | None,
    scheme: str | None,
    path: str,
    statuses: tuple[tuple[int, int], ...],
) -> None:
    request = parse_probe(text)
    assert (request.method, request.port, request.scheme, request.path) == (
        method,
        port,
        scheme,
        path,
    )
    assert request.expect is not None
    assert request.expect.statuses == statuses


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", "not understood"),
        ("GET", "not understood"),
        ("GET path", "does not start with /"),
        ("FETCH /", "does not start with /"),
        ("GET / 200 extra", "not understood"),
        ("GET / 600", "'600' is not a status"),
        ("GET / ok", "'ok' is not a status"),
        ("GET :70000/", "'70000' is not a port"),
        ("GET http://example.com/", "leads out of the container"),
        ("GET http://localhost:99999/", "out of range"),
    ],
)
def test_nonsense_is_a_usage_error(text: str, found: str) -> None:
    with pytest.raises(UsageError, match=found) as caught:
        parse_probe(text)
    assert caught.value.message.startswith("--probe: ")
    assert caught.value.hint


def test_statuses_may_be_several() -> None:
    assert parse_statuses("200, 4XX", where="x") == ((200, 200), (400, 499))
