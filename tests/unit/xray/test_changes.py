from __future__ import annotations

from jettison.xray.changes import LayerChanges, stack
from support.layers import Content, Directory, File, Symlink
from support.xray import layer_tree


def changes(*layers: Content) -> list[LayerChanges]:
    return list(stack(layer_tree(layer) for layer in layers))


def names(item: LayerChanges) -> tuple[list[str], list[str], list[str]]:
    return (
        [str(entry.path) for entry in item.added],
        [str(entry.path) for entry in item.modified],
        [str(entry.path) for entry in item.deleted],
    )


def test_what_is_new_what_is_there_again_and_what_is_gone() -> None:
    first, second = changes(
        {"/d": Directory(), "/d/a": b"1", "/d/b": b"2"},
        {"/d": Directory(), "/d/a": b"3", "/d/c": b"4", "/d/.wh.b": b""},
    )
    assert names(first) == (["/d", "/d/a", "/d/b"], [], [])
    assert names(second) == (["/d/c"], ["/d/a"], ["/d/b"])


def test_a_directory_is_changed_only_if_its_mode_or_owner_is() -> None:
    _, same, other = changes(
        {"/d": Directory(), "/d/a": b"1"},
        {"/d": Directory(mtime=99), "/d/b": b"2"},
        {"/d": Directory(mode=0o700)},
    )
    assert names(same) == (["/d/b"], [], [])
    assert names(other) == ([], ["/d"], [])


def test_a_whiteout_of_a_directory_deletes_all_that_is_in_it() -> None:
    _, second = changes(
        {"/d": Directory(), "/d/a": b"12", "/d/e/f": b"345", "/dd": b"6"}, {"/.wh.d": b""}
    )
    assert names(second)[2] == ["/d", "/d/a", "/d/e/f"]
    assert second.whiteout_sizes == (("/d", 5),)


def test_an_opaque_directory_deletes_what_it_does_not_bring_again() -> None:
    _, second = changes(
        {"/d": Directory(), "/d/a": b"1", "/d/b": b"2"},
        {"/d": Directory(), "/d/.wh..wh..opq": b"", "/d/a": b"3"},
    )
    assert names(second) == ([], ["/d/a"], ["/d/b"])


def test_a_file_in_the_place_of_a_directory_deletes_its_content() -> None:
    _, second, third = changes(
        {"/d": Directory(), "/d/a": b"1"}, {"/d": Symlink(target="e")}, {"/d": Directory()}
    )
    assert names(second) == ([], ["/d"], ["/d/a"])
    assert names(third) == ([], ["/d"], [])


def test_what_was_deleted_is_new_when_it_comes_back() -> None:
    _, _, third = changes({"/a": b"1"}, {"/.wh.a": b""}, {"/a": b"2"})
    assert names(third) == (["/a"], [], [])


def test_names_that_begin_alike_are_not_below_each_other() -> None:
    _, second = changes({"/d": Directory(), "/d/a": b"1", "/d-x": File(data=b"2")}, {"/.wh.d": b""})
    assert names(second)[2] == ["/d", "/d/a"]
