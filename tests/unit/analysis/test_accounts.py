from __future__ import annotations

import pytest

from jettison.analysis.accounts import (
    find_duplicates,
    is_locked,
    parse_accounts,
    parse_passwords,
)


def test_lines_that_name_nobody_are_passed_over() -> None:
    raw = b"root:x:0:0:root:/root:/bin/sh\n+@nis\n# c\nbroken\nx:x:nan:0\n\xff:x:7:7:::\n"
    assert [(entry.name, entry.number, entry.line) for entry in parse_accounts(raw)] == [
        ("root", 0, 1),
        ("\ufffd", 7, 6),
    ]


def test_duplicates_are_of_different_names() -> None:
    raw = b"root:x:0:0\ntoor:x:0:0\napp:x:5:5\napp:x:5:5\n"
    [(number, sharing)] = find_duplicates(parse_accounts(raw))
    assert number == 0
    assert [entry.name for entry in sharing] == ["root", "toor"]


@pytest.mark.parametrize(
    ("password", "locked"),
    [
        *[(text, True) for text in ("*", "!", "!!", "x", "!$6$salt$hash", "*LK*", "!*")],
        *[(text, False) for text in ("", "$6$salt$hash", "$y$j9T$x$y", "ab.XXXXXXXXXX")],
    ],
)
def test_who_may_log_in(password: str, locked: bool) -> None:
    assert is_locked(password) is locked


def test_shadow() -> None:
    assert parse_passwords(b"root:*:19000::\n\napp::1\n") == (("root", "*", 1), ("app", "", 3))
