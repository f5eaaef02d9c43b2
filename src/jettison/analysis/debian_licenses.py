"""Licences of Debian's packages, from their copyright files where a machine can read these."""

from __future__ import annotations

import re
from typing import Final

from jettison.filetree import RootFS

_MAX_BYTES: Final = 1 << 20
_FORMAT: Final = re.compile(
    r"\AFormat(?:-Specification)?:\s*\S*(?:copyright-format|dep5|DEP5)", re.I
)
_LICENSE: Final = re.compile(r"^License:[ \t]*(\S.*)$", re.MULTILINE)


def read_debian_licenses(rootfs: RootFS, package: str) -> tuple[str, ...]:
    """The short names in its copyright file, sorted; none if that is written for people alone."""
    found = rootfs.tree.resolve(f"/usr/share/doc/{package}/copyright")
    if found.entry is None or not found.entry.is_file:
        return ()
    with rootfs.open(found.path) as stream:
        return parse_copyright(stream.read(_MAX_BYTES).decode("utf-8", "replace"))


def parse_copyright(text: str) -> tuple[str, ...]:
    """Source: Debian, "Machine-readable debian/copyright file", version 1.0."""
    if not _FORMAT.match(text.lstrip()):
        return ()
    return tuple(sorted({match[1].strip() for match in _LICENSE.finditer(text)}))
