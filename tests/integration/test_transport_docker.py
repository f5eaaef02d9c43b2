"""A real Docker Engine: what goes in comes out, and in place is the same as exported."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from jettison.edge.process import run
from jettison.filetree.tarstream import UnpackLimits
from jettison.paths import ROOT
from jettison.store.layers import LayerStore, UnpackedLayer
from jettison.store.overlay_directory import read_layer
from jettison.store.rootfs import StackedRootFS
from jettison.transport.schemes import Target, parse_target
from jettison.transport.sources import Source
from support.accounts import Account
from support.images import BuiltImage, Device, Directory, Fifo, File, HardLink, Symlink, make_image
from support.transports import SinkContract, SourceContract, opened, typical_image

pytestmark = pytest.mark.needs("docker")

PREFIX = "jettison-transport-test"
CAPABILITY = bytes.fromhex("0100000200040000000000000000000000000000")


def _name() -> str:
    return f"{PREFIX}-{secrets.token_hex(4)}:1"


@pytest.fixture
def names() -> Iterator[list[str]]:
    """Names of images to remove again, and with them the images that lost their names."""
    before = _nameless()
    made: list[str] = []
    yield made
    there = [name for name in made if run(("docker", "image", "ls", "-q", name), timeout_s=60).text]
    for image in (*there, *(_nameless() - before)):
        run(("docker", "image", "rm", "--force", image), timeout_s=60)


def _nameless() -> set[str]:
    argv = ("docker", "image", "ls", "--quiet", "--no-trunc", "--filter", "dangling=true")
    return set(run(argv, timeout_s=60).text.split())


def _load(image: BuiltImage, directory: Path, name: str) -> Target:
    archive = image.write_docker_archive(directory / "to-load.tar", tags=[name])
    run(("docker", "load", "--quiet", "--input", str(archive)), timeout_s=60)
    return parse_target(f"docker:{name}")


class _Docker(SourceContract):
    keeps_manifest = False

    @pytest.fixture(autouse=True)
    def _remember(self, names: list[str]) -> None:
        self.names = names

    def put(self, image: BuiltImage, directory: Path) -> Target:
        self.names.append(_name())
        return _load(image, directory, self.names[-1])

    def missing(self, directory: Path) -> Target:
        return parse_target(f"docker:{_name()}")


class TestDockerExported(_Docker):
    """For everyone: the image is saved into an archive."""


@pytest.mark.needs("root")
class TestDockerInPlace(_Docker):
    """For root on the engine's host: the graph driver's directories."""

    in_place = True

    def test_the_layers_directories_are_there(self, source: Source, image: BuiltImage) -> None:
        assert source.directories is not None
        assert len(source.directories) == len(image.layers)
        assert (source.directories[1] / "app/main.py").read_bytes() == b"print(1)\n"


class TestDockerSink(SinkContract):
    keeps_manifest = False

    @pytest.fixture(autouse=True)
    def _remember(self, names: list[str]) -> None:
        self.names = names

    def target(self, directory: Path) -> Target:
        self.names.append(_name())
        return parse_target(f"docker:{self.names[-1]}")


@pytest.mark.needs("root")
def test_in_place_and_exported_go_by_the_same_digests(tmp_path: Path, names: list[str]) -> None:
    names.append(_name())
    target = _load(_every_kind_of_entry(), tmp_path, names[0])
    with (
        opened(target, tmp_path / "work", in_place=True) as in_place,
        opened(target, tmp_path / "work") as exported,
    ):
        assert in_place.directories is not None
        assert exported.directories is None
        assert in_place.image == exported.image
        assert in_place.digest == exported.digest


def _every_kind_of_entry() -> BuiltImage:
    """Each layer names the directories it writes into, as engines write layers.

    Where one does not, engines differ: Docker makes the directory anew, 0o755 of root.
    """
    usr = {"/usr": Directory(), "/usr/bin": Directory()}
    opt = {"/opt": Directory(mode=0o750, uid=1000, gid=2000)}
    return make_image(
        [
            {
                "/": Directory(),
                "/etc": Directory(),
                "/etc/passwd": b"root\n",
                "/bin": Symlink(target="usr/bin"),
                **usr,
                "/usr/bin/ping": File(
                    data=b"\x7fELF", mode=0o755, xattrs={"security.capability": CAPABILITY}
                ),
                "/usr/bin/su": File(data=b"su", mode=0o4755),
                "/usr/bin/first": File(data=b"same" * 1000),
                "/usr/bin/second": HardLink(target="/usr/bin/first"),
                "/dev": Directory(),
                "/dev/null": Device(major=1, minor=3, mode=0o666),
                "/run": Directory(),
                "/run/fifo": Fifo(),
                "/tmp": Directory(mode=0o1777),
                "/opt": Directory(),
                "/opt/gone": Directory(),
                "/opt/gone/file": b"1",
                "/opt/hidden": Directory(),
                "/opt/hidden/old": b"2",
                "/opt/replaced": Directory(),
                "/opt/replaced/inside": b"3",
            },
            {
                **opt,
                "/opt/.wh.gone": b"",
                "/opt/hidden": Directory(),
                "/opt/hidden/.wh..wh..opq": b"",
                "/opt/hidden/new": File(data=b"5", uid=1000, gid=2000),
                "/opt/replaced": b"a file now",
                **usr,
                "/usr/bin/second": b"no longer linked",
            },
            {
                **opt,
                "/tmp": Directory(mode=0o1777),
                "/tmp/x": b"",
                "/opt/caf\udce9": b"bytes that are not UTF-8",
                "/opt/empty": b"",
            },
        ]
    )


@pytest.mark.needs("root")
def test_in_place_and_exported_are_the_same_tree_and_bytes(
    tmp_path: Path, names: list[str]
) -> None:
    names.append(_name())
    target = _load(_every_kind_of_entry(), tmp_path, names[0])
    with opened(target, tmp_path / "work", in_place=True) as source:
        assert source.directories is not None
        in_place = StackedRootFS(
            [
                UnpackedLayer(directory=directory, tree=read_layer(directory, layer=number))
                for number, directory in enumerate(source.directories)
            ]
        )
        store = LayerStore(tmp_path / "store")
        layers = []
        for number, diff_id in enumerate(source.image.config.diff_ids):
            with source.open_layer(number) as stream:
                layers.append(store.unpack(stream, diff_id, layer=number, limits=UnpackLimits()))
        exported = StackedRootFS.of_unpacked(layers)
    assert "/opt/hidden/new" in in_place.tree
    assert "/opt/hidden/old" not in in_place.tree
    assert in_place.tree["/usr/bin/ping"].xattrs["security.capability"] == CAPABILITY
    assert in_place.tree["/usr/bin/su"].mode == 0o4755
    # Every directory of a graph driver has a root of its own, whether the layer names it or not.
    for path in {*in_place.tree, *exported.tree} - {ROOT}:
        assert in_place.tree.get(path) == exported.tree.get(path)
    assert in_place.tree["/"].mode == exported.tree["/"].mode
    for entry in in_place.tree.values():
        if entry.is_file:
            with in_place.open(entry.path) as one, exported.open(entry.path) as other:
                assert one.read() == other.read(), entry.path
    shutil.rmtree(tmp_path / "store")


def test_two_names_of_one_image_are_one(tmp_path: Path, names: list[str]) -> None:
    names += [_name(), _name()]
    target = _load(typical_image(), tmp_path, names[0])
    run(("docker", "tag", names[0], names[1]), timeout_s=60)
    with (
        opened(target, tmp_path / "work") as one,
        opened(parse_target(f"docker:{names[1]}"), tmp_path / "work") as other,
        opened(parse_target(f"docker:{one.digest}"), tmp_path / "work") as by_id,
    ):
        assert one.digest == other.digest == by_id.digest
    assert len(list((tmp_path / "work").iterdir())) == 1


def test_what_docker_saves_is_read_as_an_archive(tmp_path: Path, names: list[str]) -> None:
    names.append(_name())
    target = _load(typical_image(), tmp_path, names[0])
    saved = tmp_path / "saved.tar"
    run(("docker", "save", "--output", str(saved), names[0]), timeout_s=60)
    place = parse_target(f"docker-archive:{saved}:{names[0]}")
    with opened(place, tmp_path / "work") as archive, opened(target, tmp_path / "work") as engine:
        assert archive.image.raw_config == engine.image.raw_config
        assert archive.image.digest == engine.image.digest


@pytest.mark.needs("userns")
def test_who_may_not_ask_the_engine_is_told_so(account: Account) -> None:
    code = (
        "from pathlib import Path\n"
        "from jettison.image import Platform\n"
        "from jettison.filetree.tarstream import UnpackLimits\n"
        "from jettison.transport.schemes import parse_target\n"
        "from jettison.transport.sources import open_source\n"
        "with open_source(parse_target('docker:app'), platform=Platform.parse('linux/amd64'),\n"
        "    workdir=Path('.'), limits=UnpackLimits()): pass"
    )
    host = os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock")
    done = account.run([account.python, "-c", code], env={"DOCKER_HOST": host}, check=False)
    assert "HostError: Docker does not answer at" in done.stderr
    assert "Permission denied" in done.stderr
