from __future__ import annotations

import pytest

from jettison.dockerfile import DockerfileError
from jettison.dockerfile.parsing import MAX_CHARS, parse, parse_bytes

FULL = """\
# syntax=docker/dockerfile:1
# The base is chosen outside.
ARG VERSION=3.12
FROM --platform=linux/amd64 python:${VERSION}-slim AS Build
RUN --mount=type=cache,target=/root/.cache \\
    # between two lines
    pip install \\

    flask
COPY --chown=1:2 ["a b", "/srv/"]
FROM scratch
COPY --from=build /srv /srv
ENV A=1 B="two words" C='3'
LABEL old style value
HEALTHCHECK --interval=5s CMD ["python", "-c", "pass"]
CMD exec gunicorn app:app
"""


def test_stages_and_what_is_in_them() -> None:
    dockerfile = parse(FULL)
    build, final = dockerfile.stages
    assert [item.name for item in dockerfile.global_arguments] == ["ARG"]
    assert (build.alias, build.base.text, build.platform) == (
        *("build", "python:${VERSION}-slim"),
        "linux/amd64",
    )
    assert [item.name for item in build.instructions] == ["RUN", "COPY"]
    assert final is dockerfile.final_stage
    assert dockerfile.find_stage("BUILD") is build
    assert dockerfile.find_stage("1") is final
    assert dockerfile.find_stage("2") is None
    assert dockerfile.parent_of(final) is None
    assert [item.name for item in dockerfile.instructions()][:3] == ["ARG", "FROM", "RUN"]


def test_instructions_know_flags_forms_and_pairs() -> None:
    build, final = parse(FULL).stages
    run, copy = build.instructions
    mount = run.flag("mount")
    assert mount is not None
    assert (mount.value, mount.span.line, mount.span.column) == (
        *("type=cache,target=/root/.cache", 5),
        5,
    )
    assert run.script.split() == ["pip", "install", "flask"]
    assert (copy.arguments, copy.is_exec) == (("a b", "/srv/"), True)
    environment, label, health, command = final.instructions[1:]
    assert environment.pairs == (("A", "1"), ("B", '"two words"'), ("C", "'3'"))
    assert label.pairs == (("old", "style value"),)
    assert health.command == ("python", "-c", "pass")
    assert (command.is_exec, command.script) == (False, "exec gunicorn app:app")


def test_spans_cut_out_exactly_the_instruction() -> None:
    dockerfile = parse(FULL)
    run = dockerfile.stages[0].instructions[0]
    assert FULL[run.span.start : run.span.end].startswith("RUN --mount")
    assert FULL[run.span.start : run.span.end].endswith("    flask")
    assert (run.span.line, run.span.end_line) == (5, 9)
    word = run.words[2]
    assert (word.text, word.span.line, word.span.column) == ("install", 7, 9)


def test_comments_and_directives_are_told_apart() -> None:
    dockerfile = parse(FULL)
    assert [(item.name, item.value) for item in dockerfile.directives] == [
        ("syntax", "docker/dockerfile:1")
    ]
    assert [(item.text, item.span.line) for item in dockerfile.comments] == [
        ("The base is chosen outside.", 2),
        ("between two lines", 6),
    ]


def test_here_documents_belong_to_their_instruction() -> None:
    text = (
        "FROM a\nRUN <<EOF\n# not a comment\nmake\nEOF\nCOPY <<one <<'two' /srv/\n1\none\n$2\ntwo\n"
    )
    run, copy = parse(text).final_stage.instructions
    assert run.script == "# not a comment\nmake\n"
    assert text[run.span.start : run.span.end].endswith("make\nEOF")
    assert [(doc.name, doc.content, doc.expands) for doc in copy.heredocs] == [
        ("one", "1\n", True),
        ("two", "$2\n", False),
    ]
    assert parse(text).comments == ()


def test_a_here_document_on_standard_input_stays_in_the_script() -> None:
    run = parse("FROM a\nRUN cat <<EOF >/x\nhello\nEOF\n").final_stage.instructions[0]
    assert run.script == "cat <<EOF >/x\nhello\nEOF"


def test_the_escape_directive_changes_continuations() -> None:
    dockerfile = parse("# escape=`\nFROM a\nRUN x `\n  y\nCOPY C:\\ /x\n")
    run, copy = dockerfile.final_stage.instructions
    assert run.script == "x   y"
    assert copy.arguments == ("C:\\", "/x")
    assert dockerfile.escape == "`"


def test_windows_line_ends_and_a_byte_order_mark() -> None:
    raw = b"\xef\xbb\xbfFROM a AS b\r\n\r\n  RUN x \\\r\n\ty\r\n"
    dockerfile = parse_bytes(raw)
    run = dockerfile.final_stage.instructions[0]
    assert dockerfile.newline == "\r\n"
    assert dockerfile.text.encode() == raw
    assert dockerfile.final_stage.origin.span.column == 1
    assert (run.span.line, run.span.column, run.words[1].text) == (3, 3, "y")
    assert (run.words[1].span.line, run.words[1].span.column) == (4, 2)


def test_a_word_that_goes_on_in_the_next_line_is_one_word() -> None:
    item = parse("FROM a\nEXPOSE 80\\\n00 9\n").final_stage.instructions[0]
    assert item.arguments == ("8000", "9")
    assert [word.text for word in item.words] == ["8000", "9"]


def test_onbuild_holds_an_instruction_back() -> None:
    item = parse("FROM a\nONBUILD COPY --from=x a b\n").final_stage.instructions[0]
    assert item.trigger is not None
    assert (item.trigger.name, item.trigger.arguments) == ("COPY", ("a", "b"))
    flag = item.trigger.flag("from")
    assert flag is not None
    assert flag.value == "x"


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("", 1, "no instructions"),
        ("# only a comment\n", 1, "no instructions"),
        ("ARG A\n", 1, "there is no FROM"),
        ("RUN x\nFROM a\n", 1, "RUN before the first FROM"),
        ("FROM a\nFOO b\n", 2, "unknown instruction: FOO"),
        ("FROM a\nRUN <<EOF\nx\n", 2, "unterminated heredoc"),
        ("FROM a\n\nENV X\n", 3, "ENV must have two arguments"),
        ("FROM a\nENV X=1 Y\n", 2, "can't find = in"),
        ("FROM a b\n", 1, "FROM needs either one or three"),
        ("FROM a AS b # why\n", 1, "FROM needs either one or three"),
        ("FROM a\nCOPY x\n", 2, "COPY needs at least two"),
        ("FROM a\nCMD [1]\n", 2, "Only strings"),
        ("FROM a\nHEALTHCHECK curl x\n", 2, "unknown type"),
        ("FROM a\nHEALTHCHECK CMD\n", 2, "needs a command"),
        ("FROM a\nHEALTHCHECK NONE x\n", 2, "takes no arguments"),
        ("FROM a\nONBUILD FROM b\n", 2, "not allowed as an ONBUILD trigger"),
        ("FROM a\nONBUILD FOO b\n", 2, "unknown instruction"),
        ("FROM a\nSHELL bash -c\n", 2, "JSON form"),
        ("FROM a\nUSER\n", 2, "USER needs at least one argument"),
        ("# escape=x\nFROM a\n", 1, "invalid escape token"),
    ],
)
def test_errors_name_the_line_and_the_reason(text: str, line: int, reason: str) -> None:
    with pytest.raises(DockerfileError, match=f"^line {line}: .*") as caught:
        parse(text)
    assert reason in caught.value.message
    assert caught.value.line == line


def test_bytes_that_are_no_text_are_named() -> None:
    with pytest.raises(DockerfileError, match="line 2: byte 0xff is not UTF-8"):
        parse_bytes(b"FROM a\nRUN \xff\n")


def test_a_file_past_the_bound_is_refused() -> None:
    with pytest.raises(DockerfileError, match="the bound is"):
        parse("FROM a\n" + "#" * MAX_CHARS)
