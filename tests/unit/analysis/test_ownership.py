from __future__ import annotations

from jettison.analysis.ownership import Ownership, find_installed_outside
from support.trees import Symlink, make_rootfs

_INFO = "/var/lib/dpkg/info"


def _stanza(name: str, depends: str = "", provides: str = "") -> bytes:
    return (
        f"Package: {name}\nStatus: install ok installed\nVersion: 1\n"
        f"Depends: {depends}\nProvides: {provides}\n\n"
    ).encode()


def test_owner_of_each_path() -> None:
    rootfs = make_rootfs(
        {
            "/var/lib/dpkg/status": _stanza("a") + _stanza("b"),
            f"{_INFO}/a.list": b"/usr/bin/a\n/usr/share/both\n",
            f"{_INFO}/b.list": b"/usr/share/both\n",
            "/usr/bin/a": b"x",
            "/usr/share/both": b"x",
            "/app/mine": b"x",
        }
    )
    ownership = Ownership.read(rootfs)
    assert str(ownership.find_owner("/usr/bin/a")) == "deb a 1"
    assert str(ownership.find_owner("/usr/share/both")) == "deb a 1"
    assert ownership.find_owner("/app/mine") is None
    assert ownership.find_owner("/usr/bin") is None


def test_dependencies_follow_virtual_names_and_circles() -> None:
    rootfs = make_rootfs(
        {
            "/var/lib/dpkg/status": _stanza("top", "virtual | none, missing")
            + _stanza("real", "deep", provides="virtual")
            + _stanza("deep", "top")
            + _stanza("alone")
        }
    )
    ownership = Ownership.read(rootfs)
    top = ownership.find_package("top")
    assert top is not None
    assert [package.name for package in ownership.dependencies([top])] == ["deep", "real"]
    assert ownership.find_package("virtual") is ownership.find_package("real")
    assert ownership.find_package("missing") is None


def test_an_image_without_records_has_no_owners() -> None:
    ownership = Ownership.read(make_rootfs({"/app": b"x"}))
    assert ownership.packages == ()
    assert ownership.find_owner("/app") is None


def test_scripts_that_distributions_put_outside() -> None:
    site = "/usr/local/lib/python3.12/site-packages"
    rootfs = make_rootfs(
        {
            f"{site}/gunicorn-1.dist-info/RECORD": b"../../../bin/gunicorn,sha256=x,1\r\n"
            b"gunicorn/app.py,,\r\n../../../bin/gone,,\r\n"
            b'"../../../share/a, b",,\r\n',
            f"{site}/gunicorn/app.py": b"",
            "/usr/local/bin/gunicorn": b"#!/usr/local/bin/python\n",
            "/usr/local/bin/yours": b"",
            "/usr/local/share/a, b": Symlink(target="x"),
        }
    )
    found = find_installed_outside(rootfs)
    assert "/usr/local/bin/gunicorn" in found
    assert "/usr/local/bin/yours" not in found
    assert f"{site}/gunicorn/app.py" not in found
