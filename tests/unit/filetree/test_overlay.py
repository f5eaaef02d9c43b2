from jettison.filetree import Entry, FileKind, LayerTree, merge_layers
from jettison.paths import ImagePath


def entry(path: str, kind: FileKind = FileKind.FILE, *, hardlink: str | None = None) -> Entry:
    mode = 0o755 if kind is FileKind.DIRECTORY else 0o644
    group = None if hardlink is None else ImagePath(hardlink)
    return Entry(path=ImagePath(path), kind=kind, mode=mode, hardlink=group)


def layer(
    *entries: Entry, whiteouts: tuple[str, ...] = (), opaque: tuple[str, ...] = ()
) -> LayerTree:
    return LayerTree(
        entries=tuple(sorted(entries, key=lambda item: item.path)),
        whiteouts=frozenset(map(ImagePath, whiteouts)),
        opaque=frozenset(map(ImagePath, opaque)),
    )


DIRECTORY = FileKind.DIRECTORY


def test_upper_layers_replace_and_say_so() -> None:
    tree = merge_layers([layer(entry("/a"), entry("/b")), layer(entry("/b"))])
    assert (tree["/a"].layer, tree["/b"].layer) == (0, 1)


def test_whiteout_hides_the_path_and_all_below_but_not_its_neighbours() -> None:
    tree = merge_layers(
        [layer(entry("/d/x/y"), entry("/d/x-ray"), entry("/d/z")), layer(whiteouts=("/d/x",))]
    )
    assert "/d/z" in tree
    assert "/d/x-ray" in tree
    assert "/d/x" not in tree
    assert "/d/x/y" not in tree


def test_opaque_marker_hides_lower_layers_only() -> None:
    tree = merge_layers(
        [
            layer(entry("/d/old"), entry("/d/sub/old")),
            layer(entry("/d", DIRECTORY), entry("/d/new"), opaque=("/d",)),
        ]
    )
    assert tree.children("/d") == ("new",)
    assert tree["/d"].layer == 1


def test_a_whiteout_does_not_hide_what_its_own_layer_adds() -> None:
    tree = merge_layers([layer(entry("/d/x")), layer(entry("/d/x"), whiteouts=("/d/x",))])
    assert tree["/d/x"].layer == 1


def test_a_file_in_place_of_a_directory_takes_its_content_away() -> None:
    tree = merge_layers([layer(entry("/d/x"), entry("/e")), layer(entry("/d"))])
    assert tree["/d"].is_file
    assert "/d/x" not in tree
    assert "/e" in tree


def test_a_directory_keeps_what_lower_layers_put_into_it() -> None:
    tree = merge_layers([layer(entry("/d/x")), layer(entry("/d", DIRECTORY), entry("/d/y"))])
    assert tree.children("/d") == ("x", "y")


def test_hard_links_lose_names_that_are_hidden_or_replaced() -> None:
    names = [entry(f"/{name}", hardlink="/a") for name in "abcd"]
    tree = merge_layers([layer(*names), layer(entry("/b"), whiteouts=("/a",))])
    assert tree["/c"].hardlink == "/c"
    assert tree["/d"].hardlink == "/c"
    assert tree["/b"].hardlink is None
    alone = merge_layers([layer(*names), layer(whiteouts=("/a", "/b", "/c"))])
    assert alone["/d"].hardlink is None


def test_many_whiteouts_hide_what_few_would() -> None:
    base = layer(*(entry(f"/d{number}/x/y") for number in range(200)))
    hidden = tuple(f"/d{number}/x" for number in range(0, 200, 2))
    tree = merge_layers([base, layer(whiteouts=hidden)])
    assert "/d1/x/y" in tree
    assert "/d0/x/y" not in tree
    assert len([path for path in tree if path.name == "y"]) == 100


def test_an_opaque_root_hides_everything_below() -> None:
    tree = merge_layers([layer(entry("/a/b")), layer(entry("/c"), opaque=("/",))])
    assert list(tree) == ["/", "/c"]
