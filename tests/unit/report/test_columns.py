from __future__ import annotations

import pytest
from rich.cells import cell_len

from jettison.report.columns import Column, Cut, render_table, shorten, visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("/usr/bin/naïve-日本", "/usr/bin/naïve-日本"),
        ("/a\nb\x1b[31m", "/a\\nb\\x1b[31m"),
        ("/a\udcff", "/a\\xff"),
        ("/a\u202eb", "/a\\u202eb"),
    ],
)
def test_what_would_move_the_cursor_or_hide_is_escaped(text: str, shown: str) -> None:
    assert visible(text) == shown


@pytest.mark.parametrize(
    ("cut", "shown"),
    [(Cut.START, "…/python3"), (Cut.END, "/usr/bin…"), (Cut.NEVER, "/usr/bin/python3")],
)
def test_a_long_text_is_cut_where_it_says_least(cut: Cut, shown: str) -> None:
    assert shorten("/usr/bin/python3", 9, cut) == shown
    assert shorten("/usr/bin/python3", 16, cut) == "/usr/bin/python3"


@pytest.mark.parametrize("width", [40, 80, 200])
def test_a_table_fits(width: int) -> None:
    columns = (
        Column(title="size", is_right=True),
        Column(title="path", cut=Cut.START),
        Column(title="why", cut=Cut.END),
    )
    rows = [("1", "/short", "x"), ("22MB", "/日本/" + "long/" * 40, "because " * 30)]
    lines = list(render_table(columns, rows, width=width))
    assert len(lines) == 3
    assert all(cell_len(line) <= width for line in lines)
    assert lines[0].split() == ["size", "path", "why"]
    assert lines[1].startswith("     1  /short")


def test_columns_get_what_they_need_where_there_is_room() -> None:
    columns = (Column(cut=Cut.START), Column(cut=Cut.END))
    assert list(render_table(columns, [("/a", "b" * 60)], width=80)) == ["  /a  " + "b" * 60]


@pytest.mark.parametrize("width", [40, 80])
def test_a_text_of_which_nothing_may_be_missing_goes_on_below(width: int) -> None:
    columns = (Column(), Column(cut=Cut.START), Column(cut=Cut.WRAP))
    why = "it is 日本語 " * 9 + "w" * 90
    lines = list(render_table(columns, [("high", "/a", why), ("low", "/b", "x")], width=width))
    assert all(cell_len(line) <= width for line in lines)
    assert lines[0].startswith("  high  /a  it is")
    assert {line[:12] for line in lines[1:-1]} == {" " * 12}
    assert lines[-1] == "  low   /b  x"
    told = "".join(line[12:] for line in lines[:-1])
    assert told.replace(" ", "") == why.replace(" ", "")
