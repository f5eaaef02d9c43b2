"""`jettison sbom` as a command, on an image written in code."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from support.images import make_image
from support.layers import Content
from support.pythons import make_distribution
from support.slimcase import jettison

pytestmark = pytest.mark.needs("userns")

BASE: Content = {
    "/etc/os-release": b"ID=debian\nVERSION_ID=12\n",
    "/var/lib/dpkg/status": (
        b"Package: shop\nStatus: install ok installed\nVersion: 1.0-1\nArchitecture: all\n\n"
    ),
    "/var/lib/dpkg/info/shop.list": b"/.\n/usr\n/usr/share/shop/big\n",
    "/usr/share/shop/big": b"b" * 5000,
    "/usr/share/doc/shop/copyright": (
        b"Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n"
        b"License: GPL-2+\n"
    ),
}
APP: Content = make_distribution(
    "/usr/lib/python3/dist-packages", "Flask", {"flask/__init__.py": "x"}, version="3.1.3"
)


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> str:
    return f"oci:{make_image((BASE, APP), {}).write_layout(tmp_path_factory.mktemp('i') / 'shop')}"


def test_cyclonedx_on_stdout_is_the_same_each_time(target: str) -> None:
    done = jettison("sbom", target)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["bomFormat"], found["specVersion"]) == ("CycloneDX", "1.6")
    components = {item["name"]: item for item in found["components"]}
    assert components["shop"]["licenses"] == [{"license": {"id": "GPL-2.0-or-later"}}]
    assert components["flask"]["purl"] == "pkg:pypi/flask@3.1.3"
    assert {"name": "jettison:layer:index", "value": "1"} in components["flask"]["properties"]
    assert jettison("sbom", target).stdout == done.stdout


def test_spdx_in_a_file_with_the_date_that_was_asked_for(
    target: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    path = tmp_path / "shop.spdx.json"
    done = jettison("sbom", target, "--format", "spdx", "--output", str(path))
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    found = json.loads(path.read_bytes())
    assert found["creationInfo"]["created"] == "2023-11-14T22:13:20Z"
    assert {item["name"] for item in found["packages"]} >= {"shop", "flask"}
    assert "./usr/share/shop/big" in {item["fileName"] for item in found["files"]}


def test_what_cannot_be_done_is_said(target: str, monkeypatch: pytest.MonkeyPatch) -> None:
    unknown = jettison("sbom", target, "--format", "xml")
    assert unknown.returncode == 2
    assert "cyclonedx or spdx" in unknown.stderr
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "yesterday")
    dated = jettison("sbom", target)
    assert dated.returncode == 2
    assert "SOURCE_DATE_EPOCH 'yesterday'" in dated.stderr
