"""Package URLs as other scanners write them."""

from __future__ import annotations

import pytest

from jettison.analysis.inventory import Distro, Package, PackageType
from jettison.digest import Digest
from jettison.paths import ROOT
from jettison.sbom.purls import image_url, package_url

DEBIAN = Distro(id="debian", version_id="12", codename="bookworm")


def make(kind: PackageType, name: str, version: str, **fields: str) -> Package:
    given = {"source": name, "source_version": version, **fields}
    return Package(type=kind, name=name, title=name, version=version, record=ROOT, **given)  # type: ignore[arg-type]  # all of them text


@pytest.mark.parametrize(
    ("package", "distro", "purl"),
    [
        (
            make(PackageType.DEB, "adduser", "3.134", architecture="all"),
            DEBIAN,
            "pkg:deb/debian/adduser@3.134?arch=all&distro=debian-12",
        ),
        (
            make(PackageType.DEB, "libssl3", "3.0.1-1+b1", source="openssl"),
            DEBIAN,
            "pkg:deb/debian/libssl3@3.0.1-1%2Bb1?distro=debian-12&upstream=openssl",
        ),
        (
            make(
                PackageType.DEB, "gcc", "4:12.2.0-3", source="gcc-defaults", source_version="1.203"
            ),
            DEBIAN,
            "pkg:deb/debian/gcc@4:12.2.0-3?distro=debian-12&upstream=gcc-defaults%401.203",
        ),
        (
            make(PackageType.DEB, "x", "1"),
            Distro(id="debian", codename="sid"),
            "pkg:deb/debian/x@1?distro=debian-sid",
        ),
        (
            make(PackageType.APK, "musl", "1.2.4-r2", architecture="x86_64"),
            Distro(id="alpine", version_id="3.19.1"),
            "pkg:apk/alpine/musl@1.2.4-r2?arch=x86_64&distro=alpine-3.19.1",
        ),
        (
            make(PackageType.RPM, "bind", "32:9.16-1", architecture="x86_64"),
            Distro(id="fedora", version_id="39"),
            "pkg:rpm/fedora/bind@9.16-1?arch=x86_64&distro=fedora-39&epoch=32",
        ),
        (make(PackageType.DEB, "x", "1"), None, "pkg:deb/debian/x@1"),
        (make(PackageType.PYTHON, "zope-interface", "6.0"), DEBIAN, "pkg:pypi/zope-interface@6.0"),
        (make(PackageType.BINARY, "python", "3.12.4"), DEBIAN, "pkg:generic/python@3.12.4"),
    ],
)
def test_purls_of_packages(package: Package, distro: Distro | None, purl: str) -> None:
    assert str(package_url(package, distro)) == purl


@pytest.mark.parametrize(
    "reference", ["docker:Shop", "registry:localhost:5000/a/shop:1.0", "oci:/tmp/x/shop", "shop:v1"]
)
def test_the_purl_of_an_image_has_its_last_name(reference: str) -> None:
    digest = Digest.of(b"")
    found = image_url(reference, digest, "amd64")
    assert (found.type, found.name, found.version) == ("oci", "shop", digest)
