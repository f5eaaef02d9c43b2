from __future__ import annotations

from pathlib import Path

import pytest

from imagebuild.builder import Stage, configure
from imagebuild.dockerfile import Context, Instruction, expand, pairs, parse


def _one(text: str) -> Instruction:
    (found,) = parse(text, name="Dockerfile")
    return found


def test_lines_are_joined_and_comments_left_out() -> None:
    found = parse("# head\nFROM python:3 AS build\n\nRUN a \\\n    # why\n    && b\n", name="D")
    assert [(item.name, item.text, item.line) for item in found] == [
        ("FROM", "python:3 AS build", 2),
        ("RUN", "a && b", 4),
    ]


def test_flags_are_taken_off() -> None:
    found = _one("COPY --chown=a:b --from=build /x ./y")
    assert found.flags == {"chown": "a:b", "from": "build"}
    assert found.text == "/x ./y"


def test_unknown_instructions_are_refused_by_line() -> None:
    with pytest.raises(SystemExit, match="D:2: ONBUILD is not understood"):
        parse("FROM x\nONBUILD RUN y", name="D")


def test_exec_form_is_told_from_shell_form() -> None:
    assert _one('CMD ["a", "b c"]').exec_form == ["a", "b c"]
    assert _one("CMD a b").exec_form is None


def test_variables_are_expanded() -> None:
    assert expand("$A/${B}/$C.", {"A": "1", "B": "2"}) == "1/2/."


def test_pairs_keep_quoted_values_together() -> None:
    assert pairs('A=1 B="two \\"words\\"" C=') == [("A", "1"), ("B", 'two "words"'), ("C", "")]


def test_context_leaves_out_what_is_ignored(tmp_path: Path) -> None:
    (tmp_path / ".dockerignore").write_text("*.md\nbuild\n# comment\n")
    context = Context(tmp_path)
    assert context.is_ignored("README.md")
    assert context.is_ignored("build/x/y")
    assert context.is_ignored("a/__pycache__/x.pyc")
    assert not context.is_ignored("a/README.md")
    assert not context.is_ignored("builder/x")


def test_config_follows_the_instructions() -> None:
    stage = Stage(config={"Env": ["PATH=/bin"], "Cmd": ["base"]})
    text = (
        'ENV PATH="/venv/bin:$PATH" LANG=C\nEXPOSE 80 53/udp\nUSER 999\nSTOPSIGNAL SIGINT\n'
        'VOLUME /data\nLABEL a="b c"\nENTRYPOINT ["run"]\n'
        "HEALTHCHECK --interval=1m --timeout=1.5s --retries=2 CMD curl -f localhost\n"
    )
    for instruction in parse(text, name="D"):
        configure(stage, instruction)
    minute, second_and_half = 60 * 10**9, 15 * 10**8
    assert stage.config == {
        "Env": ["PATH=/venv/bin:/bin", "LANG=C"],
        "ExposedPorts": {"80/tcp": {}, "53/udp": {}},
        "User": "999",
        "StopSignal": "SIGINT",
        "Volumes": {"/data": {}},
        "Labels": {"a": "b c"},
        # A new entrypoint does not go with the base image's command.
        "Entrypoint": ["run"],
        "Healthcheck": {
            "Test": ["CMD-SHELL", "curl -f localhost"],
            "Interval": minute,
            "Timeout": second_and_half,
            "Retries": 2,
        },
    }
    assert [line["created_by"] for line in stage.history][1:3] == [
        "EXPOSE [80/tcp 53/udp]",
        "USER 999",
    ]
    assert all(line["empty_layer"] for line in stage.history)
