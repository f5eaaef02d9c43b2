from pathlib import Path

import pytest

from jettison.errors import InvalidImageError
from jettison.events import Recorded, StageStarted
from jettison.filetree.tarstream import UnpackLimits
from jettison.transport.schemes import parse_target
from jettison.workflow.image_request import SourceRequest
from jettison.workflow.layers import find_layers
from support.images import make_image
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
