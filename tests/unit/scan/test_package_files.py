from __future__ import annotations

import pytest

from jettison.analysis.inventory import Package, PackageType
from jettison.filetree import RootFS
from jettison.paths import ImagePath
from jettison.scan.package_files import PackageFiles, Presence, files_of, find_presence
from support.layers import Content, File, Symlink
from support.trees import make_rootfs

LIB = "/usr/lib/x86_64-linux-gnu"


def package(
    rootfs: RootFS, *paths: str, name: str = "p", has_file_list: bool = True
) -> PackageFiles:
    made = Package(
        type=PackageType.DEB,
        name=name,
        title="p",
        version="1",
        source="p",
        source_version="1",
        record=ImagePath.parse("/var/lib/dpkg/status"),
        files=tuple(ImagePath.parse(path) for path in paths),
        has_file_list=has_file_list,
    )

    def read_start(path: ImagePath) -> bytes:
        with rootfs.open(path) as stream:
            return stream.read(4)

    return files_of(made, rootfs.tree, read_start)


def counted(content: Content) -> tuple[list[str], bool]:
    files = package(make_rootfs(content), *content)
    return sorted(files.sizes), files.has_code


def test_code_counts_where_there_is_any() -> None:
    content: Content = {
        f"{LIB}/libx.so.3": b"\x7fELF",
        f"{LIB}/libx.so": Symlink(target="libx.so.3"),
        f"{LIB}/engine": b"\x7fELF...",
        "/usr/bin/tool": File(data=b"\x7fELF", mode=0o755),
        "/usr/lib/p/run": b"#!/bin/sh\n",
        "/usr/lib/p/notes": b"text",
        "/usr/lib/p/module.py": b"x = 1\n",
        "/usr/lib/p/empty.py": b"",
        "/etc/p.conf": b"a=1\n",
        "/usr/share/doc/p/examples/demo.py": b"x\n",
        "/usr/share/man/man1/tool.1": b"x",
    }
    assert counted(content) == (
        [
            "/usr/bin/tool",
            "/usr/lib/p/module.py",
            "/usr/lib/p/run",
            f"{LIB}/engine",
            f"{LIB}/libx.so.3",
        ],
        True,
    )


def test_without_code_all_data_counts_but_documentation() -> None:
    content: Content = {
        "/usr/include/linux/a.h": b"#define A\n",
        "/usr/share/doc/p/copyright": b"x",
        "/usr/share/locale/de/p.mo": b"x",
        "/x/p-1.dist-info/METADATA": b"x",
    }
    assert counted(content) == (["/usr/include/linux/a.h"], False)


def test_a_script_that_looks_after_data_is_not_what_the_package_is_for() -> None:
    content: Content = {
        "/usr/sbin/update-ca-certificates": File(data=b"#!/bin/sh\n" + b"x" * 90, mode=0o755),
        "/usr/share/ca-certificates/a.crt": b"x" * 5000,
    }
    assert counted(content) == (sorted(content), False)


def test_the_bundle_of_certificates_is_its_package_s() -> None:
    rootfs = make_rootfs({"/etc/ssl/certs/ca-certificates.crt": b"x", "/other": b"x"})
    made = package(rootfs, "/other", name="ca-certificates")
    assert sorted(made.sizes) == ["/etc/ssl/certs/ca-certificates.crt", "/other"]
    assert sorted(package(rootfs, "/other").sizes) == ["/other"]


def test_files_that_nobody_lists_are_not_known() -> None:
    assert not package(make_rootfs({"/a": b"x"}), has_file_list=False).is_known
    assert package(make_rootfs({"/a": b"x"})).is_known


def presence(wanted: dict[str, int], content: Content) -> Presence:
    sizes = {ImagePath.parse(path): size for path, size in wanted.items()}
    return find_presence([sizes], make_rootfs(content).tree)


@pytest.mark.parametrize(
    "content",
    [
        {"/usr/lib/p/m.py": b"x"},
        {"/usr/lib/p/m.pyc": b"x"},
        {"/usr/lib/p/__pycache__/m.cpython-312.pyc": b"x"},
        {"/usr/lib": Symlink(target="/lib"), "/lib/p/m.py": b"x"},
        {"/usr/lib/p/m.py": Symlink(target="/srv/m"), "/srv/m": b"x"},
    ],
)
def test_a_module_is_there_as_source_or_byte_code(content: Content) -> None:
    found = presence({"/usr/lib/p/m.py": 5000}, content)
    assert found.present == {"/usr/lib/p/m.py"}


@pytest.mark.parametrize(
    "content",
    [
        {"/usr/lib/p/other.py": b"x"},
        {"/usr/lib/p/m.py": b""},
        {"/usr/lib/p/__pycache__/mm.cpython-312.pyc": b"x"},
        {"/usr/lib/p/m.py": Symlink(target="/nowhere")},
    ],
)
def test_a_module_is_gone(content: Content) -> None:
    found = presence({"/usr/lib/p/m.py": 5000}, content)
    assert found.present == frozenset()
    assert found.alike == {}


def test_a_copy_elsewhere_is_noticed_by_name_and_size() -> None:
    wanted = {f"{LIB}/libx.so.3": 100, "/s/p/__init__.py": 100, "/s/p/small.py": 3}
    found = presence(
        wanted,
        {
            "/opt/app/libx.so.3": b"x" * 100,
            "/opt/app/__init__.py": b"x" * 100,
            "/opt/app/small.py": b"x" * 3,
        },
    )
    assert found.alike == {f"{LIB}/libx.so.3": "/opt/app/libx.so.3"}
    other = presence({f"{LIB}/libx.so.3": 100}, {"/opt/app/libx.so.3": b"x" * 99})
    assert other.alike == {}


def test_what_another_package_has_at_home_is_no_copy() -> None:
    found = presence({"/a/tool.py": 100, "/b/tool.py": 100}, {"/b/tool.py": b"x" * 100})
    assert found.present == {"/b/tool.py"}
    assert found.alike == {}
