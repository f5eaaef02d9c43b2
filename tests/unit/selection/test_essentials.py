from __future__ import annotations

import pytest

from jettison.selection import Policy, Rule, SelectionOptions
from jettison.trace import Operation
from support.selecting import reason_of, select
from support.trees import Directory, File, Symlink, make_config, make_rootfs

_ZONES = "/usr/share/zoneinfo"
_OBSERVED = SelectionOptions(policy=Policy.OBSERVED)


def test_accounts_names_and_trust_stay_under_every_policy() -> None:
    rootfs = make_rootfs(
        {
            "/etc/passwd": b"root:x:0:0:root:/root:/bin/sh\n",
            "/etc/nsswitch.conf": b"",
            "/etc/os-release": Symlink(target="../usr/lib/os-release"),
            "/usr/lib/os-release": b"ID=debian",
            "/etc/ssl/certs/ca-certificates.crt": b"",
            "/etc/shadow": b"root:*:",
            "/etc/motd": b"",
        }
    )
    selection = select(rootfs, options=_OBSERVED)
    assert {
        *("/etc/passwd", "/etc/nsswitch.conf", "/etc/os-release", "/usr/lib/os-release"),
        "/etc/ssl/certs/ca-certificates.crt",
    } <= set(selection.kept)
    assert reason_of(selection, "/etc/passwd").rule is Rule.ESSENTIAL
    assert "/etc/shadow" not in selection.kept
    assert "/etc/motd" not in selection.kept


def test_what_the_environment_names() -> None:
    rootfs = make_rootfs({"/ca/own.pem": b"", "/ca/other.pem": b""})
    config = make_config(env={"SSL_CERT_FILE": "/ca/own.pem"}, layers=1)
    selection = select(rootfs, config=config, options=_OBSERVED)
    assert reason_of(selection, "/ca/own.pem").detail == "named by $SSL_CERT_FILE"
    assert "/ca/other.pem" not in selection.kept


@pytest.mark.parametrize(
    "module",
    [
        "/usr/lib/python3.12/zoneinfo/__init__.py",
        "/usr/lib/python3.12/zoneinfo/__pycache__/__init__.cpython-312.pyc",
        "/usr/lib/python3/dist-packages/dateutil/tz/__init__.py",
        "/opt/site-packages/pytz/__init__.py",
    ],
)
def test_zones_stay_where_a_module_reads_them(module: str) -> None:
    rootfs = make_rootfs({module: b"", f"{_ZONES}/Asia/Tokyo": b"", f"{_ZONES}/right/UTC": b""})
    read = select(rootfs, {module: Operation.OPEN}, options=_OBSERVED)
    assert f"{_ZONES}/Asia/Tokyo" in read.kept
    assert f"{_ZONES}/right/UTC" not in read.kept
    assert f"{_ZONES}/Asia/Tokyo" not in select(rootfs, options=_OBSERVED).kept


def test_the_zone_of_the_image() -> None:
    rootfs = make_rootfs(
        {
            "/etc/localtime": Symlink(target=f"{_ZONES}/Europe/Berlin"),
            f"{_ZONES}/Europe/Berlin": b"",
            f"{_ZONES}/Asia/Tokyo": b"",
            f"{_ZONES}/UTC": b"",
        }
    )
    config = make_config(env={"TZ": "Asia/Tokyo"}, layers=1)
    selection = select(rootfs, config=config, options=_OBSERVED)
    assert {"/etc/localtime", f"{_ZONES}/Europe/Berlin", f"{_ZONES}/Asia/Tokyo"} <= set(
        selection.kept
    )
    assert f"{_ZONES}/UTC" not in selection.kept


def test_installed_locales_stay_unless_they_are_all_of_them() -> None:
    archive = "/usr/lib/locale/locale-archive"
    rootfs = make_rootfs(
        {
            "/usr/lib/locale/C.utf8/LC_CTYPE": b"",
            archive: File(data=b"x" * ((32 << 20) + 1)),
            "/usr/share/locale/de/LC_MESSAGES/x.mo": b"",
        }
    )
    plain = select(rootfs, options=_OBSERVED)
    assert "/usr/lib/locale/C.utf8/LC_CTYPE" in plain.kept
    assert archive not in plain.kept
    assert "/usr/share/locale/de/LC_MESSAGES/x.mo" not in plain.kept
    assert "32 MiB of locales" in " ".join(plain.dropped.values())
    german = make_config(env={"LANG": "de_DE.UTF-8"}, layers=1)
    assert archive in select(rootfs, config=german, options=_OBSERVED).kept
    plain_c = make_config(env={"LANG": "C.UTF-8"}, layers=1)
    assert archive not in select(rootfs, config=plain_c, options=_OBSERVED).kept


def test_directories_that_are_written_into() -> None:
    rootfs = make_rootfs(
        {
            "/etc/passwd": b"app:x:1000:1000::/home/app:/bin/sh\n",
            "/tmp": Directory(mode=0o1777),
            "/home/app/x": b"",
            "/data/uploads": Directory(uid=1000, gid=1000, mode=0o700),
            "/data/uploads/old": b"",
            "/data/theirs": Directory(uid=7, mode=0o755),
            "/data/theirs/x": b"",
            "/var/lib/empty": Directory(),
            "/usr/share/empty": Directory(),
            "/venv/pyvenv.cfg": b"",
            "/venv/lib/pkg": Directory(uid=1000),
            "/bin": Symlink(target="usr/bin"),
            "/usr/bin/x": b"",
            "/srv": Directory(),
        }
    )
    selection = select(rootfs, config=make_config(user="app", layers=1), options=_OBSERVED)
    assert {"/tmp", "/home/app", "/data/uploads", "/var/lib/empty", "/bin", "/srv"} <= set(
        selection.kept
    )
    for path in ("/data/theirs", "/usr/share/empty", "/venv/lib/pkg", "/data/uploads/old"):
        assert path not in selection.kept


def test_volumes_keep_what_the_image_puts_into_them() -> None:
    rootfs = make_rootfs({"/vol/seed.db": b"", "/other/seed.db": b""})
    config = make_config(volumes=("/vol", "/missing"), working_dir="/other", layers=1)
    selection = select(rootfs, config=config, options=_OBSERVED)
    assert "/vol/seed.db" in selection.kept
    assert "/other" in selection.kept
    assert "/other/seed.db" not in selection.kept


def test_data_that_a_kept_library_opens_by_itself() -> None:
    library = "/usr/lib/x86_64-linux-gnu/libfontconfig.so.1.12.0"
    rootfs = make_rootfs(
        {library: b"", "/etc/fonts/fonts.conf": b"", "/usr/share/misc/magic.mgc": b""}
    )
    accesses = {library: Operation.OPEN}
    selection = select(rootfs, accesses)
    assert reason_of(selection, "/etc/fonts/fonts.conf").because == library
    assert "/usr/share/misc/magic.mgc" not in selection.kept
    assert "/etc/fonts/fonts.conf" not in select(rootfs, accesses, options=_OBSERVED).kept
    assert "/etc/fonts/fonts.conf" not in select(rootfs).kept


def test_a_program_that_a_variable_names_comes_with_its_interpreter() -> None:
    rootfs = make_rootfs(
        {"/opt/chrome": b"#!/bin/sh\n", "/bin/sh": b"", "/usr/bin/zsh": b"", "/opt/other": b""}
    )
    config = make_config(env={"CHROME_BIN": "/opt/chrome", "SHELL": "/usr/bin/zsh"}, layers=1)
    selection = select(rootfs, config=config)
    assert {"/opt/chrome", "/bin/sh"} <= set(selection.kept)
    assert "/usr/bin/zsh" not in selection.kept
