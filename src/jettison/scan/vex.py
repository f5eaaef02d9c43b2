"""What others say of a vulnerability in a product, and whether they mean a package of an image.

Documents of such statements are read and written by `openvex`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from typing import Final

from packageurl import PackageURL

_NEVER: Final = datetime.min.replace(tzinfo=UTC)


class VexStatus(StrEnum):
    """Whether a product has a vulnerability."""

    NOT_AFFECTED = "not_affected"
    AFFECTED = "affected"
    FIXED = "fixed"
    UNDER_INVESTIGATION = "under_investigation"


class Justification(StrEnum):
    """Why a product is not affected."""

    COMPONENT_NOT_PRESENT = "component_not_present"
    CODE_NOT_PRESENT = "vulnerable_code_not_present"
    CODE_NOT_IN_EXECUTE_PATH = "vulnerable_code_not_in_execute_path"
    CODE_CANNOT_BE_CONTROLLED = "vulnerable_code_cannot_be_controlled_by_adversary"
    MITIGATIONS_EXIST = "inline_mitigations_already_exist"


@dataclass(frozen=True, slots=True, kw_only=True)
class VexComponent:
    """A thing that is spoken of: by its IRI, its purl, or its SHA-256 (64 hex digits)."""

    id: str = ""
    purl: str = ""
    sha256: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class VexProduct:
    """A product, and the components of it that are meant; none named means all of it."""

    component: VexComponent
    subcomponents: tuple[VexComponent, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class VexStatement:
    """What is said of one vulnerability in some products, and since when (RFC 3339)."""

    vulnerability: str
    aliases: tuple[str, ...] = ()
    products: tuple[VexProduct, ...] = ()
    status: VexStatus
    justification: Justification | None = None
    impact_statement: str = ""
    action_statement: str = ""
    status_notes: str = ""
    timestamp: str = ""

    @property
    def reason(self) -> str:
        """Why, in the author's words as far as there are any."""
        parts = (self.justification or "", self.impact_statement, self.status_notes)
        return ": ".join(part for part in parts if part)

    @property
    def suppresses(self) -> bool:
        """Whether it says that there is nothing to do."""
        return self.status in (VexStatus.NOT_AFFECTED, VexStatus.FIXED)


@dataclass(frozen=True, slots=True, kw_only=True)
class VexDocument:
    """Statements with their author; `timestamp` is theirs where they have none of their own."""

    author: str
    timestamp: str
    statements: tuple[VexStatement, ...]
    id: str = ""
    version: int = 1
    role: str = ""
    tooling: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class VexTarget:
    """What a finding is about, in the words that statements may use for it.

    Shape: `purls` of the package, with its version, and of its source package; digests of the image
    and its index (`sha256:…`), and its names (`shop`, `ghcr.io/acme/shop`).
    """

    purls: tuple[str, ...]
    image_digests: frozenset[str] = frozenset()
    image_names: frozenset[str] = frozenset()


def find_statement(
    statements: Iterable[VexStatement], ids: Collection[str], target: VexTarget
) -> VexStatement | None:
    """The newest statement about one vulnerability in one package of an image.

    `ids` are the names that the vulnerability is known by.
    Shape: of statements of one age the last counts. A product that is the image speaks for all
    packages in it, or for those that it names as subcomponents.
    """
    newest: VexStatement | None = None
    for statement in statements:
        if not (names(statement, ids) and is_about(statement, target)):
            continue
        if newest is None or _instant(statement.timestamp) >= _instant(newest.timestamp):
            newest = statement
    return newest


def names(statement: VexStatement, ids: Collection[str]) -> bool:
    """Whether it is on a vulnerability that is known by these ids."""
    wanted = {item.upper() for item in ids}
    return bool(wanted & {item.upper() for item in (statement.vulnerability, *statement.aliases)})


def is_about(statement: VexStatement, target: VexTarget) -> bool:
    """Whether one of its products is, or holds, the target's package."""
    return any(_is_about(product, target) for product in statement.products)


def _is_about(product: VexProduct, target: VexTarget) -> bool:
    if _is_image(product.component, target):
        parts = product.subcomponents
        return not parts or any(_is_package(part, target) for part in parts)
    return not product.subcomponents and _is_package(product.component, target)


def _is_image(component: VexComponent, target: VexTarget) -> bool:
    if component.sha256 and f"sha256:{component.sha256}" in target.image_digests:
        return True
    for name in (component.id, component.purl):
        if name and (name in target.image_digests or name in target.image_names):
            return True
        purl = _parse_purl(name)
        if purl is not None and purl.type == "oci" and _is_image_purl(purl, target):
            return True
    return False


def _is_image_purl(purl: PackageURL, target: VexTarget) -> bool:
    if purl.version:
        return purl.version in target.image_digests
    names = {name.rpartition("/")[2] for name in target.image_names}
    repository = dict(purl.qualifiers).get("repository_url", "")
    return purl.name in names and (not repository or repository in target.image_names)


def _is_package(component: VexComponent, target: VexTarget) -> bool:
    stated = [
        purl for name in (component.id, component.purl) if (purl := _parse_purl(name)) is not None
    ]
    actual = [purl for name in target.purls if (purl := _parse_purl(name)) is not None]
    return any(_purl_fits(one, other) for one in stated for other in actual)


def _purl_fits(stated: PackageURL, actual: PackageURL) -> bool:
    """Whether all that a statement says of a package is so; what it leaves out may be anything."""
    return (
        (stated.type, stated.namespace, stated.name) == (actual.type, actual.namespace, actual.name)
        and stated.version in (None, "", actual.version)
        and all(
            _qualifier_fits(key, value, actual.qualifiers.get(key, ""))
            for key, value in stated.qualifiers.items()
        )
    )


def _qualifier_fits(key: str, stated: str, actual: str) -> bool:
    """A distribution may be named with its point release: `alpine-3.19.1` is of `alpine-3.19`."""
    return stated == actual or (
        key == "distro" and bool(actual) and stated.startswith(f"{actual}.")
    )


@lru_cache(maxsize=4096)
def _parse_purl(text: str) -> PackageURL | None:
    if not text.startswith("pkg:"):
        return None
    try:
        return PackageURL.from_string(text)
    except ValueError:
        return None


@lru_cache(maxsize=4096)
def _instant(text: str) -> datetime:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        return _NEVER
    return instant if instant.tzinfo is not None else instant.replace(tzinfo=UTC)
