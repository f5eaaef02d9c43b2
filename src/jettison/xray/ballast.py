"""The kinds of what slimming leaves out, and which kind a file is of."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Final, assert_never

from jettison.analysis.inventory import Package, PackageType
from jettison.paths import ImagePath
from jettison.selection.python_stdlib import INSTALLERS


class Ballast(StrEnum):
    """What a file is that slimming would leave out; the first that fits counts."""

    CACHES = "caches"
    DOCUMENTATION = "documentation"
    LOCALES = "locales"
    HEADERS = "headers"
    STATIC_LIBRARIES = "static libraries"
    PACKAGE_MANAGERS = "package managers"
    COMPILERS = "compilers"
    VERSION_CONTROL = "version control"
    TESTS = "tests"
    BYTE_CODE = "byte code"
    DISTRIBUTIONS = "unreached distributions"
    STANDARD_LIBRARY = "standard library"
    OS_PACKAGES = "unreached OS packages"
    REST = "rest of reached packages"
    OTHER = "other files"
    HIDDEN = "hidden by later layers"

    @property
    def ground(self) -> str:
        """Why files of this kind would go."""
        return _GROUNDS[self]

    @property
    def is_of_packages(self) -> bool:
        """Whether packages tell more of it than files do."""
        match self:
            case (
                Ballast.PACKAGE_MANAGERS
                | Ballast.COMPILERS
                | Ballast.VERSION_CONTROL
                | Ballast.DISTRIBUTIONS
                | Ballast.OS_PACKAGES
                | Ballast.REST
            ):
                return True
            case (
                Ballast.CACHES
                | Ballast.DOCUMENTATION
                | Ballast.LOCALES
                | Ballast.HEADERS
                | Ballast.STATIC_LIBRARIES
                | Ballast.TESTS
                | Ballast.BYTE_CODE
                | Ballast.STANDARD_LIBRARY
                | Ballast.OTHER
                | Ballast.HIDDEN
            ):
                return False
            case _:
                assert_never(self)


_GROUNDS: Final = {
    Ballast.CACHES: "made again when it is needed",
    Ballast.DOCUMENTATION: "for people, who do not read it in a container",
    Ballast.LOCALES: "messages in languages that programs here are not asked for",
    Ballast.HEADERS: "only compilers read them",
    Ballast.STATIC_LIBRARIES: "only linkers read them",
    Ballast.PACKAGE_MANAGERS: "nothing is installed into an image that runs",
    Ballast.COMPILERS: "nothing is built in an image that runs",
    Ballast.VERSION_CONTROL: "nothing is checked out in an image that runs",
    Ballast.TESTS: "tests of other people's packages",
    Ballast.BYTE_CODE: "of modules that nothing reaches, or made for another way of running",
    Ballast.DISTRIBUTIONS: "neither asked for by name nor required by what is",
    Ballast.STANDARD_LIBRARY: "modules that nothing here imports",
    Ballast.OS_PACKAGES: "no program or library that the command needs is theirs",
    Ballast.REST: "files of packages of which others are needed",
    Ballast.OTHER: "nothing that the command needs, and nobody's package",
    Ballast.HIDDEN: "replaced or deleted later, and yet stored and sent",
}

_CACHES: Final = re.compile(
    r"/(?:var/(?:cache|log|tmp|lib/apt/lists|backups)|tmp)/|/\.cache/|/\.(?:pytest|mypy|ruff)_cache/"
)
_DOCUMENTATION: Final = re.compile(r"/share/(?:doc|man|info|gtk-doc|help|doc-base|lintian)/")
_LOCALES: Final = re.compile(r"/share/(?:locale|i18n)/|/usr/lib/locale/|/LC_MESSAGES/")
_HEADERS: Final = re.compile(r"/include/|\.(?:h|hh|hpp|hxx)\Z")
_STATIC: Final = re.compile(r"\.(?:a|la|o)\Z")
_TESTS: Final = re.compile(r"/(?:tests?|testing|test_data|testdata)/")
_LIBRARY: Final = re.compile(r"/(?:python|pypy)\d[\d.]*t?/(?!site-packages/|dist-packages/)")
_RECORDS: Final = re.compile(r"/(?:var/lib/(?:dpkg|apt|rpm|dnf)|lib/apk|etc/(?:apt|apk|dnf))/")

# By the source package, which is the same for gcc-12, libgcc-12-dev and cpp-12.
_SYSTEM_MANAGERS: Final = frozenset(
    {
        *("apt", "dpkg", "aptitude", "debconf", "ucf", "apk-tools", "rpm", "dnf", "yum"),
        *("microdnf", "libdnf", "python-pip", "setuptools", "wheel", "debian-archive-keyring"),
        *("gnupg2", "adduser", "update-notifier", "software-properties"),
    }
)
_COMPILERS: Final = re.compile(
    r"(?:gcc|llvm-toolchain|clang|binutils|gfortran|rustc|golang|go|cargo|openjdk)(?:-.*)?"
    r"|make-dfsg|make|cmake|ninja-build|meson|autoconf|automake.*|libtool|m4|bison|flex|swig"
    r"|patch|pkgconf|pkg-config|build-essential|dpkg-dev|glibc|linux|musl"
)
# Compilers' sources make libraries too that every program needs, and a few programs of their own.
_FOR_RUNNING: Final = re.compile(
    r"(?:lib|musl|linux|locales|nscd)(?!.*-(?:dev|dev-bin|devel|doc)\Z).*"
)
_VERSION_CONTROL: Final = frozenset(
    {"git", "mercurial", "subversion", "breezy", "bzr", "cvs", "rcs", "apr", "apr-util", "serf"}
)
_SYSTEM: Final = (PackageType.DEB, PackageType.APK, PackageType.RPM)


def kind_of(path: ImagePath, owner: Package | None, *, is_reached: bool) -> Ballast:
    """Of which kind a file is that would go; `is_reached` says that others of its owner stay."""
    if _CACHES.search(path):
        return Ballast.CACHES
    if _DOCUMENTATION.search(path):
        return Ballast.DOCUMENTATION
    if _LOCALES.search(path):
        return Ballast.LOCALES
    if owner is not None and owner.type in _SYSTEM and (found := _tool(owner)) is not None:
        return found
    if _HEADERS.search(path):
        return Ballast.HEADERS
    if _STATIC.search(path):
        return Ballast.STATIC_LIBRARIES
    if _RECORDS.search(path) or (owner is not None and owner.name in INSTALLERS):
        return Ballast.PACKAGE_MANAGERS
    if _TESTS.search(path):
        return Ballast.TESTS
    return _remaining(path, owner, is_reached=is_reached)


def _remaining(path: ImagePath, owner: Package | None, *, is_reached: bool) -> Ballast:
    if path.endswith(".pyc"):
        return Ballast.BYTE_CODE
    if _LIBRARY.search(path):
        return Ballast.STANDARD_LIBRARY
    if owner is None:
        return Ballast.OTHER
    if is_reached:
        return Ballast.REST
    return Ballast.OS_PACKAGES if owner.type in _SYSTEM else Ballast.DISTRIBUTIONS


def _tool(owner: Package) -> Ballast | None:
    """What the package is a part of, if it is for installing, building or keeping sources."""
    if owner.source in _SYSTEM_MANAGERS or owner.name in _SYSTEM_MANAGERS:
        return Ballast.PACKAGE_MANAGERS
    if owner.source in _VERSION_CONTROL:
        return Ballast.VERSION_CONTROL
    if _COMPILERS.fullmatch(owner.source) and not _FOR_RUNNING.fullmatch(owner.name):
        return Ballast.COMPILERS
    return None
