from __future__ import annotations

from jettison.digest import Digest
from jettison.dockerfile.edits import (
    apply,
    delete,
    pin_base,
    replace_base,
    replace_instruction,
)
from jettison.dockerfile.parsing import parse

TEXT = """\
# syntax=docker/dockerfile:1

# Why this base:   it is small.
FROM  python:3.12-slim   AS app

# The user.
USER   root
CMD ["x"] \t
"""
DIGEST = Digest.parse("sha256:" + "ab" * 32)


def test_only_the_reference_of_a_from_changes() -> None:
    stage = parse(TEXT).final_stage
    assert apply(TEXT, [replace_base(stage, "debian:12")]) == TEXT.replace(
        "python:3.12-slim", "debian:12"
    )
    assert apply(TEXT, [pin_base(stage, DIGEST)]) == TEXT.replace(
        "python:3.12-slim", f"python:3.12-slim@{DIGEST}"
    )


def test_a_digest_is_replaced_and_quotes_stay() -> None:
    text = f'FROM "python:3@{DIGEST}"\n'
    other = Digest.parse("sha256:" + "cd" * 32)
    assert apply(text, [pin_base(parse(text).final_stage, other)]) == f'FROM "python:3@{other}"\n'


def test_delete_and_replace_touch_nothing_else() -> None:
    dockerfile = parse(TEXT)
    user, command = dockerfile.final_stage.instructions
    changed = apply(
        TEXT, [delete(user, dockerfile), replace_instruction(command, 'CMD ["y"]', dockerfile)]
    )
    assert changed == TEXT.replace("USER   root\n", "").replace('["x"]', '["y"]')


def test_line_ends_of_the_file_are_kept() -> None:
    text = "FROM a\r\nCMD x\r\n"
    dockerfile = parse(text)
    item = dockerfile.final_stage.instructions[0]
    changed = apply(text, [replace_instruction(item, "USER 1\nEXPOSE 2", dockerfile)])
    assert changed == "FROM a\r\nUSER 1\r\nEXPOSE 2\r\n"


def test_edits_are_made_together_and_repeats_count_once() -> None:
    dockerfile = parse(TEXT)
    user, command = dockerfile.final_stage.instructions
    change = replace_instruction(command, "EXPOSE 1", dockerfile)
    changed = apply(
        TEXT,
        [
            change,
            change,
            delete(user, dockerfile),
            replace_base(dockerfile.final_stage, "b"),
        ],
    )
    expected = TEXT.replace("USER   root\n", "").replace('CMD ["x"]', "EXPOSE 1")
    assert changed == expected.replace("python:3.12-slim", "b")


def test_of_two_edits_of_one_place_the_first_is_made() -> None:
    dockerfile = parse(TEXT)
    user = dockerfile.final_stage.instructions[0]
    changed = apply(
        TEXT, [delete(user, dockerfile), replace_instruction(user, "USER 1", dockerfile)]
    )
    assert changed == TEXT.replace("USER   root\n", "")
