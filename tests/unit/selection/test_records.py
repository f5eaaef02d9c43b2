from __future__ import annotations

import json
from dataclasses import replace

from jettison.analysis.apk import read_apk
from jettison.analysis.ownership import Ownership
from jettison.paths import ImagePath
from jettison.selection import LayerRole, Policy, Rule, Selection, SelectionOptions
from jettison.trace import Operation
from support.layers import Content
from support.selecting import rules_of, select
from support.trees import Symlink, make_config, make_rootfs

_DPKG = "/var/lib/dpkg"
_OBSERVED = SelectionOptions(policy=Policy.OBSERVED)


def _stanza(name: str, *, architecture: str = "amd64") -> bytes:
    return (
        f"Package: {name}\nStatus: install ok installed\nArchitecture: {architecture}\n"
        "Version: 1\nDescription: long\n text\n"
    ).encode()


_IMAGE: Content = {
    f"{_DPKG}/status": b"\n".join(_stanza(name) for name in ("libssl3", "perl", "meta")),
    f"{_DPKG}/info/libssl3:amd64.list": b"/.\n/lib\n/lib/libssl.so.3\n/lib/other.so\n/usr\n",
    f"{_DPKG}/info/libssl3:amd64.md5sums": b"00aa  lib/libssl.so.3\n00bb  lib/other.so\n",
    f"{_DPKG}/info/perl.list": b"/.\n/lib\n/lib/perl\n/usr/bin/perl\n",
    f"{_DPKG}/info/meta.list": b"/.\n",
    "/lib": Symlink(target="usr/lib"),
    "/usr/lib/libssl.so.3": b"",
    "/usr/lib/other.so": b"",
    "/usr/bin/perl": b"",
    "/usr/share/doc/libssl3/copyright": b"see `/usr/share/common-licenses/GPL'.",
    "/usr/share/doc/libssl3/changelog": b"log",
    "/usr/share/doc/perl": Symlink(target="libssl3"),
    "/usr/share/common-licenses/GPL": Symlink(target="GPL-3"),
    "/usr/share/common-licenses/GPL-3": b"gpl",
    "/usr/share/common-licenses/Artistic": b"artistic",
}


def _written(selection: Selection, path: str) -> bytes | None:
    return selection.rewritten.get(ImagePath(path))


def test_dpkg_records_become_those_of_distroless() -> None:
    selection = select(make_rootfs(_IMAGE), {"/lib/libssl.so.3": Operation.OPEN}, options=_OBSERVED)
    assert _written(selection, f"{_DPKG}/status.d/libssl3") == _stanza("libssl3")
    assert _written(selection, f"{_DPKG}/status.d/libssl3.md5sums") == b"00aa  lib/libssl.so.3\n"
    listing = _written(selection, f"{_DPKG}/info/libssl3:amd64.list")
    assert listing == b"/.\n/lib\n/lib/libssl.so.3\n/usr\n"
    assert not any("perl" in path or "meta" in path for path in selection.rewritten)
    assert f"{_DPKG}/status" not in selection.kept
    assert f"{_DPKG}/info/libssl3:amd64.list" in selection.kept
    assert _DPKG in selection.kept


def test_the_cut_records_read_as_what_is_kept() -> None:
    selection = select(make_rootfs(_IMAGE), {"/lib/libssl.so.3": Operation.OPEN}, options=_OBSERVED)
    slimmed = make_rootfs(
        {"/lib": Symlink(target="usr/lib"), "/usr/lib/libssl.so.3": b""},
        {str(path): data for path, data in selection.rewritten.items()},
    )
    (package,) = Ownership.read(slimmed).packages
    assert (package.name, package.version) == ("libssl3", "1")
    assert package.files == ("/usr/lib/libssl.so.3",)


def test_a_status_that_something_reads_is_cut_in_place() -> None:
    accesses = {"/lib/libssl.so.3": Operation.OPEN, f"{_DPKG}/status": Operation.OPEN}
    selection = select(make_rootfs(_IMAGE), accesses, options=_OBSERVED)
    assert _written(selection, f"{_DPKG}/status") == _stanza("libssl3")
    assert f"{_DPKG}/status.d/libssl3" not in selection.rewritten
    md5sums = _written(selection, f"{_DPKG}/info/libssl3:amd64.md5sums")
    assert md5sums == b"00aa  lib/libssl.so.3\n"


def test_licences_of_what_is_kept() -> None:
    opened = {"/lib/libssl.so.3": Operation.OPEN}
    smallest = select(make_rootfs(_IMAGE), opened, options=_OBSERVED)
    assert rules_of(smallest, "/usr/share/doc/libssl3/copyright") == {Rule.RECORD}
    assert "/usr/share/common-licenses/GPL-3" not in smallest.kept
    selection = select(make_rootfs(_IMAGE), opened)
    assert rules_of(selection, "/usr/share/doc/libssl3/copyright") == {Rule.RECORD}
    assert "/usr/share/common-licenses/GPL-3" in selection.kept
    assert "/usr/share/common-licenses/Artistic" not in selection.kept
    assert "/usr/share/doc/libssl3/changelog" not in selection.kept
    assert "/usr/share/doc/perl" not in selection.kept


def test_certificates_speak_for_their_package() -> None:
    bundle = "/etc/ssl/certs/ca-certificates.crt"
    image: Content = {
        f"{_DPKG}/status": _stanza("ca-certificates", architecture="all"),
        f"{_DPKG}/info/ca-certificates.list": b"/usr/sbin/update-ca-certificates\n",
        "/usr/sbin/update-ca-certificates": b"",
    }
    with_bundle = select(make_rootfs({**image, bundle: b""}), options=_OBSERVED)
    assert f"{_DPKG}/status.d/ca-certificates" in with_bundle.rewritten
    assert not select(make_rootfs(image), options=_OBSERVED).rewritten


def test_packages_of_two_architectures_and_of_unknown_files() -> None:
    image: Content = {
        f"{_DPKG}/status": _stanza("libx") + b"\n" + _stanza("libx", architecture="i386"),
        f"{_DPKG}/info/libx:amd64.list": b"/lib/amd/libx.so\n",
        f"{_DPKG}/info/libx:i386.list": b"/lib/i386/libx.so\n",
        f"{_DPKG}/status.d/unknown": _stanza("unknown"),
        "/lib/amd/libx.so": b"",
        "/lib/i386/libx.so": b"",
    }
    accesses = {"/lib/amd/libx.so": Operation.OPEN, "/lib/i386/libx.so": Operation.OPEN}
    selection = select(make_rootfs(image), accesses, options=_OBSERVED)
    assert {f"{_DPKG}/status.d/{name}" for name in ("libx", "libx:i386", "unknown")} <= set(
        selection.rewritten
    )


def test_apk_record_is_cut() -> None:
    record = "/lib/apk/db/installed"
    rootfs = make_rootfs(
        {
            record: b"P:a\nV:1\nF:bin\nR:a\nZ:Q1\nR:b\n\nP:gone\nV:2\nF:bin\nR:c\n\n",
            "/bin/a": b"",
            "/bin/b": b"",
            "/bin/c": b"",
        }
    )
    selection = select(rootfs, {"/bin/a": Operation.OPEN}, options=_OBSERVED)
    data = _written(selection, record)
    assert data == b"P:a\nV:1\nF:bin\nR:a\nZ:Q1\n\n"
    assert record in selection.kept
    (package,) = read_apk(make_rootfs({record: data, "/bin/a": b"", "/bin/b": b""}))
    assert package.files == ("/bin/a",)


def test_conda_records_are_cut() -> None:
    meta = "/opt/conda/conda-meta"
    record = {
        "name": "openssl",
        "files": ["lib/libssl.so.3", "bin/openssl"],
        "paths_data": {"paths": [{"_path": "lib/libssl.so.3"}, {"_path": "bin/openssl"}]},
    }
    rootfs = make_rootfs(
        {
            f"{meta}/openssl-3.json": json.dumps(record).encode(),
            f"{meta}/gone-1.json": b'{"name": "gone", "files": ["lib/gone.so"]}',
            f"{meta}/odd-1.json": b'{"files": ',
            "/opt/conda/lib/libssl.so.3": b"",
            "/opt/conda/bin/openssl": b"",
            "/opt/conda/lib/gone.so": b"",
            "/opt/conda/ssl/cacert.pem": b"",
        }
    )
    selection = select(rootfs, {"/opt/conda/lib/libssl.so.3": Operation.OPEN}, options=_OBSERVED)
    cut = json.loads(_written(selection, f"{meta}/openssl-3.json") or b"")
    assert cut["files"] == ["lib/libssl.so.3"]
    assert cut["paths_data"]["paths"] == [{"_path": "lib/libssl.so.3"}]
    assert f"{meta}/openssl-3.json" in selection.kept
    assert f"{meta}/gone-1.json" not in selection.kept
    assert "/opt/conda/ssl/cacert.pem" in selection.kept


def test_dependencies_that_pip_installed_stand_between_the_system_and_the_app() -> None:
    site = "/usr/local/lib/python3.12/site-packages"
    rootfs = make_rootfs(
        {"/etc/os-release": b"", "/usr/bin/x": b"", "/usr/local/lib/python3.12/os.py": b""},
        {
            f"{site}/six/data.txt": b"",
            "/app/a.txt": b"",
            "/app/venv/pyvenv.cfg": b"",
            "/app/venv/bin/tool": b"",
        },
    )
    accesses = {
        f"{site}/six/data.txt": Operation.OPEN,
        "/usr/bin/x": Operation.OPEN,
        "/app/venv/bin/tool": Operation.OPEN,
    }
    roles = select(rootfs, accesses, config=make_config(working_dir="/app")).roles
    assert roles[ImagePath(f"{site}/six/data.txt")] is LayerRole.DEPENDENCIES
    assert roles[ImagePath(f"{site}/six")] is LayerRole.DEPENDENCIES
    assert roles[ImagePath("/app/a.txt")] is LayerRole.APP
    assert roles[ImagePath("/app/venv/bin/tool")] is LayerRole.DEPENDENCIES
    assert roles[ImagePath("/app")] is LayerRole.DEPENDENCIES
    assert "/usr/bin/x" not in roles
    assert "/usr" not in roles


def test_the_policy_package_keeps_packages_whole() -> None:
    depends = replace(_OBSERVED, policy=Policy.PACKAGE)
    status = _stanza("libssl3") + b"Depends: perl\n\n" + _stanza("perl") + b"\n" + _stanza("meta")
    rootfs = make_rootfs({**_IMAGE, f"{_DPKG}/status": status, "/usr/share/meta": b""})
    selection = select(rootfs, {"/lib/libssl.so.3": Operation.OPEN}, options=depends)
    assert rules_of(selection, "/usr/lib/other.so") == {Rule.PACKAGE}
    assert rules_of(selection, "/usr/bin/perl") == {Rule.PACKAGE}
    assert "/usr/share/meta" not in selection.kept
    without = select(rootfs, {"/usr/share/meta": Operation.OPEN}, options=depends)
    assert "/usr/bin/perl" not in without.kept
