"""Podman as a fake command; the real one is in the integration tests."""

import json
from pathlib import Path

import pytest

from conftest import FakeCommandFactory
from jettison.errors import HostError, ImageNotFoundError, InvalidImageError, TransportError
from jettison.image.mediatypes import DOCKER_MANIFEST, OCI_MANIFEST
from jettison.transport import podman
from jettison.transport.schemes import parse_target
from jettison.transport.sinks import check_sink, write_sink
from support.transports import opened, read_layers, typical_image

IMAGE = typical_image()
TARGET = parse_target("podman:app:1")


def _described(media_type: str, created_by: str = "RUN make") -> str:
    history = [{"created_by": "jettison slim"}, {"created_by": created_by}]
    return json.dumps([{"Id": "ab" * 32, "ManifestType": media_type, "History": history}])


def _script(
    *, exists: int = 0, inspect: str = "[]", save: str = "exit 125", load: str = "cat >/dev/null"
) -> str:
    return f"""
case "$1 $2" in
  "image exists") exit {exists};;
  "image inspect") cat <<'END'
{inspect}
END
  ;;
  save*) while [ "$1" != --output ]; do shift; done; {save};;
  load*) {load};;
esac"""


def _open(directory: Path) -> None:
    with opened(TARGET, directory / "work"):
        pass


def test_an_image_in_docker_form_is_saved_in_docker_form(
    fake_command: FakeCommandFactory, tmp_path: Path
) -> None:
    archive = IMAGE.write_docker_archive(tmp_path / "saved.tar")
    command = fake_command(
        "podman", script=_script(inspect=_described(DOCKER_MANIFEST), save=f'cp {archive} "$2"')
    )
    with opened(TARGET, tmp_path / "work") as source:
        assert source.image.raw_config == IMAGE.raw_config
        assert str(source.target) == "podman:app:1"
        assert read_layers(source) == [layer.tar for layer in IMAGE.layers]
    save = command.calls[-1]
    assert save[:4] == ("save", "--quiet", "--format", "docker-archive")
    assert save[-1] == "app:1"


def test_an_image_in_oci_form_is_saved_in_oci_form_unpacked(
    fake_command: FakeCommandFactory, tmp_path: Path
) -> None:
    layout = IMAGE.write_layout(tmp_path / "saved", "localhost/app:1")
    command = fake_command(
        "podman", script=_script(inspect=_described(OCI_MANIFEST), save=f'cp -r {layout} "$2"')
    )
    with opened(TARGET, tmp_path / "work") as source:
        assert source.image.raw_manifest == IMAGE.raw_manifest
    assert command.calls[-1][3:5] == ("oci-dir", "--uncompressed")


def test_an_image_that_is_not_there_is_not_found(
    fake_command: FakeCommandFactory, tmp_path: Path
) -> None:
    fake_command("podman", script=_script(exists=1))
    with pytest.raises(ImageNotFoundError, match="podman:app:1: Podman has no such image"):
        _open(tmp_path)


def test_a_podman_that_does_not_work_is_the_hosts_fault(
    fake_command: FakeCommandFactory, tmp_path: Path
) -> None:
    fake_command("podman", stderr="Error: no subuid\n", script=_script(exists=125))
    with pytest.raises(HostError, match="podman does not work here: Error: no subuid"):
        _open(tmp_path)


def test_a_save_that_fails_says_why(fake_command: FakeCommandFactory, tmp_path: Path) -> None:
    fake_command(
        "podman", stderr="Error: no space\n", script=_script(inspect=_described(OCI_MANIFEST))
    )
    with pytest.raises(TransportError, match="could not save it: Error: no space"):
        _open(tmp_path)


def test_an_answer_that_is_no_json_is_an_error(
    fake_command: FakeCommandFactory, tmp_path: Path
) -> None:
    fake_command("podman", script=_script(inspect="oops"))
    with pytest.raises(TransportError, match="podman:app:1"), opened(TARGET, tmp_path / "work"):
        pass


def test_a_host_without_podman(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(HostError, match="podman was not found"):
        _open(tmp_path)


def test_who_made_an_image_is_the_newest_instruction(fake_command: FakeCommandFactory) -> None:
    fake_command("podman", script=_script(inspect=_described(OCI_MANIFEST, "jettison slim: app")))
    assert podman.made_by("app:1") == "jettison slim: app"
    check_sink(TARGET, overwrite=False)


def test_a_load_that_ends_early_says_why(fake_command: FakeCommandFactory, tmp_path: Path) -> None:
    """More than a pipe holds is left unread, and nothing hangs."""
    big = IMAGE.write_layout(tmp_path / "layout")
    fake_command(
        "podman",
        stderr="Error: no space left\n",
        script=_script(exists=1, load="head -c 10 >/dev/null; exit 125"),
    )
    with pytest.raises(TransportError, match="Podman did not take it: Error: no space left"):
        write_sink(TARGET, big, overwrite=False)


def test_an_archive_that_breaks_off_is_not_loaded(fake_command: FakeCommandFactory) -> None:
    fake_command("podman", script=_script())

    def broken() -> object:
        yield b"x"
        raise InvalidImageError("layer 1: damaged")

    with pytest.raises(InvalidImageError, match="layer 1: damaged"):
        podman.load(broken(), "app:1")  # type: ignore[arg-type]  # a generator of bytes
