import gzip
import json
from typing import Any

import pytest

from jettison.digest import Digest
from jettison.probe.model import Answer, Cut, Endpoint, ProbeResults, ReadyInfo, Request
from jettison.verify.compare import Aspect, Difference, compare, learn

READY = ReadyInfo(endpoints=(Endpoint(host="127.0.0.1", port=80, scheme="http"),))
HTML = "text/html; charset=utf-8"


def answer(
    body: str | bytes = b"",
    kind: str = HTML,
    *headers: tuple[str, str],
    status: int = 200,
    method: str = "GET",
) -> Answer:
    raw = body.encode() if isinstance(body, str) else body
    return Answer(
        request=Request(method=method),
        port=80,
        scheme="http",
        status=status,
        headers=(("Content-Type", kind), *headers),
        body=raw,
        size_bytes=len(raw),
        digest=Digest.of(raw),
    )


def silent(error: str = "no answer within 10 s") -> Answer:
    return Answer(request=Request(), port=80, scheme="http", error=error)


def results(*answers: Answer) -> ProbeResults:
    return ProbeResults(ready=READY, answers=answers)


def differences(first: Answer, second: Answer, slimmed: Answer) -> tuple[Difference, ...]:
    volatile = learn(results(first), results(second))
    return compare(results(first), results(slimmed), volatile)


def places(found: tuple[Difference, ...]) -> list[tuple[Aspect, str]]:
    return [(item.aspect, item.where) for item in found]


def document(**fields: Any) -> Answer:
    return answer(json.dumps(fields), "application/json")


def test_same_answers_have_no_difference_and_nothing_is_left_out() -> None:
    page = answer("<p>hello</p>")
    volatile = learn(results(page), results(page))
    assert compare(results(page), results(page), volatile) == ()
    assert volatile.answers == ()
    assert len(volatile.describe()) == 1


def test_stable_body_must_be_exact() -> None:
    page = answer("<p>hello</p>\n<p>world</p>")
    (found,) = differences(page, page, answer("<p>hello</p>\n<p>there</p>"))
    assert (found.aspect, found.where) == (Aspect.BODY, "line 2")
    assert (found.original, found.slimmed) == ("world", "there")
    assert found.describe() == "GET /: body line 2: world → there"


def test_status_change_is_the_only_thing_said() -> None:
    page = answer("<p>hello</p>")
    (found,) = differences(page, page, answer("<pre>Traceback</pre>", status=500))
    assert (found.aspect, found.original, found.slimmed) == (Aspect.STATUS, "200", "500")


def test_missing_answer() -> None:
    page = answer("x")
    (found,) = differences(page, page, silent("the app ended with status 1"))
    assert (found.aspect, found.slimmed) == (Aspect.ANSWER, "the app ended with status 1")
    volatile = learn(results(page, page), results(page, page))
    (found,) = compare(results(page, page), results(page), volatile)
    assert (found.index, found.aspect, found.slimmed) == (1, Aspect.ANSWER, "it was not asked")


def test_answer_where_the_original_never_gave_one() -> None:
    assert differences(silent(), silent("no answer within 9 s"), silent()) == ()
    assert places(differences(silent(), silent(), answer("x"))) == [(Aspect.ANSWER, "")]


def test_content_type_change_hides_the_body() -> None:
    page = answer("{}", "application/json")
    found = differences(page, page, answer("[]", "text/html"))
    assert places(found) == [(Aspect.CONTENT_TYPE, "")]


def test_content_type_in_another_spelling_is_the_same() -> None:
    page = answer("x", "text/html; charset=utf-8")
    assert differences(page, page, answer("x", "text/html;charset=UTF-8")) == ()


def test_token_in_a_page_is_learned_and_the_rest_still_compared() -> None:
    def page(token: str, text: str = "Hello") -> Answer:
        return answer(f'<form><input name="csrf" value="{token}"></form>\n<p>{text}</p>')

    first, second = page("k3jX9aaa"), page("Zz81abbb")
    assert differences(first, second, page("q7q7q7q7")) == ()
    found = differences(first, second, page("q7q7q7q7", "Goodbye"))
    assert places(found) == [(Aspect.BODY, "line 2")]
    (_, line) = learn(results(first), results(second)).describe()
    assert line == ('GET /: body: line 1 after \'<form><input name="csrf" value="\': 8 characters')
    assert "k3jX9aaa" not in line


def test_time_in_json_is_learned_by_path() -> None:
    first = document(now="2026-11-23T10:00:00", id=1, name="a")
    second = document(now="2026-11-23T10:00:01", id=2, name="a")
    later = document(now="2026-11-23T19:00:00", id=77, name="a")
    assert differences(first, second, later) == ()
    wrong = document(now="2026-11-23T19:00:00", id=77, name="b")
    assert places(differences(first, second, wrong)) == [(Aspect.BODY, "$.name")]
    texts = learn(results(first), results(second)).describe()
    assert texts[1:] == (
        "GET /: body: parts of the text at $.now",
        "GET /: body: the value at $.id",
    )


def test_volatile_value_keeps_its_type() -> None:
    found = differences(document(id=1), document(id=2), document(id=None))
    assert places(found) == [(Aspect.BODY, "$.id")]
    found = differences(document(t="a1"), document(t="b2"), document(t="Error: it broke"))
    assert places(found) == [(Aspect.BODY, "$.t")]


def test_order_of_a_list_is_learned_and_its_content_compared() -> None:
    first, second = document(tags=["a", "b", "c"]), document(tags=["c", "a", "b"])
    assert differences(first, second, document(tags=["b", "c", "a"])) == ()
    found = differences(first, second, document(tags=["b", "c", "x"]))
    assert (Aspect.BODY, "$.tags[2]") in places(found)
    assert "the order of the list at $.tags" in learn(results(first), results(second)).describe()[1]


def test_order_of_a_list_that_did_not_vary_counts() -> None:
    page = document(tags=["a", "b"])
    assert places(differences(page, page, document(tags=["b", "a"]))) == [
        (Aspect.BODY, "$.tags[0]"),
        (Aspect.BODY, "$.tags[1]"),
    ]


def test_keys_that_come_and_go() -> None:
    first, second = document(a=1, trace="x"), document(a=1)
    assert differences(first, second, document(a=1)) == ()
    assert places(differences(first, second, document(trace="y"))) == [(Aspect.BODY, "$.a")]
    page = document(a=1)
    assert places(differences(page, page, document(a=1, extra=2))) == [(Aspect.BODY, "$.extra")]


def test_json_types_are_told_apart() -> None:
    page = document(a=1, b=True)
    assert places(differences(page, page, document(a=True, b=True))) == [(Aspect.BODY, "$.a")]


def test_json_in_another_spelling_is_a_difference() -> None:
    page = answer('{"a": 1}', "application/json")
    (found,) = differences(page, page, answer('{"a":1}', "application/json"))
    assert found.slimmed == "in another spelling"


def test_broken_json_is_compared_as_text() -> None:
    page = answer('{"a": 1', "application/json")
    found = differences(page, page, answer('{"a": 2', "application/json"))
    assert places(found) == [(Aspect.BODY, "line 1")]


def test_deep_json_does_not_exhaust_the_stack() -> None:
    deep = answer("[" * 500 + "1" + "]" * 500, "application/json")
    other = answer("[" * 500 + "2" + "]" * 500, "application/json")
    assert places(differences(deep, deep, other)) == [(Aspect.BODY, "line 1")]
    deepest = answer("[" * 100_000, "application/json")
    assert differences(deepest, deepest, deepest) == ()


def test_binary_bodies() -> None:
    image = answer(b"\x89PNG\0\1", "image/png")
    (found,) = differences(image, image, answer(b"\x89PNG\0\2", "image/png"))
    assert "6 bytes, sha256:" in found.original
    other = answer(b"\x89PNG\0\2\3", "image/png")
    assert differences(image, other, answer(b"\x89PNG\0\7", "image/png")) == ()
    assert places(differences(image, other, answer(b"", "image/png"))) == [(Aspect.BODY, "")]
    assert learn(results(image), results(other)).describe()[1] == (
        "GET /: body: the whole body (6 and 7 bytes)"
    )


def test_body_of_which_only_the_beginning_was_kept() -> None:
    whole = Digest.of(b"x" * 100)
    first = Answer(request=Request(), port=80, scheme="http", status=200, body=b"x", size_bytes=100)
    from dataclasses import replace

    page = replace(first, digest=whole)
    assert differences(page, page, page) == ()
    other = replace(first, digest=Digest.of(b"y"))
    assert places(differences(page, page, other)) == [(Aspect.BODY, "")]


def test_endless_body_only_has_to_begin() -> None:
    from dataclasses import replace

    stream = replace(answer("data: 1\n\n", "text/event-stream"), cut=Cut.STREAM)
    more = replace(answer("data: 1\n\ndata: 2\n\n", "text/event-stream"), cut=Cut.STREAM)
    nothing = replace(answer("", "text/event-stream"), cut=Cut.STREAM)
    assert differences(stream, stream, more) == ()
    assert places(differences(stream, stream, nothing)) == [(Aspect.BODY, "")]
    assert "does not end" in learn(results(stream), results(stream)).describe()[1]


def test_packed_bodies_are_compared_as_what_they_hold() -> None:
    # The wire undoes gzip; lengths and the packing itself are not the app's doing.
    sizes = [str(len(gzip.compress(b"hello", compresslevel=level))) for level in (1, 9)]
    headers = [(("Content-Encoding", "gzip"), ("Content-Length", size)) for size in sizes]
    first, second = (answer("hello", HTML, *pair) for pair in headers)
    assert differences(first, first, second) == ()
    plain = answer("hello", HTML, ("Content-Length", "5"))
    assert places(differences(first, first, plain)) == [(Aspect.HEADER, "content-encoding")]


def test_length_counts_for_head_alone() -> None:
    get = [answer("x", HTML, ("Content-Length", length)) for length in "12"]
    assert differences(get[0], get[0], get[1]) == ()
    head = [answer("", HTML, ("Content-Length", length), method="HEAD") for length in "12"]
    assert places(differences(head[0], head[0], head[1])) == [(Aspect.HEADER, "content-length")]


@pytest.mark.parametrize(
    ("name", "value", "other"),
    [
        ("Date", "Mon, 23 Nov 2026 10:00:00 GMT", "Mon, 23 Nov 2026 18:00:00 GMT"),
        ("Server-Timing", "db;dur=5", "db;dur=9"),
        ("X-Request-ID", "a", "b"),
        ("Connection", "close", "keep-alive"),
        ("Set-Cookie", "sid=abc; Path=/; Max-Age=60", "sid=xyz; path=/; Max-Age=59"),
        ("Allow", "GET, HEAD, OPTIONS", "OPTIONS, GET, HEAD"),
        ("Expires", "Mon, 23 Nov 2026 10:00:00 GMT", "Mon, 23 Nov 2026 10:00:07 GMT"),
    ],
)
def test_headers_that_never_count(name: str, value: str, other: str) -> None:
    page = answer("x", HTML, (name, value))
    assert differences(page, page, answer("x", HTML, (name, other))) == ()


@pytest.mark.parametrize(
    ("name", "value", "other"),
    [
        ("Server", "gunicorn", "Werkzeug/3.0"),
        ("Set-Cookie", "sid=abc; HttpOnly", "sid=abc"),
        ("Set-Cookie", "sid=abc", "session=abc"),
        ("Allow", "GET, HEAD", "GET"),
        ("Cache-Control", "max-age=60", "no-store"),
        ("Location", "/a", "/b"),
        ("Last-Modified", "Mon, 23 Nov 2026 10:00:00 GMT", "Thu, 01 Jan 1970 00:00:00 GMT"),
    ],
)
def test_headers_that_count(name: str, value: str, other: str) -> None:
    page = answer("x", HTML, (name, value))
    found = differences(page, page, answer("x", HTML, (name, other)))
    assert places(found) == [(Aspect.HEADER, name.lower())]


def test_header_that_is_missing_or_new() -> None:
    with_header, without = answer("x", HTML, ("X-A", "1")), answer("x")
    (found,) = differences(with_header, with_header, without)
    assert (found.original, found.slimmed) == ("1", "(not there)")
    (found,) = differences(without, without, with_header)
    assert (found.original, found.slimmed) == ("(not there)", "1")
    assert differences(with_header, without, with_header) == ()


def test_part_of_a_header_is_learned() -> None:
    def page(nonce: str, source: str = "'self'") -> Answer:
        return answer("x", HTML, ("Content-Security-Policy", f"src {source} 'nonce-{nonce}'"))

    first, second = page("aaaa"), page("bbbb")
    assert differences(first, second, page("cccc")) == ()
    found = differences(first, second, page("cccc", "*"))
    assert places(found) == [(Aspect.HEADER, "content-security-policy")]
    assert learn(results(first), results(second)).describe()[1] == (
        "GET /: header content-security-policy"
    )


def test_status_that_varies_in_the_original() -> None:
    first, second = answer("ok"), answer("busy", status=503)
    assert differences(first, second, answer("whatever", status=503)) == ()
    (found,) = differences(first, second, answer("", status=404))
    assert (found.original, found.slimmed) == ("200 or 503", "404")
    assert learn(results(first), results(second)).describe()[1] == (
        "GET /: everything but that the status is 200 or 503"
    )


def test_a_third_run_teaches_more() -> None:
    pages = [answer(f"<p>{word} {number}</p>") for word, number in (("a", 1), ("a", 2), ("b", 1))]
    slimmed = results(answer("<p>c 3</p>"))
    original = results(pages[0])
    two = learn(original, results(pages[1]))
    assert compare(original, slimmed, two)
    three = learn(original, results(pages[1]), results(pages[2]))
    assert compare(original, slimmed, three) == ()
    assert compare(original, results(answer("<b>c 3</p>")), three)


def test_a_third_run_teaches_more_of_json() -> None:
    runs = [document(a=1, b="x", t=["p", "q"]), document(a=2, b="x", t=["p", "q"])]
    third = document(a=1, b="y", t=["q", "p"])
    slimmed = results(document(a=9, b="z", t=["q", "p"]))
    volatile = learn(results(runs[0]), results(runs[1]), results(third))
    assert compare(results(runs[0]), slimmed, volatile) == ()


def test_lines_that_come_and_go_in_a_text() -> None:
    first = answer("start\nworker 1 up\nready\n", "text/plain")
    second = answer("start\nready\n", "text/plain")
    assert differences(first, second, first) == ()
    assert differences(first, second, second) == ()
    assert places(differences(first, second, answer("start\nbroken\n", "text/plain"))) == [
        (Aspect.BODY, "line 2")
    ]


def test_secrets_do_not_show_in_a_difference() -> None:
    page = answer("x", HTML, ("Location", "http://user:hunter2@db.test/"))
    (found,) = differences(page, page, answer("x", HTML, ("Location", "/y")))
    assert "hunter2" not in found.describe()
