import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from jettison.digest import Digest
from jettison.edge import http
from jettison.errors import ImageNotFoundError, InvalidImageError, JettisonError, TransportError
from jettison.image import Platform
from jettison.image.reference import Reference
from jettison.transport import registry_client
from jettison.transport.registry import list_tags, resolve_digest
from jettison.transport.schemes import Target, parse_target
from support.images import BuiltImage, make_image, make_index
from support.registry import FakeRegistry, always, fake_registry, once, send_on
from support.transports import SinkContract, SourceContract, opened, read_layers, typical_image
from support.web import Handler, serve

IMAGE = typical_image()
ARM = make_image([{"/arm": b""}], platform="linux/arm64")


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What was waited for; nothing waits in these tests."""
    waited: list[float] = []
    monkeypatch.setattr(http, "pause", waited.append)
    return waited


@pytest.fixture
def registry() -> Iterator[FakeRegistry]:
    """An empty one."""
    with fake_registry() as registry:
        yield registry


class TestRegistrySource(SourceContract):
    @pytest.fixture(autouse=True)
    def _serve(self, registry: FakeRegistry) -> None:
        self.registry = registry

    def put(self, image: BuiltImage, directory: Path) -> Target:
        return parse_target(self.registry.put("team/app", image, "1"))

    def missing(self, directory: Path) -> Target:
        return parse_target(self.registry.target("team/app", "none"))


class TestRegistrySink(SinkContract):
    @pytest.fixture(autouse=True)
    def _serve(self, registry: FakeRegistry) -> None:
        self.registry = registry

    def target(self, directory: Path) -> Target:
        return parse_target(self.registry.target("team/app", "2"))


def _read(text: str, directory: Path, platform: str = "linux/amd64") -> BuiltImage | bytes:
    with opened(
        parse_target(text), directory / "work", platform=Platform.parse(platform)
    ) as source:
        read_layers(source)
        return source.image.raw_manifest


def test_an_image_is_found_by_its_digest(registry: FakeRegistry, tmp_path: Path) -> None:
    registry.put("app", IMAGE)
    place = f"registry:{registry.web.host}/app"
    assert _read(f"{place}@{IMAGE.digest}", tmp_path) == IMAGE.raw_manifest
    assert _read(f"{place}:latest@{IMAGE.digest}", tmp_path) == IMAGE.raw_manifest
    with pytest.raises(ImageNotFoundError, match="no such image"):
        _read(f"{place}@{ARM.digest}", tmp_path)


@pytest.mark.parametrize("docker_types", [False, True])
def test_a_multi_platform_image_is_opened_for_the_platform(
    registry: FakeRegistry, tmp_path: Path, docker_types: bool
) -> None:
    index = make_index([IMAGE, ARM], docker_types=docker_types)
    place = registry.put("app", index)
    assert _read(place, tmp_path) == IMAGE.raw_manifest
    assert _read(place, tmp_path, "linux/arm64") == ARM.raw_manifest
    with pytest.raises(ImageNotFoundError, match="no image for linux/s390x; it has linux/amd64"):
        _read(place, tmp_path, "linux/s390x")


def test_tags_are_listed_over_all_pages(registry: FakeRegistry) -> None:
    for tag in ("3.12", "3.11", "latest", "3.12-slim", "3"):
        registry.put("python", IMAGE, tag)
    reference = Reference.parse(f"{registry.web.host}/python")
    assert list_tags(reference) == ("3", "3.11", "3.12", "3.12-slim", "latest")
    with pytest.raises(ImageNotFoundError, match="no such repository"):
        list_tags(Reference.parse(f"{registry.web.host}/nothing"))


def test_a_page_elsewhere_is_not_asked_for(registry: FakeRegistry) -> None:
    headers = {"Link": '<https://evil.example/v2/app/tags/list>; rel="next"'}
    registry.before.append(always("/tags/", lambda h: h.send(200, b'{"tags":["1"]}', headers)))
    with pytest.raises(TransportError, match=r"leads elsewhere, to https://evil\.example"):
        list_tags(Reference.parse(f"{registry.web.host}/app"))


def test_a_tag_is_resolved_without_fetching_it(registry: FakeRegistry) -> None:
    index = make_index([IMAGE, ARM])
    registry.put("python", index, "3")
    reference = Reference.parse(f"{registry.web.host}/python:3")
    assert resolve_digest(reference) == index.digest
    assert registry.paths() == ["HEAD /v2/python/manifests/3"]
    with pytest.raises(ImageNotFoundError):
        resolve_digest(Reference.parse(f"{registry.web.host}/python:4"))


@pytest.mark.parametrize("status", [200, 405])
def test_a_registry_that_does_not_tell_the_digest_is_asked_for_all(
    registry: FakeRegistry, status: int
) -> None:
    registry.put("python", IMAGE, "3")
    registry.before.append(always("HEAD .*manifests", lambda h: h.send(status)))
    reference = Reference.parse(f"{registry.web.host}/python:3")
    assert resolve_digest(reference) == IMAGE.digest
    with pytest.raises(ImageNotFoundError):
        resolve_digest(Reference.parse(f"{registry.web.host}/python:4"))


def _failure(registry: FakeRegistry, directory: Path) -> JettisonError:
    with pytest.raises(JettisonError) as caught:
        _read(registry.target("app"), directory)
    return caught.value


def test_what_a_registry_says_is_told(registry: FakeRegistry, tmp_path: Path) -> None:
    registry.put("app", IMAGE)
    body = json.dumps({"errors": [{"code": "DENIED", "message": "no\x1b[31m, \n not you"}]})
    registry.before.append(always("manifests", lambda h: h.send(403, body.encode())))
    err = _failure(registry, tmp_path)
    assert err.message.endswith("manifest latest: 403 Forbidden: DENIED no [31m, not you")
    assert "docker login" in err.hint
    assert err.exit_code == 4


@pytest.mark.parametrize(
    ("status", "hint"), [(500, "again later"), (503, "again later"), (429, "wait a while")]
)
def test_a_registry_that_keeps_failing(
    registry: FakeRegistry, tmp_path: Path, status: int, hint: str
) -> None:
    registry.before.append(always("manifests", lambda h: h.send(status, b"<html>")))
    err = _failure(registry, tmp_path)
    assert f"manifest latest: {status} " in err.message
    assert hint in err.hint
    assert len(registry.paths()) == 5


def test_a_registry_that_recovers(
    registry: FakeRegistry, tmp_path: Path, pauses: list[float]
) -> None:
    place = registry.put("app", IMAGE)
    registry.before.append(once("manifests", lambda h: h.send(500), times=2))
    registry.before.append(once("blobs", lambda h: h.send(429, b"", {"Retry-After": "3"})))
    assert _read(place, tmp_path) == IMAGE.raw_manifest
    assert pauses == [0.4, 0.8, 3.0]


def test_no_registry_there(tmp_path: Path) -> None:
    with fake_registry() as registry:
        pass
    err = _failure(registry, tmp_path)
    assert "Connection refused" in err.message
    assert isinstance(err, TransportError)


def test_a_download_that_breaks_is_taken_up_where_it_broke(
    registry: FakeRegistry, tmp_path: Path
) -> None:
    place = registry.put("app", IMAGE)
    layer = IMAGE.layers[0]
    half = len(layer.blob) // 2
    registry.before.append(
        once(
            f"GET .*{layer.digest}",
            lambda h: h.break_off(layer.blob[:half], promised=len(layer.blob)),
        )
    )
    assert _read(place, tmp_path) == IMAGE.raw_manifest
    ranges = [item.headers.get("range") for item in registry.web.asked if layer.digest in item.path]
    assert ranges == [None, f"bytes={half}-"]


def test_a_registry_without_ranges_sends_everything_again(
    registry: FakeRegistry, tmp_path: Path
) -> None:
    place = registry.put("app", IMAGE)
    blob, digest = IMAGE.layers[0].blob, IMAGE.layers[0].digest
    registry.before.append(once(f"GET .*{digest}", lambda h: h.break_off(blob[:9], promised=99)))
    registry.before.append(once(f"GET .*{digest}", lambda h: h.send(200, blob)))
    assert _read(place, tmp_path) == IMAGE.raw_manifest


def test_other_bytes_than_asked_for_are_refused(registry: FakeRegistry, tmp_path: Path) -> None:
    registry.put("app", IMAGE)
    blob, digest = IMAGE.layers[0].blob, IMAGE.layers[0].digest
    headers = {"Content-Range": f"bytes 20-{len(blob) - 1}/{len(blob)}"}
    registry.before.append(once(f"GET .*{digest}", lambda h: h.break_off(blob[:9], promised=99)))
    registry.before.append(once(f"GET .*{digest}", lambda h: h.send(206, blob[20:], headers)))
    assert "asked for the bytes from 9 on" in _failure(registry, tmp_path).message


def test_a_download_that_breaks_for_good(
    registry: FakeRegistry, tmp_path: Path, pauses: list[float]
) -> None:
    registry.put("app", IMAGE)
    blob, digest = IMAGE.layers[0].blob, IMAGE.layers[0].digest
    size = len(blob)
    registry.before.append(always(f"GET .*{digest}", lambda h: h.break_off(b"", promised=size)))
    err = _failure(registry, tmp_path)
    assert f"broke off at 0 of {size} bytes" in err.message
    assert len(pauses) == 5


Damage = Callable[[Handler], object]


@pytest.mark.parametrize(
    ("match", "damage", "said"),
    [
        (
            "manifests/latest",
            lambda h: h.send(200, b"<html>", {"Content-Type": "text/html"}),
            "JSON",
        ),
        (
            "manifests/latest",
            lambda h: h.send(200, b'{"mediaType":"x/y"}', {"Content-Type": "x/y"}),
            "unknown media type 'x/y'",
        ),
        (
            "manifests/latest",
            lambda h: h.send(200, b'{"schemaVersion":1}', {"Content-Type": "application/json"}),
            "unknown media type",
        ),
        ("manifests/latest", lambda h: h.send(200, b" " * (5 << 20)), "over 4194304 bytes"),
        (
            "manifests/latest",
            lambda h: h.send(200, ARM.raw_manifest, {"Docker-Content-Digest": IMAGE.digest}),
            f"digest is {ARM.digest}, it should be {IMAGE.digest}",
        ),
        (f"blobs/{Digest.of(IMAGE.raw_config)}", lambda h: h.send(404), "is not there"),
        (
            f"blobs/{Digest.of(IMAGE.raw_config)}",
            lambda h: h.send(200, IMAGE.raw_config.replace(b"amd64", b"arm64")),
            "digest is",
        ),
        (f"blobs/{IMAGE.layers[0].digest}", lambda h: h.send(404), "is not there"),
        (f"blobs/{IMAGE.layers[0].digest}", lambda h: h.send(403), "403 Forbidden"),
        (
            f"blobs/{IMAGE.layers[0].digest}",
            lambda h: h.send(200, IMAGE.layers[0].blob[:-1] + b"!"),
            "layer 0: ",
        ),
        (
            f"blobs/{IMAGE.layers[0].digest}",
            lambda h: h.send(200, IMAGE.layers[0].blob + b"!"),
            "layer 0: ",
        ),
    ],
)
def test_damage_is_found_and_named(
    registry: FakeRegistry, tmp_path: Path, match: str, damage: Damage, said: str
) -> None:
    registry.put("app", IMAGE)
    registry.before.append(always(match, damage))
    err = _failure(registry, tmp_path)
    assert said in err.message
    assert isinstance(err, InvalidImageError | TransportError)


def test_a_config_that_never_ends_is_not_waited_for(registry: FakeRegistry, tmp_path: Path) -> None:
    sent: list[int] = []
    registry.put("app", IMAGE)
    registry.before.append(always(f"GET .*{Digest.of(IMAGE.raw_config)}", send_on(sent)))
    assert isinstance(_failure(registry, tmp_path), InvalidImageError)
    # What the kernel keeps on its way was sent all the same.
    assert sum(sent) < 48 << 20


def test_the_wrong_image_under_a_digest_is_refused(registry: FakeRegistry, tmp_path: Path) -> None:
    registry.put("app", IMAGE)
    registry.before.append(
        always("manifests", lambda h: h.send(200, ARM.raw_manifest))  # with no digest told
    )
    with pytest.raises(InvalidImageError, match="it should be"):
        _read(f"registry:{registry.web.host}/app@{IMAGE.digest}", tmp_path)


def test_foreign_layers_are_refused(registry: FakeRegistry, tmp_path: Path) -> None:
    document = json.loads(IMAGE.raw_manifest)
    document["layers"][0]["mediaType"] = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"
    foreign = BuiltImage(
        layers=IMAGE.layers,
        raw_config=IMAGE.raw_config,
        raw_manifest=json.dumps(document).encode(),
    )
    registry.put("app", foreign)
    assert "its bytes are not part of the image" in _failure(registry, tmp_path).message


def test_a_blob_elsewhere_is_fetched_without_the_login(
    registry: FakeRegistry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = registry.put("app", IMAGE)
    registry.tokens = True
    blobs = registry.blobs["app"]
    with serve(lambda h: h.send(200, blobs[h.asked.path[1:]])) as other:
        registry.before.append(
            always(
                "GET .*/blobs/",
                lambda h: h.send(
                    307, b"", {"Location": f"{other.url}/{h.asked.path.rpartition('/')[2]}"}
                ),
            )
        )
        assert _read(place, tmp_path) == IMAGE.raw_manifest
        assert len(other.asked) == 4
        assert all("authorization" not in item.headers for item in other.asked)
    shown = {i.headers.get("authorization") for i in registry.web.asked if "/blobs/" in i.path}
    assert shown == {"Bearer token-0"}


def test_a_page_that_is_no_url(registry: FakeRegistry) -> None:
    headers = {"Link": '<http://[>; rel="next"'}
    registry.before.append(always("/tags/", lambda h: h.send(200, b'{"tags":["1"]}', headers)))
    with pytest.raises(TransportError, match="no URL"):
        list_tags(Reference.parse(f"{registry.web.host}/app"))


@pytest.mark.parametrize("tags", [b"5", b'{"a": 1}', b'"1.0"'])
def test_tags_that_are_no_list(registry: FakeRegistry, tags: bytes) -> None:
    registry.before.append(always("/tags/", lambda h: h.send(200, b'{"tags":%b}' % tags)))
    with pytest.raises(InvalidImageError, match="tags: not a list"):
        list_tags(Reference.parse(f"{registry.web.host}/app"))


@pytest.mark.parametrize(("name", "is_found"), [("localhost", True), ("localhost:1", False)])
def test_plain_http_is_at_a_port_of_its_own(
    registry: FakeRegistry, monkeypatch: pytest.MonkeyPatch, name: str, is_found: bool
) -> None:
    """Nobody listens at 443; the registry stands in for port 80, which tests cannot have."""

    class Client(http.HttpClient):
        def open(self, request: http.Request) -> http.Response:
            if request.url.startswith("https:"):
                error = http.HttpError("Connection refused")
                error.is_unreachable = True
                raise error
            url = request.url.replace("//localhost/", f"//{registry.web.host}/")
            return super().open(replace(request, url=url))

    digest = registry.put("app", IMAGE) and IMAGE.digest
    monkeypatch.setattr(registry_client, "HttpClient", Client)
    if is_found:
        assert resolve_digest(Reference.parse(f"{name}/app")) == digest
    else:
        with pytest.raises(TransportError, match="refused"):
            resolve_digest(Reference.parse(f"{name}/app"))
