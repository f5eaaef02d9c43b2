from jettison.filetree import Entry, FileKind, FileTree
from jettison.paths import ImagePath


def link(path: str, target: str) -> Entry:
    return Entry(path=ImagePath(path), kind=FileKind.SYMLINK, mode=0o777, link_target=target)


def file(path: str) -> Entry:
    return Entry(path=ImagePath(path), kind=FileKind.FILE, mode=0o644)


TREE = FileTree(
    [
        link("/lib", "usr/lib"),
        file("/usr/lib/libc.so.6"),
        link("/usr/lib/libm.so", "libm.so.6"),
        file("/usr/lib/libm.so.6"),
        link("/etc/alternatives/awk", "/usr/bin/mawk"),
        link("/usr/bin/awk", "/etc/alternatives/awk"),
        file("/usr/bin/mawk"),
        link("/loop", "loop"),
        link("/dangling", "nowhere"),
        link("/up", "../../../usr"),
    ]
)


def test_parents_that_no_layer_named_are_there() -> None:
    assert TREE["/usr"].is_directory
    assert TREE["/"].mode == 0o755
    assert TREE.children("/usr/bin") == ("awk", "mawk")
    assert TREE.children("/usr/bin/mawk") == ()


def test_resolve_follows_links_to_directories_and_files() -> None:
    found = TREE.resolve("/lib/libm.so")
    assert found.path == "/usr/lib/libm.so.6"
    assert found.links == ("/lib", "/usr/lib/libm.so")
    assert TREE.resolve("/usr/bin/awk").links == ("/usr/bin/awk", "/etc/alternatives/awk")
    assert TREE.resolve("/up/bin/mawk").path == "/usr/bin/mawk"


def test_resolve_may_stop_at_the_last_link() -> None:
    found = TREE.resolve("/lib/libm.so", follow_last=False)
    assert (found.path, found.links) == ("/usr/lib/libm.so", ("/lib",))
    assert found.entry is not None
    assert found.entry.is_symlink


def test_dot_dot_is_taken_after_the_link() -> None:
    assert TREE.resolve("/lib/../bin/mawk").path == "/usr/bin/mawk"


def test_what_is_not_there_has_no_entry() -> None:
    assert TREE.resolve("/usr/lib/libc.so.6").entry is not None
    assert TREE.resolve("/loop").entry is None
    assert TREE.resolve("/dangling").path == "/nowhere"
    assert TREE.resolve("/dangling").entry is None
    assert TREE.resolve("/usr/lib/libc.so.6/x").entry is None


def test_walk_is_depth_first_and_sorted() -> None:
    paths = [entry.path for entry in TREE.walk("/usr")]
    assert paths == [
        "/usr",
        "/usr/bin",
        "/usr/bin/awk",
        "/usr/bin/mawk",
        "/usr/lib",
        "/usr/lib/libc.so.6",
        "/usr/lib/libm.so",
        "/usr/lib/libm.so.6",
    ]
    assert list(TREE.walk("/absent")) == []
