import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from jettison.digest import Digest
from jettison.edge import http
from jettison.errors import (
    ImageNotFoundError,
    InvalidImageError,
    JettisonError,
    TagExistsError,
    TransportError,
    UsageError,
)
from jettison.events import Silent
from jettison.filetree.tarstream import UnpackLimits
from jettison.image import Platform
from jettison.report.copy_document import CopyDocument, render_copy_text
from jettison.transport.schemes import parse_target
from jettison.workflow.copy import CopyRequest, copy
from jettison.workflow.image_request import SourceRequest
from support.images import BuiltImage, BuiltIndex, make_image, make_index
from support.registry import FakeRegistry, always, fake_registry
from support.transports import opened, read_layers, typical_image

IMAGE = typical_image()
ARM = make_image([{"/arm": b""}], platform="linux/arm64")
INDEX = make_index([IMAGE, ARM])
TARS = [layer.tar for layer in IMAGE.layers]


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeRegistry]:
    """An empty one."""
    monkeypatch.setattr(http, "pause", lambda _: None)
    with fake_registry() as registry:
        yield registry


def _copy(source: str, destination: str, platform: str = "", **options: bool) -> CopyDocument:
    request = SourceRequest(
        target=source,
        platform=Platform.parse(platform or "linux/amd64"),
        limits=UnpackLimits(),
        store=Path("/nowhere"),
        platform_asked=bool(platform),
    )
    return copy(CopyRequest(source=request, destination=destination, **options), events=Silent())


def _put(image: BuiltImage | BuiltIndex, form: str, directory: Path, registry: FakeRegistry) -> str:
    """An image at a place that keeps manifests."""
    if form == "oci":
        return f"oci:{image.write_layout(directory / 'from', '1')}:1"
    if form == "oci-archive":
        return f"oci-archive:{image.write_archive(directory / 'from.tar', '1')}:1"
    return registry.put("team/from", image, "1")


def _places(directory: Path, registry: FakeRegistry) -> dict[str, str]:
    return {
        "oci": f"oci:{directory / 'to'}:2",
        "oci-archive": f"oci-archive:{directory / 'to.tar'}:2",
        "registry": registry.target("team/to", "2"),
    }


FORMS = ["oci", "oci-archive", "registry"]


@pytest.mark.parametrize("to", FORMS)
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("image", [IMAGE, INDEX], ids=["image", "index"])
def test_a_copy_is_the_same_to_the_byte(
    tmp_path: Path, registry: FakeRegistry, image: BuiltImage | BuiltIndex, form: str, to: str
) -> None:
    place = _places(tmp_path, registry)[to]
    document = _copy(_put(image, form, tmp_path, registry), place)
    assert document.destination.digest == document.source.digest == image.digest
    assert document.is_digest_kept
    assert document.destination.reference == place
    for platform, one in (("linux/amd64", IMAGE), ("linux/arm64", ARM)):
        if one is IMAGE or image is INDEX:
            with opened(
                parse_target(place), tmp_path / "work", platform=Platform.parse(platform)
            ) as source:
                assert source.image.raw_manifest == one.raw_manifest
                assert read_layers(source) == [layer.tar for layer in one.layers]
    # And once more: what is there already is the same, so nobody has to insist.
    assert _copy(_put(image, form, tmp_path, registry), place).is_digest_kept


@pytest.mark.parametrize("to", FORMS)
def test_one_platform_is_copied_if_it_is_asked_for(
    tmp_path: Path, registry: FakeRegistry, to: str
) -> None:
    place = _places(tmp_path, registry)[to]
    document = _copy(_put(INDEX, "registry", tmp_path, registry), place, platform="linux/arm64")
    assert document.destination.digest == ARM.digest
    assert document.platforms == ("linux/arm64",)
    with opened(parse_target(place), tmp_path / "work") as source:
        assert source.digest == ARM.digest


def test_all_platforms_are_said(tmp_path: Path, registry: FakeRegistry) -> None:
    source = _put(INDEX, "oci", tmp_path, registry)
    places = _places(tmp_path, registry)
    document = _copy(source, places["registry"])
    assert document.notices == ("all 2 platforms are copied; --platform takes one",)
    assert document.platforms == ("linux/amd64", "linux/arm64")
    assert _copy(source, places["oci"], whole=True).notices == ()


def test_a_platform_that_is_not_there(tmp_path: Path, registry: FakeRegistry) -> None:
    place = _places(tmp_path, registry)["oci"]
    for image in (INDEX, IMAGE):
        source = _put(image, "registry", tmp_path, registry)
        with pytest.raises(ImageNotFoundError, match="linux/s390x"):
            _copy(source, place, platform="linux/s390x")
    assert not (tmp_path / "to").exists()


def test_all_is_insisted_on(tmp_path: Path, registry: FakeRegistry) -> None:
    source = _put(INDEX, "oci", tmp_path, registry)
    with pytest.raises(UsageError, match="holds one image of one platform"):
        _copy(source, f"docker-archive:{tmp_path / 'd.tar'}:app:1", whole=True)
    with pytest.raises(UsageError, match="they exclude each other"):
        _copy(source, f"oci:{tmp_path / 'x'}", platform="linux/arm64", whole=True)


@pytest.mark.parametrize("form", FORMS)
def test_a_place_without_manifests_gets_one_image(
    tmp_path: Path, registry: FakeRegistry, form: str
) -> None:
    place = f"docker-archive:{tmp_path / 'd.tar'}:app:1"
    document = _copy(_put(INDEX, form, tmp_path, registry), place)
    assert not document.is_digest_kept
    assert document.destination.digest == Digest.of(IMAGE.raw_config)
    assert "keeps no manifest" in document.notices[-1]
    with opened(parse_target(place), tmp_path / "work") as source:
        assert source.image.raw_config == IMAGE.raw_config
        assert read_layers(source) == TARS


@pytest.mark.parametrize("to", FORMS)
def test_what_has_no_manifest_gets_one_and_packed_layers(
    tmp_path: Path, registry: FakeRegistry, to: str
) -> None:
    archive = IMAGE.write_docker_archive(tmp_path / "d.tar", tags=["app:1"])
    place = _places(tmp_path, registry)[to]
    document = _copy(f"docker-archive:{archive}", place)
    assert not document.is_digest_kept
    assert document.source.digest == Digest.of(IMAGE.raw_config)
    with opened(parse_target(place), tmp_path / "work") as source:
        assert source.image.raw_config == IMAGE.raw_config
        assert source.digest == document.destination.digest
        # Podman heeds a HEALTHCHECK in this form alone, and finds it by a tag in a registry alone.
        layer = (
            "application/vnd.docker.image.rootfs.diff.tar.gzip"
            if to == "registry"
            else ("application/vnd.oci.image.layer.v1.tar+gzip")
        )
        assert {item.media_type for item in source.image.manifest.layers} == {layer}
        assert read_layers(source) == TARS
    again = {**_places(tmp_path / "again", registry), "registry": registry.target("again")}[to]
    (tmp_path / "again").mkdir()
    other = _copy(f"docker-archive:{archive}", again)
    assert other.destination.digest == document.destination.digest


def test_engines_forms_are_copied_among_each_other(tmp_path: Path) -> None:
    archive = IMAGE.write_docker_archive(tmp_path / "d.tar", tags=["app:1"])
    document = _copy(f"docker-archive:{archive}", f"docker-archive:{tmp_path / 'e.tar'}:new:2")
    assert document.is_digest_kept
    with opened(parse_target(f"docker-archive:{tmp_path / 'e.tar'}"), tmp_path / "work") as source:
        assert source.image.raw_config == IMAGE.raw_config
        assert read_layers(source) == TARS


@pytest.mark.parametrize("to", FORMS)
def test_another_image_is_replaced_only_if_asked(
    tmp_path: Path, registry: FakeRegistry, to: str
) -> None:
    place = _places(tmp_path, registry)[to]
    _copy(_put(ARM, "oci-archive", tmp_path, registry), place)
    source = _put(INDEX, "oci", tmp_path, registry)
    with pytest.raises(TagExistsError):
        _copy(source, place)
    assert _copy(source, place, force=True).destination.digest == INDEX.digest


def test_a_repository_beside_it_is_mounted_from(tmp_path: Path, registry: FakeRegistry) -> None:
    document = _copy(_put(IMAGE, "registry", tmp_path, registry), registry.target("team/to"))
    assert (document.blobs.mounted, document.blobs.sent) == (4, 0)
    document = _copy(registry.target("team/from", "1"), registry.target("team/to", "other"))
    assert (document.blobs.present, document.blobs.sent_bytes) == (4, 0)


def test_the_name_goes_along(tmp_path: Path, registry: FakeRegistry) -> None:
    source = registry.put("team/from", IMAGE, "1")
    document = _copy(source, f"oci:{tmp_path / 'a'}")
    name = f"{registry.web.host}/team/from:1"
    assert document.destination.reference == f"oci:{tmp_path / 'a'}:{name}"
    document = _copy(f"oci:{tmp_path / 'a'}", f"docker-archive:{tmp_path / 'd.tar'}")
    assert document.destination.reference == f"docker-archive:{tmp_path / 'd.tar'}:{name}"
    layout = IMAGE.write_layout(tmp_path / "shop", "1.2")
    document = _copy(f"oci:{layout}", f"oci-archive:{tmp_path / 'b.tar'}")
    assert document.destination.reference.endswith("b.tar:shop:1.2")


def _attested() -> tuple[BuiltIndex, BuiltImage]:
    """An index as BuildKit pushes it: an image and its provenance, which is no image."""
    statement = make_image([{"/x": b""}], platform="unknown/unknown")
    document = json.loads(statement.raw_manifest)
    document["layers"][0]["mediaType"] = "application/vnd.in-toto+json"
    attestation = BuiltImage(
        layers=statement.layers,
        raw_config=statement.raw_config,
        raw_manifest=json.dumps(document).encode(),
    )
    entry = {
        **attestation.root_descriptor(),
        "annotations": {"vnd.docker.reference.type": "attestation-manifest"},
    }
    raw: dict[str, Any] = {
        "schemaVersion": 2,
        "mediaType": INDEX.media_type,
        "manifests": [IMAGE.root_descriptor(), entry],
    }
    index = BuiltIndex(images=(IMAGE, attestation), raw_index=json.dumps(raw).encode())
    return index, attestation


def test_attestations_go_along_and_are_no_platform(tmp_path: Path, registry: FakeRegistry) -> None:
    index, attestation = _attested()
    document = _copy(_put(index, "oci", tmp_path, registry), registry.target("to"))
    assert document.platforms == ("linux/amd64",)
    assert document.notices == ()
    assert registry.manifests["to"][attestation.digest][1] == attestation.raw_manifest


def test_nested_indexes_are_copied(tmp_path: Path, registry: FakeRegistry) -> None:
    raw = json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": INDEX.media_type,
            "manifests": [INDEX.root_descriptor(), IMAGE.root_descriptor()],
        }
    ).encode()
    nested = BuiltIndex(images=(IMAGE, ARM), raw_index=raw)
    layout = nested.write_layout(tmp_path / "from", "1")
    blob = layout / "blobs/sha256" / INDEX.digest.hex
    blob.write_bytes(INDEX.raw_index)
    document = _copy(f"oci:{layout}", registry.target("to"))
    assert document.destination.digest == nested.digest
    assert registry.manifests["to"][INDEX.digest][1] == INDEX.raw_index


def _artifact() -> BuiltImage:
    """What `oras push` and `helm push` make: layers of any kind, and no image's config."""
    document = json.loads(IMAGE.raw_manifest)
    config = json.dumps({"name": "shop", "version": "1"}).encode()
    document["config"] = {
        "mediaType": "application/vnd.cncf.helm.config.v1+json",
        "digest": str(Digest.of(config)),
        "size": len(config),
    }
    raw_manifest = json.dumps(document).encode()
    return BuiltImage(layers=IMAGE.layers, raw_config=config, raw_manifest=raw_manifest)


@pytest.mark.parametrize("form", ["oci", "oci-archive", "registry"])
def test_an_artifact_is_copied_where_manifests_are_kept(
    tmp_path: Path, registry: FakeRegistry, form: str
) -> None:
    artifact = _artifact()
    source = _put(artifact, form, tmp_path, registry)
    document = _copy(source, registry.target("to"))
    assert document.destination.digest == artifact.digest
    assert document.platforms == ()
    assert "no image, but an artifact" in render_copy_text(document)
    for refused, options in (("docker-archive:d.tar:x:1", ""), ("oci:o:1", "linux/amd64")):
        with pytest.raises(InvalidImageError, match="is no image config") as caught:
            _copy(source, refused.replace(":", f":{tmp_path}/", 1), options)
        assert "is it an artifact" in caught.value.hint


def _changed(media_type: str) -> BuiltImage:
    document = json.loads(IMAGE.raw_manifest)
    document["layers"][0]["mediaType"] = media_type
    return BuiltImage(
        layers=IMAGE.layers,
        raw_config=IMAGE.raw_config,
        raw_manifest=json.dumps(document).encode(),
    )


def test_unknown_layers_are_copied_and_foreign_ones_refused(
    tmp_path: Path, registry: FakeRegistry
) -> None:
    unknown = _changed("application/vnd.example.layer")
    document = _copy(_put(unknown, "registry", tmp_path, registry), f"oci:{tmp_path / 'to'}")
    assert document.destination.digest == unknown.digest
    foreign = _changed("application/vnd.oci.image.layer.nondistributable.v1.tar+gzip")
    with pytest.raises(InvalidImageError, match="not part of the image"):
        _copy(_put(foreign, "registry", tmp_path, registry), f"oci:{tmp_path / 'other'}")
    assert not (tmp_path / "other").exists()


def _failed(source: str, place: str) -> JettisonError:
    with pytest.raises((InvalidImageError, TransportError)) as caught:
        _copy(source, place)
    return caught.value


@pytest.mark.parametrize("to", FORMS)
def test_a_damaged_original_leaves_nothing(tmp_path: Path, registry: FakeRegistry, to: str) -> None:
    layout = IMAGE.write_layout(tmp_path / "from", "1")
    digest = IMAGE.layers[0].digest
    blob = layout / "blobs" / digest.algorithm / digest.hex
    blob.write_bytes(blob.read_bytes()[:-1] + b"!")
    before = sorted(tmp_path.iterdir())
    err = _failed(f"oci:{layout}:1", _places(tmp_path, registry)[to])
    assert digest in err.message
    assert sorted(tmp_path.iterdir()) == before
    assert registry.manifests.get("team/to", {}) == {}


@pytest.mark.parametrize("to", ["oci", "oci-archive"])
def test_a_download_that_fails_leaves_nothing(
    tmp_path: Path, registry: FakeRegistry, to: str
) -> None:
    source = _put(IMAGE, "registry", tmp_path, registry)
    digest = IMAGE.layers[1].digest
    registry.before.append(always(f"GET .*{digest}", lambda handler: handler.send(404)))
    err = _failed(source, _places(tmp_path, registry)[to])
    assert f"blob {digest} is not there" in err.message
    assert list(tmp_path.iterdir()) == []
