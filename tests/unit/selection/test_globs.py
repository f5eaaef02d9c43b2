from __future__ import annotations

import pytest

from jettison.selection.globs import compile_glob, find_matches, specificity
from support.trees import Symlink, make_rootfs


@pytest.mark.parametrize(
    ("pattern", "path", "matches"),
    [
        ("/app/*.py", "/app/a.py", True),
        ("/app/*.py", "/app/x/a.py", False),
        ("/app/**", "/app/x/a.py", True),
        ("/app/**", "/app", False),
        ("/app/**/a.py", "/app/a.py", True),
        ("/app/**/a.py", "/app/x/y/a.py", True),
        ("*.md", "/any/where/x.md", True),
        ("tests", "/app/tests", True),
        ("tests", "/app/mytests", False),
        ("/app/file?.txt", "/app/file1.txt", True),
        ("/app/file[0-9].txt", "/app/file1.txt", True),
        ("/app/file[!0-9].txt", "/app/file1.txt", False),
        ("/app/a+b(c)", "/app/a+b(c)", True),
        ("/app/", "/app", True),
        ("/", "/", True),
    ],
)
def test_globs_match_whole_paths(pattern: str, path: str, matches: bool) -> None:
    assert (compile_glob(pattern).fullmatch(path) is not None) is matches


def test_the_longer_beginning_is_more_specific() -> None:
    assert specificity("/app/tests/**") > specificity("/app/**")
    assert specificity("/app/x") == 6
    assert specificity("*.md") == 0


def test_matches_in_a_tree() -> None:
    tree = make_rootfs(
        {
            "/app/a.py": b"",
            "/app/pkg/b.py": b"",
            "/app/pkg/c.txt": b"",
            "/link": Symlink(target="app"),
        }
    ).tree
    assert find_matches("/app/**/*.py", tree) == ("/app/a.py", "/app/pkg/b.py")
    assert find_matches("/app/pkg", tree) == ("/app/pkg",)
    assert find_matches("pkg/**", tree) == ("/app/pkg/b.py", "/app/pkg/c.txt")
    assert find_matches("/link/a.py", tree) == ("/app/a.py",)
    assert find_matches("/link", tree) == ("/link",)
    assert find_matches("/nothing", tree) == ()
