import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from jettison.digest import Digest
from jettison.edge import http
from jettison.errors import TransportError
from jettison.image import Descriptor
from jettison.transport import registry_push
from jettison.transport.registry_push import Pusher
from jettison.transport.registry_write import open_access
from jettison.transport.schemes import parse_target
from jettison.transport.sinks import check_sink, write_sink
from jettison.transport.transfer import Delivery
from support.registry import FakeRegistry, always, fake_registry, once
from support.transports import typical_image
from support.web import Handler, serve

BLOB = bytes(range(256)) * 400
DIGEST = Digest.of(BLOB)
BLOB_DESCRIPTOR = Descriptor(media_type="x/y", digest=DIGEST, size_bytes=len(BLOB))
IMAGE = typical_image()


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeRegistry]:
    """An empty one; blobs over 10 kB are sent so that they can be taken up."""
    monkeypatch.setattr(http, "pause", lambda _: None)
    monkeypatch.setattr(registry_push, "_MONOLITHIC_BYTES", 10_000)
    monkeypatch.setattr(registry_push, "_SMALLEST_PIECE_BYTES", 1_000)
    with fake_registry() as registry:
        yield registry


def _chunks(offset: int) -> Iterator[bytes]:
    for start in range(offset, len(BLOB), 7_000):
        yield BLOB[start : start + 7_000]


def _push(registry: FakeRegistry, *, mount_from: tuple[str, ...] = ()) -> Delivery:
    target = parse_target(registry.target("app"))
    with open_access(target, others=mount_from).connect() as client:
        return Pusher(client).push_blob(BLOB_DESCRIPTOR, _chunks, mount_from=mount_from)


def _uploads(registry: FakeRegistry) -> list[str]:
    return [path.split(" ")[0] for path in registry.paths() if "/uploads/" in path]


def test_a_large_blob_is_streamed_and_then_finished(registry: FakeRegistry) -> None:
    assert _push(registry) is Delivery.SENT
    assert registry.blobs["app"][DIGEST] == BLOB
    assert _uploads(registry) == ["POST", "PATCH", "PUT"]


def test_a_small_blob_goes_in_one_request(
    registry: FakeRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry_push, "_MONOLITHIC_BYTES", len(BLOB))
    assert _push(registry) is Delivery.SENT
    assert registry.blobs["app"][DIGEST] == BLOB
    assert _uploads(registry) == ["POST", "PUT"]


def test_what_is_there_is_not_sent(registry: FakeRegistry) -> None:
    registry.blobs["app"] = {DIGEST: BLOB}
    assert _push(registry) is Delivery.PRESENT
    assert _uploads(registry) == []


@pytest.mark.parametrize("mounts", [True, False])
def test_a_blob_of_another_repository_is_mounted_where_that_is_done(
    registry: FakeRegistry, mounts: bool
) -> None:
    registry.blobs["team/base"] = {DIGEST: BLOB}
    registry.mounts = mounts
    expected = Delivery.MOUNTED if mounts else Delivery.SENT
    assert _push(registry, mount_from=("team/base",)) is expected
    assert registry.blobs["app"][DIGEST] == BLOB
    assert _uploads(registry) == (["POST"] if mounts else ["POST", "PATCH", "PUT"])


def _breaks(registry: FakeRegistry, received: int) -> None:
    """The first PATCH arrives in part, and its connection breaks."""

    def hang_up(handler: Handler) -> None:
        upload = handler.asked.path.rpartition("/")[2]
        registry.uploads[upload] += handler.asked.body[:received]
        handler.close_connection = True

    registry.before.append(once("PATCH", hang_up))


def test_an_upload_that_breaks_is_taken_up(registry: FakeRegistry) -> None:
    _breaks(registry, 50_000)
    assert _push(registry) is Delivery.SENT
    assert registry.blobs["app"][DIGEST] == BLOB
    assert _uploads(registry) == ["POST", "PATCH", "GET", "PATCH", "PUT"]
    again = [item for item in registry.web.asked if item.method == "PATCH"][1]
    assert again.headers["content-range"] == f"50000-{len(BLOB) - 1}"
    assert len(again.body) == len(BLOB) - 50_000


@pytest.mark.parametrize("status", [500, 503, 429])
def test_an_upload_that_fails_for_a_while_is_taken_up(registry: FakeRegistry, status: int) -> None:
    registry.before.append(once("PATCH", lambda h: h.send(status), times=3))
    assert _push(registry) is Delivery.SENT
    assert registry.blobs["app"][DIGEST] == BLOB


def test_an_upload_that_was_forgotten_begins_anew(registry: FakeRegistry) -> None:
    def forget(handler: Handler) -> None:
        registry.uploads.clear()
        registry.uploads["other"] = bytearray()
        handler.close_connection = True

    registry.before.append(once("PATCH", forget))
    assert _push(registry) is Delivery.SENT
    assert registry.blobs["app"][DIGEST] == BLOB
    assert _uploads(registry) == ["POST", "PATCH", "GET", "POST", "PATCH", "PUT"]


def test_a_lost_answer_to_the_last_request_is_no_loss(registry: FakeRegistry) -> None:
    def finish_and_hang_up(handler: Handler) -> None:
        registry.blobs["app"][DIGEST] = BLOB
        registry.uploads.clear()
        handler.close_connection = True

    registry.before.append(once("PUT", finish_and_hang_up))
    assert _push(registry) is Delivery.SENT
    assert _uploads(registry) == ["POST", "PATCH", "PUT", "PUT"]


def test_a_registry_that_takes_only_small_requests_gets_small_ones(registry: FakeRegistry) -> None:
    def refuse_large(handler: Handler) -> bool:
        if handler.command == "PATCH" and len(handler.asked.body) > 30_000:
            handler.send(413)
            return True
        return False

    registry.before.append(refuse_large)
    assert _push(registry) is Delivery.SENT
    assert registry.blobs["app"][DIGEST] == BLOB
    sizes = [len(item.body) for item in registry.web.asked if item.method == "PATCH"]
    assert sizes == [102400, 51200, 25600, 25600, 25600, 25600]


def test_an_upload_that_fails_for_good(registry: FakeRegistry) -> None:
    registry.before.append(always("PATCH", lambda h: h.send(500)))
    with pytest.raises(TransportError, match=f"broke off at 0 of {len(BLOB)} bytes: 500"):
        _push(registry)
    registry.before[:] = [always("PATCH", lambda h: h.send(413))]
    with pytest.raises(TransportError, match="413"):
        _push(registry)
    registry.before[:] = [always("PATCH", lambda h: h.send(202, b"", {"Range": "0-0"}))]
    with pytest.raises(TransportError, match="broke off at 0"):
        _push(registry)


def test_other_bytes_than_the_digest_says_are_not_taken(registry: FakeRegistry) -> None:
    target = parse_target(registry.target("app"))
    with (
        open_access(target).connect() as client,
        pytest.raises(TransportError, match="400 Bad Request: DIGEST_INVALID"),
    ):
        Pusher(client).push_blob(BLOB_DESCRIPTOR, lambda _: iter([bytes(len(BLOB))]))
    assert DIGEST not in registry.blobs["app"]


def test_an_upload_elsewhere_does_not_carry_the_login(registry: FakeRegistry) -> None:
    registry.tokens = True
    with serve(lambda h: h.send(201 if h.command == "PUT" else 202)) as other:
        place = {"Location": f"{other.url}/up?x=1"}

        def send_away(handler: Handler) -> bool:
            is_begun = handler.command == "POST" and "authorization" in handler.asked.headers
            if is_begun:
                handler.send(202, b"", place)
            return is_begun

        registry.before.append(send_away)
        assert _push(registry) is Delivery.SENT
        assert [item.method for item in other.asked] == ["PATCH", "PUT"]
        assert other.asked[1].query == {"x": ["1"], "digest": [DIGEST]}
        assert all("authorization" not in item.headers for item in other.asked)


def test_a_registry_that_is_only_read_is_found_out_before_the_work(registry: FakeRegistry) -> None:
    body = json.dumps({"errors": [{"code": "DENIED", "message": "read only"}]}).encode()
    registry.before.append(always("POST", lambda h: h.send(403, body)))
    with pytest.raises(TransportError, match="upload: 403 Forbidden: DENIED read only"):
        check_sink(parse_target(registry.target("app")), overwrite=True)


def test_a_check_leaves_nothing(registry: FakeRegistry) -> None:
    check_sink(parse_target(registry.target("app")), overwrite=False)
    assert registry.uploads == {}
    assert registry.paths() == [
        "POST /v2/app/blobs/uploads/",
        "DELETE /v2/app/blobs/uploads/0",
        "GET /v2/app/manifests/latest",
    ]


def test_the_tag_is_written_last_and_not_at_all_after_a_failure(
    registry: FakeRegistry, tmp_path: Path
) -> None:
    layout = IMAGE.write_layout(tmp_path / "layout")
    target = parse_target(registry.target("app"))
    digest = IMAGE.layers[1].digest
    registry.before.append(always(f"HEAD .*{digest}", lambda h: h.send(403)))
    with pytest.raises(TransportError, match="403"):
        write_sink(target, layout, overwrite=False)
    assert registry.manifests.get("app", {}) == {}
    registry.before.clear()
    write_sink(target, layout, overwrite=False)
    assert registry.paths()[-1] == "PUT /v2/app/manifests/latest"
    assert registry.manifests["app"]["latest"] == (IMAGE.manifest_type, IMAGE.raw_manifest)


def test_a_registry_that_stores_something_else_is_told(
    registry: FakeRegistry, tmp_path: Path
) -> None:
    other = {"Docker-Content-Digest": str(DIGEST)}
    registry.before.append(always("PUT .*manifests", lambda h: h.send(201, b"", other)))
    with pytest.raises(TransportError, match=f"the registry stored {DIGEST}"):
        write_sink(
            parse_target(registry.target("app")),
            IMAGE.write_layout(tmp_path / "layout"),
            overwrite=False,
        )


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 500])
def test_a_registry_that_refuses_to_mount_is_sent_the_blob(
    registry: FakeRegistry, status: int
) -> None:
    def refuse(handler: Handler) -> bool:
        if "mount" in handler.asked.query:
            handler.send(status)
        return "mount" in handler.asked.query

    registry.blobs["team/base"] = {DIGEST: BLOB}
    registry.before.append(refuse)
    assert _push(registry, mount_from=("team/base",)) is Delivery.SENT
    assert registry.blobs["app"][DIGEST] == BLOB


@pytest.mark.parametrize("status", [200, 202, 204])
def test_what_is_stored_is_stored_however_it_is_said(
    registry: FakeRegistry, tmp_path: Path, status: int
) -> None:
    def say_it_otherwise(handler: Handler) -> bool:
        if handler.command == "PUT":
            send = handler.send
            handler.send = lambda code, *rest: send(status if code == 201 else code, *rest)  # type: ignore[method-assign]  # for this request
        return False

    registry.before.append(say_it_otherwise)
    target = parse_target(registry.target("app"))
    write_sink(target, IMAGE.write_layout(tmp_path / "layout"), overwrite=False)
    assert registry.manifests["app"]["latest"] == (IMAGE.manifest_type, IMAGE.raw_manifest)


def test_an_upload_on_the_same_host_carries_the_login_however_it_is_written(
    registry: FakeRegistry,
) -> None:
    registry.tokens = True
    _, _, port = registry.web.host.partition(":")
    place = {"Location": f"http://LOCALHOST:{port}/v2/app/blobs/uploads/7"}

    def send_on(handler: Handler) -> bool:
        is_begun = handler.command == "POST" and "authorization" in handler.asked.headers
        if is_begun:
            registry.blobs["app"] = {}
            registry.uploads["7"] = bytearray()
            handler.send(202, b"", place)
        return is_begun

    registry.before.append(send_on)
    with open_access(parse_target(f"registry:localhost:{port}/app")).connect() as client:
        assert Pusher(client).push_blob(BLOB_DESCRIPTOR, _chunks) is Delivery.SENT
    assert registry.blobs["app"][DIGEST] == BLOB


@pytest.mark.parametrize("place", ["http://[", "http://127.0.0.1:99999/"])
def test_an_upload_that_leads_to_no_url(registry: FakeRegistry, place: str) -> None:
    registry.before.append(always("POST", lambda h: h.send(202, b"", {"Location": place})))
    with pytest.raises(TransportError, match="no URL"):
        _push(registry)
