"""`jettison scan` as a command, on images written in code."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from support.advisories import make_database, make_record
from support.images import make_image
from support.layers import Content
from support.slimcase import jettison

pytestmark = pytest.mark.needs("userns")

SCHEMA = Path(__file__).parents[2] / "docs/schemas/scan.schema.json"
OS_RELEASE = b"ID=debian\nVERSION_ID=12\nPRETTY_NAME='Debian 12'\n"
STATUS = (
    b"Package: libssl3\nSource: openssl\nStatus: install ok installed\nVersion: 3.0.20-1\n"
    b"Architecture: amd64\n\n"
    b"Package: openssl\nStatus: install ok installed\nVersion: 3.0.20-1\nArchitecture: amd64\n\n"
    b"Package: gone\nStatus: deinstall ok config-files\nVersion: 1\nArchitecture: all\n\n"
)
BASE: Content = {
    "/etc/os-release": OS_RELEASE,
    "/var/lib/dpkg/status": STATUS,
    "/var/lib/dpkg/info/libssl3:amd64.list": b"/.\n/usr/lib/libssl.so.3\n",
    "/var/lib/dpkg/info/openssl.list": b"/.\n/usr/bin/openssl\n",
    "/usr/lib/libssl.so.3": b"\x7fELF",
}
SITE = "/usr/local/lib/python3.12/site-packages"
APP: Content = {
    f"{SITE}/flask-2.2.2.dist-info/METADATA": b"Metadata-Version: 2.1\nName: Flask\n"
    b"Version: 2.2.2\nRequires-Dist: Jinja2>=3.0\n",
    f"{SITE}/flask-2.2.2.dist-info/RECORD": b"flask/__init__.py,,\n"
    b"flask-2.2.2.dist-info/METADATA,,\n",
    f"{SITE}/flask-2.2.2.dist-info/REQUESTED": b"",
    f"{SITE}/flask/__init__.py": b"#\n",
    f"{SITE}/jinja2-3.1.2.dist-info/METADATA": b"Metadata-Version: 2.1\nName: Jinja2\n"
    b"Version: 3.1.2\n",
    f"{SITE}/jinja2-3.1.2.dist-info/RECORD": b"jinja2/__init__.py,,\n"
    b"jinja2-3.1.2.dist-info/METADATA,,\n",
    f"{SITE}/jinja2/__init__.py": b"#\n",
    "/opt/vendor/libodd.so.1": b"\x7fELF",
}
HISTORY = [
    {"created_by": "ADD rootfs.tar /"},
    {"created_by": "ENV A=1", "empty_layer": True},
    {"created_by": "RUN /bin/sh -c pip install flask==2.2.2 # buildkit"},
]
Scan = Callable[..., Any]


@pytest.fixture
def scan(tmp_path: Path) -> Scan:
    """Scan an image of these layers; gives the exit code and the document."""
    database = make_database(
        tmp_path / "advisories.db",
        {
            "Debian": [
                make_record("DEBIAN-CVE-2026-7", "Debian:12", "openssl", fixed="3.0.22-1"),
                make_record("DEBIAN-CVE-2026-8", "Debian:11", "openssl", fixed="3.0.22-1"),
                make_record("DEBIAN-CVE-2026-9", "Debian:12", "gone", fixed="2"),
            ],
            "PyPI": [
                make_record("PYSEC-1", "PyPI", "flask", fixed="2.2.5"),
                make_record("PYSEC-2", "PyPI", "jinja2", fixed="3.1.3"),
            ],
        },
    )

    def run(*layers: Content, words: tuple[str, ...] = (), **extra: object) -> Any:
        layout = make_image(layers, extra=extra or None).write_layout(tmp_path / "image")
        done = jettison("scan", f"oci:{layout}", "--db", database, "--format", "json", *words)
        document = json.loads(done.stdout)
        jsonschema.validate(document, json.loads(SCHEMA.read_text()))
        return done.returncode, document

    return run


def test_an_image_is_held_against_its_release_and_pypi(scan: Scan) -> None:
    code, document = scan(BASE, APP, history=HISTORY)
    assert code == 1
    rows = {row["id"]: row for row in document["findings"]}
    assert set(rows) == {"CVE-2026-7", "PYSEC-1", "PYSEC-2"}
    openssl = rows["CVE-2026-7"]
    assert openssl["package"]["source"] == "openssl"
    assert [item["name"] for item in openssl["packages"]] == ["libssl3", "openssl"]
    assert openssl["layer"]["instruction"] == "ADD rootfs.tar /"
    assert openssl["layer"]["is_base"] is True
    assert openssl["introduced_through"] == []
    jinja = rows["PYSEC-2"]
    assert jinja["introduced_through"] == [["Flask 2.2.2", "Jinja2 3.1.2"]]
    assert jinja["layer"]["index"] == 1
    assert jinja["layer"]["instruction"] == "RUN pip install flask==2.2.2"
    assert document["packages_tested"] == 4
    assert document["target"]["distribution"] == "Debian 12"
    assert document["without_files"] == ["deb openssl 3.0.20-1"]
    assert document["without_record"]["examples"] == ["/opt/vendor/libodd.so.1"]


def test_records_of_distroless_images_count(scan: Scan) -> None:
    code, document = scan(
        {
            "/etc/os-release": OS_RELEASE,
            "/var/lib/dpkg/status.d/libssl3": b"Package: libssl3\nSource: openssl\n"
            b"Version: 3.0.20-1\nArchitecture: amd64\n",
        }
    )
    assert code == 1
    assert [row["id"] for row in document["findings"]] == ["CVE-2026-7"]


@pytest.mark.parametrize(
    ("os_release", "reason"),
    [
        (b"ID=debian\nPRETTY_NAME='Debian sid'\n", "Debian sid names no release"),
        (b"ID=arch\nNAME=Arch\n", "OSV has no advisories for Arch"),
        (b"ID=debian\nVERSION_ID=99\n", "the database has no advisories for Debian:99"),
    ],
)
def test_a_release_that_nobody_knows_is_not_clean(
    scan: Scan, os_release: bytes, reason: str
) -> None:
    code, document = scan({**BASE, "/etc/os-release": os_release})
    assert code == 3
    assert document["packages_tested"] == 0
    (row,) = document["untested"]
    assert row["what"] == "2 packages of type deb"
    assert reason in row["reason"]


def test_an_image_of_nothing_has_nothing_to_scan(scan: Scan) -> None:
    code, document = scan({"/app": b"\x7fELF"})
    assert code == 3
    assert document["findings"] == []


def test_a_distribution_that_two_files_name_is_tested_once(tmp_path: Path) -> None:
    database = make_database(
        tmp_path / "advisories.db", {"PyPI": [make_record("PYSEC-1", "PyPI", "flask")]}
    )
    project = tmp_path / "project"
    project.mkdir()
    (project / "requirements.txt").write_text("flask==2.2.2\n")
    (project / "requirements-dev.txt").write_text("Flask==2.2.2\nclick==8.1.7\n")
    done = jettison("scan", project, "--db", database, "--format", "json")
    document = json.loads(done.stdout)
    assert document["packages_tested"] == 2
    assert document["ecosystems"][0]["packages"] == 2
    (finding,) = document["findings"]
    places = {item["location"] for item in finding["packages"]}
    assert places == {"requirements.txt:1", "requirements-dev.txt:1"}
