from __future__ import annotations

import pytest

from jettison.analysis.locked_files import LockedFiles, LockedProject, parse_locked_files

UV = """
version = 1
requires-python = ">=3.10, <3.14"

[[package]]
name = "shop"
version = "1"
source = { editable = "." }
dependencies = [
  { name = "flask" },
  { name = "tomli", marker = "python_full_version < '3.11'" },
]

[package.dev-dependencies]
dev = [{ name = "pytest" }]

[[package]]
name = "Flask"
version = "3.0.0"
source = { registry = "https://index.example/simple" }
sdist = { url = "https://files.example/flask-3.0.0.tar.gz", hash = "sha256:00" }
wheels = [{ url = "https://files.example/a%2Bb/flask-3.0.0-py3-none-any.whl#x", size = 1 }]

[[package]]
name = "tool"
version = "2"
source = { git = "https://git.example/tool" }
"""

POETRY = """
[[package]]
name = "cffi"
version = "1.16.0"
python-versions = ">=3.8"
files = [
  {file = "cffi-1.16.0-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl", hash = "x"},
  {file = "cffi-1.16.0.tar.gz", hash = "x"},
]
markers = {main = "python_version < '3.12'", dev = "os_name == 'posix'"}

[package.dependencies]
pycparser = "*"
Tomli = {version = "*", markers = "python_version < '3.11'"}

[metadata]
lock-version = "2.1"
python-versions = "^3.9"
"""

OLD_POETRY = """
[[package]]
name = "click"
version = "8"
python-versions = "*"

[metadata]
python-versions = ">=3.7"

[metadata.files]
click = [{file = "click-8-py3-none-any.whl", hash = "x"}]
"""

PDM = """
[metadata]
requires_python = ">=3.9"

[[package]]
name = "click"
version = "8"
requires_python = ">=3.7"
marker = "python_version >= '3.8'"
dependencies = ["colorama; platform_system == 'Windows'", "importlib-metadata", "]["]
files = [
  {file = "click-8-py3-none-any.whl", hash = "x"},
  {url = "https://files.example/click-8.tar.gz", hash = "x"},
]
"""

PYLOCK = """
lock-version = "1.0"
requires-python = ">=3.11"

[[packages]]
name = "click"
version = "8"
marker = "os_name == 'posix'"
requires-python = ">=3.7"
wheels = [{ name = "click-8-py3-none-any.whl", url = "https://files.example/x" }]
sdist = { path = "files/click-8.tar.gz" }
"""


def parse(name: str, text: str) -> LockedProject:
    project = parse_locked_files(name, text.encode())
    assert project is not None
    return project


def by_name(project: LockedProject) -> dict[str, LockedFiles]:
    return {package.name: package for package in project.packages}


def test_uv() -> None:
    project = parse("uv.lock", UV)
    assert project.requires_python == ">=3.10, <3.14"
    found = by_name(project)
    assert found["flask"].wheels == ("flask-3.0.0-py3-none-any.whl",)
    assert not found["tool"].is_listed
    assert [(need.name, need.marker) for need in found["shop"].needs] == [
        ("flask", ""),
        ("tomli", "python_full_version < '3.11'"),
        ("pytest", ""),
    ]


def test_poetry() -> None:
    project = parse("poetry.lock", POETRY)
    assert project.requires_python == "^3.9"
    (package,) = project.packages
    assert len(package.wheels) == 1
    assert package.requires_python == ">=3.8"
    assert package.marker == "(python_version < '3.12') or (os_name == 'posix')"
    assert [(need.name, need.marker) for need in package.needs] == [
        ("pycparser", ""),
        ("tomli", "python_version < '3.11'"),
    ]


def test_files_of_an_older_poetry() -> None:
    (package,) = parse("poetry.lock", OLD_POETRY).packages
    assert package.wheels == ("click-8-py3-none-any.whl",)
    assert package.requires_python == ""


def test_pdm() -> None:
    project = parse("pdm.lock", PDM)
    (package,) = project.packages
    assert project.requires_python == ">=3.9"
    assert package.wheels == ("click-8-py3-none-any.whl",)
    assert (package.requires_python, package.marker) == (">=3.7", "python_version >= '3.8'")
    assert [need.name for need in package.needs] == ["colorama", "importlib-metadata"]


@pytest.mark.parametrize("name", ["pylock.toml", "pylock.dev.toml"])
def test_pylock(name: str) -> None:
    project = parse(name, PYLOCK)
    (package,) = project.packages
    assert project.requires_python == ">=3.11"
    assert package.wheels == ("click-8-py3-none-any.whl",)
    assert package.marker == "os_name == 'posix'"


def test_others_tell_of_no_files() -> None:
    assert parse_locked_files("Pipfile.lock", b"{}") is None
    assert parse_locked_files("requirements.txt", b"") is None


@pytest.mark.parametrize("raw", [b"][", b"\xff\xfe"])
def test_what_is_no_toml_is_refused(raw: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_locked_files("uv.lock", raw)


@pytest.mark.parametrize(
    "text",
    ["package = 1", "package = [1]", "[[package]]\nname = 1", "[[package]]\nwheels = [{url = 1}]"],
)
def test_odd_shapes_are_passed_over(text: str) -> None:
    for name in ("uv.lock", "poetry.lock", "pdm.lock", "pylock.toml"):
        assert all(package.wheels == () for package in parse(name, text).packages)
