"""Which engine a plain name is looked for in, and what is said if none has it."""

import json
from pathlib import Path

import pytest

from conftest import FakeCommandFactory
from jettison.errors import HostError, ImageNotFoundError
from jettison.image.mediatypes import DOCKER_MANIFEST
from jettison.transport.schemes import parse_target
from support.docker_api import FakeEngine
from support.transports import opened, typical_image

IMAGE = typical_image()


@pytest.fixture
def no_engine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nobody listens."""
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")


def _podman(fake_command: FakeCommandFactory, tmp_path: Path, *, has_it: bool) -> None:
    archive = IMAGE.write_docker_archive(tmp_path / "podman-saved.tar")
    described = json.dumps([{"ManifestType": DOCKER_MANIFEST}])
    fake_command(
        "podman",
        script=f"""case "$1 $2" in
  "image exists") exit {0 if has_it else 1};;
  "image inspect") echo '{described}';;
  save*) while [ "$1" != --output ]; do shift; done; cp {archive} "$2";;
esac""",
    )


def _found(tmp_path: Path, name: str = "app") -> str:
    with opened(parse_target(name), tmp_path / "work") as source:
        return str(source.target)


def test_docker_is_asked_first(
    engine: FakeEngine, fake_command: FakeCommandFactory, tmp_path: Path
) -> None:
    _podman(fake_command, tmp_path, has_it=True)
    archive = IMAGE.write_docker_archive(tmp_path / "saved.tar")
    engine.answers["GET /images/app/json"] = {"Id": "sha256:00"}
    engine.answers["GET /images/sha256:00/get"] = archive.read_bytes()
    assert _found(tmp_path) == "docker:app"


def test_podman_is_asked_if_docker_does_not_have_it(
    engine: FakeEngine, fake_command: FakeCommandFactory, tmp_path: Path
) -> None:
    _podman(fake_command, tmp_path, has_it=True)
    assert _found(tmp_path) == "podman:app"
    assert engine.requests


@pytest.mark.usefixtures("no_engine")
def test_podman_is_asked_if_docker_does_not_run(
    fake_command: FakeCommandFactory, tmp_path: Path
) -> None:
    _podman(fake_command, tmp_path, has_it=True)
    assert _found(tmp_path) == "podman:app"


def test_both_answers_are_told(
    engine: FakeEngine, fake_command: FakeCommandFactory, tmp_path: Path
) -> None:
    _podman(fake_command, tmp_path, has_it=False)
    with pytest.raises(ImageNotFoundError, match="no engine has an image app") as caught:
        _found(tmp_path)
    assert "Docker has no such image" in caught.value.message
    assert "Podman has no such image" in caught.value.message


@pytest.mark.usefixtures("no_engine")
def test_no_engine_at_all_is_the_hosts_fault(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(HostError, match="no engine to ask") as caught:
        _found(tmp_path)
    assert "docker-archive:FILE" in caught.value.hint


@pytest.mark.usefixtures("no_engine")
def test_a_path_of_that_name_is_hinted_at(
    fake_command: FakeCommandFactory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _podman(fake_command, tmp_path, has_it=False)
    IMAGE.write_layout(tmp_path / "app")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ImageNotFoundError) as caught:
        _found(tmp_path)
    assert caught.value.hint == "for the path of that name write oci:./app"
