import json
import random
from typing import Any

import pytest

from jettison.digest import Digest
from jettison.errors import InvalidImageError
from jettison.image import Image, ImageConfig, Index, Manifest
from jettison.image.documents import MAX_DOCUMENT_BYTES, parse_json
from support.images import make_image

FULL: dict[str, Any] = {
    "User": "app:app",
    "Env": ["PATH=/bin", "EMPTY=", "TWO=a=b"],
    "Entrypoint": ["python"],
    "Cmd": ["app.py"],
    "WorkingDir": "/app",
    "ExposedPorts": {"80/tcp": {}, "443/tcp": {}},
    "Volumes": {"/data": {}},
    "Labels": {"a": "b"},
    "StopSignal": "SIGINT",
    "StopTimeout": 3,
    "Healthcheck": {
        "Test": ["CMD-SHELL", "true"],
        "Interval": 5_000_000_000,
        "Timeout": 500_000_000,
        "StartPeriod": 1_000_000_000,
        "Retries": 2,
    },
    "Shell": ["/bin/bash", "-c"],
}


def test_every_field_of_a_config_is_read() -> None:
    config = ImageConfig.parse(make_image(config=FULL).raw_config)
    assert config.env == (("PATH", "/bin"), ("EMPTY", ""), ("TWO", "a=b"))
    assert config.argv == ("python", "app.py")
    assert config.exposed_ports == ("443/tcp", "80/tcp")
    assert config.volumes == ("/data",)
    assert (config.stop_signal, config.stop_timeout_s) == ("SIGINT", 3)
    assert config.healthcheck is not None
    assert (config.healthcheck.interval_s, config.healthcheck.timeout_s) == (5.0, 0.5)
    assert config.healthcheck.retries == 2
    assert config.shell == ("/bin/bash", "-c")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("ExposedPorts", 80),
        ("Volumes", ["/data"]),
        ("StopTimeout", "3"),
        ("StopTimeout", True),
        ("Env", {"A": "b"}),
        ("Cmd", "python app.py"),
        ("Labels", []),
        ("Healthcheck", {"Test": "curl", "Interval": 1}),
        ("Healthcheck", {"Test": ["CMD", "x"], "Interval": "5s"}),
        ("Healthcheck", {"Test": ["CMD", "x"], "Interval": 10**400}),
        ("Healthcheck", {"Test": ["CMD", "x"], "Retries": "two"}),
        ("WorkingDir", "/a\0b"),
        ("User", "\ud800"),
    ],
)
def test_a_field_of_the_wrong_kind_is_an_invalid_image(field: str, value: object) -> None:
    with pytest.raises(InvalidImageError):
        ImageConfig.parse(make_image(config={field: value}).raw_config)


def test_whatever_json_stands_in_a_config_nothing_else_is_raised() -> None:
    choose = random.Random(7)  # not for secrets
    odd: list[object] = [None, 0, -1, 1.5, "x", "", [], {}, [None], {"a": 1}, True, 10**30, [[1]]]
    whole = json.loads(make_image(config=FULL).raw_config)
    parsed = 0
    for _ in range(3000):
        value = json.loads(json.dumps(whole))
        here: Any = value
        while isinstance(here, dict) and here:
            key = choose.choice(sorted(here))
            if choose.random() < 0.4 or not isinstance(here[key], dict):
                here[key] = choose.choice(odd)
                break
            here = here[key]
        try:
            ImageConfig.parse(json.dumps(value).encode())
            parsed += 1
        except InvalidImageError:
            pass
    assert 0 < parsed < 3000


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff{}",
        "{}".encode("utf-16"),
        pytest.param(b'{"a":' * 100_000, id="deep"),
        b'{"a":"\\ud800"}',
        b'{"a":"\\u0000"}',
        pytest.param(b'{"a":%s}' % (b"9" * 5000), id="long number"),
    ],
)
@pytest.mark.parametrize("parse", [Manifest.parse, Index.parse, ImageConfig.parse])
def test_bytes_that_are_no_document_are_invalid(parse: Any, raw: bytes) -> None:
    with pytest.raises(InvalidImageError):
        parse(raw)


def test_an_escaped_backslash_is_no_nul() -> None:
    assert parse_json(rb'{"a":"\\u0000"}', "x") == {"a": "\\u0000"}
    with pytest.raises(InvalidImageError, match="NUL"):
        parse_json(rb'{"a":"\\\u0000"}', "x")


def test_a_document_over_the_bound_is_refused() -> None:
    raw = b'{"manifests":[]' + b" " * MAX_DOCUMENT_BYTES + b"}"
    with pytest.raises(InvalidImageError, match="is over"):
        Index.parse(raw)


def _with_manifest(raw_config: bytes, change: dict[str, Any]) -> Image:
    built = make_image()
    manifest = {**json.loads(built.raw_manifest), **change}
    return Image.parse("x", json.dumps(manifest).encode(), raw_config)


def test_manifest_and_config_of_different_images_are_refused() -> None:
    other = make_image([{"/other": b""}])
    with pytest.raises(InvalidImageError, match="image config: digest is"):
        _with_manifest(other.raw_config, {})


def test_a_manifest_with_more_layers_than_diff_ids_is_refused() -> None:
    built = make_image()
    layers = json.loads(built.raw_manifest)["layers"] * 2
    with pytest.raises(InvalidImageError, match="2 layers, the config 1 diff IDs"):
        _with_manifest(built.raw_config, {"layers": layers})


def test_an_artifact_is_no_image() -> None:
    raw = b"{}"
    config = {"mediaType": "application/vnd.oci.empty.v1+json", "digest": Digest.of(raw), "size": 2}
    with pytest.raises(InvalidImageError, match="which is no image config"):
        _with_manifest(raw, {"config": config})


@pytest.mark.parametrize(
    ("media_type", "said"),
    [
        ("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", "not part of the image"),
        ("application/vnd.oci.image.layer.nondistributable.v1.tar", "not part of the image"),
        ("application/x-tar", "unknown layer media type 'application/x-tar'"),
    ],
)
def test_layers_that_cannot_be_read_are_refused(media_type: str, said: str) -> None:
    built = make_image()
    layers = json.loads(built.raw_manifest)["layers"]
    with pytest.raises(InvalidImageError, match=said):
        _with_manifest(built.raw_config, {"layers": [{**layers[0], "mediaType": media_type}]})


def test_schema_1_is_refused_with_what_to_do() -> None:
    with pytest.raises(InvalidImageError, match="schemaVersion is 1") as caught:
        Manifest.parse(b'{"schemaVersion":1,"fsLayers":[]}')
    assert "push the image again" in caught.value.hint
