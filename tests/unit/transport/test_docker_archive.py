import gzip
import io
import json
import tarfile
from collections.abc import Mapping
from pathlib import Path

import pytest
import zstandard

from jettison.digest import Digest
from jettison.errors import ImageNotFoundError, InvalidImageError, UsageError
from jettison.filetree.tarstream import UnpackLimits
from jettison.transport.schemes import parse_target
from support.images import BuiltImage, make_image, write_tar_of
from support.transports import opened, read_layers, typical_image

IMAGE = typical_image()
CONFIG_NAME = Digest.of(IMAGE.raw_config).hex + ".json"


def _write(path: Path, files: Mapping[str, bytes]) -> str:
    path.write_bytes(write_tar_of(files))
    return f"docker-archive:{path}"


def _modern(image: BuiltImage, *, packed: bool = False) -> dict[str, bytes]:
    """As Docker since 25 writes it: a layout that has a `manifest.json` as well."""
    files = {}
    names = []
    for layer in image.layers:
        data = layer.blob if packed else layer.tar
        names.append(f"blobs/sha256/{Digest.of(data).hex}")
        files[names[-1]] = data
    config = f"blobs/sha256/{Digest.of(image.raw_config).hex}"
    files[config] = image.raw_config
    entry = {"Config": config, "RepoTags": ["app:1"], "Layers": names}
    return {**files, "manifest.json": json.dumps([entry]).encode()}


def _tars(text: str, directory: Path) -> list[bytes]:
    with opened(parse_target(text), directory / "work") as source:
        assert source.image.raw_config == IMAGE.raw_config
        assert source.digest == Digest.of(IMAGE.raw_config)
        return read_layers(source)


TARS = [layer.tar for layer in IMAGE.layers]


def test_the_form_with_links_between_layers_is_read(tmp_path: Path) -> None:
    path = tmp_path / "legacy.tar"
    names = [f"{number:064x}/layer.tar" for number in range(3)]
    repeated = make_image([{"/1": b"1"}, {"/2": b"2"}, {"/1": b"1"}])
    entry = {"Config": "c.json", "RepoTags": ["a:1"], "Layers": names}
    with tarfile.open(path, "w") as archive:
        for name, data in (
            (names[0], repeated.layers[0].tar),
            (names[1], repeated.layers[1].tar),
            ("c.json", repeated.raw_config),
            ("manifest.json", json.dumps([entry]).encode()),
        ):
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
        link = tarfile.TarInfo(names[2])
        link.type, link.linkname = tarfile.SYMTYPE, f"../{names[0]}"
        archive.addfile(link)
    with opened(parse_target(f"docker-archive:{path}"), tmp_path / "work") as source:
        assert read_layers(source) == [layer.tar for layer in repeated.layers]


@pytest.mark.parametrize("packed", [False, True])
def test_the_form_of_docker_25_is_read(tmp_path: Path, packed: bool) -> None:
    assert _tars(_write(tmp_path / "m.tar", _modern(IMAGE, packed=packed)), tmp_path) == TARS


def test_packed_layers_whose_names_tell_nothing_are_read(tmp_path: Path) -> None:
    names = [f"{number}.tar.gz" for number in range(3)]
    entry = {"Config": CONFIG_NAME, "RepoTags": None, "Layers": names}
    files = {name: layer.blob for name, layer in zip(names, IMAGE.layers, strict=True)}
    files |= {CONFIG_NAME: IMAGE.raw_config, "manifest.json": json.dumps([entry]).encode()}
    assert _tars(_write(tmp_path / "d.tar", files), tmp_path) == TARS


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress])
def test_a_packed_archive_is_unpacked_first(tmp_path: Path, pack: type[bytes]) -> None:
    path = IMAGE.write_docker_archive(tmp_path / "d.tar")
    path.write_bytes(pack(path.read_bytes()))
    assert _tars(f"docker-archive:{path}", tmp_path) == TARS
    with (
        pytest.raises(InvalidImageError, match="unpacks to over 1000 bytes") as caught,
        opened(
            parse_target(f"docker-archive:{path}"),
            tmp_path / "other",
            limits=UnpackLimits(max_bytes=1000),
        ),
    ):
        pass
    assert "--max-unpacked-size" in caught.value.hint
    assert list((tmp_path / "other").iterdir()) == []


def test_a_packed_archive_that_is_cut_off_is_refused(tmp_path: Path) -> None:
    path = IMAGE.write_docker_archive(tmp_path / "d.tar")
    whole = gzip.compress(path.read_bytes())
    for damaged in (whole[:-20], whole[: len(whole) // 2], whole[:100] + b"\0" * 100 + whole[200:]):
        path.write_bytes(damaged)
        with pytest.raises(InvalidImageError, match=r"d\.tar"):
            _tars(f"docker-archive:{path}", tmp_path)


def test_an_archive_packed_otherwise_says_how_to_unpack_it(tmp_path: Path) -> None:
    import lzma

    path = IMAGE.write_docker_archive(tmp_path / "d.tar")
    path.write_bytes(lzma.compress(path.read_bytes()))
    with pytest.raises(InvalidImageError) as caught:
        _tars(f"docker-archive:{path}", tmp_path)
    assert caught.value.hint == f"unpack it first: unxz {path}"


def _two(tmp_path: Path) -> str:
    other = make_image([{"/2": b""}])
    files = _modern(IMAGE) | _modern(other)
    entries = [
        json.loads(_modern(image)["manifest.json"])[0] | {"RepoTags": tags}
        for image, tags in ((other, ["localhost/b:2"]), (IMAGE, ["app:1", "quay.io/x/app:1"]))
    ]
    files["manifest.json"] = json.dumps(entries).encode()
    return _write(tmp_path / "two.tar", files)


@pytest.mark.parametrize("name", ["app:1", "docker.io/library/app:1", "quay.io/x/app:1"])
def test_one_of_several_images_is_chosen_by_name(tmp_path: Path, name: str) -> None:
    assert _tars(f"{_two(tmp_path)}:{name}", tmp_path) == TARS


def test_several_images_and_no_name_is_a_question(tmp_path: Path) -> None:
    place = _two(tmp_path)
    with pytest.raises(UsageError, match=r"app:1, localhost/b:2, quay\.io/x/app:1") as caught:
        _tars(place, tmp_path)
    assert caught.value.hint == f"choose one: {place}:NAME:TAG"
    with pytest.raises(ImageNotFoundError, match="no image of that name") as missing:
        _tars(f"{place}:app:2", tmp_path)
    assert missing.value.hint == "it has app:1, localhost/b:2, quay.io/x/app:1"


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({}, "manifest.json is not a list"),
        (["x"], "image 0 is not an object"),
        ([{"Config": 1, "Layers": []}], "image 0: Config names no file"),
        ([{"Config": "../../x", "Layers": []}], "Config: '../../x' leads out of the archive"),
        ([{"Config": "/etc/passwd"}], "leads out of the archive"),
        ([{"Config": CONFIG_NAME, "Layers": ["a/../../../x"]}], "layer 0: 'a/../../../x' leads"),
        ([{"Config": CONFIG_NAME, "Layers": "x"}], "Layers is not a list"),
        ([{"Config": CONFIG_NAME, "Layers": [None]}], "layer 0 names no file"),
        ([{"Config": CONFIG_NAME, "Layers": []}], "lists 0 layers, the image config 3"),
        ([{"Config": CONFIG_NAME, "Layers": ["x"] * 3}], "'x' is not in the archive"),
        ([{"Config": "gone.json", "Layers": []}], "'gone.json' is not in the archive"),
        ([{"Config": CONFIG_NAME, "RepoTags": "x"}], "RepoTags is not a list"),
    ],
)
def test_a_manifest_that_makes_no_sense_is_refused(
    tmp_path: Path, value: object, said: str
) -> None:
    files = {CONFIG_NAME: IMAGE.raw_config, "manifest.json": json.dumps(value).encode()}
    with pytest.raises(InvalidImageError) as caught:
        _tars(_write(tmp_path / "d.tar", files), tmp_path)
    assert said in caught.value.message


def test_an_empty_archive_has_no_image(tmp_path: Path) -> None:
    with pytest.raises(ImageNotFoundError, match="holds no image"):
        _tars(_write(tmp_path / "d.tar", {"manifest.json": b"[]"}), tmp_path)
    with pytest.raises(InvalidImageError, match=r"it has no manifest\.json"):
        _tars(_write(tmp_path / "d.tar", {"x": b""}), tmp_path)


def test_a_gigantic_manifest_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidImageError, match=r"manifest\.json: over 4194304 bytes"):
        _tars(_write(tmp_path / "d.tar", {"manifest.json": b" " * (5 << 20)}), tmp_path)


def test_a_changed_config_or_layer_is_found(tmp_path: Path) -> None:
    files = _modern(IMAGE)
    config = f"blobs/sha256/{Digest.of(IMAGE.raw_config).hex}"
    changed = files | {config: IMAGE.raw_config.replace(b"hullo", b"hallo")}
    with pytest.raises(InvalidImageError, match="image config: digest is"):
        _tars(_write(tmp_path / "c.tar", changed), tmp_path)
    layer = f"blobs/sha256/{IMAGE.layers[0].diff_id.hex}"
    changed = files | {layer: files[layer].replace(b"aaa", b"aba", 1)}
    with pytest.raises(InvalidImageError, match="layer 0: digest is"):
        _tars(_write(tmp_path / "l.tar", changed), tmp_path)


def test_the_same_image_gives_the_same_made_up_manifest(tmp_path: Path) -> None:
    digests = set()
    for name in ("a", "b"):
        place = _write(tmp_path / f"{name}.tar", {**_modern(IMAGE), name: b""})
        with opened(parse_target(place), tmp_path / "work") as source:
            digests.add(source.image.digest)
    assert len(digests) == 1
