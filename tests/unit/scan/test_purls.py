from __future__ import annotations

from jettison.scan.component import plain_component
from jettison.scan.ecosystems import Ecosystem
from jettison.scan.purls import purl_of, source_purl_of
from support.matching import debian_package, python_package


def test_python() -> None:
    assert purl_of(python_package("Ruamel.yaml", "0.17")) == "pkg:pypi/ruamel-yaml@0.17"


def test_debian() -> None:
    package = debian_package("libgcc-s1", "12.2.0-14+b1", "gcc-12 12.2.0-14")
    assert purl_of(package) == (
        "pkg:deb/debian/libgcc-s1@12.2.0-14%2Bb1?distro=debian-12&upstream=gcc-12%4012.2.0-14"
    )
    assert source_purl_of(package) == "pkg:deb/debian/gcc-12@12.2.0-14?arch=source"


def test_alpine() -> None:
    alpine = Ecosystem(name="Alpine", release="v3.19")
    package = debian_package("musl", "1.2.4_git20230717-r4", type="apk", ecosystem=alpine)
    assert purl_of(package) == "pkg:apk/alpine/musl@1.2.4_git20230717-r4?distro=alpine-3.19"


def test_npm_scopes() -> None:
    npm = Ecosystem(name="npm")
    package = plain_component("npm", "@angular/core", "1", npm, record="package-lock.json")
    assert purl_of(package) == "pkg:npm/%40angular/core@1"
