"""Package URLs: the names that scanners of every make know packages by."""

from __future__ import annotations

import posixpath
import re
from typing import Final, assert_never

from packageurl import PackageURL

from jettison.analysis.inventory import Distro, Package, PackageType
from jettison.digest import Digest

# Whose packages they are where the image does not say.
_NAMESPACES: Final = {PackageType.DEB: "debian", PackageType.APK: "alpine", PackageType.RPM: ""}
_SCHEME: Final = re.compile(r"(?:docker|podman|registry|oci|docker-archive|oci-archive):")


def package_url(package: Package, distro: Distro | None) -> PackageURL:
    """The purl of an installed package.

    Shape: OS packages have qualifiers `arch`, `distro` (`debian-12`) and, where it is another one,
    `upstream`: the source package, with its version if that differs.
    Source: package-url/purl-spec, types deb, apk, rpm, pypi, generic.
    """
    match package.type:
        case PackageType.DEB | PackageType.APK | PackageType.RPM:
            namespace = distro.id if distro is not None else _NAMESPACES[package.type]
            epoch, version = _split_epoch(package)
            qualifiers = {
                "arch": package.architecture,
                "distro": _distro(distro),
                "epoch": epoch,
                "upstream": _upstream(package),
            }
            return PackageURL(
                type=package.type.value,
                namespace=namespace,
                name=package.name,
                version=version,
                qualifiers={key: value for key, value in qualifiers.items() if value},
            )
        case PackageType.PYTHON:
            return PackageURL(type="pypi", name=package.name, version=package.version)
        case PackageType.BINARY:
            return PackageURL(type="generic", name=package.name, version=package.version)
        case _:
            assert_never(package.type)


def image_url(reference: str, digest: Digest, architecture: str) -> PackageURL:
    """The purl of an image; its name is the last part of what it goes by."""
    last = posixpath.basename(_SCHEME.sub("", reference, count=1).rstrip("/").partition("@")[0])
    name = last.partition(":")[0] or "image"
    return PackageURL(
        type="oci", name=name.lower(), version=str(digest), qualifiers={"arch": architecture}
    )


def _split_epoch(package: Package) -> tuple[str, str]:
    """RPM's purls have the epoch as a qualifier; Debian's keep it in the version."""
    epoch, colon, version = package.version.partition(":")
    if package.type is PackageType.RPM and colon:
        return epoch, version
    return "", package.version


def _distro(distro: Distro | None) -> str:
    if distro is None:
        return ""
    version = distro.version_id or distro.codename
    return f"{distro.id}-{version}" if version else distro.id


def _upstream(package: Package) -> str:
    is_same_version = package.source_version in ("", package.version)
    if package.source in ("", package.name) and is_same_version:
        return ""
    return package.source if is_same_version else f"{package.source}@{package.source_version}"
