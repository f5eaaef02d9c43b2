"""Write stages as OCI layouts, hand layouts to engines, and take images of others as bases."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import takewhile
from pathlib import Path
from typing import IO, Any, cast

from imagebuild.builder import Stage
from imagebuild.cache import Cache, Layer, key_of
from imagebuild.packing import digest_of, open_tar, unpack

_OCI = "application/vnd.oci.image"
_CREATED = "2025-01-01T00:00:00Z"
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


def write_layout(cache: Cache, name: str, stage: Stage) -> Path:
    """The OCI layout of a stage, its blobs hard links to the cached layers."""
    config = _json(
        {
            "created": _CREATED,
            "architecture": _architecture(),
            "os": "linux",
            "config": stage.config,
            "rootfs": {"type": "layers", "diff_ids": [layer.diff_id for layer in stage.layers]},
            "history": stage.history,
        }
    )
    manifest = _json(
        {
            "schemaVersion": 2,
            "mediaType": f"{_OCI}.manifest.v1+json",
            "config": _descriptor(f"{_OCI}.config.v1+json", config),
            "layers": [
                {
                    "mediaType": f"{_OCI}.layer.v1.tar+gzip",
                    "digest": layer.digest,
                    "size": layer.size,
                }
                for layer in stage.layers
            ],
        }
    )
    listed = _descriptor(f"{_OCI}.manifest.v1+json", manifest)
    listed["platform"] = {"architecture": _architecture(), "os": "linux"}
    listed["annotations"] = {"org.opencontainers.image.ref.name": "latest"}
    index = {"schemaVersion": 2, "mediaType": f"{_OCI}.index.v1+json", "manifests": [listed]}
    # One directory above by digest, so that the last component is the name that users see.
    directory: Path = cache.root / "layouts" / listed["digest"][7:19] / name
    with cache.lock(directory.parent.name):
        if not directory.exists():
            directory.parent.mkdir(parents=True, exist_ok=True)
            building = directory.with_name(f".{name}.{os.getpid()}")
            shutil.rmtree(building, ignore_errors=True)
            _write(building, (config, manifest), _json(index), stage.layers)
            building.rename(directory)
    return directory


def _write(
    directory: Path, documents: Iterable[bytes], index: bytes, layers: Iterable[Layer]
) -> None:
    blobs = directory / "blobs/sha256"
    blobs.mkdir(parents=True)
    for document in documents:
        (blobs / hashlib.sha256(document).hexdigest()).write_bytes(document)
    for layer in layers:
        place = blobs / layer.digest.removeprefix("sha256:")
        if not place.exists():
            place.hardlink_to(layer.blob)
    (directory / "index.json").write_bytes(index)
    (directory / "oci-layout").write_bytes(_json({"imageLayoutVersion": "1.0.0"}))


def load_into_docker(layout: Path, name: str) -> None:
    """Give a layout to the Docker Engine as `name`, without the layers that it has already.

    The engine looks a layer up by its chain before it reads its file, so a file of a layer
    that an image of its own starts with may be left out of the archive.
    """
    config, manifest = _documents(layout)
    diff_ids = json.loads(config)["rootfs"]["diff_ids"]
    known = _known_to_docker(diff_ids)
    config_name = f"{hashlib.sha256(config).hexdigest()}.json"
    names = [f"{diff_id.removeprefix('sha256:')}/layer.tar" for diff_id in diff_ids]
    listed = [{"Config": config_name, "RepoTags": [name], "Layers": names}]
    argv = ["docker", "load", "--quiet"]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as loading:
        assert loading.stdin is not None
        with tarfile.open(fileobj=loading.stdin, mode="w|", bufsize=1 << 20) as tar:
            _add(tar, config_name, config)
            _add(tar, "manifest.json", _json(listed))
            for layer, path in list(zip(manifest["layers"], names, strict=True))[known:]:
                _add_unpacked(tar, path, layout / "blobs/sha256" / layer["digest"][7:])
    if loading.returncode != 0:
        raise SystemExit(f"docker load of {name} ended with status {loading.returncode}")


def load_into_podman(layout: Path, name: str) -> None:
    """Give a layout to Podman as `name`; layers that it has are not copied again."""
    argv = ["podman", "pull", "--quiet", f"oci:{layout}:latest"]
    pulled = subprocess.run(argv, stdout=subprocess.PIPE, text=True, check=True)
    subprocess.run(["podman", "tag", pulled.stdout.strip(), name], check=True)


def _known_to_docker(diff_ids: list[str]) -> int:
    """How many of the first layers some image of the engine starts with."""
    listed = subprocess.run(
        ["docker", "image", "ls", "--quiet", "--no-trunc"],
        capture_output=True,
        text=True,
        check=True,
    )
    images = sorted(set(listed.stdout.split()))
    if not images:
        return 0
    shown = subprocess.run(
        ["docker", "image", "inspect", *images], capture_output=True, text=True, check=False
    )
    best = 0
    for image in json.loads(shown.stdout or "[]"):
        pairs = zip(image["RootFS"].get("Layers") or [], diff_ids, strict=False)
        best = max(best, len(list(takewhile(lambda pair: pair[0] == pair[1], pairs))))
    return best


def _add(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(data)
    tar.addfile(member, io.BytesIO(data))


def _add_unpacked(tar: tarfile.TarFile, name: str, blob: Path) -> None:
    with tempfile.TemporaryFile() as plain:
        with open_tar(blob) as packed:
            shutil.copyfileobj(packed, plain, 1 << 20)
        member = tarfile.TarInfo(name)
        member.size = plain.tell()
        plain.seek(0)
        tar.addfile(member, cast(IO[bytes], plain))


def import_base(cache: Cache, target: str) -> Stage:
    """A stage of somebody else's image: `oci:DIR`, `docker-archive:FILE`, `docker:NAME`.

    Raises: SystemExit when the target is none of these.
    """
    scheme, _, location = target.partition(":")
    if scheme == "oci":
        config, manifest = _documents(Path(location))
        blobs = [
            Path(location) / "blobs/sha256" / layer["digest"][7:] for layer in manifest["layers"]
        ]
        return _stage_of(cache, config, [partial(blob.open, "rb") for blob in blobs])
    if scheme not in ("docker", "docker-archive"):
        raise SystemExit(f"{target}: a base is oci:DIR, docker-archive:FILE or docker:NAME")
    with tempfile.TemporaryDirectory(dir=cache.root) as scratch:
        archive = Path(location)
        if scheme == "docker":
            archive = Path(scratch) / "image.tar"
            subprocess.run(["docker", "save", "--output", archive, location], check=True)
        with tarfile.open(archive) as tar:
            listed = json.loads(_member(tar, "manifest.json").read())[0]
            config = _member(tar, listed["Config"]).read()
            openers = [partial(_member, tar, name) for name in listed["Layers"]]
            return _stage_of(cache, config, openers)


def _stage_of(cache: Cache, config: bytes, layers: Sequence[Callable[[], IO[bytes]]]) -> Stage:
    document = json.loads(config)
    stage = Stage(
        key=key_of("import", hashlib.sha256(config).hexdigest()),
        config=document.get("config") or {},
        history=document.get("history") or [],
    )
    for diff_id, opener in zip(document["rootfs"]["diff_ids"], layers, strict=True):
        key = key_of("import", diff_id)
        with cache.lock(key):
            layer = cache.find(key) or _import_layer(cache, key, opener)
        if layer.diff_id != diff_id:
            raise SystemExit(f"layer {diff_id}: its bytes have digest {layer.diff_id}")
        stage.layers.append(layer)
    return stage


def _import_layer(cache: Cache, key: str, opener: Callable[[], IO[bytes]]) -> Layer:
    with cache.new_layer(key) as building:
        blob, plain = building / "layer.tar.gz", building / "layer.tar"
        with opener() as stored, plain.open("w+b") as out:
            is_gzip = stored.read(2) == b"\x1f\x8b"
            stored.seek(0)
            content = cast(IO[bytes], gzip.GzipFile(fileobj=stored)) if is_gzip else stored
            shutil.copyfileobj(content, out, 1 << 20)
        with plain.open("rb") as content, blob.open("wb") as packed:
            unpack(content, building / "fs")
            content.seek(0)
            subprocess.run(["gzip", "-1", "-n"], stdin=content, stdout=packed, check=True)
        diff_id = digest_of(plain)
        plain.unlink()
        size = blob.stat().st_size
        return cache.keep(building, Layer(key, building, diff_id, digest_of(blob), size))


def _documents(layout: Path) -> tuple[bytes, dict[str, Any]]:
    """The config's bytes and the decoded manifest for this machine's platform."""

    def read(descriptor: dict[str, Any]) -> bytes:
        return Path(layout / "blobs/sha256" / descriptor["digest"][7:]).read_bytes()

    document = json.loads((layout / "index.json").read_bytes())
    while "manifests" in document:
        choices = document["manifests"]
        fitting = [
            item
            for item in choices
            if item.get("platform", {}).get("architecture", _architecture()) == _architecture()
        ]
        document = json.loads(read((fitting or choices)[0]))
    return read(document["config"]), document


def _member(tar: tarfile.TarFile, name: str) -> IO[bytes]:
    found = tar.extractfile(name)
    if found is None:
        raise SystemExit(f"archive: {name} is no file")
    return found


def _architecture() -> str:
    machine = os.uname().machine
    return _ARCHITECTURES.get(machine, machine)


def _descriptor(media_type: str, document: bytes) -> dict[str, Any]:
    digest = f"sha256:{hashlib.sha256(document).hexdigest()}"
    return {"mediaType": media_type, "digest": digest, "size": len(document)}


def _json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
