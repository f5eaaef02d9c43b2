from __future__ import annotations

from pathlib import Path

from jettison.workflow.scan_files import read_project


def read(directory: Path) -> list[str]:
    return [str(component) for component in read_project(directory).inputs.components]


def test_lock_files_of_one_purpose_are_read_too(tmp_path: Path) -> None:
    # PEP 751, "File Name": pylock.toml, or pylock.<identifier>.toml.
    lock = 'lock-version = "1.0"\n[[packages]]\nname = "flask"\nversion = "2.2.2"\n'
    (tmp_path / "pylock.prod.toml").write_text(lock)
    (tmp_path / "notpylock.toml").write_text(lock)
    project = read_project(tmp_path)
    assert project.files == ("pylock.prod.toml",)
    assert [str(component) for component in project.inputs.components] == ["flask 2.2.2"]


def test_groups_of_each_tool_are_asked_for(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("""
[project]
dependencies = ["a==1"]
[tool.poetry.dependencies]
b = "2"
[tool.poetry.group.test.dependencies]
c = {version = "3", optional = true}
python = "^3.10"
[tool.poetry.dev-dependencies]
d = "==4"
[tool.pdm.dev-dependencies]
lint = ["e==5"]
[tool.uv]
dev-dependencies = ["f==6"]
""")
    assert read(tmp_path) == ["a 1", "b 2", "c 3", "d 4", "e 5", "f 6"]


def test_groups_of_poetry_begin_the_chains_of_its_lock(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(
        '[tool.poetry.dependencies]\na = "1"\n[tool.poetry.group.dev.dependencies]\nb = "*"\n'
    )
    (tmp_path / "poetry.lock").write_text(
        '[[package]]\nname = "a"\nversion = "1"\n[[package]]\nname = "b"\nversion = "2"\n'
    )
    found = read_project(tmp_path).inputs.components
    assert [item.introduced_through for item in found] == [(("a 1",),), (("b 2",),)]
