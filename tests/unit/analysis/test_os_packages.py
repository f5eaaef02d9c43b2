from __future__ import annotations

import sqlite3
import struct
from collections.abc import Mapping, Sequence

from jettison.analysis.apk import cut_stanza, read_apk
from jettison.analysis.dpkg import read_dpkg
from jettison.analysis.os_packages import OsPackage, PackageKind
from jettison.analysis.rpm import cut_rpm_database, parse_header, read_rpm
from jettison.paths import ImagePath
from support.trees import Symlink, make_rootfs

_STATUS = b"""\
Package: coreutils
Essential: yes
Status: install ok installed
Priority: required
Architecture: amd64
Version: 9.1-1
Pre-Depends: libacl1 (>= 2.2.23), libc6:any (>= 2.34) | libc6-alt
Description: tools
 on two lines
Conffiles:
 /etc/x 0123

Package: gone
Status: deinstall ok config-files
Architecture: amd64
Version: 1

Package: libssl3
Status: install ok installed
Architecture: amd64
Source: openssl (3.0.15-1)
Version: 3.0.15-1+b1
Provides: libssl (= 3), libssl-virtual
Depends: libc6

"""
_INFO = "/var/lib/dpkg/info"


def _by_name(packages: Sequence[OsPackage]) -> dict[str, OsPackage]:
    return {package.name: package for package in packages}


def test_dpkg_reads_fields_and_files_through_merged_usr() -> None:
    rootfs = make_rootfs(
        {
            "/var/lib/dpkg/status": _STATUS,
            f"{_INFO}/coreutils.list": b"/.\n/bin\n/bin/ls\n/usr/share/doc/x\n/etc/x\n",
            f"{_INFO}/libssl3:amd64.list": b"/.\n/lib/libssl.so.3\n/lib/missing\n",
            "/bin": Symlink(target="usr/bin"),
            "/lib": Symlink(target="usr/lib"),
            "/usr/bin/ls": b"x",
            "/usr/lib/libssl.so.3": b"x",
            "/etc/x": b"x",
        }
    )
    found = _by_name(read_dpkg(rootfs))
    assert set(found) == {"coreutils", "libssl3"}
    assert found["coreutils"].files == ("/etc/x", "/usr/bin/ls")
    assert found["coreutils"].depends == (("libacl1",), ("libc6", "libc6-alt"))
    assert found["coreutils"].is_base
    assert not found["libssl3"].is_base
    assert found["libssl3"].files == ("/usr/lib/libssl.so.3",)
    assert (found["libssl3"].source, found["libssl3"].source_version) == ("openssl", "3.0.15-1")
    assert found["libssl3"].provides == ("libssl", "libssl-virtual")
    assert found["libssl3"].stanza.startswith(b"Package: libssl3\n")
    assert found["libssl3"].stanza.endswith(b"Depends: libc6\n")
    assert str(found["libssl3"]) == "deb libssl3 3.0.15-1+b1"


def test_dpkg_knows_packages_whose_configuration_failed() -> None:
    # Their files are unpacked all the same: dpkg(1), "Package states".
    states = ("unpacked", "half-configured", "triggers-pending", "config-files", "half-installed")
    status = "".join(
        f"Package: {state}\nStatus: install ok {state}\nVersion: 1\n\n" for state in states
    )
    rootfs = make_rootfs({"/var/lib/dpkg/status": status.encode()})
    assert [item.name for item in read_dpkg(rootfs)] == [
        "unpacked",
        "half-configured",
        "triggers-pending",
    ]


def test_dpkg_diverted_files_belong_to_whom_they_are() -> None:
    rootfs = make_rootfs(
        {
            "/var/lib/dpkg/status": b"Package: a\nStatus: install ok installed\nVersion: 1\n\n"
            b"Package: b\nStatus: install ok installed\nVersion: 1\n",
            "/var/lib/dpkg/diversions": b"/bin/x\n/bin/x.real\nb\n",
            f"{_INFO}/a.list": b"/bin/x\n",
            f"{_INFO}/b.list": b"/bin/x\n",
            "/bin/x": b"of b",
            "/bin/x.real": b"of a",
        }
    )
    found = _by_name(read_dpkg(rootfs))
    assert found["a"].files == ("/bin/x.real",)
    assert found["b"].files == ("/bin/x",)


def test_distroless_records() -> None:
    rootfs = make_rootfs(
        {
            "/var/lib/dpkg/status.d/libc6": b"Package: libc6\nVersion: 2.36\n"
            b"Conffiles:\n /etc/ld 0\n",
            "/var/lib/dpkg/status.d/libc6.md5sums": b"0123  lib/libc.so.6\n4567  usr/gone\n",
            "/lib/libc.so.6": b"x",
            "/etc/ld": b"x",
        }
    )
    (package,) = read_dpkg(rootfs)
    assert package.files == ("/etc/ld", "/lib/libc.so.6")
    assert package.record == "/var/lib/dpkg/status.d/libc6"


_APK = b"""\
C:Q1abc
P:busybox
V:1.36.1-r2
A:x86_64
o:busybox
D:so:libc.musl-x86_64.so.1 !conflict
p:cmd:sh=1.36 /bin/sh
F:bin
M:0:0:755
R:busybox
a:0:0:755
Z:Q1x
R:sh
F:etc
R:securetty
Z:Q1y

P:musl
V:1.2.4-r2
p:so:libc.musl-x86_64.so.1=1
F:lib
R:ld-musl-x86_64.so.1
"""


def test_apk_reads_files_and_capabilities() -> None:
    rootfs = make_rootfs(
        {
            "/lib/apk/db/installed": _APK,
            "/bin/busybox": b"x",
            "/bin/sh": Symlink(target="busybox"),
            "/lib/ld-musl-x86_64.so.1": b"x",
        }
    )
    found = _by_name(read_apk(rootfs))
    assert found["busybox"].files == ("/bin/busybox", "/bin/sh")
    assert found["busybox"].depends == (("so:libc.musl-x86_64.so.1",),)
    assert found["musl"].provides == ("so:libc.musl-x86_64.so.1",)
    assert found["musl"].source == "musl"
    assert found["busybox"].kind is PackageKind.APK


def test_apk_stanza_is_cut_to_what_is_kept() -> None:
    stanza = _APK.partition(b"\n\n")[0]
    cut = cut_stanza(stanza, lambda path: path == "/bin/busybox")
    lines = cut.decode().splitlines()
    assert lines[-5:] == ["F:bin", "M:0:0:755", "R:busybox", "a:0:0:755", "Z:Q1x"]
    assert "P:busybox" in lines
    assert "F:etc" not in lines
    assert cut_stanza(stanza, lambda _: True) == stanza + b"\n"


def _header(strings: Mapping[int, Sequence[str]], numbers: Mapping[int, Sequence[int]]) -> bytes:
    entries, data = [], b""
    for tag, texts in strings.items():
        entries.append((tag, 8, len(data), len(texts)))
        data += b"".join(text.encode() + b"\0" for text in texts)
    for tag, values in numbers.items():
        entries.append((tag, 4, len(data), len(values)))
        data += struct.pack(f">{len(values)}I", *values)
    index = b"".join(struct.pack(">IIII", *entry) for entry in entries)
    return struct.pack(">II", len(entries), len(data)) + index + data


def _rpm_database() -> bytes:
    bash = _header(
        {
            1000: ["bash"],
            1001: ["5.1.8"],
            1002: ["9.el9"],
            1022: ["x86_64"],
            1044: ["bash-5.1.8-9.el9.src.rpm"],
            1047: ["bash", "/bin/sh"],
            1049: ["libc.so.6()(64bit)"],
            1117: ["bash", "sh", "gone"],
            1118: ["/usr/bin/", "/bin/"],
        },
        {1003: [0], 1116: [0, 1, 0]},
    )
    other = _header({1000: ["other"], 1001: ["1"], 1002: ["1"]}, {})
    database = sqlite3.connect(":memory:")
    database.execute("CREATE TABLE Packages (hnum INTEGER PRIMARY KEY, blob BLOB NOT NULL)")
    database.execute("CREATE TABLE Name (key TEXT, hnum INTEGER, idx INTEGER)")
    for number, blob in enumerate((bash, other), 1):
        database.execute("INSERT INTO Packages VALUES (?, ?)", (number, blob))
        database.execute("INSERT INTO Name VALUES (?, ?, 0)", ("x", number))
    database.commit()
    data = database.serialize()
    database.close()
    return data


def test_rpm_reads_headers() -> None:
    rootfs = make_rootfs(
        {
            "/var/lib/rpm/rpmdb.sqlite": _rpm_database(),
            "/bin": Symlink(target="usr/bin"),
            "/usr/bin/bash": b"x",
            "/usr/bin/sh": Symlink(target="bash"),
        }
    )
    found = _by_name(read_rpm(rootfs))
    assert found["bash"].files == ("/usr/bin/bash", "/usr/bin/sh")
    assert found["bash"].version == "5.1.8-9.el9"
    assert (found["bash"].source, found["bash"].source_version) == ("bash", "5.1.8-9.el9")
    assert found["bash"].depends == (("libc.so.6()(64bit)",),)
    assert found["other"].files == ()


def test_rpm_database_is_cut_and_the_same_each_time() -> None:
    path = "/var/lib/rpm/rpmdb.sqlite"
    rootfs = make_rootfs({path: _rpm_database()})
    data = cut_rpm_database(rootfs, ImagePath(path), ["bash"])
    assert data is not None
    assert data == cut_rpm_database(rootfs, ImagePath(path), ["bash"])
    cut = make_rootfs({path: data})
    assert [package.name for package in read_rpm(cut)] == ["bash"]
    database = sqlite3.connect(":memory:")
    database.deserialize(data)
    assert database.execute("SELECT hnum FROM Name").fetchall() == [(1,)]
    database.close()


def test_damaged_rpm_records_are_no_packages() -> None:
    path = "/var/lib/rpm/rpmdb.sqlite"
    rootfs = make_rootfs({path: b"not a database"})
    assert read_rpm(rootfs) == ()
    assert cut_rpm_database(rootfs, ImagePath(path), []) is None
    assert parse_header(b"\xff" * 40) == {}
    assert parse_header(None) == {}
