import json

import pytest

from jettison.digest import Digest
from jettison.errors import ImageNotFoundError, InvalidImageError
from jettison.image import Descriptor, Index, Platform
from jettison.image.choose import Choice, choose_manifest
from jettison.image.mediatypes import OCI_INDEX, OCI_MANIFEST
from support.images import BuiltImage, make_image, make_index

AMD64 = Platform.parse("linux/amd64")


def _choose(raw_index: bytes, blobs: dict[Digest, bytes], platform: str = "linux/amd64") -> Choice:
    def read(descriptor: Descriptor) -> bytes:
        return blobs[descriptor.digest]

    roots = Index.parse(raw_index).manifests
    return choose_manifest(roots, Platform.parse(platform), read, reference="oci:x")


def _images(*platforms: str) -> list[BuiltImage]:
    return [make_image([{"/p": name.encode()}], platform=name) for name in platforms]


def _index(*entries: dict[str, object]) -> bytes:
    return json.dumps({"schemaVersion": 2, "manifests": list(entries)}).encode()


@pytest.mark.parametrize(
    ("wanted", "chosen"),
    [
        ("linux/amd64", "linux/amd64"),
        ("linux/arm64", "linux/arm64/v8"),
        ("linux/arm64/v8", "linux/arm64/v8"),
        ("linux/arm/v6", "linux/arm/v6"),
        ("linux/arm/v7", "linux/arm/v7"),
    ],
)
def test_the_platform_decides(wanted: str, chosen: str) -> None:
    images = _images("linux/arm64/v8", "linux/arm/v7", "linux/amd64", "linux/arm/v6")
    index = make_index(images)
    choice = _choose(index.raw_index, index.blobs, wanted)
    expected = next(
        image for image in images if image.root_descriptor()["digest"] == choice.descriptor.digest
    )
    assert str(choice.descriptor.platform) == chosen
    assert expected.config["architecture"] == wanted.split("/")[1]
    assert not choice.alone


def test_the_plainest_variant_wins_whatever_the_order() -> None:
    for order in (("linux/amd64/v3", "linux/amd64"), ("linux/amd64", "linux/amd64/v3")):
        index = make_index(_images(*order))
        assert _choose(index.raw_index, index.blobs).descriptor.platform == AMD64


def test_a_missing_platform_names_those_there_are() -> None:
    index = make_index(_images("linux/arm64", "linux/s390x"))
    with pytest.raises(ImageNotFoundError, match="no image for linux/amd64") as caught:
        _choose(index.raw_index, index.blobs)
    assert "it has linux/arm64, linux/s390x" in caught.value.message
    assert "--platform" in caught.value.hint


def test_a_single_image_is_chosen_whatever_its_platform_is() -> None:
    index = make_index(_images("linux/s390x"))
    assert _choose(index.raw_index, index.blobs).alone


def test_attestations_are_not_images() -> None:
    (image,) = _images("linux/arm64")
    attestation = {
        "mediaType": OCI_MANIFEST,
        "digest": str(Digest.of(b"attestation")),
        "size": 11,
        "platform": {"os": "unknown", "architecture": "unknown"},
        "annotations": {"vnd.docker.reference.type": "attestation-manifest"},
    }
    marked_only = {**attestation, "digest": str(Digest.of(b"2"))}
    del marked_only["platform"]
    raw = _index(attestation, image.root_descriptor(), marked_only)
    choice = _choose(raw, image.blobs)
    assert choice == Choice(descriptor=choice.descriptor, alone=True)
    assert choice.descriptor.digest == image.digest


def test_nested_indexes_are_looked_into() -> None:
    inner = make_index(_images("linux/amd64", "linux/arm64"))
    choice = _choose(_index(inner.root_descriptor()), inner.blobs)
    assert choice.descriptor.platform == AMD64


def test_an_entry_without_a_platform_is_asked_for_its_own() -> None:
    images = _images("linux/arm64", "linux/amd64")
    entries = [image.root_descriptor() for image in images]
    for entry in entries:
        del entry["platform"]
    blobs = {**images[0].blobs, **images[1].blobs}
    assert _choose(_index(*entries), blobs).descriptor.digest == images[1].digest


def test_the_same_image_twice_is_one() -> None:
    (image,) = _images("linux/arm64")
    raw = _index(image.root_descriptor(), image.root_descriptor())
    assert _choose(raw, image.blobs).alone


def test_an_index_of_artifacts_has_no_image() -> None:
    artifact = {"mediaType": "application/x.chart", "digest": str(Digest.of(b"c")), "size": 1}
    with pytest.raises(ImageNotFoundError, match=r"lists no image, but application/x\.chart"):
        _choose(_index(artifact), {})


def test_indexes_nested_without_end_are_refused() -> None:
    raw, blobs = _index(), {}
    for _ in range(20):
        digest = Digest.of(raw)
        blobs[digest] = raw
        raw = _index({"mediaType": OCI_INDEX, "digest": str(digest), "size": len(raw)})
    with pytest.raises(InvalidImageError, match="nested deeper"):
        _choose(raw, blobs)


def test_endlessly_many_manifests_are_refused() -> None:
    entries: list[dict[str, object]] = [
        {"mediaType": OCI_MANIFEST, "digest": str(Digest.of(b"%d" % number)), "size": 1}
        for number in range(1_100)
    ]
    with pytest.raises(InvalidImageError, match="over 1000 manifests"):
        _choose(_index(*entries), {})
