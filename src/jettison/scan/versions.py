"""The order of versions in each ecosystem.

| ecosystem | by | why |
| --- | --- | --- |
| Debian, Ubuntu | `univers.debian` | the order of the Debian policy, checked against dpkg |
| Alpine, Wolfi, Chainguard | `apk_versions` | no library knows all of apk's suffixes |
| Rocky Linux, AlmaLinux, openSUSE ... | `univers.rpm` | rpm's own, with tilde and caret |
| PyPI | `packaging` | the reference implementation of PEP 440 |
| npm, Go, crates.io, SEMVER ranges | `semantic_version` | semver 2.0, without build metadata |

A version that its ecosystem's rules cannot read is an error, never a guess.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cmp_to_key, lru_cache
from typing import Any, Final, Protocol, cast

from packaging.version import Version as PypiVersion
from semantic_version import Version as SemanticVersion  # type: ignore[import-untyped]  # no stubs
from univers.debian import Version as DebianVersion
from univers.debian import compare_versions
from univers.rpm import RpmVersion

from jettison.scan.apk_versions import apk_key

_KEPT: Final = 1 << 16
_LONGEST: Final = 256
_by_policy: Final = cmp_to_key(compare_versions)


class InvalidVersionError(ValueError):
    """A text that is no version in its ecosystem."""


class Key(Protocol):
    """What versions of one order compare by: `<` and `==`."""

    def __lt__(self, other: Any, /) -> bool: ...


@dataclass(frozen=True, slots=True)
class VersionOrder:
    """One ecosystem's order; `name` is that of its rules."""

    name: str
    _key: Callable[[str], Key] = field(repr=False)

    def key(self, version: str) -> Key:
        """What the version compares by; keys of one order only.

        Raises: InvalidVersionError.
        """
        return _cached_key(self, version)

    def compare(self, one: str, other: str) -> int:
        """-1 where the first is the older of the two, 0 where they are the same, else 1.

        Raises: InvalidVersionError.
        """
        return _cached_comparison(self, one, other)

    def is_version(self, text: str) -> bool:
        """Whether the rules can read it."""
        try:
            self.key(text)
        except InvalidVersionError:
            return False
        return True


@lru_cache(maxsize=_KEPT)
def _cached_key(order: VersionOrder, version: str) -> Key:
    # Some of the readers take quadratic time, and let a line break at the end pass.
    if not version or len(version) > _LONGEST or not version.isascii() or not version.isprintable():
        raise InvalidVersionError(f"{version[:64]!r} is no version")
    try:
        return order._key(version)
    except (ValueError, TypeError) as err:
        raise InvalidVersionError(f"{version!r} is no version of {order.name}") from err


# The thousand advisories on one kernel name some dozen versions between them.
@lru_cache(maxsize=_KEPT)
def _cached_comparison(order: VersionOrder, one: str, other: str) -> int:
    key, other_key = order.key(one), order.key(other)
    return -1 if key < other_key else int(other_key < key)


def _debian_key(version: str) -> Key:
    """The library takes versions of two spellings for different; its comparison knows better."""
    parsed = DebianVersion.from_string(version)  # type: ignore[no-untyped-call]  # not annotated
    key: Any = _by_policy(parsed)
    return cast(Key, key)


def _rpm_key(version: str) -> Key:
    key: Key = RpmVersion.from_string(version)  # type: ignore[no-untyped-call]  # not annotated
    return key


def _pypi_key(version: str) -> Key:
    """A local label (`2.0.1+cu118`) says who built it, not what it is vulnerable to."""
    parsed = PypiVersion(version)
    return parsed if parsed.local is None else PypiVersion(parsed.public)


def _semver_key(version: str) -> Key:
    key: Key = (
        SemanticVersion.coerce(version.removeprefix("v")).truncate("prerelease").precedence_key
    )
    return key


DEBIAN: Final = VersionOrder("Debian", _debian_key)
APK: Final = VersionOrder("apk", apk_key)
RPM: Final = VersionOrder("rpm", _rpm_key)
PYPI: Final = VersionOrder("PEP 440", _pypi_key)
SEMVER: Final = VersionOrder("semver", _semver_key)

_ORDERS: Final = {
    "AlmaLinux": RPM,
    "Alpine": APK,
    "Azure Linux": RPM,
    "Chainguard": APK,
    "Debian": DEBIAN,
    "Go": SEMVER,
    "Mageia": RPM,
    "PyPI": PYPI,
    "Rocky Linux": RPM,
    "SUSE": RPM,
    "Ubuntu": DEBIAN,
    "Wolfi": APK,
    "crates.io": SEMVER,
    "npm": SEMVER,
    "openEuler": RPM,
    "openSUSE": RPM,
}


def find_order(ecosystem: str) -> VersionOrder | None:
    """The order of an ecosystem, named with or without a release; None where it is not known."""
    return _ORDERS.get(ecosystem.partition(":")[0])
