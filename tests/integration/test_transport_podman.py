"""A real Podman, with a store of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from jettison.digest import Digest
from jettison.edge.process import run
from jettison.transport.schemes import Target, parse_target
from jettison.transport.sinks import write_sink
from jettison.transport.sources import Source
from support.accounts import Account
from support.images import BuiltImage
from support.transports import CONFIG, SinkContract, SourceContract, opened, typical_image

pytestmark = pytest.mark.needs("podman", "root")

NAME = "localhost/jettison-transport-test:1"


@pytest.fixture(autouse=True)
def _own_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Images below the test's own directory; `vfs` leaves no mount behind."""
    conf = tmp_path / "storage.conf"
    conf.write_text(
        f'[storage]\ndriver = "vfs"\ngraphroot = "{tmp_path}/root"\nrunroot = "{tmp_path}/run"\n'
    )
    monkeypatch.setenv("CONTAINERS_STORAGE_CONF", str(conf))
    yield
    run(("podman", "image", "rm", "--all", "--force"), timeout_s=60)


class TestPodmanDockerForm(SourceContract):
    """An image whose manifest is Docker's."""

    keeps_manifest = False

    def put(self, image: BuiltImage, directory: Path) -> Target:
        archive = image.write_docker_archive(directory / "to-load.tar", tags=[NAME])
        run(("podman", "load", "--quiet", "--input", str(archive)), timeout_s=60)
        return parse_target(f"podman:{NAME}")

    def missing(self, directory: Path) -> Target:
        return parse_target("podman:localhost/jettison-none:1")


class TestPodmanOciForm(SourceContract):
    """An image whose manifest is OCI's; Podman unpacks its layers, so the manifest is another."""

    keeps_manifest = False

    def put(self, image: BuiltImage, directory: Path) -> Target:
        layout = image.write_layout(directory / "to-pull", NAME)
        run(("podman", "pull", "--quiet", f"oci:{layout}"), timeout_s=60)
        image_id = run(("podman", "image", "ls", "--quiet", "--no-trunc"), timeout_s=60).text
        run(("podman", "tag", image_id.split()[0], NAME), timeout_s=60)
        return parse_target(f"podman:{NAME}")

    def missing(self, directory: Path) -> Target:
        return parse_target("podman:localhost/jettison-none:1")

    def test_the_documents_are_those_that_were_put_there(
        self, source: Source, image: BuiltImage
    ) -> None:
        """Config and diff IDs are; of the manifest Podman keeps what it makes anew."""
        assert source.image.raw_config == image.raw_config
        assert source.digest == source.image.digest


class TestPodmanSink(SinkContract):
    keeps_manifest = False

    def target(self, directory: Path) -> Target:
        return parse_target("podman:jettison-transport-test:1")


_AS_HIMSELF = """
import sys
from pathlib import Path
from jettison.filetree.tarstream import UnpackLimits
from jettison.image import Platform
from jettison.transport.schemes import parse_target
from jettison.transport.sinks import write_sink
from jettison.transport.sources import open_source

target = parse_target("podman:jettison-transport-test:1")
written = write_sink(target, Path(sys.argv[1]), overwrite=False)
work = Path("work")
work.mkdir()
limits = UnpackLimits()
with open_source(
    target, platform=Platform.parse("linux/amd64"), workdir=work, limits=limits
) as source:
    for index in range(3):
        with source.open_layer(index):
            pass
    assert source.digest == written.image_id
    print(source.digest)
"""


@pytest.mark.needs("userns")
def test_an_ordinary_user_writes_to_and_reads_from_his_own_podman(account: Account) -> None:
    image = typical_image()
    layout = account.give(image.write_layout(account.home / "layout"))
    conf = account.home / "storage.conf"
    places = f'graphroot = "{account.home}/root"\nrunroot = "{account.home}/runroot"\n'
    conf.write_text(f'[storage]\ndriver = "vfs"\n{places}')
    env = {"CONTAINERS_STORAGE_CONF": str(conf)}
    try:
        done = account.run([account.python, "-c", _AS_HIMSELF, str(layout)], env=env)
        assert done.stdout.strip() == Digest.of(image.raw_config)
    finally:
        # Its files belong to subordinate ids, and a process of his keeps their name space.
        account.run(["podman", "system", "reset", "--force"], env=env)


def test_a_healthcheck_works_in_podman_after_writing(tmp_path: Path) -> None:
    layout = typical_image().write_layout(tmp_path / "layout")
    target = parse_target("podman:jettison-transport-test:1")
    write_sink(target, layout, overwrite=False)
    argv = ("podman", "image", "inspect", "--format", "{{.HealthCheck.Test}}", target.location)
    assert run(argv, timeout_s=60).text.strip() == "[CMD /bin/true]"
    with opened(target, tmp_path / "work") as source:
        assert source.image.config.healthcheck is not None
    assert "Healthcheck" in CONFIG


def test_a_plain_name_is_found_in_podman(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    archive = typical_image().write_docker_archive(tmp_path / "a.tar", tags=[NAME])
    run(("podman", "load", "--quiet", "--input", str(archive)), timeout_s=60)
    with opened(parse_target("jettison-transport-test:1"), tmp_path / "work") as source:
        assert str(source.target) == "podman:jettison-transport-test:1"
