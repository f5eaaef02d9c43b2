from __future__ import annotations

import os

import pytest

from jettison.runtime.starting import find_exec_failure, read_command_name, start_error


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("exec /run.sh: no such file or directory", "exec /run.sh: no such file or directory"),
        ("exec /run.sh: exec format error", "exec /run.sh: exec format error"),
        (
            "standard_init_linux.go:228: exec user process caused: permission denied",
            "exec user process caused: permission denied",
        ),
        (
            '{"msg":"exec container process `/run.sh`: No such file or directory","level":"error"}',
            "exec container process `/run.sh`: No such file or directory",
        ),
    ],
)
def test_runtime_s_complaints_are_recognized(line: str, found: str) -> None:
    assert find_exec_failure(f"noise\n{line}\n") == found


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Traceback\nFileNotFoundError: no such file or directory: '/x'",
        "sh: 1: exec: x: not found",
    ],
)
def test_what_a_program_prints_is_not_taken_for_one(text: str) -> None:
    assert find_exec_failure(text) == ""


@pytest.mark.parametrize(
    ("message", "hint"),
    [
        ('exec: "x": executable file not found in $PATH', "no such program"),
        ("exec /x: no such file or directory", "interpreter"),
        ("exec /x: exec format error", "platform"),
        ('exec: "/x": permission denied', "not executable"),
        ("mkdir /file: not a directory", ""),
    ],
)
def test_each_reason_has_its_hint(message: str, hint: str) -> None:
    error = start_error(message)
    assert message in error.message
    assert hint in error.hint
    assert bool(error.hint) == bool(hint)


def test_name_of_a_process_is_empty_once_it_is_gone() -> None:
    assert read_command_name(os.getpid())
    assert read_command_name(-1) == ""
