from __future__ import annotations

from pathlib import Path

import pytest

from jettison.errors import UsageError
from jettison.scan.advise import Project
from jettison.workflow.app_python import read_project

LOCK = (
    'requires-python = ">=3.9"\n[[package]]\nname = "click"\nversion = "8"\n'
    'source = { registry = "https://index.example" }\n'
    'wheels = [{ url = "https://files.example/click-8-py3-none-any.whl" }]\n'
)


def read(directory: Path, **files: str) -> Project:
    for name, text in files.items():
        (directory / name.replace("__", ".")).write_text(text)
    return read_project(directory)


def test_a_lock_file_tells_wheels_and_pyproject_the_python(tmp_path: Path) -> None:
    pyproject = '[project]\nname = "x"\nrequires-python = ">=3.11"\ndependencies = ["click"]\n'
    project = read(tmp_path, pyproject__toml=pyproject, uv__lock=LOCK)
    assert project.requires_python == ">=3.11"
    assert [package.wheels for package in project.packages] == [("click-8-py3-none-any.whl",)]
    assert project.is_known


def test_the_lock_files_python_where_pyproject_has_none(tmp_path: Path) -> None:
    assert read(tmp_path, uv__lock=LOCK).requires_python == ">=3.9"


def test_poetrys_own_way_to_name_the_python(tmp_path: Path) -> None:
    pyproject = '[tool.poetry.dependencies]\npython = "^3.10"\nclick = "*"\n'
    assert read(tmp_path, pyproject__toml=pyproject).requires_python == "^3.10"


def test_pinned_requirements_have_files_that_nobody_lists(tmp_path: Path) -> None:
    project = read(tmp_path, requirements__txt="Click==8.1.7\nflask>=2\n")
    assert [(item.name, item.version, item.is_listed) for item in project.packages] == [
        ("click", "8.1.7", False)
    ]
    assert project.is_known


@pytest.mark.parametrize(
    ("pyproject", "known"),
    [
        ('[project]\nname = "x"\n', True),
        ('[project]\nname = "x"\ndependencies = ["click>=8"]\n', False),
        ('[project]\nname = "x"\ndynamic = ["dependencies"]\n', False),
        ("", False),
    ],
)
def test_an_app_that_pins_nothing(tmp_path: Path, pyproject: str, known: bool) -> None:
    project = read(tmp_path, pyproject__toml=pyproject)
    assert (project.packages, project.is_known) == ((), known)


@pytest.mark.parametrize(("name", "text"), [("pyproject__toml", "]["), ("uv__lock", "][")])
def test_damaged_files_are_named(tmp_path: Path, name: str, text: str) -> None:
    with pytest.raises(UsageError, match=name.replace("__", ".")):
        read(tmp_path, **{name: text})
