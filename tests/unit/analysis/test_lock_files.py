from __future__ import annotations

import json

import pytest

from jettison.analysis.lock_files import InvalidLockError, Lock, find_lock_parser, parse_lock

UV = """
version = 1
[[package]]
name = "shop"
version = "0.1.0"
source = { editable = "." }
dependencies = [{ name = "flask" }, { name = "tool", marker = "x" }]
[package.optional-dependencies]
cache = [{ name = "redis" }]
[package.dev-dependencies]
dev = [{ name = "pytest" }]
[[package]]
name = "flask"
version = "2.2.2"
source = { registry = "https://index.example/simple" }
dependencies = [{ name = "Jinja2" }]
[[package]]
name = "Jinja2"
version = "3.1.2"
[[package]]
name = "tool"
version = "1.0"
source = { git = "https://git.example/tool?rev=1" }
"""
POETRY = """
[[package]]
name = "Flask"
version = "2.2.2"
[package.dependencies]
Jinja2 = ">=3.0"
importlib-metadata = { version = ">=3.6", markers = "python_version < '3.10'" }
[[package]]
name = "jinja2"
version = "3.1.2"
[[package]]
name = "own"
version = "0.1"
[package.source]
type = "git"
url = "https://git.example/own"
[[package]]
name = "mirrored"
version = "1.0"
[package.source]
type = "legacy"
url = "https://index.example/simple"
[metadata]
lock-version = "2.0"
"""
PDM = """
[[package]]
name = "flask"
version = "2.2.2"
dependencies = ["Jinja2>=3.0", "importlib-metadata>=3.6.0; python_version < '3.10'"]
[[package]]
name = "jinja2"
version = "3.1.2"
[[package]]
name = "local"
path = "./local"
"""
PYLOCK = """
lock-version = "1.0"
[[packages]]
name = "flask"
version = "2.2.2"
dependencies = [{ name = "jinja2" }]
[[packages]]
name = "jinja2"
version = "3.1.2"
[[packages]]
name = "own"
vcs = { type = "git", url = "https://git.example/own" }
"""
PIPFILE = json.dumps(
    {
        "_meta": {"hash": {"sha256": "x"}},
        "default": {"flask": {"version": "==2.2.2"}, "own": {"git": "https://git.example/own"}},
        "develop": {"pytest": {"version": "==7.0"}, "odd": None},
    }
)


def names(lock: Lock) -> list[str]:
    return [f"{package.name} {package.version}".strip() for package in lock.packages]


def needs(lock: Lock) -> dict[str, tuple[str, ...]]:
    return {package.name: package.requires for package in lock.packages if package.requires}


def locations(lock: Lock) -> dict[str, str]:
    return {package.name: package.location for package in lock.packages if package.location}


def test_uv() -> None:
    lock = parse_lock("uv.lock", UV.encode())
    assert names(lock) == ["shop 0.1.0", "flask 2.2.2", "jinja2 3.1.2", "tool 1.0"]
    assert lock.roots == ("flask", "tool", "redis", "pytest")
    assert needs(lock)["flask"] == ("jinja2",)
    assert [package.name for package in lock.packages if package.is_project] == ["shop"]
    assert locations(lock) == {"shop": ".", "tool": "https://git.example/tool?rev=1"}


def test_poetry() -> None:
    lock = parse_lock("poetry.lock", POETRY.encode())
    assert names(lock) == ["flask 2.2.2", "jinja2 3.1.2", "own 0.1", "mirrored 1.0"]
    assert needs(lock) == {"flask": ("jinja2", "importlib-metadata")}
    assert locations(lock) == {"own": "https://git.example/own"}
    assert lock.roots is None


def test_pdm() -> None:
    lock = parse_lock("pdm.lock", PDM.encode())
    assert names(lock) == ["flask 2.2.2", "jinja2 3.1.2", "local"]
    assert needs(lock) == {"flask": ("jinja2", "importlib-metadata")}
    assert locations(lock) == {"local": "./local"}


def test_pylock() -> None:
    lock = parse_lock("pylock.prod.toml", PYLOCK.encode())
    assert names(lock) == ["flask 2.2.2", "jinja2 3.1.2", "own"]
    assert needs(lock) == {"flask": ("jinja2",)}
    assert locations(lock) == {"own": "https://git.example/own"}


def test_pipfile() -> None:
    lock = parse_lock("Pipfile.lock", PIPFILE.encode())
    assert names(lock) == ["flask 2.2.2", "own", "pytest 7.0"]
    assert locations(lock) == {"own": "https://git.example/own"}


@pytest.mark.parametrize("name", ["uv.lock", "poetry.lock", "pdm.lock", "pylock.toml"])
@pytest.mark.parametrize(
    "text", ["package = 5", '[[package]]\nname = 3\n[[package]]\nsource = "x"', "packages = {}"]
)
def test_odd_tables_are_passed_over(name: str, text: str) -> None:
    assert parse_lock(name, text.encode()).packages == ()


@pytest.mark.parametrize(
    ("name", "raw"),
    [("uv.lock", b"[["), ("uv.lock", b"\xff"), ("Pipfile.lock", b"[]"), ("Pipfile.lock", b"{"),
     ("other.lock", b"")],
)  # fmt: skip
def test_what_is_no_lock_file_is_an_error(name: str, raw: bytes) -> None:
    with pytest.raises(InvalidLockError):
        parse_lock(name, raw)


def test_lock_files_are_known_by_name() -> None:
    assert find_lock_parser("uv.lock") is not None
    assert find_lock_parser("package-lock.json") is None
