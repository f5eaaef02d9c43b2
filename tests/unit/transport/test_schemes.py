from pathlib import Path

import pytest

from jettison.errors import UsageError
from jettison.transport.schemes import TRANSPORTS, Scheme, Target, destination, parse_target


@pytest.mark.parametrize(
    ("text", "scheme", "location", "tag"),
    [
        ("oci:dir", Scheme.OCI, "dir", ""),
        ("oci:./a/dir:1.2", Scheme.OCI, "./a/dir", "1.2"),
        ("oci:dir:localhost/app:1", Scheme.OCI, "dir", "localhost/app:1"),
        ("oci-archive:/tmp/a.tar", Scheme.OCI_ARCHIVE, "/tmp/a.tar", ""),
        ("oci-archive:a.tar:v1", Scheme.OCI_ARCHIVE, "a.tar", "v1"),
        ("docker-archive:a.tar:me/app:1", Scheme.DOCKER_ARCHIVE, "a.tar", "me/app:1"),
        ("docker:app", Scheme.DOCKER, "app", ""),
        ("docker:24", Scheme.DOCKER, "24", ""),
        ("docker:docker:24", Scheme.DOCKER, "docker:24", ""),
        ("podman:localhost:5000/app:1", Scheme.PODMAN, "localhost:5000/app:1", ""),
        ("python:3.12", Scheme.NAME, "python:3.12", ""),
        ("registry:2", Scheme.REGISTRY, "2", ""),
        ("registry:python:3.12-slim", Scheme.REGISTRY, "python:3.12-slim", ""),
        ("registry:localhost:5000/app:1", Scheme.REGISTRY, "localhost:5000/app:1", ""),
        ("registry:[::1]:5000/app", Scheme.REGISTRY, "[::1]:5000/app", ""),
        ("localhost:5000/app:1", Scheme.NAME, "localhost:5000/app:1", ""),
    ],
)
def test_a_place_is_read_and_shown_as_it_was_written(
    text: str, scheme: Scheme, location: str, tag: str
) -> None:
    target = parse_target(text)
    assert target == Target(scheme=scheme, location=location, tag=tag)
    assert str(target) == text


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("oci:", "oci:DIR[:TAG]"),
        ("oci-archive::tag", "oci-archive:FILE[:TAG]"),
        ("docker:", "NAME or NAME:TAG"),
        ("", "NAME or NAME:TAG"),
        ("docker://python:3", "write registry:python:3"),
        ("https://hub/x", "write registry:hub/x"),
        ("registry:localhost:5000", "registry:localhost:5000/NAME[:TAG]"),
        ("registry:hub.example:443", "registry:hub.example:443/NAME[:TAG]"),
        ("registry:", "NAME or NAME:TAG"),
        ("registry:hub.example/App", "lower case"),
        ("docker-daemon:app:1", "docker:NAME"),
        ("containers-storage:app", "podman:NAME"),
        ("dir:/tmp/x", "skopeo copy"),
        ("./image.tar", "docker-archive:./image.tar"),
        ("image.tar", "docker-archive:image.tar"),
        ("/srv/layout", "oci:/srv/layout"),
        ("docker:App", "lower case"),
        ("docker-archive:a.tar:APP:1", "lower case"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_a_hint(text: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_target(text)
    assert hint in caught.value.hint


def test_every_scheme_is_in_the_table_once() -> None:
    assert sorted(row.scheme for row in TRANSPORTS) == sorted(Scheme)


def test_a_home_directory_is_meant_by_a_tilde() -> None:
    assert parse_target("oci:~/x").path == Path.home() / "x"


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("docker:app", "docker:app:latest"),
        ("podman:docker.io/library/app:1", "podman:app:1"),
        ("registry:hub.example/app", "registry:hub.example/app:latest"),
        ("docker-archive:a.tar", "docker-archive:a.tar:app.slim:latest"),
        ("docker-archive:a.tar:x", "docker-archive:a.tar:x:latest"),
        ("oci:dir", "oci:dir:app.slim:latest"),
        ("oci-archive:a.tar:1", "oci-archive:a.tar:1"),
    ],
)
def test_an_output_is_made_whole(text: str, whole: str) -> None:
    assert str(destination(parse_target(text), name="app.slim")) == whole


def test_an_output_without_a_place_is_refused() -> None:
    with pytest.raises(UsageError, match="does not say in which place") as caught:
        destination(parse_target("app"), name="app.slim")
    assert "docker:app" in caught.value.hint


def test_a_digest_cannot_be_an_output() -> None:
    target = parse_target("docker:app@sha256:" + "0" * 64)
    with pytest.raises(UsageError, match="a digest cannot be chosen"):
        destination(target, name="app.slim")


def test_the_page_shows_every_place() -> None:
    page = (Path(__file__).parents[3] / "docs" / "transports.md").read_text()
    for row in TRANSPORTS:
        assert f"| `{row.form}` | " in page
