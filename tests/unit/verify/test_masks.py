import random
import string
import time

import pytest

from jettison.verify.masks import excerpt, find_mismatch, find_spans, is_clock, merge_spans


def holes(first: str, second: str) -> list[str]:
    return [first[span.start : span.end] for span in find_spans(first, second)]


@pytest.mark.parametrize(
    ("first", "second", "found"),
    [
        ("same", "same", []),
        ("id 12 of 3", "id 13 of 3", ["12"]),
        ("t=2026-11-23T10:00:01Z end", "t=2026-11-23T10:00:02Z end", ["2026-11-23T10:00:01Z"]),
        ('value="aXb+/=" x', 'value="aYb" x', ["aXb+/="]),
        ("href=/item/aa11/edit>", "href=/item/bb22/edit>", ["aa11"]),
        ("/static/app.abc.js", "/static/app.abd.js", ["app.abc.js"]),
        ("q=a/b", "q=a/b/c", ["b"]),
        ("x==", "y==", ["x=="]),
        ("a\nb 1\nc\nd 2\n", "a\nb 3\nc\nd 4\n", ["1", "2"]),
        ("a\nb\n", "a\nextra line\nb\n", [""]),
        ("a\nextra line\nb\n", "a\nb\n", ["extra line\n"]),
        ("", "x", [""]),
    ],
)
def test_spans_are_the_words_that_differ(first: str, second: str, found: list[str]) -> None:
    assert holes(first, second) == found
    assert find_mismatch(first, second, find_spans(first, second)) is None


def test_token_may_be_any_other_word_and_nothing_else() -> None:
    first = '<input name="csrf" value="k3jX9"> <p>Hello</p>'
    spans = find_spans(first, '<input name="csrf" value="Zz81a"> <p>Hello</p>')
    fits = '<input name="csrf" value="qqq77Q-x"> <p>Hello</p>'
    assert find_mismatch(first, fits, spans) is None
    for other in (
        '<input name="csrf" value="k3jX9"> <p>Goodbye</p>',
        '<input name="csrf" value="Error: no key"> <p>Hello</p>',
        '<input name="csrf" value="' + "x" * 500 + '"> <p>Hello</p>',
        '<input name="token" value="k3jX9"> <p>Hello</p>',
        '<input name="csrf" value="k3jX9"> <p>Hello</p>more',
        "",
    ):
        assert find_mismatch(first, other, spans) is not None


def test_common_letters_of_two_tokens_are_part_of_the_span() -> None:
    first = "token abcXYZdef;"
    spans = find_spans(first, "token abcQQdef;")
    assert find_mismatch(first, "token zzz;", spans) is None


def test_mismatch_says_where_and_what() -> None:
    mismatch = find_mismatch("one\ntwo\nthree", "one\n2\nthree", ())
    assert mismatch is not None
    assert (mismatch.at, mismatch.original, mismatch.other) == (4, "two", "2")


@pytest.mark.parametrize(
    ("first", "second", "is_time"),
    [
        ("10:00:01", "10:00:05", True),
        ("10:00", "10:02", True),
        ("23:59:59", "00:00:03", True),
        ("10:00:01", "14:00:01", False),
        ("2026-11-23", "2026-11-24", True),
        ("2026-11-23", "2025-11-23", False),
        ("2026-11-23T10:00:00Z", "2026-11-23T10:30:00+00:00", True),
        ("2026-11-23T10:00:00Z", "2026-11-23T12:30:00Z", False),
        ("Mon, 23 Nov 2026 10:00:00 GMT", "Mon, 23 Nov 2026 10:00:09 GMT", True),
        ("1795428000", "1795428009.25", True),
        ("1795428000123", "1795428009456", True),
        ("1795428000", "1695428000", False),
        ("12", "13", False),
        ("1.2.3", "1.2.4", False),
        ("abc", "abd", False),
    ],
)
def test_clocks(first: str, second: str, is_time: object) -> None:
    assert is_clock(first, second) is is_time


def test_clock_that_stood_still_while_learning_may_move_on() -> None:
    first = "<p>It is 10:00 on 2026-11-23.</p>"
    assert find_mismatch(first, "<p>It is 10:01 on 2026-11-23.</p>", ()) is None
    assert find_mismatch(first, "<p>It is 10:01 on 2024-11-23.</p>", ()) is not None
    assert find_mismatch(first, "<p>It is late on 2026-11-23.</p>", ()) is not None


def test_moving_clock_does_not_hide_a_token_out_of_bounds() -> None:
    first = "at 10:00 token abc;"
    spans = find_spans(first, "at 10:00 token xyz;")
    assert find_mismatch(first, "at 10:01 token q7;", spans) is None
    assert find_mismatch(first, "at 10:01 token;", spans) is not None


def test_spans_that_touch_are_joined() -> None:
    first = "a b c"
    joined = merge_spans((*find_spans(first, "a X c"), *find_spans(first, "X b c")))
    assert [(span.start, span.end) for span in joined] == [(0, 1), (2, 3)]
    assert find_mismatch(first, "q w c", joined) is None


@pytest.mark.parametrize("seed", range(40))
def test_what_was_learned_from_fits_and_a_change_elsewhere_does_not(seed: int) -> None:
    source = random.Random(seed)

    def word() -> str:
        return "".join(source.choices(string.ascii_letters + string.digits, k=12))

    fixed = ["".join(source.choices("abc <>\n\"'=", k=source.randint(1, 30))) for _ in range(6)]

    def render(parts: list[str]) -> str:
        # A separator that no word has, so that a fixed part and a token do not run together.
        return "".join(f'{part} "{word()}" ' for part in parts)

    first, second, third = render(fixed), render(fixed), render(fixed)
    spans = find_spans(first, second)
    assert find_mismatch(first, second, spans) is None
    assert find_mismatch(first, third, spans) is None
    changed = [*fixed[:3], "(something) else!", *fixed[4:]]
    assert find_mismatch(first, render(changed), spans) is not None


def test_large_texts_take_no_quadratic_time() -> None:
    source = random.Random(1)
    first = "\n".join(str(source.random()) for _ in range(30_000))
    second = "\n".join(str(source.random()) for _ in range(30_001))
    started = time.process_time()
    spans = find_spans(first, second)
    assert find_mismatch(first, second, spans) is None
    assert time.process_time() - started < 10


def test_excerpt_is_short_and_one_line() -> None:
    assert excerpt("a\n  b") == "a b"
    assert len(excerpt("x" * 1000)) == 120
