"""RPM's package record, as far as it is SQLite (rpm 4.16 and newer); older formats are not read.

Source: rpm's lib/backend/sqlite.c and lib/header.c; tag numbers from rpmtag.h.
"""

from __future__ import annotations

import sqlite3
import struct
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from typing import Final

from jettison.analysis.os_packages import OsPackage, PackageKind, RealPaths, find_record
from jettison.filetree import RootFS
from jettison.paths import ImagePath

_DATABASES: Final = ("/usr/lib/sysimage/rpm/rpmdb.sqlite", "/var/lib/rpm/rpmdb.sqlite")
# Fedora's whole workstation has about 100 MB.
_MAX_BYTES: Final = 256 << 20
_MAX_ENTRIES: Final = 1 << 16

_NAME: Final = 1000
_VERSION: Final = 1001
_RELEASE: Final = 1002
_EPOCH: Final = 1003
_LICENSE: Final = 1014
_ARCH: Final = 1022
_SOURCERPM: Final = 1044
_PROVIDENAME: Final = 1047
_REQUIRENAME: Final = 1049
_DIRINDEXES: Final = 1116
_BASENAMES: Final = 1117
_DIRNAMES: Final = 1118

_INT32: Final = 4
_STRING: Final = 6
_STRING_ARRAY: Final = 8
_I18NSTRING: Final = 9


def find_rpm_database(rootfs: RootFS) -> ImagePath | None:
    """The real path of the record."""
    return find_record(rootfs.tree, _DATABASES)


def read_rpm(rootfs: RootFS) -> tuple[OsPackage, ...]:
    """Every installed package, by its number in the record; none if that cannot be read."""
    record = find_rpm_database(rootfs)
    if record is None:
        return ()
    real = RealPaths(rootfs.tree)
    try:
        with closing(_open(rootfs, record)) as database:
            blobs = database.execute("SELECT blob FROM Packages ORDER BY hnum").fetchall()
    except sqlite3.Error:
        return ()
    headers = (parse_header(blob) for (blob,) in blobs)
    return tuple(_package(record, header, real) for header in headers if _NAME in header)


def cut_rpm_database(rootfs: RootFS, record: ImagePath, names: Iterable[str]) -> bytes | None:
    """The record with only the packages of these names; None if it cannot be rewritten."""
    wanted = frozenset(names)
    try:
        with closing(_open(rootfs, record)) as database:
            gone = [
                (number,)
                for number, blob in database.execute("SELECT hnum, blob FROM Packages")
                if "".join(parse_header(blob).get(_NAME, ())[:1]) not in wanted
            ]
            tables = [
                name
                for (name,) in database.execute(
                    "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name"
                )
                if any(
                    column[1] == "hnum"
                    for column in database.execute(f'PRAGMA table_info("{name}")')
                )
            ]
            for table in tables:
                # Table names come from sqlite_master and hold no quote in any rpm database.
                statement = f'DELETE FROM "{table}" WHERE hnum = ?'  # noqa: S608
                database.executemany(statement, gone)
            database.commit()
            database.execute("VACUUM")
            return database.serialize()
    except sqlite3.Error:
        return None


def parse_header(blob: object) -> Mapping[int, tuple[str, ...]]:
    """Tags of one package's header as text; numbers are written in decimal."""
    if not isinstance(blob, bytes) or len(blob) < 8:
        return {}
    count, size = struct.unpack_from(">II", blob)
    start = 8 + count * 16
    if count > _MAX_ENTRIES or start > len(blob):
        return {}
    data = blob[start : start + size]
    tags: dict[int, tuple[str, ...]] = {}
    for index in range(count):
        tag, kind, offset, number = struct.unpack_from(">IIII", blob, 8 + index * 16)
        if kind in (_STRING, _STRING_ARRAY, _I18NSTRING):
            tags[tag] = tuple(_strings(data, offset, number))
        elif kind == _INT32 and offset + 4 * number <= len(data):
            tags[tag] = tuple(str(item) for item in struct.unpack_from(f">{number}I", data, offset))
    return tags


def _strings(data: bytes, offset: int, number: int) -> Iterator[str]:
    for _ in range(min(number, len(data))):
        end = data.find(b"\0", offset)
        if end < 0:
            return
        yield data[offset:end].decode("utf-8", "surrogateescape")
        offset = end + 1


def _open(rootfs: RootFS, record: ImagePath) -> sqlite3.Connection:
    with rootfs.open(record) as stream:
        data = bytearray(stream.read(_MAX_BYTES))
    # A database in write-ahead mode cannot be opened from memory; bytes 18 and 19 say which
    # mode it is in, and 1 is the classic one: sqlite.org/fileformat2.html, 1.3.3.
    data[18:20] = b"\1\1"
    database = sqlite3.connect(":memory:")
    database.deserialize(bytes(data))
    return database


def _package(
    record: ImagePath, header: Mapping[int, tuple[str, ...]], real: RealPaths
) -> OsPackage:
    def first(tag: int) -> str:
        return next(iter(header.get(tag, ())), "")

    epoch = first(_EPOCH)
    version = f"{first(_VERSION)}-{first(_RELEASE)}"
    directories = header.get(_DIRNAMES, ())
    listed = [
        f"{directories[int(index)]}{name}"
        for index, name in zip(
            header.get(_DIRINDEXES, ()), header.get(_BASENAMES, ()), strict=False
        )
        if int(index) < len(directories)
    ]
    files, missing = real.divide(listed)
    # "bash-5.1.8-9.el9.src.rpm": name, version and release are separated by the last dashes.
    source, *rest = first(_SOURCERPM).removesuffix(".src.rpm").rsplit("-", 2)
    return OsPackage(
        kind=PackageKind.RPM,
        name=first(_NAME),
        version=f"{epoch}:{version}" if epoch not in ("", "0") else version,
        architecture=first(_ARCH),
        source=source or first(_NAME),
        source_version="-".join(rest) or version,
        record=record,
        files=files,
        missing=missing,
        license=first(_LICENSE),
        depends=tuple((name,) for name in header.get(_REQUIRENAME, ())),
        provides=header.get(_PROVIDENAME, ()),
    )
