"""How much of what the layers store is of use, by the formula that dive made known."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from jettison.paths import ROOT, ImagePath
from jettison.xray.changes import LayerChanges, stored_size_bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class WastedPath:
    """A path that several layers store or hide.

    Units: `size_bytes` sums what each of `layers` stores there, or hides in that directory.
    """

    path: ImagePath
    size_bytes: int
    layers: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Efficiency:
    """What layers waste.

    Shape: `score` is 1.0 where nothing is; `wasted` most wasteful first. `user_wasted_share`
    compares `wasted_bytes` with all layers above the first; None where these have no bytes and
    some are wasted.
    """

    score: float
    wasted_bytes: int
    user_wasted_share: float | None
    wasted: tuple[WastedPath, ...]


@dataclass(slots=True)
class _Path:
    """What all layers have at one path."""

    smallest: int
    total: int = 0
    layers: list[int] = field(default_factory=list)


def measure_efficiency(changes: Iterable[LayerChanges]) -> Efficiency:
    """The smallest size of each path over all layers, divided by the sum over all layers.

    Files, links and directories that are empty in a layer count, each in every layer that has it.
    A whiteout counts as 0 bytes for a file, and for a directory as all that it hides; a file's
    further names (hard links) and opaque directories count nothing.
    Source: dive, dive/filetree/efficiency.go and dive/image/analysis.go. It leaves out the rest of
    a layer after a whiteout that hides nothing, which we do not.
    """
    paths: dict[str, _Path] = {}
    user_bytes = 0
    for change in changes:
        for path, size_bytes in _leaves(change):
            known = paths.get(path)
            if known is None:
                known = paths[path] = _Path(size_bytes)
            known.smallest = min(known.smallest, size_bytes)
            known.total += size_bytes
            known.layers.append(change.index)
        if change.index > 0:
            user_bytes += sum(map(stored_size_bytes, change.layer.entries))
    stored = sum(item.total for item in paths.values())
    wasted = [
        WastedPath(path=ImagePath(path), size_bytes=item.total, layers=tuple(item.layers))
        for path, item in paths.items()
        if len(item.layers) > 1
    ]
    wasted_bytes = sum(item.size_bytes for item in wasted)
    return Efficiency(
        score=sum(item.smallest for item in paths.values()) / stored if stored else 1.0,
        wasted_bytes=wasted_bytes,
        user_wasted_share=_share(wasted_bytes, user_bytes),
        wasted=tuple(sorted(wasted, key=lambda item: (-item.size_bytes, item.path))),
    )


def _leaves(change: LayerChanges) -> Sequence[tuple[str, int]]:
    """What a layer stores or hides, without the directories that only hold such things."""
    layer = change.layer
    holders = {entry.path.rpartition("/")[0] for entry in layer.entries}
    holders.update(path.rpartition("/")[0] for path in layer.whiteouts)
    found = [
        (str(entry.path), stored_size_bytes(entry))
        for entry in layer.entries
        if entry.path != ROOT and (not entry.is_directory or entry.path not in holders)
    ]
    found.extend(change.whiteout_sizes)
    return found


def _share(wasted_bytes: int, user_bytes: int) -> float | None:
    if not wasted_bytes:
        return 0.0
    return wasted_bytes / user_bytes if user_bytes else None
