from __future__ import annotations

from pathlib import Path

import pytest

from jettison.errors import UsageError
from jettison.workflow.final_from import FinalFrom, find_final_from


def find(directory: Path, text: str, **arguments: str) -> FinalFrom:
    path = directory / "Dockerfile"
    path.write_text(text)
    return find_final_from(path, arguments)


@pytest.mark.parametrize(
    ("text", "name", "line"),
    [
        ("FROM python:3.12-slim\n", "python:3.12-slim", 1),
        ("FROM golang AS build\nFROM python:3.12\n", "python:3.12", 2),
        ("FROM python:3.12 AS base\nFROM node AS x\nFROM base\n", "python:3.12", 1),
        ("ARG V=3.12\nFROM python:${V}-slim\n", "python:3.12-slim", 2),
        ("FROM scratch\n", "scratch", 1),
    ],
)
def test_the_image_below_all_stages_of_the_result(
    tmp_path: Path, text: str, name: str, line: int
) -> None:
    assert find(tmp_path, text) == FinalFrom(name=name, line=line)


def test_arguments_of_the_build(tmp_path: Path) -> None:
    text = "ARG BASE\nFROM $BASE\n"
    assert find(tmp_path, text, BASE="python:3.12").name == "python:3.12"
    with pytest.raises(UsageError) as caught:
        find(tmp_path, text)
    assert "--build-arg" in caught.value.hint


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="Dockerfile"):
        find_final_from(tmp_path / "Dockerfile", {})
