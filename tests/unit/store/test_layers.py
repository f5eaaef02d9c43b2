import errno
import io
import os
import stat
import tarfile
from pathlib import Path

import pytest

from jettison.digest import Digest
from jettison.errors import InvalidImageError, StoreError
from jettison.filetree.tarstream import UnpackLimits
from jettison.paths import ImagePath
from jettison.store.layers import LayerStore
from jettison.store.overlay_directory import read_layer
from jettison.store.rootfs import StackedRootFS

LIMITS = UnpackLimits()


def tar(*members: tuple[str, bytes | tarfile.TarInfo]) -> io.BytesIO:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, what in members:
            info = what if isinstance(what, tarfile.TarInfo) else tarfile.TarInfo(name)
            info.name = name
            content = what if isinstance(what, bytes) else b""
            info.size = len(content)
            info.uid, info.gid = os.getuid(), os.getgid()
            archive.addfile(info, io.BytesIO(content))
    out.seek(0)
    return out


def special(kind: bytes, link: str = "", mode: int = 0o755) -> tarfile.TarInfo:
    info = tarfile.TarInfo()
    info.type, info.linkname, info.mode = kind, link, mode
    return info


def unpack(store: LayerStore, name: bytes, stream: io.BytesIO, layer: int = 0):  # type: ignore[no-untyped-def]  # a builder
    return store.unpack(stream, Digest.of(name), layer=layer, limits=LIMITS)


def test_layers_are_unpacked_once_and_stacked(tmp_path: Path) -> None:
    store = LayerStore(tmp_path, in_user_namespace=os.getuid() != 0)
    base = unpack(
        store,
        b"base",
        tar(
            ("usr/bin/tool", special(tarfile.REGTYPE, mode=0o4755)),
            ("usr/bin/alias", special(tarfile.LNKTYPE, "usr/bin/tool")),
            ("bin", special(tarfile.SYMTYPE, "usr/bin")),
            ("etc/a", b"old"),
            ("etc/b", b"gone"),
        ),
    )
    upper = unpack(store, b"upper", tar(("etc/a", b"new"), ("etc/.wh.b", b"")), layer=1)
    again = store.unpack(io.BytesIO(b"never read"), Digest.of(b"base"), layer=0, limits=LIMITS)
    assert again.tree == base.tree
    rootfs = StackedRootFS([base, upper])
    with rootfs.open(ImagePath("/etc/a")) as content:
        assert content.read() == b"new"
    assert "/etc/b" not in rootfs.tree
    assert rootfs.tree["/usr/bin/tool"].hardlink == "/usr/bin/alias"
    assert stat.S_IMODE((base.directory / "usr/bin/tool").stat().st_mode) == 0o4755
    assert (base.directory / "usr/bin/alias").samefile(base.directory / "usr/bin/tool")
    with pytest.raises(StoreError, match="no regular file"):
        rootfs.open(ImagePath("/bin"))
    with pytest.raises(StoreError, match="not there"):
        rootfs.open(ImagePath("/absent"))


@pytest.mark.needs("root")
def test_what_is_on_disk_reads_back_as_the_same_layer(tmp_path: Path) -> None:
    store = LayerStore(tmp_path)
    layer = unpack(
        store,
        b"x",
        tar(
            ("d", special(tarfile.DIRTYPE, mode=0o1777)),
            ("d/f", b"bytes"),
            ("d/g", special(tarfile.LNKTYPE, "d/f")),
            ("d/l", special(tarfile.SYMTYPE, "/nowhere")),
            ("d/p", special(tarfile.FIFOTYPE, mode=0o600)),
            ("d/.wh.x", b""),
            ("e", special(tarfile.DIRTYPE)),
            ("e/.wh..wh..opq", b""),
        ),
    )
    disk = read_layer(layer.directory)
    assert disk.entries == layer.tree.entries
    assert disk.whiteouts == {"/d/x"}
    assert disk.opaque == {"/e"}


def test_a_directory_that_only_a_lower_layer_names_keeps_its_mode(tmp_path: Path) -> None:
    store = LayerStore(tmp_path, in_user_namespace=os.getuid() != 0)
    base = unpack(store, b"base", tar(("tmp", special(tarfile.DIRTYPE, mode=0o1777))))
    upper = unpack(store, b"upper", tar(("tmp/new/x", b"1")), layer=1)
    rootfs = StackedRootFS.of_unpacked([base, upper])
    assert rootfs.tree["/tmp"].mode == 0o1777
    assert stat.S_IMODE((upper.directory / "tmp").stat().st_mode) == 0o1777
    assert stat.S_IMODE((upper.directory / "tmp/new").stat().st_mode) == 0o755


def test_an_unnamed_directory_may_be_hidden_later(tmp_path: Path) -> None:
    store = LayerStore(tmp_path, in_user_namespace=os.getuid() != 0)
    base = unpack(store, b"base", tar(("opt/gone/file", b"1"), ("opt/stays", b"2")))
    upper = unpack(store, b"upper", tar(("opt/.wh.gone", b"")), layer=1)
    rootfs = StackedRootFS.of_unpacked([base, upper])
    assert "/opt/stays" in rootfs.tree
    assert "/opt/gone" not in rootfs.tree


def test_a_directory_that_is_hidden_and_comes_again_hides_what_was_in_it(tmp_path: Path) -> None:
    store = LayerStore(tmp_path, in_user_namespace=os.getuid() != 0)
    base = unpack(store, b"base", tar(("etc/old", b"1")))
    upper = unpack(store, b"upper", tar((".wh.etc", b""), ("etc/new", b"2")), layer=1)
    rootfs = StackedRootFS.of_unpacked([base, upper])
    assert ("/etc/old" in rootfs.tree, "/etc/new" in rootfs.tree) == (False, True)
    # An overlay mount of the same directories shows the same.
    on_disk = read_layer(upper.directory, layer=1)
    assert on_disk.opaque == {"/etc"}


def test_an_image_says_nothing_to_the_overlay_mount(tmp_path: Path) -> None:
    store = LayerStore(tmp_path, in_user_namespace=True)
    directory = special(tarfile.DIRTYPE)
    directory.pax_headers = {"SCHILY.xattr.user.overlay.opaque": "y", "SCHILY.xattr.user.own": "z"}
    layer = unpack(store, b"x", tar(("d", directory)))
    assert os.listxattr(layer.directory / "d") == ["user.own"]


def test_unnamed_directories_are_for_everybody_whatever_the_umask(tmp_path: Path) -> None:
    store = LayerStore(tmp_path, in_user_namespace=True)
    former = os.umask(0o077)
    try:
        layer = unpack(store, b"x", tar(("srv/app/main", b"1")))
    finally:
        os.umask(former)
    modes = [stat.S_IMODE((layer.directory / name).stat().st_mode) for name in ("srv", "srv/app")]
    assert modes == [0o755, 0o755]


def test_deep_directories_are_unpacked_and_pruned(tmp_path: Path) -> None:
    store = LayerStore(tmp_path, in_user_namespace=True)
    unpack(store, b"x", tar(("d/" * 1500 + "file", b"12345")))
    left = tmp_path / "layers-user" / f".partial-{Digest.of(b'y').hex}"
    (tmp_path / f"layers-user/{Digest.of(b'x').hex}/files").rename(left)
    assert store.prune(max_bytes=0) > 5
    assert list((tmp_path / "layers-user").iterdir()) == []


def test_a_refused_layer_leaves_nothing(tmp_path: Path) -> None:
    store = LayerStore(tmp_path, in_user_namespace=True)
    with pytest.raises(InvalidImageError, match="climbs out"):
        unpack(store, b"bad", tar(("ok", b"1"), ("../out", b"2")))
    assert [item.name for item in (tmp_path / "layers-user").iterdir()] == []
    assert not (tmp_path / "out").exists()


def test_a_refused_layer_with_directories_leaves_nothing_and_touches_nothing(
    tmp_path: Path,
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir(mode=0o751)
    store = LayerStore(tmp_path / "store", in_user_namespace=True)
    bad = tar(
        ("d", special(tarfile.DIRTYPE, mode=0o500)),
        ("d/f", b"1"),
        ("link", special(tarfile.SYMTYPE, str(outside))),
        ("../out", b"2"),
    )
    with pytest.raises(InvalidImageError, match="climbs out"):
        unpack(store, b"bad", bad)
    assert list((tmp_path / "store/layers-user").iterdir()) == []
    assert stat.S_IMODE(outside.stat().st_mode) == 0o751


@pytest.mark.parametrize("name", ["link/.wh.x", "link/.wh..wh..opq", "link/made/.wh.x"])
def test_a_whiteout_below_a_link_makes_nothing_where_the_link_leads(
    name: str, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    store = LayerStore(tmp_path / "store", in_user_namespace=True)
    bad = tar((name, b""), ("link", special(tarfile.SYMTYPE, str(outside))))
    with pytest.raises(InvalidImageError, match="stands below /link, a symlink"):
        unpack(store, b"bad", bad)
    assert list(outside.iterdir()) == []
    assert os.listxattr(outside) == []
    assert list((tmp_path / "store/layers-user").iterdir()) == []


def test_what_a_killed_process_left_is_removed_by_prune_and_by_the_next(tmp_path: Path) -> None:
    store = LayerStore(tmp_path, in_user_namespace=True)
    layers = tmp_path / "layers-user"
    for name in (b"x", b"y"):
        (layers / f".partial-{Digest.of(name).hex}" / "files/d").mkdir(parents=True)
        (layers / f".partial-{Digest.of(name).hex}" / "files/d/f").write_bytes(b"1" * 100)
    unpack(store, b"x", tar(("a", b"1")))
    assert store.prune(max_bytes=1 << 20) == 100
    assert [item.name for item in layers.iterdir()] == [Digest.of(b"x").hex]


def test_what_is_being_unpacked_is_not_pruned(tmp_path: Path) -> None:
    store = LayerStore(tmp_path, in_user_namespace=True)

    class Nosy(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            assert store.prune(max_bytes=0) == 0
            return super().read(size)

    layer = unpack(store, b"x", Nosy(tar(("a", b"1")).getvalue()))
    assert (layer.directory / "a").read_bytes() == b"1"


def test_a_tree_of_another_version_is_unpacked_anew(tmp_path: Path) -> None:
    store = LayerStore(tmp_path, in_user_namespace=True)
    layer = unpack(store, b"x", tar(("a", b"1")))
    (layer.directory.parent / "tree.msgpack").write_bytes(b"\x01")
    assert store.find(Digest.of(b"x")) is None
    assert unpack(store, b"x", tar(("a", b"1"))).tree == layer.tree


def test_prune_removes_what_was_unused_longest(tmp_path: Path) -> None:
    store = LayerStore(tmp_path, in_user_namespace=True)
    old = unpack(store, b"old", tar(("a", b"1" * 5000)))
    new = unpack(store, b"new", tar(("a", b"2" * 5000)))
    os.utime(old.directory.parent, (1, 1))
    assert store.prune(max_bytes=7000) > 5000
    assert store.find(Digest.of(b"old")) is None
    found = store.find(Digest.of(b"new"))
    assert found is not None
    assert found.tree == new.tree


def test_no_space_left_is_named(tmp_path: Path) -> None:
    blocked = tmp_path / "blocked"
    blocked.write_bytes(b"")
    with pytest.raises(StoreError, match="unpack layer 0") as caught:
        unpack(LayerStore(blocked), b"x", tar(("a", b"1")))
    assert "XDG_CACHE_HOME" in caught.value.hint


def test_more_names_than_the_file_system_takes_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_args: object, **_named: object) -> None:
        raise OSError(errno.EMLINK, "Too many links", "a")

    monkeypatch.setattr(os, "link", refuse)
    with pytest.raises(StoreError, match="Too many links") as caught:
        unpack(
            LayerStore(tmp_path, in_user_namespace=True),
            b"x",
            tar(("a", b"1"), ("b", special(tarfile.LNKTYPE, "a"))),
        )
    assert "ext4" in caught.value.hint
    assert "XDG_CACHE_HOME" in caught.value.hint


def test_a_layer_can_be_read_by_itself(tmp_path: Path) -> None:
    store = LayerStore(tmp_path, in_user_namespace=os.getuid() != 0)
    base = unpack(store, b"base", tar(("etc/a", b"old"), ("etc/b", b"gone")))
    upper = unpack(store, b"upper", tar(("etc/a", b"new"), ("etc/.wh.b", b"")), layer=1)
    rootfs = StackedRootFS([base, upper])
    with (
        rootfs.open_in(0, ImagePath("/etc/a")) as old,
        rootfs.open_in(1, ImagePath("/etc/a")) as new,
    ):
        assert (old.read(), new.read()) == (b"old", b"new")
    with rootfs.open_in(0, ImagePath("/etc/b")) as hidden:
        assert hidden.read() == b"gone"
    with pytest.raises(StoreError, match="not there in layer 1"):
        rootfs.open_in(1, ImagePath("/etc/b"))
