"""Which distribution an image is of, by its own account."""

from __future__ import annotations

import shlex
from typing import Final

from jettison.analysis.inventory import Distro
from jettison.filetree import RootFS

# The first of these that is there counts: os-release(5).
_OS_RELEASE: Final = ("/etc/os-release", "/usr/lib/os-release")
# What the distributions wrote before there was os-release, and what is left where it was removed.
_VERSION_FILES: Final = (("/etc/alpine-release", "alpine"), ("/etc/debian_version", "debian"))
_MAX_BYTES: Final = 64 << 10


def read_distro(rootfs: RootFS) -> Distro | None:
    """What os-release says; None where nothing tells."""
    for path in _OS_RELEASE:
        text = _read(rootfs, path)
        if text:
            return parse_os_release(text)
    for path, name in _VERSION_FILES:
        text = _read(rootfs, path).strip()
        if text:
            return Distro(id=name, version_id=text.splitlines()[0])
    return None


def parse_os_release(text: str) -> Distro | None:
    """The distribution that an os-release names; None where it has no ID."""
    fields: dict[str, str] = {}
    for line in text.splitlines():
        key, equals, value = line.strip().partition("=")
        if equals and not key.startswith("#"):
            fields[key] = _unquote(value)
    if not fields.get("ID"):
        return None
    return Distro(
        id=fields["ID"],
        version_id=fields.get("VERSION_ID", ""),
        codename=fields.get("VERSION_CODENAME", ""),
        name=fields.get("PRETTY_NAME") or fields.get("NAME", ""),
        id_like=tuple(fields.get("ID_LIKE", "").split()),
    )


def _unquote(value: str) -> str:
    try:
        return "".join(shlex.split(value)[:1])
    except ValueError:  # a quotation mark that nothing closes
        return value.strip("'\"")


def _read(rootfs: RootFS, path: str) -> str:
    entry = rootfs.tree.resolve(path).entry
    if entry is None or not entry.is_file:
        return ""
    with rootfs.open(entry.path) as stream:
        return stream.read(_MAX_BYTES).decode("utf-8", "replace")
