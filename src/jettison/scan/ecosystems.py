"""Which ecosystem of OSV a package's advisories stand in, and in which release of it.

Source: OSV schema 1.7, "Defined ecosystems"; os-release(5).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from jettison.analysis.inventory import Distro, PackageType


@dataclass(frozen=True, slots=True, kw_only=True)
class Ecosystem:
    """Where advisories are looked up; `release` is empty where there are no releases."""

    name: str
    release: str = ""

    def __str__(self) -> str:
        return f"{self.name}:{self.release}" if self.release else self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class NoEcosystem:
    """That advisories cannot be looked up, and why."""

    reason: str


_SYSTEM: Final = frozenset({PackageType.DEB, PackageType.APK, PackageType.RPM})
PYPI: Final = Ecosystem(name="PyPI")

# Distributions that number no releases, or of whose releases OSV makes one.
_ROLLING: Final = {"wolfi": "Wolfi", "chainguard": "Chainguard"}
# Those whose `VERSION_ID` OSV takes as it stands, or up to the first point.
_NUMBERED: Final = {
    "almalinux": ("AlmaLinux", r"\d+"),
    "alpine": ("Alpine", r"\d+\.\d+"),
    "debian": ("Debian", r"\d+"),
    "mageia": ("Mageia", r"\d+"),
    "rocky": ("Rocky Linux", r"\d+"),
    "ubuntu": ("Ubuntu", r"\d+\.\d+"),
}
# Debian's testing and unstable have no number; a release that came since has its code name.
_CODENAMES: Final = {"buster": "10", "bullseye": "11", "bookworm": "12", "trixie": "13"}
_PRE_RELEASE: Final = re.compile(r"_(alpha|beta|pre|rc)|/sid")


def ecosystem_of(kind: PackageType, distro: Distro | None) -> Ecosystem | NoEcosystem:
    """The ecosystem of an image's packages of one kind."""
    if kind is PackageType.PYTHON:
        return PYPI
    if kind not in _SYSTEM:
        return NoEcosystem(
            reason="OSV has no advisories for programs that no package manager knows"
        )
    if distro is None:
        return NoEcosystem(reason="the image does not say which distribution it is of")
    if distro.id in _ROLLING:
        return Ecosystem(name=_ROLLING[distro.id])
    name, pattern = _NUMBERED.get(distro.id, ("", ""))
    if not name:
        return NoEcosystem(reason=f"OSV has no advisories for {distro.name or distro.id}")
    number = re.match(pattern, distro.version_id)
    if number is not None and not _PRE_RELEASE.search(distro.version_id):
        return Ecosystem(name=name, release=_spelled(name, number[0]))
    if name == "Debian" and not distro.version_id and distro.codename in _CODENAMES:
        return Ecosystem(name=name, release=_CODENAMES[distro.codename])
    said = distro.version_id or distro.codename or "nothing"
    return NoEcosystem(reason=f"{distro.name or name} names no release: VERSION_ID is {said}")


def _spelled(name: str, number: str) -> str:
    if name == "Alpine":
        return f"v{number}"
    # Ubuntu's long-term releases are those of April in even years: ubuntu.com/about/release-cycle.
    year, _, month = number.partition(".")
    if name == "Ubuntu" and month == "04" and int(year) % 2 == 0:
        return f"{number}:LTS"
    return number
