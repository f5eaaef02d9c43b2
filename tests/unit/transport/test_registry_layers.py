from collections.abc import Iterator
from pathlib import Path

import pytest

from jettison.edge import http
from jettison.errors import InvalidImageError, TransportError
from jettison.events import Recorded, StageDone, StageProgress, StageStarted
from jettison.transport.schemes import parse_target
from jettison.transport.sources import Source
from support.registry import FakeRegistry, always, fake_registry, send_on
from support.transports import opened, read_layers, typical_image

IMAGE = typical_image()
TARS = [layer.tar for layer in IMAGE.layers]


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeRegistry]:
    """One that has the image."""
    monkeypatch.setattr(http, "pause", lambda _: None)
    with fake_registry() as registry:
        registry.put("app", IMAGE)
        yield registry


@pytest.fixture
def source(registry: FakeRegistry, tmp_path: Path) -> Iterator[Source]:
    """The image, opened."""
    with opened(parse_target(registry.target("app")), tmp_path / "work") as source:
        yield source


def _asked(registry: FakeRegistry) -> list[str]:
    layers = {str(layer.digest) for layer in IMAGE.layers}
    return sorted(path for path in registry.paths() if path.rpartition("/")[2] in layers)


def test_layers_are_fetched_once_and_nothing_is_left(
    source: Source, registry: FakeRegistry, tmp_path: Path
) -> None:
    events = Recorded()
    with source.fetching([0, 1, 2], events):
        assert read_layers(source) == TARS
    assert len(_asked(registry)) == 3
    assert list((tmp_path / "work").iterdir()) == []
    assert events.events[0] == StageStarted(stage="download")
    total = sum(len(layer.blob) for layer in IMAGE.layers)
    progress = [item for item in events.events if isinstance(item, StageProgress)]
    assert (progress[-1].done, progress[-1].total, progress[-1].unit) == (total, total, "bytes")
    assert isinstance(events.events[-1], StageDone)


def test_what_is_not_wanted_is_not_fetched(source: Source, registry: FakeRegistry) -> None:
    with source.fetching([1], Recorded()), source.open_layer(1) as stream:
        assert stream.read() == TARS[1]
    assert [path.rpartition("/")[2] for path in _asked(registry)] == [str(IMAGE.layers[1].digest)]


def test_nothing_wanted_asks_nobody(source: Source, registry: FakeRegistry) -> None:
    before = len(registry.web.asked)
    events = Recorded()
    with source.fetching([], events):
        pass
    assert len(registry.web.asked) == before
    assert events.events == []


def test_a_layer_is_read_again_over_the_network(source: Source) -> None:
    with source.fetching([0, 1, 2], Recorded()):
        assert read_layers(source) == TARS
        assert read_layers(source) == TARS
    assert read_layers(source) == TARS


def test_a_layer_that_does_not_come_fails_where_it_is_read(
    source: Source, registry: FakeRegistry, tmp_path: Path
) -> None:
    digest = IMAGE.layers[1].digest
    registry.before.append(always(f"GET .*{digest}", lambda handler: handler.send(403)))
    with source.fetching([0, 1, 2], Recorded()):
        with source.open_layer(0) as stream:
            assert stream.read() == TARS[0]
        with pytest.raises(TransportError, match="403"), source.open_layer(1):
            pass
    assert list((tmp_path / "work").iterdir()) == []


def test_a_layer_that_never_ends_fills_no_disk(source: Source, registry: FakeRegistry) -> None:
    sent: list[int] = []
    registry.before.append(always(f"GET .*{IMAGE.layers[1].digest}", send_on(sent)))
    with (
        source.fetching([1], Recorded()),
        pytest.raises(InvalidImageError, match="layer 1: the blob has more bytes"),
        source.open_layer(1),
    ):
        pass
    # What the kernel keeps on its way was sent all the same.
    assert sum(sent) < 48 << 20
