from __future__ import annotations

from typing import Final

from jettison.analysis.decoded import as_list, table_at, tables_at, text_at

TABLE: Final = {"table": {"a": 1}, "tables": [{"a": 1}, "b", {"c": 2}], "text": "x"}


def test_what_is_of_the_kind_is_given_as_it_is() -> None:
    assert table_at(TABLE, "table") == {"a": 1}
    assert tables_at(TABLE, "tables") == [{"a": 1}, {"c": 2}]
    assert text_at(TABLE, "text") == "x"
    assert as_list(["x", 1]) == ["x", 1]


def test_what_is_of_another_kind_or_not_there_is_empty() -> None:
    for key in ("text", "tables", "missing"):
        assert table_at(TABLE, key) == {}
    for key in ("text", "table", "missing"):
        assert tables_at(TABLE, key) == []
    for key in ("table", "tables", "missing"):
        assert text_at(TABLE, key) == ""
    assert as_list("x") == []
    assert as_list(None) == []
