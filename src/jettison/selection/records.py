"""Rule 7: package records cut to what is kept, so that scanners see what is really there.

Debian's become distroless ones: one file per package in `status.d`, which scanners read as well as
`status`, with its checksums beside it and its list of files in `info`. Where something keeps
`status` itself, that file is cut instead. Python's records are the Python rule's matter.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from jettison.analysis.apk import cut_stanza
from jettison.analysis.dpkg import STATUS, STATUS_DIRECTORY, parse_md5sums
from jettison.analysis.os_packages import OsPackage, PackageKind, RealPaths
from jettison.analysis.rpm import cut_rpm_database
from jettison.paths import ImagePath
from jettison.selection.conda_records import cut_conda_records
from jettison.selection.context import Context
from jettison.selection.model import Reason, Rule

_LICENCES: Final = re.compile(r"(?i)copyright|licen[cs]e.*|copying.*|notice.*")
# Files that a package's installation script makes of the package's own.
_DERIVED: Final = {"ca-certificates": "/etc/ssl/certs/ca-certificates.crt"}
# Where a package's licence refers to the full text of a common one.
_COMMON_LICENCE: Final = re.compile(rb"/usr/share/common-licenses/[\w.+-]*\w")


class RecordRule:
    """A record for each OS package that still owns a kept file, and its licence."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._keeper = context.keeper
        self._compiled: dict[str, ImagePath] = {}
        self._real = RealPaths(context.tree)

    def apply(self) -> None:
        """Records follow from everything else, so they are written at the end."""

    def finish(self) -> None:
        """Write what is left of each kind of record."""
        # A module whose source left is there as byte code, in another place.
        self._compiled = {
            item.source: item.target
            for item in self._context.bytecode
            if item.source not in self._keeper
        }
        kept = [package for package in self._context.ownership.packages if self._is_there(package)]
        for package in kept:
            self._licence(package)
        self._dpkg([package for package in kept if package.kind is PackageKind.DEB])
        self._apk([package for package in kept if package.kind is PackageKind.APK])
        self._rpm([package for package in kept if package.kind is PackageKind.RPM])
        cut_conda_records(self._context, lambda path: bool(self._listed(path)))

    def _is_there(self, package: OsPackage) -> bool:
        """Whether the slimmed image has something of it; if its files are not known, it may."""
        if package.kind is PackageKind.DEB and package.listing is None:
            return True
        derived = _DERIVED.get(package.name)
        return (derived is not None and derived in self._keeper) or any(
            path in self._keeper or path in self._compiled for path in package.files
        )

    def _licence(self, package: OsPackage) -> None:
        """Whoever distributes the files must distribute their licence with them."""
        reason = Reason(rule=Rule.RECORD, detail=f"licence of {package.name}")
        directories = (f"/usr/share/doc/{package.name}", f"/usr/share/licenses/{package.name}")
        tree = self._context.tree
        for directory in directories:
            real = tree.resolve(directory)
            for name in tree.children(real.path) if real.entry is not None else ():
                if _LICENCES.fullmatch(name):
                    path = f"{directory}/{name}"
                    self._keeper.keep(path, reason)
                    if not self._context.is_closure:
                        # The smallest image names the common licences and leaves their texts out.
                        continue
                    for common in _COMMON_LICENCE.findall(self._context.read(path) or b""):
                        self._keeper.keep(common.decode("ascii"), reason)

    def _dpkg(self, packages: Iterable[OsPackage]) -> None:
        has_status = STATUS in self._keeper
        stanzas: list[bytes] = []
        names: set[str] = set()
        for package in packages:
            stanzas.append(package.stanza)
            # Two architectures of one package are told apart as dpkg does.
            name = package.name if package.name not in names else _qualified(package)
            names.add(name)
            if not has_status:
                self._write(STATUS_DIRECTORY / name, package.stanza)
            self._dpkg_files(package, None if has_status else STATUS_DIRECTORY / name)
        if has_status:
            self._context.rewritten[STATUS] = b"\n".join(stanzas)

    def _dpkg_files(self, package: OsPackage, record: ImagePath | None) -> None:
        """The lists of files, in the package's own spelling of their paths."""
        base = str(package.listing or "").removesuffix(".list").removesuffix(".md5sums")
        listing, sums = f"{base}.list", f"{base}.md5sums"
        lines = (self._context.read(listing) or b"").decode("utf-8", "surrogateescape").splitlines()
        kept = [name for line in lines if (name := self._listed(line))]
        if kept:
            self._write(ImagePath(listing), _lines(kept))
        checksums = [
            f"{digest}  {path[1:]}"
            for path, digest in parse_md5sums(self._context.read(sums) or b"")
            if self._is_kept(path)
        ]
        if checksums:
            target = f"{record}.md5sums" if record is not None else sums
            self._write(ImagePath(target), _lines(checksums))

    def _apk(self, packages: list[OsPackage]) -> None:
        by_record: dict[ImagePath, list[bytes]] = {}
        for package in packages:
            by_record.setdefault(package.record, []).append(
                cut_stanza(package.stanza, self._is_kept)
            )
        for record, stanzas in by_record.items():
            self._write(record, b"\n".join(stanzas) + b"\n")

    def _rpm(self, packages: list[OsPackage]) -> None:
        for record in dict.fromkeys(package.record for package in packages):
            names = [package.name for package in packages if package.record == record]
            data = cut_rpm_database(self._context.rootfs, record, names)
            if data is None:
                self._context.notices.append(f"{record} could not be cut and is kept whole")
                self._keeper.keep(record, _record("the record of installed packages"))
            else:
                self._write(record, data)

    def _listed(self, line: str) -> str:
        """A line of a list of files as it is to stand in the cut list; empty if it goes."""
        if line == "/.":
            return line
        real = self._real.real(line)
        return line if real in self._keeper else self._compiled.get(real, "")

    def _is_kept(self, listed: str) -> bool:
        """Whether a path as a record spells it is in the slimmed image."""
        return self._real.real(listed) in self._keeper

    def _write(self, path: ImagePath, data: bytes) -> None:
        """A record in the original's place, or a new one."""
        self._context.rewritten[path] = data
        reason = _record("the record of installed packages")
        if self._context.tree.find(path) is not None:
            self._keeper.keep_exact(path, reason)
        else:
            self._keeper.keep(
                next(item for item in path.parents if item in self._context.tree), reason
            )


def _qualified(package: OsPackage) -> str:
    return f"{package.name}:{package.architecture}"


def _record(detail: str) -> Reason:
    return Reason(rule=Rule.RECORD, detail=detail)


def _lines(lines: Iterable[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode("utf-8", "surrogateescape")
