from dataclasses import replace

import pytest

from jettison.errors import InvalidImageError
from jettison.filetree import FileKind
from jettison.filetree.changeset import ChangesetBuilder
from jettison.filetree.tarstream import TarMember, UnpackLimits

FILE, DIRECTORY, SYMLINK = FileKind.FILE, FileKind.DIRECTORY, FileKind.SYMLINK


def member(name: str, kind: FileKind = FILE, *, link: str = "", size: int = 0) -> TarMember:
    return TarMember(
        name=name,
        kind=kind,
        mode=0o644,
        uid=0,
        gid=0,
        size_bytes=size,
        mtime=0,
        link=link,
        hardlink=bool(link) and kind is FILE,
    )


def builder(**limits: int) -> ChangesetBuilder:
    return ChangesetBuilder(where="layer 1", limits=UnpackLimits(**limits))


def test_whiteouts_and_opaque_markers() -> None:
    changes = builder()
    assert changes.add(member("a/.wh.gone")) is None
    assert changes.add(member("b/.wh..wh..opq")) is None
    assert changes.add(member(".wh..wh.plnk/1.2")) is not None
    assert changes.add(member(".wh..wh.aufs")) is None
    tree = changes.finish()
    assert tree.whiteouts == {"/a/gone"}
    assert tree.opaque == {"/b"}


def test_hard_links_form_a_group_named_by_its_first_path() -> None:
    changes = builder()
    changes.add(member("m", size=4))
    linked = changes.add(member("a", link="./m"))
    assert linked is not None
    assert linked.size_bytes == 4
    changes.add(member("z", link="a"))
    assert {entry.path: entry.hardlink for entry in changes.finish().entries} == {
        "/a": "/a",
        "/m": "/a",
        "/z": "/a",
    }


def test_a_name_written_again_leaves_its_group() -> None:
    changes = builder()
    changes.add(member("m"))
    changes.add(member("a", link="m"))
    changes.add(member("m", size=9))
    found = {entry.path: (entry.hardlink, entry.size_bytes) for entry in changes.finish().entries}
    assert found == {"/a": (None, 0), "/m": (None, 9)}


@pytest.mark.parametrize("name", ["l/.wh.x", "l/.wh..wh..opq", "l/d/.wh.x", "l/d/.wh..wh..opq"])
@pytest.mark.parametrize("comes_first", ["link", "whiteout"])
def test_nothing_is_hidden_below_a_link(name: str, comes_first: str) -> None:
    members = [member("l", SYMLINK, link="/etc"), member(name)]
    changes = builder()
    for item in members if comes_first == "link" else reversed(members):
        changes.add(item)
    with pytest.raises(InvalidImageError, match="stands below /l, a symlink"):
        changes.finish()


@pytest.mark.parametrize(
    ("members", "says"),
    [
        ([member("../etc/passwd")], "climbs out"),
        ([member("a/../../b")], "climbs out"),
        ([member("l", SYMLINK, link="/etc"), member("l/passwd")], "stands below /l, a symlink"),
        ([member("f"), member("f/x")], "stands below /f, a file"),
        ([member("h", link="absent")], "not in this layer"),
        ([member("h", link="../../etc/shadow")], "climbs out"),
        ([member("d", DIRECTORY), member("h", link="d")], "a directory"),
        ([member("d", DIRECTORY), member("d")], "a directory and something else"),
        ([member("a/.wh.")], "hides nothing"),
        ([member("")], "usable name"),
        ([member("d/f"), member("d")], "a directory and something else"),
        ([member("d/f"), member("d", SYMLINK, link="/etc")], "a directory and something else"),
        ([member("f"), member("d/f"), member("d", link="f")], "a directory and something else"),
        ([member("/", SYMLINK, link="/etc")], "a directory and something else"),
        ([member("f"), member("./f", link="f")], "hard link to itself"),
        ([member("n" * 256)], "a name of 256"),
        ([member("é" * 128)], "a name of 256"),
        ([member("d/" * 2048 + "f")], "a path of 4097 bytes"),
        ([member("l", SYMLINK, link="d/" * 2048)], "a path of 4096 characters"),
    ],
)
def test_what_could_leave_the_root_is_refused(members: list[TarMember], says: str) -> None:
    changes = builder()
    *honest, hostile = members
    for item in honest:
        changes.add(item)
    with pytest.raises(InvalidImageError, match=says):
        changes.add(hostile)


def test_the_longest_path_that_linux_takes_is_taken() -> None:
    changes = builder()
    assert changes.add(member("n" * 255)) is not None
    assert changes.add(member("d/" * 2047 + "f")) is not None
    assert changes.add(member("l", SYMLINK, link="d/" * 2047 + "f")) is not None


def test_what_is_hidden_in_a_hidden_directory_is_not_said_twice() -> None:
    changes = builder()
    for name in (".wh.gone", "gone/.wh.x", "gone/y/.wh.z", ".wh.anew", "anew/.wh.x", "anew/f"):
        changes.add(member(name))
    assert changes.finish().whiteouts == {"/gone", "/anew", "/anew/x"}


def test_names_links_and_attributes_are_bounded_together() -> None:
    changes = builder()
    attributes = {"user.a": bytes(1 << 20)}
    with pytest.raises(InvalidImageError, match="names, links and attributes of more than"):
        for number in range(200):
            changes.add(replace(member(f"f{number}"), xattrs=attributes))
    assert len(changes.finish().entries) == 127


def test_absolute_names_and_links_stay_inside() -> None:
    changes = builder()
    entry = changes.add(member("/etc/passwd"))
    assert entry is not None
    assert entry.path == "/etc/passwd"
    symlink = changes.add(member("l", SYMLINK, link="/etc/passwd"))
    assert symlink is not None
    assert symlink.link_target == "/etc/passwd"


def test_limits() -> None:
    few = builder(max_entries=2)
    few.add(member("a"))
    few.add(member("b"))
    with pytest.raises(InvalidImageError, match="more than 2 entries"):
        few.add(member("c"))
    small = builder(max_bytes=10)
    small.add(member("a", size=10))
    with pytest.raises(InvalidImageError, match="more than 10 bytes") as caught:
        small.add(member("b", size=1))
    assert "--max-unpacked-size" in caught.value.hint


def test_a_link_to_what_another_layer_holds_has_a_hint() -> None:
    with pytest.raises(InvalidImageError, match="not in this layer") as caught:
        builder().add(member("h", link="absent"))
    assert "build the image anew" in caught.value.hint
