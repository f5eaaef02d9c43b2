from __future__ import annotations

from dataclasses import replace

from jettison.analysis.inventory import Inventory, Package, PackageType
from jettison.digest import Digest
from jettison.image import HealthCheck
from jettison.paths import ImagePath
from jettison.xray.compare import (
    Aspect,
    Change,
    ConfigChange,
    PackageChange,
    Side,
    compare_configs,
    compare_files,
    compare_packages,
    count_shared_layers,
)
from support.layers import Content, Device, Directory, File, Symlink
from support.trees import make_config
from support.xray import MemoryLayers


def side(*layers: Content, name: str = "") -> Side:
    ids = tuple(Digest.of(f"{name}{number}".encode()) for number in range(len(layers)))
    return Side(config=replace(make_config(), diff_ids=ids), rootfs=MemoryLayers(layers))


def changes(before: Content, after: Content) -> dict[str, tuple[Change, tuple[Aspect, ...]]]:
    found = compare_files(side(before, name="a"), side(after, name="b"))
    return {str(item.path): (item.change, item.aspects) for item in found}


def test_each_way_in_which_a_path_can_differ() -> None:
    big = b"x" * (1 << 20)
    before: Content = {
        "/same": File(data=big, mtime=1),
        "/late": big + b"1",
        "/size": b"1",
        "/mode": b"1",
        "/owner": b"1",
        "/link": Symlink(target="a"),
        "/kind": b"1",
        "/device": Device(major=1, minor=3),
        "/attribute": b"1",
        "/gone": b"123",
    }
    after: Content = {
        "/same": File(data=big, mtime=2),
        "/late": big + b"2",
        "/size": b"12",
        "/mode": File(data=b"1", mode=0o600),
        "/owner": File(data=b"1", uid=5),
        "/link": Symlink(target="b"),
        "/kind": Directory(),
        "/device": Device(major=1, minor=5),
        "/attribute": File(data=b"1", xattrs={"user.x": b"1"}),
        "/new": b"1234",
    }
    assert changes(before, after) == {
        "/attribute": (Change.CHANGED, (Aspect.ATTRIBUTES,)),
        "/device": (Change.CHANGED, (Aspect.KIND,)),
        "/gone": (Change.REMOVED, ()),
        "/kind": (Change.CHANGED, (Aspect.KIND,)),
        "/late": (Change.CHANGED, (Aspect.CONTENT,)),
        "/link": (Change.CHANGED, (Aspect.TARGET,)),
        "/mode": (Change.CHANGED, (Aspect.MODE,)),
        "/new": (Change.ADDED, ()),
        "/owner": (Change.CHANGED, (Aspect.OWNER,)),
        "/size": (Change.CHANGED, (Aspect.CONTENT,)),
    }


def test_files_of_a_layer_that_both_have_are_not_read() -> None:
    base: Content = {"/a": b"123", "/b": b"456"}
    before, after = side(base, name="x"), side(base, {"/b": b"457"}, name="x")
    found = compare_files(before, after)
    assert [(str(item.path), item.before_bytes, item.after_bytes) for item in found] == [
        ("/b", 3, 3)
    ]
    assert isinstance(before.rootfs, MemoryLayers)
    assert [path for _, path in before.rootfs.opened] == ["/b"]
    assert count_shared_layers(before.config, after.config) == 1


def package(
    name: str, version: str, size: int = 10, kind: PackageType = PackageType.DEB
) -> Package:
    return Package(
        type=kind,
        name=name,
        title=name,
        version=version,
        source=name,
        source_version=version,
        record=ImagePath("/r"),
        size_bytes=size,
    )


def test_packages_by_type_and_name() -> None:
    before = Inventory((package("a", "1"), package("b", "1"), package("c", "1"), package("d", "1")))
    after = Inventory(
        (
            package("a", "1"),
            package("b", "2", 30),
            package("c", "1", kind=PackageType.PYTHON),
            package("d", "1"),
            package("d", "0"),
        )
    )
    found = {(item.type, item.name): item for item in compare_packages(before, after)}
    assert set(found) == {
        (PackageType.DEB, "b"),
        (PackageType.DEB, "c"),
        (PackageType.DEB, "d"),
        (PackageType.PYTHON, "c"),
    }
    assert found[PackageType.DEB, "b"] == PackageChange(
        type=PackageType.DEB,
        name="b",
        change=Change.CHANGED,
        before=("1",),
        after=("2",),
        before_bytes=10,
        after_bytes=30,
    )
    assert found[PackageType.DEB, "c"].change is Change.REMOVED
    assert found[PackageType.PYTHON, "c"].change is Change.ADDED
    assert found[PackageType.DEB, "d"].after == ("0", "1")


def test_settings_each_by_name() -> None:
    before = make_config(cmd=["python", "my app"], env={"A": "1", "B": "2"}, user="")
    after = make_config(
        cmd=["python", "my app"],
        env={"A": "1", "B": "3"},
        user="app",
        healthcheck=HealthCheck(test=("CMD", "true"), start_interval_s=2),
    )
    found = {item.name: item for item in compare_configs(before, after)}
    assert found["env B"] == ConfigChange(name="env B", before="2", after="3")
    assert found["user"] == ConfigChange(name="user", before=None, after="app")
    assert found["healthcheck start interval"].after == "2s"
    assert not {"env A", "cmd"} & set(found)
    assert compare_configs(before, before) == ()
