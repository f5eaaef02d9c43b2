"""A real registry: what Docker, Podman and skopeo write is read, and what is written they read."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from jettison.digest import Digest
from jettison.edge.process import ProcessOptions, run
from jettison.errors import TransportError
from jettison.image.reference import Reference
from jettison.transport.registry import list_tags, resolve_digest
from jettison.transport.registry_push import _MONOLITHIC_BYTES
from jettison.transport.schemes import Target, parse_target
from jettison.transport.sinks import write_sink
from support.accounts import Account
from support.apps import build_app
from support.images import BuiltImage, make_image, make_index
from support.real_registry import LOGIN, real_registry
from support.registry import logins
from support.slimcase import jettison
from support.transports import SinkContract, SourceContract, opened, read_layers, typical_image

pytestmark = pytest.mark.needs("registry", "skopeo")

IMAGE = typical_image()
TARS = [layer.tar for layer in IMAGE.layers]
NAME = f"jettison-registry-test-{secrets.token_hex(4)}"


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Host and port of one that anybody may use."""
    with real_registry(tmp_path_factory.mktemp("registry")) as host:
        yield host


def _skopeo(*arguments: str) -> str:
    return run(("skopeo", "--insecure-policy", *arguments), timeout_s=120).text


def _place(host: str) -> str:
    """A repository that no other test has used."""
    return f"{host}/team/{secrets.token_hex(4)}"


def _jettison(*arguments: str) -> dict[str, Any]:
    done = jettison(*arguments, "--format", "json")
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


class TestRegistrySource(SourceContract):
    """Written by skopeo, which keeps what it copies."""

    @pytest.fixture(autouse=True)
    def _host(self, registry: str) -> None:
        self.host = registry

    def put(self, image: BuiltImage, directory: Path) -> Target:
        layout = image.write_layout(directory / "to-push", "1")
        place = _place(self.host)
        flags = ("--quiet", "--preserve-digests", "--dest-tls-verify=false")
        _skopeo("copy", *flags, f"oci:{layout}:1", f"docker://{place}:1")
        return parse_target(f"registry:{place}:1")

    def missing(self, directory: Path) -> Target:
        return parse_target(f"registry:{_place(self.host)}:1")


class TestRegistrySink(SinkContract):
    @pytest.fixture(autouse=True)
    def _host(self, registry: str) -> None:
        self.host = registry

    def target(self, directory: Path) -> Target:
        return parse_target(f"registry:{_place(self.host)}:1")


@pytest.mark.parametrize("docker_types", [False, True])
def test_an_index_is_written_and_read_whole(
    registry: str, tmp_path: Path, docker_types: bool
) -> None:
    images = [
        make_image([{f"/{name}": b""}], platform=f"linux/{name}", docker_types=docker_types)
        for name in ("amd64", "arm64")
    ]
    index = make_index(images, docker_types=docker_types)
    place = _place(registry)
    layout = index.write_layout(tmp_path / "from", "1")
    written = _jettison("copy", f"oci:{layout}:1", f"registry:{place}:1")
    assert written["destination"]["digest"] == index.digest
    raw = _skopeo("inspect", "--raw", "--tls-verify=false", f"docker://{place}:1")
    assert raw.encode() == index.raw_index
    flags = ("--quiet", "--all", "--src-tls-verify=false")
    _skopeo("copy", *flags, f"docker://{place}:1", f"dir:{tmp_path / 'copied'}")

    shown = _jettison("inspect", f"registry:{place}:1", "--platform", "linux/arm64")
    assert (shown["digest"], shown["index"]["digest"]) == (images[1].digest, index.digest)
    archive = f"oci-archive:{tmp_path / 'a.tar'}"
    copied = _jettison("copy", f"registry:{place}@{index.digest}", f"{archive}:1")
    # In a layout, skopeo looks at tags of OCI's documents only.
    assert bool(copied["notices"][1:]) is docker_types
    tag = "" if docker_types else ":1"
    assert _skopeo("inspect", "--raw", archive + tag) == raw


def test_tags_and_what_they_stand_for(registry: str, tmp_path: Path) -> None:
    layout = IMAGE.write_layout(tmp_path / "layout")
    place = _place(registry)
    for tag in ("2", "1", "latest"):
        write_sink(parse_target(f"registry:{place}:{tag}"), layout, overwrite=False)
    assert list_tags(Reference.parse(place)) == ("1", "2", "latest")
    assert resolve_digest(Reference.parse(f"{place}:1")) == IMAGE.digest


def test_a_blob_that_is_streamed_arrives_whole(registry: str, tmp_path: Path) -> None:
    # Of bytes that do not pack: over the size above which an upload can be taken up.
    data = b"".join(hashlib.sha512(n.to_bytes(8)).digest() for n in range(_MONOLITHIC_BYTES // 60))
    image = make_image([{"/big": data}], compression="none")
    assert len(image.layers[0].blob) > _MONOLITHIC_BYTES
    target = parse_target(f"registry:{_place(registry)}:1")
    write_sink(target, image.write_layout(tmp_path / "layout"), overwrite=False)
    with opened(target, tmp_path / "work") as source:
        assert read_layers(source) == [image.layers[0].tar]


def test_a_copy_within_a_registry_moves_no_layer(registry: str, tmp_path: Path) -> None:
    first, second = _place(registry), _place(registry)
    write_sink(
        parse_target(f"registry:{first}:1"), IMAGE.write_layout(tmp_path / "l"), overwrite=False
    )
    copied = _jettison("copy", f"registry:{first}:1", f"registry:{second}:1")
    assert (copied["blobs"]["mounted"], copied["blobs"]["sent"]) == (4, 0)
    shown = json.loads(_skopeo("inspect", "--tls-verify=false", f"docker://{second}:1"))
    assert shown["Digest"] == IMAGE.digest


@pytest.mark.needs("userns")
def test_an_ordinary_user_copies(registry: str, tmp_path: Path, account: Account) -> None:
    place = f"registry:{_place(registry)}:1"
    write_sink(parse_target(place), IMAGE.write_layout(tmp_path / "l"), overwrite=False)
    done = account.jettison("copy", place, "oci:mine")
    assert done.returncode == 0, done.stderr
    done = account.jettison("copy", "oci:mine", f"{place}-again")
    assert done.returncode == 0, done.stderr
    assert resolve_digest(Reference.parse(f"{place}-again".removeprefix("registry:"))) == (
        IMAGE.digest
    )


@pytest.mark.needs("docker")
class TestDocker:
    @pytest.fixture
    def name(self, registry: str) -> Iterator[str]:
        """A name of the registry's; Docker forgets what it has under it."""
        made = f"{_place(registry)}:1"
        yield made
        run(("docker", "image", "rm", "--force", made), timeout_s=60, options=_UNCHECKED)

    def test_what_docker_pushes_is_read(self, name: str, tmp_path: Path) -> None:
        archive = IMAGE.write_docker_archive(tmp_path / "d.tar", tags=[name])
        run(("docker", "load", "--quiet", "--input", str(archive)), timeout_s=60)
        run(("docker", "push", "--quiet", name), timeout_s=60)
        with opened(parse_target(f"registry:{name}"), tmp_path / "work") as source:
            assert source.image.raw_config == IMAGE.raw_config
            assert read_layers(source) == TARS
            pushed = run(
                ("docker", "image", "inspect", "-f", "{{index .RepoDigests 0}}", name), timeout_s=60
            )
            assert source.digest == pushed.text.strip().partition("@")[2]

    @pytest.mark.parametrize("docker_types", [False, True])
    def test_what_is_written_docker_pulls(
        self, name: str, tmp_path: Path, docker_types: bool
    ) -> None:
        image = make_image([{"/a": secrets.token_bytes(9)}, {}], docker_types=docker_types)
        layout = image.write_layout(tmp_path / "layout")
        write_sink(parse_target(f"registry:{name}"), layout, overwrite=False)
        run(("docker", "pull", "--quiet", name), timeout_s=60)
        shown = run(("docker", "image", "inspect", "-f", "{{.Id}}", name), timeout_s=60)
        assert shown.text.strip() == Digest.of(image.raw_config)

    def test_an_image_of_the_engine_keeps_its_id(self, name: str, tmp_path: Path) -> None:
        archive = IMAGE.write_docker_archive(tmp_path / "d.tar", tags=[name])
        run(("docker", "load", "--quiet", "--input", str(archive)), timeout_s=60)
        copied = _jettison("copy", f"docker:{name}", f"registry:{name}")
        assert copied["source"]["digest"] == Digest.of(IMAGE.raw_config)
        assert not copied["is_digest_kept"]
        run(("docker", "image", "rm", "--force", name), timeout_s=60)
        run(("docker", "pull", "--quiet", name), timeout_s=60)
        shown = run(("docker", "image", "inspect", name), timeout_s=60)
        (described,) = json.loads(shown.text)
        assert described["Id"] == Digest.of(IMAGE.raw_config)
        assert described["Config"]["Healthcheck"]["Test"] == ["CMD", "/bin/true"]
        assert described["RepoDigests"][0].partition("@")[2] == copied["destination"]["digest"]


@pytest.mark.needs("podman", "root")
class TestPodman:
    @pytest.fixture(autouse=True)
    def _own_store(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        conf = tmp_path / "storage.conf"
        conf.write_text(
            f'[storage]\ndriver = "vfs"\n'
            f'graphroot = "{tmp_path}/root"\nrunroot = "{tmp_path}/run"\n'
        )
        monkeypatch.setenv("CONTAINERS_STORAGE_CONF", str(conf))
        yield
        run(("podman", "image", "rm", "--all", "--force"), timeout_s=60)

    @pytest.mark.parametrize("form", ["oci", "v2s2"])
    def test_what_podman_pushes_is_read(self, registry: str, tmp_path: Path, form: str) -> None:
        place = f"{_place(registry)}:1"
        archive = IMAGE.write_docker_archive(tmp_path / "d.tar", tags=[place])
        run(("podman", "load", "--quiet", "--input", str(archive)), timeout_s=60)
        argv = ("podman", "push", "--quiet", "--tls-verify=false", "--format", form, place)
        run(argv, timeout_s=60)
        with opened(parse_target(f"registry:{place}"), tmp_path / "work") as source:
            assert source.image.config.diff_ids == tuple(layer.diff_id for layer in IMAGE.layers)
            assert read_layers(source) == TARS

    def test_what_is_written_podman_pulls(self, registry: str, tmp_path: Path) -> None:
        place = f"{_place(registry)}:1"
        write_sink(
            parse_target(f"registry:{place}"), IMAGE.write_layout(tmp_path / "l"), overwrite=False
        )
        argv = ("podman", "pull", "--quiet", "--tls-verify=false", place)
        assert f"sha256:{run(argv, timeout_s=60).text.strip()}" == Digest.of(IMAGE.raw_config)

    def test_from_podman_to_the_registry_and_back(self, registry: str, tmp_path: Path) -> None:
        place = f"{_place(registry)}:1"
        layout = IMAGE.write_layout(tmp_path / "to-pull", place)
        run(("podman", "pull", "--quiet", f"oci:{layout}"), timeout_s=60)
        image_id = run(("podman", "image", "ls", "--quiet", "--no-trunc"), timeout_s=60).text
        run(("podman", "tag", image_id.split()[0], place), timeout_s=60)
        copied = _jettison("copy", f"podman:{place}", f"registry:{place}")
        run(("podman", "image", "rm", "--all", "--force"), timeout_s=60)
        run(("podman", "pull", "--quiet", "--tls-verify=false", place), timeout_s=60)
        shown = run(("podman", "image", "inspect", "-f", "{{.Digest}}", place), timeout_s=60)
        assert shown.text.strip() == copied["destination"]["digest"]
        back = _jettison("copy", f"registry:{place}", "podman:localhost/back:1")
        assert back["destination"]["digest"] == Digest.of(IMAGE.raw_config)


_UNCHECKED = ProcessOptions(check=False)


class TestLogin:
    @pytest.fixture
    def guarded(self, tmp_path: Path) -> Iterator[str]:
        """Host and port of one that asks for a login."""
        (tmp_path / "guarded").mkdir()
        with real_registry(tmp_path / "guarded", with_login=True) as host:
            yield host

    def test_who_has_logged_in_reads_and_writes(
        self, guarded: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        layout = IMAGE.write_layout(tmp_path / "layout")
        target = parse_target(f"registry:{_place(guarded)}:1")
        with pytest.raises(TransportError, match="it needs a login: 401") as caught:
            write_sink(target, layout, overwrite=False)
        assert f"docker login {guarded}" in caught.value.hint

        # Logged in by the tools that people log in with.
        name, password = LOGIN
        auth = tmp_path / "auth.json"
        flags = ("--tls-verify=false", "--authfile", str(auth), "-u", name, "-p", password)
        run(("skopeo", "login", *flags, guarded), timeout_s=60)
        monkeypatch.setenv("REGISTRY_AUTH_FILE", str(auth))
        write_sink(target, layout, overwrite=False)
        with opened(target, tmp_path / "work") as source:
            assert source.digest == IMAGE.digest
            assert read_layers(source) == TARS

        monkeypatch.delenv("REGISTRY_AUTH_FILE")
        (tmp_path / "config.json").write_bytes(logins({guarded: (name, "wr0ng")}))
        monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
        done = jettison("inspect", str(target))
        assert done.returncode == 4
        assert "it does not accept this login: 401 Unauthorized" in done.stderr
        assert "wr0ng" not in done.stderr


# A cache of its own: what another test has unpacked would not be downloaded.
@pytest.mark.needs("runc", "root", "bases")
def test_an_image_is_slimmed_out_of_a_registry_and_into_it(registry: str, tmp_path: Path) -> None:
    place = _place(registry)
    original = f"registry:{place}:1"
    _jettison("copy", f"oci:{build_app('flask_gunicorn').layout}", original)
    output = f"registry:{place}.slim:1"
    arguments = ("--output", output, "--report-dir", str(tmp_path / "report"), "--format", "json")
    done = jettison("slim", original, *arguments)
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["verification"]["verdict"] == "passed"
    assert {"download", "unpack"} <= {stage["name"] for stage in document["stages"]}
    (written,) = document["outputs"]
    assert written["reference"] == output
    shown = json.loads(_skopeo("inspect", "--tls-verify=false", f"docker://{place}.slim:1"))
    assert shown["Digest"] == written["digest"]
