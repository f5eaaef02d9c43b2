from typing import Any

import pytest

from jettison.errors import UsageError
from jettison.probe.capture import (
    Missing,
    UnknownNameError,
    fill_body,
    fill_path,
    fill_text,
    find_at,
    parse_json_path,
    take,
    text_of,
)
from jettison.probe.cookies import CookieJar
from jettison.probe.model import Answer, Body, BodyForm, Capture, CaptureKind, Request


def answer(body: str | bytes = b"", *headers: tuple[str, str]) -> Answer:
    raw = body.encode() if isinstance(body, str) else body
    return Answer(request=Request(), port=80, scheme="http", status=200, headers=headers, body=raw)


def capture(kind: CaptureKind, expression: str, source: Answer) -> str | Missing:
    jar = CookieJar()
    jar.take(source.headers, "/")
    return take(Capture(name="x", kind=kind, expression=expression), source, jar)


@pytest.mark.parametrize(
    ("kind", "expression", "found"),
    [
        (CaptureKind.REGEX, r"id=(\d+)", "42"),
        (CaptureKind.REGEX, r"id=\d+", "id=42"),
        (CaptureKind.INPUT, "csrf", "a&b"),
        (CaptureKind.INPUT, "token", "meta"),
        (CaptureKind.HEADER, "location", "/next"),
        (CaptureKind.COOKIE, "sid", "s"),
    ],
)
def test_sources(kind: CaptureKind, expression: str, found: str) -> None:
    page = answer(
        "<!-- <input name=csrf value=old> --><input type=hidden name='csrf' value='a&amp;b'>"
        "<meta name=token content=meta> id=42",
        ("Location", "/next"),
        ("Set-Cookie", "sid=s; HttpOnly"),
    )
    assert capture(kind, expression, page) == found
    assert isinstance(capture(kind, "absent", page), Missing)


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("$.items[0].id", "7"),
        ("$.items[-1].id", "8"),
        ('$["full name"]', "Ann"),
        ("$['full name']", "Ann"),
        ("$.items[1]", '{"id": 8}'),
        ("$.none", "null"),
    ],
)
def test_json_paths(path: str, found: str) -> None:
    page = answer('{"items": [{"id": 7}, {"id": 8}], "full name": "Ann", "none": null}')
    assert capture(CaptureKind.JSON, path, page) == found


@pytest.mark.parametrize(
    ("path", "reason"),
    [("$.a.b", "does not lead into"), ("$.c", "no key 'c'"), ("$.l[3]", "has 1 items")],
)
def test_json_paths_that_lead_nowhere(path: str, reason: str) -> None:
    found = capture(CaptureKind.JSON, path, answer('{"a": 1, "l": [1]}'))
    assert isinstance(found, Missing)
    assert reason in found.reason
    assert isinstance(capture(CaptureKind.JSON, path, answer("<html>")), Missing)


@pytest.mark.parametrize("text", ["items", "$items", "$.", "$[a]", "$.a[0", "$..a"])
def test_json_path_syntax(text: str) -> None:
    with pytest.raises(UsageError, match="not understood"):
        parse_json_path(text)


def test_the_whole_document_is_a_path() -> None:
    document: Any = [1]
    assert find_at(document, parse_json_path("$")) == [1]


def test_values_are_escaped_as_their_place_needs_it() -> None:
    values = {"v": 'a/b&"ü'}
    assert fill_path("/x/{{v}}?q={{ v }}", values) == "/x/a%2Fb%26%22%C3%BC?q=a%2Fb%26%22%C3%BC"
    assert fill_path("{{v}}", values) == values["v"]
    assert fill_text("Bearer {{v}}", values) == f"Bearer {values['v']}"
    form = Body(form=BodyForm.FORM, data=b"q={{v}}")
    assert fill_body(form, values) == b"q=a%2Fb%26%22%C3%BC"
    assert fill_body(Body(form=BodyForm.JSON, data=b'{"q": "{{v}}"}'), values) == (
        '{"q": "a/b&\\"ü"}'.encode()
    )
    assert fill_body(Body(form=BodyForm.TEXT, data=b"{{v}}"), values) == values["v"].encode()
    assert fill_body(Body(form=BodyForm.BINARY, data=b"{{v}}"), values) == b"{{v}}"


def test_unknown_name_is_an_error() -> None:
    with pytest.raises(UnknownNameError, match=r"\{\{w\}\} was not captured"):
        fill_path("/{{w}}", {"v": "1"})


@pytest.mark.parametrize(
    ("kind", "body", "text"),
    [
        ("text/html; charset=iso-8859-1", b"\xe9", "é"),
        ('text/html; charset="UTF-8"', "é".encode(), "é"),
        ("text/html", b"\xff", "\ufffd"),
        ("text/html; charset=nonsense", b"a", "a"),
        ("text/html; charset=zlib", b"a", "a"),
    ],
)
def test_charsets(kind: str, body: bytes, text: str) -> None:
    assert text_of(answer(body, ("Content-Type", kind))) == text
