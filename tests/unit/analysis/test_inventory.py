"""Every kind of package in literal trees."""

from __future__ import annotations

import pytest

from jettison.analysis.distro import parse_os_release, read_distro
from jettison.analysis.inventory import Distro, Inventory, Package, PackageType
from jettison.analysis.inventory_read import find_unowned, read_inventory
from support.elf import make_elf
from support.layers import Content
from support.pythons import make_distribution, make_python
from support.trees import Symlink, make_rootfs

_SITE = "/usr/local/lib/python3.11/site-packages"
_STATUS = b"""\
Package: libssl3
Status: install ok installed
Version: 3.0.15-1
Architecture: amd64
Source: openssl
Depends: libc6 (>= 2.34) | libc6-alt, zlib1g

Package: bare
Status: install ok installed
Version: 1

"""
_APK = b"""\
P:musl
V:1.2.4-r2
A:x86_64
L:MIT
o:musl
F:lib
R:ld-musl-x86_64.so.1
F:usr/share
R:gone

"""


def read(*layers: Content) -> Inventory:
    return read_inventory(make_rootfs(*layers))


def one(inventory: Inventory, name: str, kind: PackageType = PackageType.PYTHON) -> Package:
    (found,) = (item for item in inventory.packages if (item.name, item.type) == (name, kind))
    return found


def test_an_os_package_with_its_files_sizes_and_layer() -> None:
    base: Content = {
        "/var/lib/dpkg/status": b"",
        "/lib": Symlink(target="usr/lib"),
        "/etc/os-release": b'ID=debian\nVERSION_ID="12"\n',
    }
    added: Content = {
        "/var/lib/dpkg/status": _STATUS,
        "/var/lib/dpkg/info/libssl3:amd64.list": b"/.\n/lib\n/lib/libssl.so.3\n/usr/share/doc/x\n",
        "/usr/lib/libssl.so.3": b"12345",
    }
    changed: Content = {"/var/lib/dpkg/status": _STATUS + b"\n"}
    inventory = read(base, added, changed)
    package = one(inventory, "libssl3", PackageType.DEB)
    assert (package.source, package.source_version) == ("openssl", "3.0.15-1")
    assert package.files == ("/usr/lib/libssl.so.3",)
    assert package.missing == ("/usr/share/doc/x",)
    assert package.size_bytes == 5
    assert package.layer == 1
    assert package.requires == ("libc6", "libc6-alt", "zlib1g")
    assert package.has_file_list
    assert inventory.find_owner("/usr/lib/libssl.so.3") is package
    assert inventory.find_owner("/etc/os-release") is None
    assert not one(inventory, "bare", PackageType.DEB).has_file_list
    assert inventory.distro == Distro(id="debian", version_id="12")


def test_alpine_records_have_licences_and_a_layer_by_most_files() -> None:
    package = one(
        read({"/etc/x": b""}, {"/lib/apk/db/installed": _APK, "/lib/ld-musl-x86_64.so.1": b"x"}),
        "musl",
        PackageType.APK,
    )
    assert package.licenses == ("MIT",)
    assert package.missing == ("/usr/share/gone",)
    assert package.layer == 1


def test_python_packages_are_found_wherever_they_are() -> None:
    inventory = read(
        make_distribution(_SITE, "Flask", {"flask/__init__.py": "x"}, requested=True),
        make_distribution(
            "/app/.venv/lib/python3.11/site-packages",
            "flask",
            {"flask/__init__.py": "xy"},
            version="2.0",
        ),
        make_distribution("/opt/tool/lib", "odd", {"odd.py": ""}),
        {"/app/src/mine.egg-info/PKG-INFO": b"Name: mine\nVersion: 0.1\n"},
    )
    found = [(item.name, item.version, item.layer) for item in inventory.packages]
    assert found == [
        ("flask", "1.0", 0),
        ("flask", "2.0", 1),
        ("mine", "0.1", 3),
        ("odd", "1.0", 2),
    ]
    first = inventory.packages[0]
    assert first.title == "Flask"
    assert first.is_requested
    assert inventory.find_owner(f"{_SITE}/flask/__init__.py") is first


def test_an_unpacked_egg_is_a_package() -> None:
    egg = f"{_SITE}/lxml-4.9.0-py3.11-linux-x86_64.egg"
    inventory = read(
        {
            f"{egg}/EGG-INFO/PKG-INFO": b"Metadata-Version: 1.1\nName: lxml\nVersion: 4.9.0\n",
            f"{egg}/EGG-INFO/top_level.txt": b"lxml\n",
            f"{egg}/lxml/__init__.py": b"1",
            "/srv/EGG-INFO/PKG-INFO": b"Name: other\nVersion: 1\n",
        }
    )
    (package,) = inventory.packages
    assert (package.name, package.version) == ("lxml", "4.9.0")
    assert inventory.find_owner(f"{egg}/lxml/__init__.py") is package


def test_a_vendored_one_names_who_carries_it() -> None:
    inner = make_distribution(f"{_SITE}/setuptools/_vendor", "tomli", {"tomli/__init__.py": "t"})
    carried = {path.removeprefix(f"{_SITE}/"): data for path, data in inner.items()}
    inventory = read(
        make_distribution(_SITE, "setuptools", {"setuptools/__init__.py": "", **carried}),
        make_distribution(_SITE, "tomli", {"tomli/__init__.py": "t"}, version="2"),
    )
    found = {(item.name, item.version): item for item in inventory.packages}
    assert found["tomli", "1.0"].parent == "setuptools"
    assert found["tomli", "2"].parent == ""
    assert found["setuptools", "1.0"].parent == ""
    owner = inventory.find_owner(f"{_SITE}/setuptools/_vendor/tomli/__init__.py")
    assert owner is found["tomli", "1.0"]


def test_a_vendor_list_counts_as_far_as_its_modules_are_there() -> None:
    vendor = f"{_SITE}/pip/_vendor"
    files = {
        "pip/__init__.py": "",
        "pip/_vendor/vendor.txt": (
            "# note\nCacheControl==0.14.0  # Make sure\nrequests==2.32.3\n    idna==3.7\n"
            "typing_extensions==4.12.2\ngone==1\nsetuptools==70.3.0\n-r other.txt\n"
        ),
        "pip/_vendor/cachecontrol/__init__.py": "x",
        "pip/_vendor/requests/api.py": "xy",
        "pip/_vendor/idna/__init__.py": "",
        "pip/_vendor/typing_extensions.py": "",
        "pip/_vendor/pkg_resources/__init__.py": "",
    }
    inventory = read(make_distribution(_SITE, "pip", files, version="24.2"))
    vendored = {item.name: item.version for item in inventory.bundled if item.parent == "pip"}
    assert [item.name for item in inventory.packages] == ["pip"]
    assert vendored == {
        "cachecontrol": "0.14.0",
        "idna": "3.7",
        "requests": "2.32.3",
        "setuptools": "70.3.0",
        "typing-extensions": "4.12.2",
    }
    (package,) = (item for item in inventory.bundled if item.name == "requests")
    assert package.files == (f"{vendor}/requests/api.py",)
    assert not package.has_file_list
    owner = inventory.find_owner(f"{vendor}/requests/api.py")
    assert owner is not None
    assert owner.name == "pip"


@pytest.mark.parametrize(
    ("fields", "licenses"),
    [
        ("License-Expression: MIT OR Apache-2.0\nLicense: x", ("MIT OR Apache-2.0",)),
        ("License: BSD-3-Clause\nClassifier: License :: OSI Approved :: B", ("BSD-3-Clause",)),
        ("License: UNKNOWN\nClassifier: License :: OSI Approved :: MIT License", ("MIT License",)),
        ("", ()),
    ],
)
def test_licences_of_python_packages(fields: str, licenses: tuple[str, ...]) -> None:
    package = one(read(make_distribution(_SITE, "a", {}, metadata=fields)), "a")
    assert package.licenses == licenses


def test_what_a_record_lists_and_is_not_there_is_missing() -> None:
    content = make_distribution(_SITE, "a", {"a.py": "", "b.py": ""})
    del content[f"{_SITE}/b.py"]
    package = one(read(content), "a")
    assert package.missing == ("b.py",)
    assert f"{_SITE}/a.py" in package.files


def test_a_python_of_no_package_is_a_binary_one() -> None:
    inventory = read(
        {
            **make_python(),
            "/usr/local/include/python3.11/patchlevel.h": b'#define PY_VERSION      "3.11.9"\n',
            **make_distribution(_SITE, "pip", {"../../../bin/pip3": "#!/usr/bin/python3\n"}),
        }
    )
    package = one(inventory, "python", PackageType.BINARY)
    assert package.version == "3.11.9"
    assert package.record == "/usr/local/include/python3.11/patchlevel.h"
    assert {"/usr/local/bin/python3.11", "/usr/local/bin/python3"} <= set(package.files)
    assert "/usr/local/lib/python3.11/json/decoder.py" in package.files
    assert not any("site-packages" in path for path in package.files)
    owner = inventory.find_owner("/usr/local/bin/pip3")
    assert owner is not None
    assert owner.name == "pip"


def test_the_version_of_a_python_without_headers_is_in_its_code() -> None:
    content = {**make_python(), "/usr/local/lib/libpython3.11.so.1.0": b"\x7fELF..\0003.11.4\0.."}
    package = one(read(content), "python", PackageType.BINARY)
    assert (package.version, package.record.name) == ("3.11.4", "libpython3.11.so.1.0")
    assert read(make_python()).packages == ()


def test_the_python_of_an_os_package_is_no_package_of_its_own() -> None:
    status = b"Package: libpython3.11\nStatus: install ok installed\nVersion: 3.11.2-6\n"
    inventory = read(
        {
            **make_python("/usr"),
            "/usr/include/python3.11/patchlevel.h": b'#define PY_VERSION "3.11.2"\n',
            "/var/lib/dpkg/status": status,
            "/var/lib/dpkg/info/libpython3.11.list": b"/usr/lib/python3.11/os.py\n",
        }
    )
    assert [str(item) for item in inventory.packages] == ["deb libpython3.11 3.11.2-6"]


def test_byte_code_made_later_belongs_to_its_source() -> None:
    content = {
        **make_distribution(_SITE, "a", {"a.py": ""}),
        f"{_SITE}/__pycache__/a.cpython-311.pyc": b"",
        f"{_SITE}/__pycache__/alone.cpython-311.pyc": b"",
        "/bin/sh": make_elf(),
    }
    rootfs = make_rootfs(content)
    inventory = read_inventory(rootfs)
    owner = inventory.find_owner(f"{_SITE}/__pycache__/a.cpython-311.pyc")
    assert owner is not None
    assert list(find_unowned(rootfs.tree, inventory)) == [
        "/bin/sh",
        f"{_SITE}/__pycache__/alone.cpython-311.pyc",
    ]


def test_os_release() -> None:
    found = parse_os_release(
        "# a comment\nPRETTY_NAME='Alpine Linux v3.19'\nID=alpine\nVERSION_ID=3.19.1\n"
        'ID_LIKE="debian ubuntu"\nBAD="open\n'
    )
    assert found == Distro(
        id="alpine",
        version_id="3.19.1",
        name="Alpine Linux v3.19",
        id_like=("debian", "ubuntu"),
    )
    assert parse_os_release("NAME=x\n") is None


def test_the_distribution_is_found_through_links_and_older_files() -> None:
    linked = make_rootfs(
        {"/etc/os-release": Symlink(target="../usr/lib/os-release"), "/usr/lib/os-release": b"ID=x"}
    )
    assert read_distro(linked) == Distro(id="x")
    assert read_distro(make_rootfs({"/etc/alpine-release": b"3.18.0\n"})) == Distro(
        id="alpine", version_id="3.18.0"
    )
    assert read_distro(make_rootfs({"/app": b""})) is None
