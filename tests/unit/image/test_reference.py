import pytest

from jettison.digest import Digest
from jettison.errors import UsageError
from jettison.image.reference import Reference

DIGEST = Digest.of(b"x")


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("python", "docker.io/library/python:latest"),
        ("python:3.12-slim", "docker.io/library/python:3.12-slim"),
        ("me/app", "docker.io/me/app:latest"),
        ("localhost/app:1", "localhost/app:1"),
        ("localhost:5000/app", "localhost:5000/app:latest"),
        ("quay.io/a/b/c:v1.0_x", "quay.io/a/b/c:v1.0_x"),
        ("[::1]:5000/app:1", "[::1]:5000/app:1"),
        (f"python@{DIGEST}", f"docker.io/library/python@{DIGEST}"),
        (f"python:3@{DIGEST}", f"docker.io/library/python:3@{DIGEST}"),
        ("123/app", "docker.io/123/app:latest"),
        ("app.slim", "docker.io/library/app.slim:latest"),
        ("docker.io/python", "docker.io/library/python:latest"),
    ],
)
def test_a_name_is_made_whole(text: str, whole: str) -> None:
    assert str(Reference.parse(text)) == whole


@pytest.mark.parametrize(
    "text",
    [
        "",
        ":",
        "a:",
        "Python",
        "a//b",
        "a b",
        "-a",
        "a:b:c",
        "a@sha256:12",
        "a/../b",
        "é",
        "a\n",
        pytest.param("x" * 300, id="long name"),
        pytest.param("a:" + "t" * 129, id="long tag"),
    ],
)
def test_what_no_engine_takes_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is no image name"):
        Reference.parse(text)


def test_the_short_form_is_what_engines_show() -> None:
    assert Reference.parse("docker.io/library/python").short == "python:latest"
    assert Reference.parse("docker.io/me/app:1").short == "me/app:1"
    assert Reference.parse("quay.io/me/app:1").short == "quay.io/me/app:1"


def test_a_bare_name_also_means_what_podman_keeps_under_localhost() -> None:
    wanted = Reference.parse("app:1")
    assert wanted.names(Reference.parse("localhost/app:1"))
    assert wanted.names(Reference.parse("docker.io/library/app:1"))
    assert not wanted.names(Reference.parse("localhost/app:2"))
    assert not wanted.names(Reference.parse("quay.io/app:1"))
    assert not Reference.parse("quay.io/app:1").names(Reference.parse("localhost/app:1"))
