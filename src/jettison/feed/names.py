"""Names of ecosystems, releases and packages, as OSV's records spell them.

Source: OSV schema 1.7, "affected[].package field".
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import quote

from packaging.utils import canonicalize_name

DEFAULT_ECOSYSTEMS: Final = ("Alpine", "Debian", "PyPI", "Ubuntu")

_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9 ._+-]*(?::[A-Za-z0-9 ._+-]+)*")
_ALPINE: Final = re.compile(r"v?(\d+)\.(\d+)(?:\.\d+)*(?:_.*)?")


def is_ecosystem(text: str) -> bool:
    """Whether this can name an export's folder; nothing that walks out of one can."""
    return _NAME.fullmatch(text) is not None and ".." not in text


def export_path(ecosystem: str) -> str:
    """Where an ecosystem's export lies below the base URL."""
    return f"{quote(ecosystem, safe='')}/all.zip"


def package_key(ecosystem: str, name: str) -> str:
    """A package's name as its ecosystem compares it."""
    if ecosystem.partition(":")[0] == "PyPI":
        return canonicalize_name(name)
    return name


def release_names(ecosystem: str, release: str) -> tuple[str, ...]:
    """The names that records give to one release of an ecosystem, as os-release writes it.

    Shape: `release` as `VERSION_ID` (`12`, `3.19.1`, `22.04`) or as OSV has it (`v3.19`), empty for
    ecosystems without releases. Records that name the ecosystem alone are about all releases;
    Ubuntu's name `Pro` instead of the release where only subscribers get a fix.
    """
    if not release:
        return (ecosystem,)
    match ecosystem:
        case "Alpine":
            fits = _ALPINE.fullmatch(release)
            names = [f"v{fits[1]}.{fits[2]}" if fits else release]
        case "Debian":
            names = [release.partition(".")[0]]
        case "Ubuntu":
            number = release.removesuffix(":LTS")
            names = [number, f"{number}:LTS", f"Pro:{number}", f"Pro:{number}:LTS"]
        case _:
            names = [release]
    return (ecosystem, *(f"{ecosystem}:{name}" for name in names))


def belongs(name: str, ecosystem: str) -> bool:
    """Whether a record's ecosystem is the export's, or a release of it."""
    return name == ecosystem or name.startswith(f"{ecosystem}:")
