from __future__ import annotations

from jettison.lint.context import Context


def context(*paths: str, dockerfile: str = "Dockerfile", **texts: str) -> Context:
    known = dict.fromkeys(paths, "") | {name.replace("__", "."): t for name, t in texts.items()}
    return Context(frozenset(known), known.get, prefix="apps/web/", dockerfile=dockerfile)


def test_the_ignore_file_of_the_dockerfile_s_name_comes_first() -> None:
    both = ("a.Dockerfile.dockerignore", ".dockerignore")
    assert context(*both, dockerfile="a.Dockerfile").ignore_file == both[0]
    assert context(*both).ignore_file == ".dockerignore"
    assert context(".containerignore").ignore_file == ".containerignore"
    assert context("x").ignore_file == ""


def test_sources_are_what_a_build_gets_without_tests() -> None:
    made = context(
        *("a.py", "pkg/b.py", "tests/c.py", "pkg/test_d.py", "conftest.py", "dev/e.py", "f.txt"),
        __dockerignore="dev\n",
    )
    assert list(made.sources()) == ["a.py", "pkg/b.py"]


def test_paths_are_shown_as_the_user_knows_them_and_read_but_once() -> None:
    made = context("x/y.py", z="1")
    assert made.shown("x/../z") == "apps/web/z"
    assert made.is_directory("x")
    assert made.is_directory(".")
    assert not made.is_directory("z")
    assert made.text("./z") == "1"
    assert made.text("nothing") is None


def test_a_source_that_does_not_parse_has_no_tree() -> None:
    made = context(a__py="def (", b__py="x = 1", c__py="(" * 300)
    assert made.tree("a.py") is None
    assert made.tree("c.py") is None
    assert made.tree("b.py") is not None
