"""Risks of an image as values, and what they are found in."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from jettison.analysis.inventory import Inventory
from jettison.filetree import LayerFiles, RootFS
from jettison.image import ImageConfig
from jettison.paths import ImagePath


class RiskKind(StrEnum):
    """What kind of risk it is, as documents and gates name it."""

    SETUID = "setuid"
    SETGID = "setgid"
    CAPABILITIES = "capabilities"
    SHELL = "shell"
    PACKAGE_MANAGER = "package-manager"
    WORLD_WRITABLE = "world-writable"
    CERTIFICATE = "certificate"
    PRIVATE_KEY = "private-key"
    SECRET = "secret"  # noqa: S105  # the kind, not one of them
    DEBUG_SERVER = "debug-server"
    PASSWORD = "password"  # noqa: S105  # as above
    DUPLICATE_ID = "duplicate-id"
    ROOT_USER = "root-user"
    NO_HEALTHCHECK = "no-healthcheck"


class Severity(StrEnum):
    """How much it matters, the least first."""

    INFO = "info"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


_ORDER: Final = {severity: number for number, severity in enumerate(reversed(Severity))}


@dataclass(frozen=True, slots=True, kw_only=True)
class Risk:
    """Something that an attacker could use, or that should not be in an image.

    Shape: `path` is None for what the config or the history holds, and `layer` too; `line` counts
    from 1, None where no line is meant; `is_hidden` says that a later layer deletes or replaces the
    file, so that a container does not see it and whoever has the image does; `detail` never has a
    secret in it; `owner` is the package that the file belongs to, empty for nobody's; `rule` is the
    form that a secret was told by.
    """

    kind: RiskKind
    severity: Severity
    detail: str
    path: ImagePath | None = None
    layer: int | None = None
    line: int | None = None
    is_hidden: bool = False
    owner: str = ""
    rule: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Risks:
    """All that was found, the most severe first; `notices` say what was not looked at."""

    found: tuple[Risk, ...]
    notices: tuple[str, ...] = ()

    def count(self, kind: RiskKind) -> int:
        """How many there are of a kind."""
        return sum(risk.kind is kind for risk in self.found)


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """An image as its files and its config; without an inventory nothing has an owner."""

    config: ImageConfig
    rootfs: RootFS
    files: LayerFiles
    inventory: Inventory | None = None

    def owner(self, path: str) -> str:
        """The package whose file this is, as documents name it, or an empty string."""
        package = self.inventory.find_owner(path) if self.inventory is not None else None
        return str(package) if package is not None else ""


def sort_key(risk: Risk) -> tuple[int, str, str, int, int, str]:
    """The most severe first, then by kind and place."""
    return (
        _ORDER[risk.severity],
        risk.kind,
        risk.path or "",
        -1 if risk.layer is None else risk.layer,
        risk.line or 0,
        risk.detail,
    )
