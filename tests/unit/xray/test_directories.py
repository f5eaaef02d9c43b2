from __future__ import annotations

from jettison.xray.directories import find_largest, measure_directories
from support.layers import Directory, HardLink, Symlink
from support.xray import MemoryLayers

TREE = MemoryLayers(
    [
        {
            "/usr": Directory(),
            "/usr/bin/a": b"x" * 60,
            "/usr/bin/b": HardLink(target="/usr/bin/a"),
            "/usr/lib/c/d": b"x" * 30,
            "/etc/e": b"x" * 10,
            "/etc/f": Symlink(target="e"),
            "/var/empty": Directory(),
        }
    ]
).tree


def rows(least_share: float, most: int = 99) -> list[tuple[str, int, int]]:
    found = measure_directories(TREE, least_share=least_share, most=most)
    return [(str(item.path), item.size_bytes, item.file_count) for item in found]


def test_everything_below_counts_and_each_file_once() -> None:
    assert rows(0) == [
        ("/", 100, 5),
        ("/etc", 10, 2),
        ("/usr", 90, 3),
        ("/usr/bin", 60, 2),
        ("/usr/lib", 30, 1),
        ("/usr/lib/c", 30, 1),
    ]


def test_small_ones_are_left_out() -> None:
    assert [path for path, _, _ in rows(0.5)] == ["/", "/usr", "/usr/bin"]
    assert [path for path, _, _ in rows(0, most=2)] == ["/", "/usr"]


def test_an_empty_image_still_has_its_root() -> None:
    empty = MemoryLayers([{}]).tree
    assert [item.path for item in measure_directories(empty, least_share=0, most=9)] == ["/"]


def test_the_largest_files_each_by_one_name() -> None:
    assert [str(entry.path) for entry in find_largest(TREE, most=2)] == [
        "/usr/bin/a",
        "/usr/lib/c/d",
    ]
