from collections.abc import Iterator
from pathlib import Path

import pytest

from jettison.digest import Digest
from jettison.errors import ImageNotFoundError
from jettison.events import Silent
from jettison.filetree.tarstream import UnpackLimits
from jettison.image import Platform
from jettison.report.inspect_document import InspectDocument, PlatformRow
from jettison.workflow.image_request import SourceRequest
from jettison.workflow.inspect import inspect
from support.images import make_image, make_index
from support.registry import FakeRegistry, fake_registry
from support.transports import typical_image

IMAGE = typical_image()
ARM = make_image([{"/arm": b""}], platform="linux/arm64")
INDEX = make_index([IMAGE, ARM])


@pytest.fixture
def registry() -> Iterator[FakeRegistry]:
    """An empty one."""
    with fake_registry() as registry:
        yield registry


def _inspect(target: str, platform: str = "") -> InspectDocument:
    request = SourceRequest(
        target=target,
        platform=Platform.parse(platform or "linux/amd64"),
        limits=UnpackLimits(),
        store=Path("/nowhere"),
        platform_asked=bool(platform),
    )
    return inspect(request, events=Silent())


def test_a_registry_is_asked_for_documents_alone(registry: FakeRegistry) -> None:
    document = _inspect(registry.put("app", INDEX, "1"))
    assert document.digest == IMAGE.digest
    assert document.config_digest == Digest.of(IMAGE.raw_config)
    assert document.index is not None
    assert document.index.digest == INDEX.digest
    assert document.index.images == (
        PlatformRow(platform="linux/amd64", digest=IMAGE.digest),
        PlatformRow(platform="linux/arm64", digest=ARM.digest),
    )
    layers = {str(layer.digest) for layer in IMAGE.layers}
    assert layers.isdisjoint(path.rpartition("/")[2] for path in registry.paths())


def test_the_platform_asked_for_is_shown(registry: FakeRegistry) -> None:
    place = registry.put("app", INDEX, "1")
    assert _inspect(place, "linux/arm64").digest == ARM.digest
    with pytest.raises(ImageNotFoundError, match="it has linux/amd64, linux/arm64"):
        _inspect(place, "linux/s390x")


def test_layers_and_config_are_those_of_the_image(tmp_path: Path) -> None:
    document = _inspect(f"oci:{IMAGE.write_layout(tmp_path / 'layout', '1')}")
    assert document.index is None
    assert [item.digest for item in document.layers] == [item.digest for item in IMAGE.layers]
    assert [item.diff_id for item in document.layers] == [item.diff_id for item in IMAGE.layers]
    assert [item.instruction for item in document.layers] == ["layer 0", "layer 1", "layer 2"]
    assert document.size_bytes == sum(len(item.blob) for item in IMAGE.layers)
    config = document.config
    assert (config.user, config.stop_signal, config.cmd) == (
        "1000:1000",
        "SIGINT",
        ("/app/main.py",),
    )
    assert config.healthcheck is not None
    assert config.healthcheck.test == ("CMD", "/bin/true")


def test_a_docker_archive_goes_by_its_config(tmp_path: Path) -> None:
    archive = IMAGE.write_docker_archive(tmp_path / "d.tar", tags=["app:1"])
    document = _inspect(f"docker-archive:{archive}")
    assert document.digest == document.config_digest == Digest.of(IMAGE.raw_config)


def test_another_platform_than_this_host_s_is_said(tmp_path: Path) -> None:
    place = f"oci:{ARM.write_layout(tmp_path / 'layout', '1')}"
    assert _inspect(place).notices == (f"{place} is an image for linux/arm64, not for linux/amd64",)


def test_secrets_are_not_shown(tmp_path: Path) -> None:
    config = {"Env": ["API_TOKEN=s3cret", "A=b"], "Labels": {"password": "s3cret", "x": "y"}}
    image = make_image([{}], config, extra={"history": [{"created_by": "RUN TOKEN=s3cret make"}]})
    document = _inspect(f"oci:{image.write_layout(tmp_path / 'layout', '1')}")
    assert [(item.name, item.value) for item in document.config.env] == [
        ("API_TOKEN", "***"),
        ("A", "b"),
    ]
    assert document.config.labels == {"password": "***", "x": "y"}
    assert document.layers[0].instruction == "RUN TOKEN=*** make"


def test_history_that_does_not_tell_of_each_layer_tells_of_none(tmp_path: Path) -> None:
    image = make_image([{}, {"/a": b""}], extra={"history": [{"created_by": "RUN make"}]})
    document = _inspect(f"oci:{image.write_layout(tmp_path / 'layout', '1')}")
    assert [item.instruction for item in document.layers] == ["", ""]
