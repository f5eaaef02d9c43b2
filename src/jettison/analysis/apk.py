"""Alpine's package record: one file with all packages and their files.

Source: Alpine wiki "Apk spec", installed database V2; apk-tools' src/database.c.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final

from jettison.analysis.os_packages import OsPackage, PackageKind, RealPaths, find_record
from jettison.filetree import RootFS
from jettison.paths import ImagePath

# apk-tools 3 moved its database below /usr, leaving a link behind where /lib is one.
_DATABASES: Final = ("/lib/apk/db/installed", "/usr/lib/apk/db/installed")
_MAX_BYTES: Final = 64 << 20


def find_apk_database(rootfs: RootFS) -> ImagePath | None:
    """The real path of the record."""
    return find_record(rootfs.tree, _DATABASES)


def read_apk(rootfs: RootFS) -> tuple[OsPackage, ...]:
    """Every installed package, in the order of the record."""
    record = find_apk_database(rootfs)
    if record is None:
        return ()
    real = RealPaths(rootfs.tree)
    with rootfs.open(record) as stream:
        data = stream.read(_MAX_BYTES)
    return tuple(
        _package(record, stanza, real) for stanza in re.split(rb"\n\n+", data) if stanza.strip()
    )


def cut_stanza(stanza: bytes, is_kept: Callable[[str], bool]) -> bytes:
    """The stanza with only those files for which `is_kept(path as listed)`, and their folders."""
    out: list[bytes] = []
    folder: list[bytes] = []
    entry: list[bytes] = []
    directory, wanted = "", False
    for line in stanza.splitlines():
        kind = line[:2]
        if kind == b"F:":
            folder, directory, wanted = [line], _text(line[2:]), False
        elif kind == b"M:" and folder and not entry:
            folder.append(line)
        elif kind == b"R:":
            wanted = is_kept(f"/{directory}/{_text(line[2:])}".replace("//", "/"))
            entry = [line]
            if wanted:
                out += folder
                folder = []
                out.append(line)
        elif kind in (b"a:", b"Z:"):
            if wanted:
                out.append(line)
        else:
            out.append(line)
        if kind == b"F:":
            entry = []
    return b"\n".join(out) + b"\n"


def _package(record: ImagePath, stanza: bytes, real: RealPaths) -> OsPackage:
    fields = {line[:1]: _text(line[2:]) for line in stanza.splitlines() if line[1:2] == b":"}
    name, version = fields.get(b"P", ""), fields.get(b"V", "")
    files, missing = real.divide(_files(stanza))
    return OsPackage(
        kind=PackageKind.APK,
        name=name,
        version=version,
        architecture=fields.get(b"A", ""),
        source=fields.get(b"o", "") or name,
        source_version=version,
        record=record,
        stanza=stanza.strip(b"\n") + b"\n",
        files=files,
        missing=missing,
        license=fields.get(b"L", ""),
        depends=tuple((_bare(item),) for item in fields.get(b"D", "").split() if item[0] != "!"),
        provides=tuple(_bare(item) for item in fields.get(b"p", "").split()),
    )


def _files(stanza: bytes) -> Iterator[str]:
    directory = ""
    for line in stanza.splitlines():
        if line.startswith(b"F:"):
            directory = _text(line[2:])
        elif line.startswith(b"R:"):
            yield f"/{directory}/{_text(line[2:])}".replace("//", "/")


def _bare(text: str) -> str:
    return re.split(r"[<>=~@]", text, maxsplit=1)[0]


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")
