from __future__ import annotations

from datetime import date, datetime

import pytest

from jettison.dockerfile.parsing import parse
from jettison.errors import UsageError
from jettison.lint.model import Finding, Place, Severity
from jettison.lint.suppressions import (
    Ignore,
    Sifted,
    Suppression,
    in_dockerfile,
    in_text,
    parse_ignores,
    sift,
)
from support.linting import TODAY, lint


def sifted(text: str, *ignores: Ignore) -> Sifted:
    read = list(in_dockerfile(parse(text), "Dockerfile"))
    found = [*lint(text), *(item for item in read if isinstance(item, Finding))]
    decisions = [item for item in read if isinstance(item, Suppression)]
    return sift(found, decisions, ignores, TODAY)


def rules(made: Sifted) -> set[str]:
    return {finding.rule for finding in made.findings}


def test_a_comment_above_an_instruction_suppresses_with_its_reason() -> None:
    made = sifted(
        "FROM python:3.13-slim\nHEALTHCHECK NONE\n"
        '# jettison: ignore=JT4001 the platform sets the user\nCMD ["x"]\n'
    )
    assert "JT4001" not in rules(made)
    assert [(item.finding.rule, item.reason) for item in made.suppressed] == [
        ("JT4001", "the platform sets the user")
    ]


def test_it_may_stand_within_the_instruction_or_name_several() -> None:
    made = sifted(
        "FROM python:3.13-slim\n# what for\n# jettison: ignore=JT2002, JT2003 - a mirror of ours\n"
        "RUN pip install \\\n    flask\n"
        "RUN pip install \\\n    # jettison: ignore=JT2002,JT2003 so is this\n    django\n"
    )
    assert rules(made) == {"JT1003", "JT4001"}
    assert len(made.suppressed) == 4


def test_a_whole_file_can_be_suppressed_for_a_rule() -> None:
    made = sifted("# jettison: ignore-file=JT1003 no registry here\nFROM a:1\nFROM b:1\n")
    assert "JT1003" not in rules(made)
    assert len(made.suppressed) == 2


@pytest.mark.parametrize(
    "comment",
    [
        "# jettison: ignore=JT1003",
        "# jettison: ignore=JT1003   ",
        "# jettison: ignore JT1003 why",
        "# jettison: ignore",
        "# jettison: ignore= why not",
    ],
)
def test_without_a_reason_or_a_rule_it_does_not_hold(comment: str) -> None:
    made = sifted(f"{comment}\nFROM a:1\n")
    assert {"JT0002", "JT1003"} <= rules(made)
    assert made.suppressed == ()


def test_what_suppresses_nothing_is_said() -> None:
    made = sifted("# jettison: ignore=JT4004 once there was a chmod\nFROM a:1\n")
    (idle,) = [item for item in made.findings if item.rule == "JT0003"]
    assert (idle.place.line, idle.severity) == (1, Severity.INFO)


def test_other_files_suppress_behind_the_line_or_above_it() -> None:
    text = (
        "a: 1  # jettison: ignore=JT6002 it writes\n"
        "# jettison: ignore=JT6001 it is root\n# for a reason\n\nb: 2\nc: 3\n"
    )
    first, second = (item for item in in_text(text, "x.yaml") if isinstance(item, Suppression))
    assert (first.first, first.last, first.rules) == (1, 1, ("JT6002",))
    assert (second.first, second.last) == (5, 5)


def test_ignores_of_the_settings_hold_by_path_and_until_a_day() -> None:
    finding = Finding(
        rule="JT1003",
        severity=Severity.INFO,
        place=Place(file="apps/web/Dockerfile"),
        message="x",
    )
    assert Ignore(rule="JT1003", reason="r").fits(finding, TODAY)
    assert Ignore(rule="JT1003", reason="r", path="apps/*").fits(finding, TODAY)
    assert Ignore(rule="JT1003", reason="r", path="Dockerfile").fits(finding, TODAY)
    assert not Ignore(rule="JT1003", reason="r", path="other/*").fits(finding, TODAY)
    assert not Ignore(rule="JT1002", reason="r").fits(finding, TODAY)
    assert not Ignore(rule="JT1003", reason="r", expires=date(2026, 11, 27)).fits(finding, TODAY)
    assert Ignore(rule="JT1003", reason="r", expires=TODAY).fits(finding, TODAY)


def test_a_file_that_cannot_be_read_cannot_be_ignored() -> None:
    finding = Finding(
        rule="JT0001", severity=Severity.ERROR, place=Place(file="Dockerfile"), message="x"
    )
    made = sift([finding], (), [Ignore(rule="JT0001", reason="r")], TODAY)
    assert made.findings == (finding,)


def test_an_end_is_a_day_however_it_is_written() -> None:
    table = [
        {"rule": "jt1003", "reason": "r", "expires": written}
        for written in (date(2026, 12, 31), datetime(2026, 12, 31, 12), "2026-12-31")
    ]
    parsed = parse_ignores(table, where="jettison.toml")
    assert parsed == (Ignore(rule="JT1003", reason="r", expires=date(2026, 12, 31)),) * 3


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("x", "not a list of tables"),
        (["x"], "number 1: not a table"),
        ([{"rule": "JT1003"}], "has no reason"),
        ([{"rule": "JT1003", "reason": "  "}], "has no reason"),
        ([{"reason": "r"}], "names no rule"),
        ([{"rule": "JT1003", "reason": "r", "paths": "x"}], "unknown key 'paths'"),
        ([{"rule": 1, "reason": "r"}], "rule is not a text"),
        (
            [{"rule": "JT1003", "reason": "r", "expires": "soon"}],
            "expires is 'soon', which is not a date",
        ),
    ],
)
def test_settings_that_cannot_be_meant_are_named(value: object, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        parse_ignores(value, where="jettison.toml")
