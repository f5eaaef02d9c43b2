from __future__ import annotations

import pytest

from jettison.dockerfile import DockerfileError
from jettison.dockerfile.ignore import IgnoreRules


def test_patterns_are_anchored_unless_they_begin_with_two_stars() -> None:
    rules = IgnoreRules(".git\n*.pyc\n**/.env\n/venv/\n")
    assert rules.ignores(".git/config")
    assert rules.ignores("a.pyc")
    assert not rules.ignores("pkg/a.pyc")
    assert rules.ignores("pkg/deep/.env")
    assert rules.ignores("venv/bin/python")
    assert rules.patterns == (".git", "*.pyc", "**/.env", "venv")


def test_the_last_pattern_that_matches_decides() -> None:
    rules = IgnoreRules("\ufeff# all but this\r\n*\r\n!src\r\nsrc/secret.py\r\n")
    assert rules.ignores("README.md")
    assert not rules.ignores("src/app.py")
    assert rules.ignores("src/secret.py")


def test_without_patterns_nothing_is_ignored() -> None:
    assert not IgnoreRules("").ignores(".git/HEAD")
    assert not IgnoreRules("# nothing\n\n").ignores(".env")


def test_a_pattern_that_docker_refuses_is_named_by_line() -> None:
    with pytest.raises(DockerfileError, match=r"line 2: .*syntax error in pattern") as caught:
        IgnoreRules("ok\n[a\n")
    assert caught.value.line == 2
