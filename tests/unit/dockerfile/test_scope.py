from __future__ import annotations

from jettison.dockerfile.parsing import parse
from jettison.dockerfile.scope import base_of, environment_of, expand, variables_at


def test_only_from_sees_the_arguments_before_it() -> None:
    dockerfile = parse(
        "ARG TAG=3.12\nARG FULL=${TAG}-slim\nFROM python:${FULL}\nRUN a\nARG TAG\nRUN b\n"
    )
    first, _, second = dockerfile.final_stage.instructions
    assert base_of(dockerfile, dockerfile.final_stage) == "python:3.12-slim"
    assert variables_at(dockerfile, dockerfile.final_stage, first) == {}
    assert variables_at(dockerfile, dockerfile.final_stage, second) == {"TAG": "3.12"}


def test_build_arguments_win_over_defaults() -> None:
    dockerfile = parse("ARG TAG=3.12\nFROM python:$TAG\nARG X=1\nRUN x\n")
    stage = dockerfile.final_stage
    given = {"TAG": "3.13", "X": "2"}
    assert base_of(dockerfile, stage, given) == "python:3.13"
    assert variables_at(dockerfile, stage, None, given) == {"X": "2"}


def test_a_base_that_hangs_on_nothing_stays_as_written() -> None:
    dockerfile = parse("ARG BASE\nFROM $BASE\nFROM a:${T:-1}\nFROM b:$T\n")
    assert [base_of(dockerfile, stage) for stage in dockerfile.stages] == ["$BASE", "a:1", "b:$T"]


def test_environment_is_inherited_from_the_stage_below_and_wins_over_arguments() -> None:
    dockerfile = parse(
        'FROM a AS one\nENV P=/x Q="$P y"\nENV R=${P}/bin:$PATH\nFROM one\nARG P=no\nRUN x\n'
    )
    final = dockerfile.final_stage
    assert environment_of(dockerfile, final) == {"P": "/x", "Q": "$P y", "R": "/x/bin:$PATH"}
    assert variables_at(dockerfile, final)["P"] == "/x"


def test_quotes_escapes_and_modifiers() -> None:
    values = {"A": "1", "EMPTY": ""}
    assert expand("'$A'\"$A\"", values) == "$A1"
    assert expand("\\$A", values) == "$A"
    assert expand("${EMPTY:-x}${A:+y}", values) == "xy"
    assert expand("$B", values) == "$B"
    assert expand("$B", values, keep_unset=False) == ""
    assert expand("${B:?missing}", values, keep_unset=False) == "${B:?missing}"
