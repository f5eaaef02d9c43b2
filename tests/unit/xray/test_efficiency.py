from __future__ import annotations

from typing import Final

import pytest

from jettison.xray.changes import stack
from jettison.xray.efficiency import Efficiency, measure_efficiency
from support.layers import Content, Directory, HardLink, Symlink
from support.xray import layer_tree

# Layers, and what dive 0.13.1 prints for an image of them: efficiencyScore, inefficientBytes.
REWRITTEN: Final[tuple[Content, ...]] = (
    {"/a": b"x" * 100, "/b": b"y" * 20},
    {"/a": b"x" * 60},
    {"/a": b"x" * 80, "/c": b"z" * 5},
)
DELETED_FILE: Final[tuple[Content, ...]] = (
    {"/d": Directory(), "/d/a": b"x" * 100, "/d/b": b"y" * 20},
    {"/d": Directory(), "/d/.wh.a": b""},
)
DELETED_DIRECTORY: Final[tuple[Content, ...]] = (
    {"/d": Directory(), "/d/a": b"x" * 100, "/d/e/b": b"y" * 20, "/k": b"k" * 7},
    {"/.wh.d": b"", "/m": b"m" * 3},
)
DELETED_AND_BACK: Final[tuple[Content, ...]] = (
    {"/d": Directory(), "/d/a": b"x" * 100},
    {"/.wh.d": b""},
    {"/d": Directory(), "/d/a": b"x" * 50},
    {"/.wh.d": b""},
)
LINKS: Final[tuple[Content, ...]] = (
    {"/a": b"x" * 100, "/b": HardLink(target="/a"), "/s": Symlink(target="a"), "/e": Directory()},
    {"/b": b"y" * 30, "/s": Symlink(target="b"), "/e": Directory()},
)
OPAQUE: Final[tuple[Content, ...]] = (
    {"/d": Directory(), "/d/a": b"x" * 100, "/d/b": b"y" * 20},
    {"/d": Directory(), "/d/.wh..wh..opq": b"", "/d/a": b"z" * 10},
)


def measure(*layers: Content) -> Efficiency:
    return measure_efficiency(stack(layer_tree(layer) for layer in layers))


@pytest.mark.parametrize(
    ("layers", "score", "wasted_bytes"),
    [
        (REWRITTEN, 0.32075471698113206, 240),
        (DELETED_FILE, 0.16666666666666666, 100),
        (DELETED_DIRECTORY, 1, 0),
        (DELETED_AND_BACK, 0.3333333333333333, 300),
        (LINKS, 0.7692307692307693, 30),
        (OPAQUE, 0.23076923076923078, 110),
    ],
)
def test_the_numbers_are_dives(
    layers: tuple[Content, ...], score: float, wasted_bytes: int
) -> None:
    found = measure(*layers)
    assert found.score == pytest.approx(score, abs=1e-12)
    assert found.wasted_bytes == wasted_bytes


def test_each_wasted_path_names_its_layers_and_the_worst_comes_first() -> None:
    found = measure(*DELETED_AND_BACK[:3], {"/d": Directory(), "/d/a": b"x" * 25})
    assert [(item.path, item.size_bytes, item.layers) for item in found.wasted] == [
        ("/d/a", 175, (0, 2, 3))
    ]


def test_what_a_whiteout_of_a_directory_hides_is_charged_to_the_directory() -> None:
    found = measure(*DELETED_AND_BACK)
    assert {item.path: item.size_bytes for item in found.wasted} == {"/d": 150, "/d/a": 150}


def test_a_whiteout_that_hides_nothing_costs_nothing_and_ends_nothing() -> None:
    found = measure({"/a": b"x" * 100}, {"/.wh.none": b"", "/a": b"x" * 50})
    assert found.wasted_bytes == 150
    assert found.score == pytest.approx(1 / 3)


def test_the_users_share_is_of_the_layers_above_the_first() -> None:
    assert measure({"/a": b"x" * 100}, {"/a": b"x" * 60, "/b": b"y" * 40}).user_wasted_share == 1.6
    assert measure({"/a": b"x" * 100}).user_wasted_share == 0.0
    assert measure({"/a": b"x" * 100}, {"/.wh.a": b""}).user_wasted_share is None


def test_an_image_without_files_is_efficient() -> None:
    assert measure({}).score == 1.0
