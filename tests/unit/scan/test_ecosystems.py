from __future__ import annotations

import pytest

from jettison.analysis.inventory import Distro, PackageType
from jettison.scan.ecosystems import Ecosystem, NoEcosystem, ecosystem_of


@pytest.mark.parametrize(
    ("name", "version", "codename", "ecosystem"),
    [
        ("debian", "12", "bookworm", "Debian:12"),
        ("debian", "12.5", "", "Debian:12"),
        ("debian", "", "trixie", "Debian:13"),
        ("alpine", "3.19.1", "", "Alpine:v3.19"),
        ("alpine", "3.20", "", "Alpine:v3.20"),
        ("ubuntu", "22.04", "jammy", "Ubuntu:22.04:LTS"),
        ("ubuntu", "23.10", "", "Ubuntu:23.10"),
        ("ubuntu", "23.04", "", "Ubuntu:23.04"),
        ("rocky", "9.3", "", "Rocky Linux:9"),
        ("almalinux", "9.4", "", "AlmaLinux:9"),
        ("wolfi", "20230201", "", "Wolfi"),
    ],
)
def test_releases_as_osv_names_them(name: str, version: str, codename: str, ecosystem: str) -> None:
    distro = Distro(id=name, version_id=version, codename=codename)
    found = ecosystem_of(PackageType.DEB, distro)
    assert isinstance(found, Ecosystem)
    assert str(found) == ecosystem


@pytest.mark.parametrize(
    ("distro", "reason"),
    [
        (None, "does not say which distribution"),
        (Distro(id="debian", codename="forky", name="Debian GNU/Linux forky/sid"), "names no rel"),
        (Distro(id="alpine", version_id="3.21_alpha20240807"), "VERSION_ID is 3.21_alpha20240807"),
        (Distro(id="arch", name="Arch Linux"), "OSV has no advisories for Arch Linux"),
        (Distro(id="debian"), "VERSION_ID is nothing"),
    ],
)
def test_a_release_that_is_not_known_is_said(distro: Distro | None, reason: str) -> None:
    found = ecosystem_of(PackageType.DEB, distro)
    assert isinstance(found, NoEcosystem)
    assert reason in found.reason


def test_python_packages_have_one_ecosystem_everywhere() -> None:
    assert ecosystem_of(PackageType.PYTHON, None) == Ecosystem(name="PyPI")
