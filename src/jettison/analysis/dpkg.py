"""Debian's package records: `status`, distroless `status.d`, and the lists of files.

Source: deb-control(5), dpkg(1) "FILES", dpkg-divert(1).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from jettison.analysis.os_packages import OsPackage, PackageKind, RealPaths
from jettison.filetree import RootFS
from jettison.paths import ImagePath

STATUS: Final = ImagePath("/var/lib/dpkg/status")
STATUS_DIRECTORY: Final = ImagePath("/var/lib/dpkg/status.d")
INFO_DIRECTORY: Final = ImagePath("/var/lib/dpkg/info")
_DIVERSIONS: Final = ImagePath("/var/lib/dpkg/diversions")
_MAX_BYTES: Final = 64 << 20

_FIELD: Final = re.compile(rb"^([A-Za-z0-9-]+):[ \t]*(.*(?:\n[ \t].*)*)", re.MULTILINE)
_WANTED: Final = frozenset(
    {
        b"Package",
        b"Status",
        b"Version",
        b"Architecture",
        b"Source",
        b"Depends",
        b"Pre-Depends",
        b"Provides",
        b"Conffiles",
        b"Essential",
        b"Priority",
    }
)
# The states in which a package's files are in place: dpkg(1), "Package states".
_UNPACKED: Final = frozenset(
    {"installed", "unpacked", "half-configured", "triggers-awaited", "triggers-pending"}
)
_SOURCE: Final = re.compile(r"(\S+)(?:\s+\(([^)]*)\))?")


def read_dpkg(rootfs: RootFS) -> tuple[OsPackage, ...]:
    """Every package that is installed, in the order of the records."""
    return _Database(rootfs).read()


def parse_stanzas(data: bytes) -> Iterator[tuple[bytes, dict[bytes, str]]]:
    """Each stanza as written and those of its fields that matter here."""
    for stanza in re.split(rb"\n[ \t]*\n+", data):
        fields = {
            match[1]: match[2].decode("utf-8", "replace")
            for match in _FIELD.finditer(stanza)
            if match[1] in _WANTED
        }
        if fields.get(b"Package"):
            yield stanza.strip(b"\n") + b"\n", fields


def parse_md5sums(data: bytes) -> Iterator[tuple[str, str]]:
    """(path, MD5 in hex) of each line; paths are made absolute."""
    for line in data.decode("utf-8", "surrogateescape").splitlines():
        digest, _, path = line.partition("  ")
        if path:
            yield f"/{path.lstrip('/')}", digest


class _Database:
    def __init__(self, rootfs: RootFS) -> None:
        self._rootfs = rootfs
        self._tree = rootfs.tree
        self._real = RealPaths(rootfs.tree)
        self._diversions = self._read_diversions()

    def read(self) -> tuple[OsPackage, ...]:
        records = [STATUS] if self._tree.find(STATUS) else []
        records += [
            STATUS_DIRECTORY / name
            for name in self._tree.children(STATUS_DIRECTORY)
            if not name.endswith(".md5sums")
        ]
        found: dict[tuple[str, str], OsPackage] = {}
        for record in records:
            for stanza, fields in parse_stanzas(self._bytes(record)):
                package = self._package(record, stanza, fields)
                if package is not None:
                    # status.d beside status repeats a package only where somebody merged images.
                    found.setdefault((package.name, package.architecture), package)
        return tuple(found.values())

    def _package(
        self, record: ImagePath, stanza: bytes, fields: Mapping[bytes, str]
    ) -> OsPackage | None:
        # distroless leaves the Status field out. What was unpacked is there, configured or not.
        if not _UNPACKED.intersection(fields.get(b"Status", "installed").split()[-1:]):
            return None
        name, architecture = fields[b"Package"], fields.get(b"Architecture", "")
        version = fields.get(b"Version", "")
        source = _SOURCE.match(fields.get(b"Source", ""))
        listing = self._listing(record, name, architecture)
        files, missing = self._files(name, listing, fields.get(b"Conffiles", ""))
        return OsPackage(
            kind=PackageKind.DEB,
            name=name,
            version=version,
            architecture=architecture,
            source=source[1] if source else name,
            source_version=source[2] if source and source[2] else version,
            record=record,
            stanza=stanza,
            listing=listing,
            is_base=fields.get(b"Essential") == "yes" or fields.get(b"Priority") == "required",
            files=files,
            missing=None if listing is None else missing,
            depends=_depends(fields.get(b"Pre-Depends", ""), fields.get(b"Depends", "")),
            provides=tuple(
                item for (item, *_) in _depends(fields.get(b"Provides", "")) if item != name
            ),
        )

    def _listing(self, record: ImagePath, name: str, architecture: str) -> ImagePath | None:
        candidates = [
            INFO_DIRECTORY / f"{name}:{architecture}.list",
            INFO_DIRECTORY / f"{name}.list",
        ]
        if record.parent == STATUS_DIRECTORY:
            candidates.append(ImagePath(f"{record}.md5sums"))
        return next((path for path in candidates if self._tree.find(path)), None)

    def _files(
        self, name: str, listing: ImagePath | None, conffiles: str
    ) -> tuple[tuple[ImagePath, ...], tuple[str, ...]]:
        if listing is None:
            return (), ()
        data = self._bytes(listing)
        if listing.endswith(".md5sums"):
            paths = [path for path, _ in parse_md5sums(data)]
            paths += [line.split()[0] for line in conffiles.splitlines() if line.strip()]
        else:
            paths = data.decode("utf-8", "surrogateescape").splitlines()
        # Where the image has a link in a directory's place (`/bin`), the package owns no link.
        directories = {path.rpartition("/")[0] for path in paths} | {"/."}
        paths = [path for path in paths if path not in directories]
        if self._diversions:
            paths = [self._diverted(path, name) for path in paths]
        return self._real.divide(paths)

    def _diverted(self, path: str, package: str) -> str:
        target, diverter = self._diversions.get(path, (path, package))
        return path if diverter == package else target

    def _read_diversions(self) -> dict[str, tuple[str, str]]:
        lines = self._bytes(_DIVERSIONS).decode("utf-8", "surrogateescape").splitlines()
        return {
            lines[index]: (lines[index + 1], lines[index + 2])
            for index in range(0, len(lines) - 2, 3)
        }

    def _bytes(self, path: ImagePath) -> bytes:
        found = self._tree.resolve(path)
        if found.entry is None or not found.entry.is_file:
            return b""
        with self._rootfs.open(found.path) as stream:
            return stream.read(_MAX_BYTES)


def _depends(*fields: str) -> tuple[tuple[str, ...], ...]:
    return tuple(
        tuple(
            re.split(r"[\s(:\[<]", alternative.strip(), maxsplit=1)[0]
            for alternative in group.split("|")
        )
        for field in fields
        for group in field.replace("\n", " ").split(",")
        if group.strip()
    )
