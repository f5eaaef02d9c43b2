"""An engine made of answers; the real one is in the integration tests."""

import base64
import gzip
import io
import json
import os
import tarfile
from pathlib import Path
from typing import Any

import pytest

from jettison.digest import Digest
from jettison.errors import HostError, ImageNotFoundError, TagExistsError, TransportError
from jettison.transport.schemes import parse_target
from jettison.transport.sinks import check_sink, write_sink
from support.docker_api import FakeEngine, Handler
from support.transports import opened, read_layers, typical_image

IMAGE = typical_image()
ID = str(Digest.of(IMAGE.raw_config))
TARGET = parse_target("docker:app:1")


def _open(directory: Path, *, in_place: bool = False) -> tuple[list[bytes], Any]:
    with opened(TARGET, directory / "work", in_place=in_place) as source:
        return read_layers(source), source.directories


@pytest.fixture
def exported(engine: FakeEngine, tmp_path: Path) -> FakeEngine:
    """The engine has the image and hands it out."""
    archive = IMAGE.write_docker_archive(tmp_path / "saved.tar")
    engine.answers["GET /images/app:1/json"] = {"Id": ID}
    engine.answers[f"GET /images/{ID}/get"] = archive.read_bytes()
    return engine


def test_an_image_is_exported_into_the_work_directory(exported: FakeEngine, tmp_path: Path) -> None:
    layers, directories = _open(tmp_path)
    assert layers == [layer.tar for layer in IMAGE.layers]
    assert directories is None
    assert len(list((tmp_path / "work").iterdir())) == 1
    assert exported.requests[-1] == f"GET /images/{ID}/get"


def test_an_image_that_is_not_there_is_not_found(engine: FakeEngine, tmp_path: Path) -> None:
    with pytest.raises(ImageNotFoundError, match="docker:app:1: Docker has no such image"):
        _open(tmp_path)
    assert engine.requests[-1] == "GET /images/app:1/json"


def test_no_engine_is_the_hosts_fault(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    with pytest.raises(HostError, match=r"Docker does not answer at .*none\.sock") as caught:
        _open(tmp_path)
    assert "docker save" in caught.value.hint


@pytest.mark.parametrize("host", ["nonsense://x", "tcp://127.0.0.1:1", "tcp://127.0.0.1:notaport"])
def test_an_address_of_nothing_is_the_hosts_fault(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, host: str
) -> None:
    monkeypatch.setenv("DOCKER_HOST", host)
    with pytest.raises(HostError, match="Docker does not answer"):
        _open(tmp_path)


def test_credentials_in_the_address_are_not_shown(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DOCKER_HOST", "tcp://ci:s3cret@127.0.0.1:1")
    with pytest.raises(HostError) as caught:
        _open(tmp_path)
    assert "s3cret" not in caught.value.message


def _refuse(handler: Handler) -> None:
    handler.send_response(500)
    raw = json.dumps({"message": "the disk is on fire"}).encode()
    handler.send_header("Content-Length", str(len(raw)))
    handler.send_header("Content-Type", "application/json")
    handler.end_headers()
    handler.wfile.write(raw)


def _hang_up(handler: Handler) -> None:
    handler.close_connection = True
    handler.connection.close()


def _break_off(handler: Handler) -> None:
    handler.send_response(200)
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    handler.wfile.write(b"1000\r\n" + b"x" * 100)
    handler.close_connection = True


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (_refuse, "Docker refused: the disk is on fire"),
        (_hang_up, "the connection to Docker broke"),
        (_break_off, "the connection to Docker broke"),
    ],
)
def test_an_export_that_fails_says_why(
    exported: FakeEngine, tmp_path: Path, answer: object, said: str
) -> None:
    exported.answers[f"GET /images/{ID}/get"] = answer
    with pytest.raises(TransportError, match=said):
        _open(tmp_path)


def _split_tars(layerdb: Path) -> None:
    chain = ""
    for layer in IMAGE.layers:
        chain = Digest.of(f"{chain} {layer.diff_id}".encode()) if chain else layer.diff_id
        directory = layerdb / chain.partition(":")[2]
        directory.mkdir(parents=True)
        file = {"type": 1, "name": "f", "size": len(layer.tar) - 1001, "payload": "AAAAAAAAAAA="}
        nothing = {"type": 1, "name": "d/", "payload": None}
        rest = [
            {"type": 2, "payload": base64.b64encode(bytes(size)).decode()} for size in (1000, 1)
        ]
        lines = [json.dumps(item).encode() for item in (rest[0], nothing, file, rest[1])]
        (directory / "tar-split.json.gz").write_bytes(gzip.compress(b"\n".join(lines)))


def _in_place(engine: FakeEngine, root: Path, **changed: object) -> list[Path]:
    """Make the engine keep the image as overlay2 does; the newest layer is the upper one."""
    content = root / "image/overlay2/imagedb/content/sha256"
    content.mkdir(parents=True)
    (content / Digest(ID).hex).write_bytes(IMAGE.raw_config)
    _split_tars(root / "image/overlay2/layerdb/sha256")
    directories = [root / "overlay2" / name / "diff" for name in ("base", "middle", "top")]
    for directory in directories:
        directory.mkdir(parents=True)
    lower = f"{directories[1]}:{directories[0]}"
    data = {"LowerDir": lower, "UpperDir": str(directories[2])}
    engine.answers["GET /images/app:1/json"] = {
        "Id": ID,
        "GraphDriver": {"Name": "overlay2", "Data": data},
    }
    info = {"Driver": "overlay2", "DockerRootDir": str(root), "SecurityOptions": ["name=seccomp"]}
    engine.answers["GET /info"] = {**info, **changed}
    return directories


def test_directories_in_place_are_base_first(engine: FakeEngine, tmp_path: Path) -> None:
    expected = _in_place(engine, tmp_path / "docker")
    with opened(TARGET, tmp_path / "work", in_place=True) as source:
        assert source.directories == tuple(expected)
        assert source.image.raw_config == IMAGE.raw_config
        assert str(source.digest) == ID
        sizes = [layer.size_bytes for layer in source.image.manifest.layers]
        assert sizes == [len(layer.tar) for layer in IMAGE.layers]
    assert f"GET /images/{ID}/get" not in engine.requests
    assert list((tmp_path / "work").iterdir()) == []


def test_layers_of_an_image_in_place_are_exported_when_asked_for(
    exported: FakeEngine, tmp_path: Path
) -> None:
    _in_place(exported, tmp_path / "docker")
    layers, directories = _open(tmp_path, in_place=True)
    assert layers == [layer.tar for layer in IMAGE.layers]
    assert directories is not None
    assert exported.requests.count(f"GET /images/{ID}/get") == 1


@pytest.mark.parametrize(
    "changed",
    [
        {"Driver": "overlayfs"},
        {"Driver": "vfs"},
        {"SecurityOptions": ["name=seccomp", "name=rootless"]},
        {"SecurityOptions": ["name=userns"]},
        {"DockerRootDir": "/nowhere"},
    ],
)
def test_an_engine_whose_directories_cannot_be_used_exports(
    exported: FakeEngine, tmp_path: Path, changed: dict[str, object]
) -> None:
    _in_place(exported, tmp_path / "docker", **changed)
    assert _open(tmp_path, in_place=True) == ([layer.tar for layer in IMAGE.layers], None)


def test_a_store_that_is_not_the_engines_own_is_not_used(
    exported: FakeEngine, tmp_path: Path
) -> None:
    _in_place(exported, tmp_path / "docker")
    (config,) = (tmp_path / "docker/image/overlay2/imagedb/content/sha256").iterdir()
    config.write_bytes(b"{}")
    assert _open(tmp_path, in_place=True)[1] is None


def test_a_layer_without_a_directory_means_to_export(exported: FakeEngine, tmp_path: Path) -> None:
    directories = _in_place(exported, tmp_path / "docker")
    directories[1].rmdir()
    assert _open(tmp_path, in_place=True)[1] is None


@pytest.mark.parametrize(
    "content", [b"", b"no gzip", gzip.compress(b"no json", mtime=0), b"\x1f\x8b"]
)
def test_a_layer_whose_size_is_not_told_means_to_export(
    exported: FakeEngine, tmp_path: Path, content: bytes
) -> None:
    _in_place(exported, tmp_path / "docker")
    split = next((tmp_path / "docker").rglob("tar-split.json.gz"))
    split.write_bytes(content)
    assert _open(tmp_path, in_place=True) == ([layer.tar for layer in IMAGE.layers], None)


def test_in_place_is_only_used_if_asked_for(exported: FakeEngine, tmp_path: Path) -> None:
    _in_place(exported, tmp_path / "docker")
    assert _open(tmp_path)[1] is None
    assert "GET /info" not in exported.requests


def test_an_image_is_loaded_under_its_name(engine: FakeEngine, tmp_path: Path) -> None:
    layout = IMAGE.write_layout(tmp_path / "layout")

    def loaded(handler: Handler) -> None:
        raw = b'{"stream":"Loaded image: app:1"}\r\n'
        engine.answers["GET /images/app:1/json"] = {"Id": ID}
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(raw)))
        handler.end_headers()
        handler.wfile.write(raw)

    engine.answers["POST /images/load"] = loaded
    assert write_sink(TARGET, layout, overwrite=False).image_id == ID
    with tarfile.open(fileobj=io.BytesIO(engine.loaded)) as archive:
        (entry,) = json.load(archive.extractfile("manifest.json") or io.BytesIO())
    assert entry["RepoTags"] == ["app:1"]


def test_an_engine_that_does_not_take_an_image_says_why(engine: FakeEngine, tmp_path: Path) -> None:
    engine.answers["POST /images/load"] = {"error": "no space left on device"}
    with pytest.raises(TransportError, match="did not take it: no space left on device"):
        write_sink(TARGET, IMAGE.write_layout(tmp_path / "layout"), overwrite=False)


def test_a_tag_is_replaced_if_jettison_made_it(engine: FakeEngine) -> None:
    history = [{"CreatedBy": "jettison slim: app layer"}, {"CreatedBy": "RUN make"}]
    engine.answers["GET /images/app:1/history"] = history
    check_sink(TARGET, overwrite=False)
    engine.answers["GET /images/app:1/history"] = history[::-1]
    with pytest.raises(TagExistsError, match="docker:app:1 exists already"):
        check_sink(TARGET, overwrite=False)
    check_sink(TARGET, overwrite=True)


def test_the_engine_is_asked_before_the_work_even_if_forced(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    with pytest.raises(HostError):
        check_sink(TARGET, overwrite=True)


def test_the_current_context_names_the_engine(
    engine: FakeEngine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    host = os.environ["DOCKER_HOST"]
    monkeypatch.delenv("DOCKER_HOST")
    config = Path.home() / ".docker"
    meta = config / "contexts" / "meta" / Digest.of(b"elsewhere").hex
    meta.mkdir(parents=True)
    (config / "config.json").write_text('{"currentContext": "elsewhere"}')
    endpoints = {"docker": {"Host": host, "SkipTLSVerify": False}}
    (meta / "meta.json").write_text(
        json.dumps({"Name": "elsewhere", "Metadata": {}, "Endpoints": endpoints})
    )
    with pytest.raises(ImageNotFoundError):
        _open(tmp_path)
    assert engine.requests


def test_importing_the_command_line_s_path_does_not_import_docker() -> None:
    import subprocess
    import sys

    program = (
        "import sys, jettison.transport.sources, jettison.transport.sinks\n"
        "assert 'docker' not in sys.modules and 'requests' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
