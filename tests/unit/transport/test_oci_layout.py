import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from jettison.digest import Digest
from jettison.errors import ImageNotFoundError, InvalidImageError, JettisonError, UsageError
from jettison.image import Platform
from jettison.transport.schemes import parse_target
from support.images import BuiltImage, make_image, make_index
from support.transports import opened, read_layers, typical_image

MEDIA = pytest.mark.parametrize("medium", ["oci", "oci-archive"])


def _put(files: dict[str, bytes], directory: Path, medium: str) -> str:
    if medium == "oci":
        for name, data in files.items():
            path = directory / "layout" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        return f"oci:{directory / 'layout'}"
    from support.images import write_tar_of

    (directory / "a.tar").write_bytes(write_tar_of(files))
    return f"oci-archive:{directory / 'a.tar'}"


def _open(text: str, directory: Path, platform: str = "linux/amd64") -> bytes:
    with opened(
        parse_target(text), directory / "work", platform=Platform.parse(platform)
    ) as source:
        read_layers(source)
        return source.image.raw_config


def _blob(digest: Digest) -> str:
    return f"blobs/{digest.algorithm}/{digest.hex}"


def _merged(
    named: dict[str | None, BuiltImage], key: str = "org.opencontainers.image.ref.name"
) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    entries: list[dict[str, Any]] = []
    for tag, image in named.items():
        files.update(image.files(None))
        entry = image.root_descriptor()
        if tag is not None:
            entry["annotations"] = {key: tag}
        entries.append(entry)
    files["index.json"] = json.dumps({"schemaVersion": 2, "manifests": entries}).encode()
    return files


ONE, TWO = make_image([{"/1": b""}]), make_image([{"/2": b""}])


@MEDIA
def test_a_tag_names_one_of_several(tmp_path: Path, medium: str) -> None:
    place = _put(_merged({"1": ONE, "2": TWO}), tmp_path, medium)
    assert _open(f"{place}:1", tmp_path) == ONE.raw_config
    assert _open(f"{place}:2", tmp_path) == TWO.raw_config
    with pytest.raises(ImageNotFoundError, match="no image with that tag") as missing:
        _open(f"{place}:3", tmp_path)
    assert missing.value.hint == "it has 1, 2"
    with pytest.raises(UsageError, match="several images in it: 1, 2") as ambiguous:
        _open(place, tmp_path)
    assert ambiguous.value.hint == f"choose one: {place}:TAG"


@MEDIA
def test_the_only_image_needs_no_tag(tmp_path: Path, medium: str) -> None:
    assert _open(_put(ONE.files("v1"), tmp_path, medium), tmp_path) == ONE.raw_config
    assert _open(_put(ONE.files(None), tmp_path, medium), tmp_path) == ONE.raw_config


def test_an_unnamed_image_among_named_ones_is_ambiguous_too(tmp_path: Path) -> None:
    place = _put(_merged({"1": ONE, None: TWO}), tmp_path, "oci")
    with pytest.raises(UsageError, match="1, one without a tag"):
        _open(place, tmp_path)
    assert _open(f"{place}:1", tmp_path) == ONE.raw_config


def test_whole_names_are_found_by_name_and_by_tag(tmp_path: Path) -> None:
    place = _put(_merged({"localhost/app:1": ONE, "localhost/app:2": TWO}), tmp_path, "oci")
    assert _open(f"{place}:localhost/app:2", tmp_path) == TWO.raw_config
    assert _open(f"{place}:1", tmp_path) == ONE.raw_config
    assert _open(f"{place}:app:1", tmp_path) == ONE.raw_config


def test_a_tag_that_two_names_end_with_is_not_guessed(tmp_path: Path) -> None:
    place = _put(_merged({"a:1": ONE, "b:1": TWO}), tmp_path, "oci")
    with pytest.raises(ImageNotFoundError):
        _open(f"{place}:1", tmp_path)
    assert _open(f"{place}:b:1", tmp_path) == TWO.raw_config


def test_names_as_buildkit_writes_them_are_found(tmp_path: Path) -> None:
    files = _merged(
        {"docker.io/library/a:1": ONE, "docker.io/library/b:1": TWO}, "io.containerd.image.name"
    )
    place = _put(files, tmp_path, "oci")
    assert _open(f"{place}:docker.io/library/b:1", tmp_path) == TWO.raw_config


@MEDIA
def test_a_multi_platform_image_is_opened_for_the_platform(tmp_path: Path, medium: str) -> None:
    arm = make_image([{"/arm": b""}], platform="linux/arm64")
    place = _put(make_index([ONE, arm]).files("1"), tmp_path, medium)
    assert _open(place, tmp_path) == ONE.raw_config
    assert _open(place, tmp_path, "linux/arm64") == arm.raw_config
    with pytest.raises(ImageNotFoundError, match="it has linux/amd64, linux/arm64"):
        _open(place, tmp_path, "linux/s390x")


def test_platforms_may_stand_in_the_layout_s_own_index(tmp_path: Path) -> None:
    arm = make_image([{"/arm": b""}], platform="linux/arm64")
    files = _merged({None: ONE})
    files.update(arm.files(None))
    entries = [ONE.root_descriptor(), arm.root_descriptor()]
    files["index.json"] = json.dumps({"manifests": entries}).encode()
    assert _open(_put(files, tmp_path, "oci"), tmp_path, "linux/arm64") == arm.raw_config


def test_docker_media_types_are_read(tmp_path: Path) -> None:
    image = make_image([{"/1": b""}], docker_types=True)
    place = _put(make_index([image], docker_types=True).files("1"), tmp_path, "oci")
    assert _open(place, tmp_path) == image.raw_config


IMAGE = typical_image()
MANIFEST, CONFIG = _blob(IMAGE.digest), _blob(Digest.of(IMAGE.raw_config))
LAYER = _blob(IMAGE.layers[1].digest)

Damage = Callable[[dict[str, bytes]], object]


@MEDIA
@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda f: f.pop("index.json"), "index.json"),
        (lambda f: f.pop("oci-layout"), "no oci-layout"),
        (lambda f: f.pop(MANIFEST), MANIFEST),
        (lambda f: f.pop(CONFIG), CONFIG),
        (lambda f: f.pop(LAYER), LAYER),
        (lambda f: f.update({"oci-layout": b'{"imageLayoutVersion":"2.0"}'}), "version is '2.0'"),
        (lambda f: f.update({"oci-layout": b"[]"}), "oci-layout: not a JSON object"),
        (lambda f: f.update({"index.json": b"{"}), "index: not JSON"),
        (lambda f: f.update({"index.json": b" " * (5 << 20)}), "index.json: over 4194304 bytes"),
        (lambda f: f.update({MANIFEST: f[MANIFEST].replace(b"gzip", b"zstd", 1)}), MANIFEST),
        (lambda f: f.update({MANIFEST: f[MANIFEST][:-1]}), MANIFEST),
        (lambda f: f.update({CONFIG: f[CONFIG].replace(b"amd64", b"arm64")}), CONFIG),
        (lambda f: f.update({LAYER: f[LAYER][:-1]}), "layer 1: the blob has"),
        (lambda f: f.update({LAYER: f[LAYER][:-1] + b"x"}), "layer 1: "),
        (lambda f: f.update({LAYER: f[_blob(IMAGE.layers[0].digest)]}), "layer 1: "),
    ],
)
def test_damage_is_found_and_named(tmp_path: Path, medium: str, damage: Damage, said: str) -> None:
    files = IMAGE.files("1")
    damage(files)
    place = _put(files, tmp_path, medium)
    with pytest.raises(InvalidImageError) as caught:
        _open(place, tmp_path)
    assert said in caught.value.message


def test_a_truncated_archive_is_refused(tmp_path: Path) -> None:
    whole = IMAGE.write_archive(tmp_path / "a.tar").read_bytes()
    for kept in (0, 100, 600, 2_000, len(whole) // 2):
        (tmp_path / "a.tar").write_bytes(whole[:kept])
        with pytest.raises(InvalidImageError) as caught:
            _open(f"oci-archive:{tmp_path / 'a.tar'}", tmp_path)
        assert "a.tar" in caught.value.message


def _refused(text: str, directory: Path) -> JettisonError:
    with pytest.raises(JettisonError) as caught:
        _open(text, directory)
    return caught.value


def test_a_place_of_another_kind_is_told_apart(tmp_path: Path) -> None:
    layout = IMAGE.write_layout(tmp_path / "layout")
    archive = IMAGE.write_archive(tmp_path / "a.tar")
    docker = IMAGE.write_docker_archive(tmp_path / "d.tar")
    (tmp_path / "plain").mkdir()
    assert _refused(f"oci:{archive}", tmp_path).hint.startswith(f"write oci-archive:{archive}")
    assert _refused(f"oci-archive:{layout}", tmp_path).hint == f"write oci:{layout}"
    assert _refused(f"oci-archive:{docker}", tmp_path).hint == f"write docker-archive:{docker}"
    assert _refused(f"docker-archive:{archive}", tmp_path).hint == f"write oci-archive:{archive}"
    assert "not an OCI layout" in _refused(f"oci:{tmp_path / 'plain'}", tmp_path).message
    assert isinstance(_refused(f"oci:{tmp_path / 'none'}", tmp_path), ImageNotFoundError)


def test_a_descriptor_cannot_name_a_file_outside(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"{}")
    files = IMAGE.files("1")
    entry = {**IMAGE.root_descriptor(), "digest": "sha256:../../../secret"}
    files["index.json"] = json.dumps({"manifests": [entry]}).encode()
    with pytest.raises(InvalidImageError, match="digest"):
        _open(_put(files, tmp_path, "oci"), tmp_path)


def test_a_fifo_in_a_layout_does_not_wait(tmp_path: Path) -> None:
    import os

    layout = IMAGE.write_layout(tmp_path / "layout")
    (layout / "index.json").unlink()
    os.mkfifo(layout / "index.json")
    with pytest.raises(JettisonError, match="no regular file"):
        _open(f"oci:{layout}", tmp_path)
