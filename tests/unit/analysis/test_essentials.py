from __future__ import annotations

from collections.abc import Iterable

import pytest

from jettison.analysis import essentials
from jettison.analysis.essentials import Account, Essential
from jettison.filetree import Entry, FileKind
from jettison.paths import ImagePath
from support.trees import Symlink, make_rootfs

_PASSWD = b"root:x:0:0:root:/root:/bin/sh\napp:x:1000:1001::/home/app:/bin/sh\nbroken\n"
_GROUP = b"root:x:0:\napp:x:1001:\nweb:x:33:app\n"


def _paths(items: Iterable[Essential]) -> set[str]:
    return {item.path for item in items}


def test_certificates_where_openssl_has_a_bundle() -> None:
    tree = make_rootfs(
        {
            "/etc/ssl/certs/ca-certificates.crt": b"x",
            "/etc/ssl/certs/0a1b.0": Symlink(target="x.pem"),
            "/usr/lib/ssl/cert.pem": Symlink(target="/etc/ssl/certs/ca-certificates.crt"),
        }
    ).tree
    found = _paths(essentials.find_certificates(tree))
    assert found == {"/etc/ssl/certs/ca-certificates.crt", "/usr/lib/ssl/cert.pem"}


def test_certificates_where_openssl_needs_the_single_ones() -> None:
    tree = make_rootfs({"/etc/ssl/certs/ca-certificates.crt": b"x"}).tree
    found = list(essentials.find_certificates(tree))
    assert [(item.path, item.whole) for item in found] == [
        ("/etc/ssl/certs/ca-certificates.crt", False),
        ("/etc/ssl/certs", True),
    ]
    assert list(essentials.find_certificates(make_rootfs({"/etc/x": b""}).tree)) == []


def test_what_variables_name() -> None:
    tree = make_rootfs(
        {"/ca/own.pem": b"x", "/ca/dir/a.0": b"x", "/usr/lib/hook.so": b"x", "/bin/sh": b"x"}
    ).tree
    env = {
        "REQUESTS_CA_BUNDLE": "/ca/own.pem",
        "SSL_CERT_DIR": "/ca/dir:/missing",
        "LD_PRELOAD": "libx.so /usr/lib/hook.so",
        "PATH": "/bin",
        "NUL": "/\0",
    }
    found = {item.path: item for item in essentials.find_environment(tree, env)}
    assert set(found) == {"/ca/own.pem", "/ca/dir", "/usr/lib/hook.so"}
    assert found["/ca/dir"].whole
    assert not found["/ca/own.pem"].whole
    assert found["/ca/own.pem"].why == "named by $REQUESTS_CA_BUNDLE"


def test_zones_without_their_second_copies() -> None:
    zones = "/usr/share/zoneinfo"
    tree = make_rootfs(
        {
            f"{zones}/Europe/Berlin": b"x",
            f"{zones}/UTC": b"x",
            f"{zones}/zone1970.tab": b"x",
            f"{zones}/right/UTC": b"x",
            f"{zones}/posix/UTC": b"x",
        }
    ).tree
    found = _paths(essentials.find_zones(tree))
    assert found == {f"{zones}/Europe", f"{zones}/UTC", f"{zones}/zone1970.tab"}
    assert _paths(essentials.find_named_zone(tree, ":Europe/Berlin")) == {f"{zones}/Europe/Berlin"}
    assert _paths(essentials.find_named_zone(tree, "CET-1CEST")) == set()
    assert _paths(essentials.find_named_zone(tree, "")) == set()


@pytest.mark.parametrize(
    ("user", "account"),
    [
        ("", Account(uid=0, gid=0, home="/root")),
        ("app", Account(uid=1000, gid=1001, home="/home/app")),
        ("1000", Account(uid=1000, gid=1001, home="/home/app")),
        ("app:web", Account(uid=1000, gid=33, home="/home/app")),
        ("4242:17", Account(uid=4242, gid=17, home="")),
        ("0:0", Account(uid=0, gid=0, home="/root")),
        ("nobody", Account(uid=0, gid=0, home="")),
    ],
)
def test_user_as_the_config_writes_it(user: str, account: Account) -> None:
    assert essentials.parse_user(user, _PASSWD, _GROUP) == account


@pytest.mark.parametrize(
    ("mode", "uid", "gid", "expected"),
    [
        (0o1777, 0, 0, True),
        (0o755, 1000, 0, True),
        (0o555, 1000, 0, False),
        (0o775, 0, 1001, True),
        (0o755, 0, 1001, False),
        (0o755, 0, 0, False),
    ],
)
def test_who_may_write(mode: int, uid: int, gid: int, expected: bool) -> None:
    account = Account(uid=1000, gid=1001, home="")
    entry = Entry(path=ImagePath("/d"), kind=FileKind.DIRECTORY, mode=mode, uid=uid, gid=gid)
    assert essentials.is_writable(entry, account) is expected


def test_that_root_may_write_says_nothing() -> None:
    account = Account(uid=0, gid=0, home="/root")
    own = Entry(path=ImagePath("/d"), kind=FileKind.DIRECTORY, mode=0o755)
    open_to_all = Entry(path=ImagePath("/d"), kind=FileKind.DIRECTORY, mode=0o777)
    assert not essentials.is_writable(own, account)
    assert essentials.is_writable(open_to_all, account)
