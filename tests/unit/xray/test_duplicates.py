from __future__ import annotations

from jettison.digest import Digest
from jettison.xray.duplicates import Copy, find_duplicates
from support.layers import Content, HardLink, Symlink
from support.xray import MemoryLayers


def found(*layers: Content) -> list[tuple[int, list[tuple[int, str]]]]:
    files = MemoryLayers(layers)
    return [
        (group.wasted_bytes, [(copy.layer, str(copy.path)) for copy in group.copies])
        for group in find_duplicates(files, files.tree)
    ]


def test_equal_contents_across_paths_and_layers() -> None:
    big = b"x" * 10_000
    assert found({"/a": big, "/b": b"small"}, {"/c": big, "/d/b": b"small", "/e": b"other"}) == [
        (10_000, [(0, "/a"), (1, "/c")]),
        (5, [(0, "/b"), (1, "/d/b")]),
    ]


def test_files_that_differ_late_are_no_duplicates() -> None:
    head = b"x" * 5000
    assert found({"/a": head + b"1", "/b": head + b"2", "/c": head + b"1"}) == [
        (5001, [(0, "/a"), (0, "/c")])
    ]


def test_names_of_one_inode_and_empty_files_and_links_are_no_copies() -> None:
    layer: Content = {
        "/a": b"xx",
        "/b": HardLink(target="/a"),
        "/e": b"",
        "/f": b"",
        "/l": Symlink(target="a"),
    }
    assert found(layer) == []
    assert found({**layer, "/copy": b"xx"}) == [(2, [(0, "/a"), (0, "/copy")])]


def test_what_a_later_layer_hides_is_a_copy_that_nobody_sees() -> None:
    files = MemoryLayers([{"/a": b"same"}, {"/a": b"same"}, {"/.wh.a": b"", "/b": b"same"}])
    (group,) = find_duplicates(files, files.tree)
    assert group.copies == tuple(
        Copy(layer=number, path=files.layers[number].entries[0].path, is_visible=number == 2)
        for number in range(3)
    )
    assert group.digest == Digest.of(b"same")


def test_only_sizes_that_occur_twice_are_read() -> None:
    files = MemoryLayers([{"/a": b"12", "/b": b"345", "/c": b"67"}])
    assert find_duplicates(files, files.tree) == ()
    assert {path for _, path in files.opened} == {"/a", "/c"}


def test_the_largest_waste_comes_first() -> None:
    wasted = [
        size for size, _ in found({f"/{n}{i}": b"%d" % n * n for n in (3, 9, 5) for i in "ab"})
    ]
    assert wasted == [9, 5, 3]
