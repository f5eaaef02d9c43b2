import io
from pathlib import Path

import pytest

from jettison.digest import Digest
from jettison.errors import InvalidImageError
from jettison.events import Recorded, StageStarted
from jettison.filetree.tarstream import UnpackLimits
from jettison.linux.abilities import detect
from jettison.store.layers import LayerStore, UnpackedLayer
from jettison.transport.schemes import parse_target
from jettison.workflow.image_request import SourceRequest
from jettison.workflow.layers import find_layers
from support.images import make_image, make_layer
from support.registry import FakeRegistry, fake_registry
from support.transports import AMD64, opened

BASE = {"/usr/lib/a": b"a" * 9_000}
FIRST = make_image([BASE, {"/app/main.py": b"print(1)\n"}])
SECOND = make_image([BASE, {"/app/main.py": b"print(2)\n"}])


def _unpack(registry: FakeRegistry, name: str, directory: Path) -> tuple[list[str], Recorded]:
    target = registry.target(name)
    before = len(registry.paths())
    events = Recorded()
    request = SourceRequest(
        target=target, platform=AMD64, limits=UnpackLimits(), store=directory / "store"
    )
    with opened(parse_target(target), directory / "work") as source:
        rootfs = find_layers(source, request, events).stack()
    assert rootfs.tree.find("/app/main.py") is not None
    blobs = {str(layer.digest) for image in (FIRST, SECOND) for layer in image.layers}
    asked = [path.rpartition("/")[2] for path in registry.paths()[before:]]
    return [digest for digest in asked if digest in blobs], events


def test_what_the_store_has_is_not_downloaded(tmp_path: Path) -> None:
    with fake_registry() as registry:
        registry.put("first", FIRST)
        registry.put("second", SECOND)
        asked, _ = _unpack(registry, "first", tmp_path)
        assert sorted(asked) == sorted(layer.digest for layer in FIRST.layers)
        asked, events = _unpack(registry, "second", tmp_path)
        assert asked == [SECOND.layers[1].digest]
        assert StageStarted(stage="download") in events.events
        asked, events = _unpack(registry, "second", tmp_path)
        assert asked == []
        assert StageStarted(stage="download") not in events.events


def test_a_bound_on_bytes_holds_for_what_the_store_has_already(tmp_path: Path) -> None:
    target = f"oci:{FIRST.write_layout(tmp_path / 'layout')}"
    for max_bytes, is_refused in ((100_000, False), (8_000, True), (100_000, False)):
        request = SourceRequest(
            target=target,
            platform=AMD64,
            limits=UnpackLimits(max_bytes=max_bytes),
            store=tmp_path / "store",
        )
        with opened(parse_target(target), tmp_path / f"work-{max_bytes}-{is_refused}") as source:
            layers = find_layers(source, request, Recorded())
            if is_refused:
                with pytest.raises(InvalidImageError, match="9009 bytes, more than 8000"):
                    layers.stack()
            else:
                assert layers.stack().tree.find("/app/main.py") is not None


@pytest.mark.parametrize("is_stored", [False, True])
def test_a_layer_named_many_times_is_read_only_until_there_are_too_many_entries(
    is_stored: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    layer = make_layer({f"/srv/{number}": b"" for number in range(10)})
    layout = make_image([layer] * 200).write_layout(tmp_path / "image")
    limits = UnpackLimits(max_entries=55)
    request = SourceRequest(
        target=f"oci:{layout}", platform=AMD64, limits=limits, store=tmp_path / "store"
    )
    if is_stored:
        store = LayerStore(request.store, in_user_namespace=detect().in_user_namespace)
        store.unpack(io.BytesIO(layer.tar), layer.diff_id, layer=0, limits=limits)
    read: list[int] = []
    find = LayerStore.find

    def counted(store: LayerStore, diff_id: Digest, *, layer: int = 0) -> UnpackedLayer | None:
        read.append(layer)
        return find(store, diff_id, layer=layer)

    monkeypatch.setattr(LayerStore, "find", counted)
    with (
        opened(parse_target(request.target), tmp_path / "work") as source,
        pytest.raises(InvalidImageError, match="more than 55 entries"),
    ):
        find_layers(source, request, Recorded()).stack()
    assert 0 < max(read) < 10
