"""Bills of one literal image, against the formats' official schemas and validators."""

from __future__ import annotations

import hashlib
import json
import warnings
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from jettison.analysis.inventory_read import read_inventory
from jettison.digest import Digest
from jettison.sbom.components import Bill, describe, parse_date
from jettison.sbom.cyclonedx import render_cyclonedx
from jettison.sbom.spdx import render_spdx
from support.layers import Content
from support.pythons import make_distribution, make_python
from support.trees import Symlink, make_config, make_image_of, make_rootfs

_SITE = "/usr/local/lib/python3.11/site-packages"
_SPDX_SCHEMA = files("lib4sbom") / "schemas/spdx/2.3-schema.json"
_CONTENT: Content = {
    **make_python(),
    "/usr/local/include/python3.11/patchlevel.h": b'#define PY_VERSION "3.11.9"\n',
    "/etc/os-release": b"ID=debian\nVERSION_ID=12\nPRETTY_NAME='Debian 12'\n",
    "/var/lib/dpkg/status": (
        b"Package: libssl3\nStatus: install ok installed\nVersion: 3.0.15-1\nArchitecture: amd64\n"
        b"Source: openssl\nDepends: libc6 (>= 2.34)\n\n"
        b"Package: libc6\nStatus: install ok installed\nVersion: 2.36-9\nArchitecture: amd64\n\n"
        b"Package: odd\nStatus: install ok installed\nVersion: 1\n\n"
    ),
    "/var/lib/dpkg/info/libssl3.list": b"/.\n/usr/lib/libssl.so.3\n/usr/lib/l\n/usr/share/doc/x\n",
    "/var/lib/dpkg/info/odd.list": b"/.\n/usr/lib/\xff\n",
    "/usr/lib/\udcff": b"odd name",
    "/usr/lib/libssl.so.3": b"ssl",
    "/usr/lib/l": Symlink(target="libssl.so.3"),
    **make_distribution(
        _SITE,
        "Flask",
        {"flask/__init__.py": "x"},
        metadata="License-Expression: MIT OR Apache-2.0\nRequires-Dist: click>=8\n"
        "Requires-Dist: gone; extra == 'dotenv'\n",
    ),
    **make_distribution(_SITE, "click", {"click.py": ""}, metadata="License: Our own\n"),
    **make_distribution(
        _SITE,
        "pip",
        {"pip/_vendor/vendor.txt": "idna==3.7\n", "pip/_vendor/idna/core.py": "i"},
        metadata="Classifier: License :: OSI Approved :: MIT License\n",
    ),
}


def make_bill(*, created: datetime | None = None) -> Bill:
    rootfs = make_rootfs(_CONTENT)
    image = make_image_of(make_config(layers=1))
    inventory = read_inventory(rootfs)
    bill = describe(image, Digest.of(b"image"), inventory, created=created, tool_version="1.2")
    hashes = {
        path: hashlib.sha1(rootfs.open(path).read()).hexdigest()
        for package in inventory.packages
        for path in package.files
        if rootfs.tree[path].is_file
    }
    return Bill(
        reference=bill.reference,
        digest=bill.digest,
        purl=bill.purl,
        created=bill.created,
        tool_version=bill.tool_version,
        components=bill.components,
        distro=bill.distro,
        hashes=hashes,
    )


@pytest.fixture(scope="module")
def cyclonedx() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(render_cyclonedx(make_bill()))
    return found


@pytest.fixture(scope="module")
def spdx() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(render_spdx(make_bill()))
    return found


def component(document: Mapping[str, Any], name: str) -> dict[str, Any]:
    (found,) = (item for item in document["components"] if item["name"] == name)
    assert isinstance(found, dict)
    return found


def package(document: Mapping[str, Any], name: str) -> dict[str, Any]:
    (found,) = (item for item in document["packages"] if item["name"] == name)
    assert isinstance(found, dict)
    return found


def properties(item: Mapping[str, Any]) -> dict[str, str]:
    return {entry["name"]: entry["value"] for entry in item["properties"]}


def test_cyclonedx_is_valid_by_its_schema() -> None:
    validator = JsonStrictValidator(SchemaVersion.V1_6)
    text = render_cyclonedx(make_bill()).decode()
    assert validator.validate_str(text) is None
    assert validator.validate_str(text.replace('"library"', '"bookcase"')) is not None


def test_spdx_is_valid_by_its_schema(spdx: dict[str, Any]) -> None:
    schema = json.loads(_SPDX_SCHEMA.read_text())
    jsonschema.validate(spdx, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**spdx, "packages": [{"name": "x"}]}, schema)


def test_spdx_is_valid_by_the_specification(tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what the validator itself imports
        from spdx_tools.spdx.parser.parse_anything import parse_file
        from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document

        path = tmp_path / "bill.spdx.json"
        path.write_bytes(render_spdx(make_bill()))
        messages = validate_full_spdx_document(parse_file(str(path)))
    assert [item.validation_message for item in messages] == []


def test_a_component_has_its_purl_files_and_layer(cyclonedx: dict[str, Any]) -> None:
    found = component(cyclonedx, "libssl3")
    assert found["purl"] == (
        "pkg:deb/debian/libssl3@3.0.15-1?arch=amd64&distro=debian-12&upstream=openssl"
    )
    assert found["evidence"]["occurrences"] == [
        {"location": "/usr/lib/l"},
        {"location": "/usr/lib/libssl.so.3"},
    ]
    told = properties(found)
    assert told["jettison:layer:diff_id"] == Digest.of(b"layer 0")
    assert told["jettison:layer:index"] == "0"
    assert told["jettison:files:missing"] == "1"
    assert properties(component(cyclonedx, "libc6"))["jettison:files:listed"] == "false"
    assert component(cyclonedx, "python")["type"] == "application"
    assert component(cyclonedx, "debian")["type"] == "operating-system"


def test_licences(cyclonedx: dict[str, Any], spdx: dict[str, Any]) -> None:
    assert component(cyclonedx, "flask")["licenses"] == [{"expression": "MIT OR Apache-2.0"}]
    assert component(cyclonedx, "click")["licenses"] == [{"license": {"name": "Our own"}}]
    assert component(cyclonedx, "pip")["licenses"] == [{"license": {"id": "MIT"}}]
    assert "licenses" not in component(cyclonedx, "libc6")
    assert package(spdx, "flask")["licenseDeclared"] == "MIT OR Apache-2.0"
    (own,) = spdx["hasExtractedLicensingInfos"]
    assert package(spdx, "click")["licenseDeclared"] == own["licenseId"]
    assert own["extractedText"] == "Our own"
    assert package(spdx, "libc6")["licenseDeclared"] == "NOASSERTION"


def test_what_needs_what(cyclonedx: dict[str, Any], spdx: dict[str, Any]) -> None:
    needs = {item["ref"]: item.get("dependsOn", []) for item in cyclonedx["dependencies"]}
    flask, click = component(cyclonedx, "flask"), component(cyclonedx, "click")
    assert needs[flask["bom-ref"]] == [click["bom-ref"]]
    assert needs[click["bom-ref"]] == []
    ids = {name: package(spdx, name)["SPDXID"] for name in ("libssl3", "libc6")}
    related = [
        item["relatedSpdxElement"]
        for item in spdx["relationships"]
        if (item["spdxElementId"], item["relationshipType"]) == (ids["libssl3"], "DEPENDS_ON")
    ]
    assert related == [ids["libc6"]]


def test_bundled_packages_stand_in_the_one_that_carries_them(cyclonedx: dict[str, Any]) -> None:
    (part,) = component(cyclonedx, "pip")["components"]
    assert (part["name"], part["version"]) == ("idna", "3.7")
    assert "purl" not in part
    assert properties(part)["jettison:package:part_of"] == "pip"
    assert part["evidence"]["occurrences"] == [{"location": f"{_SITE}/pip/_vendor/idna/core.py"}]
    assert "idna" not in {item["name"] for item in cyclonedx["components"]}


def test_files_of_spdx_have_hashes_and_owners(spdx: dict[str, Any]) -> None:
    (found,) = (item for item in spdx["files"] if item["fileName"] == "./usr/lib/libssl.so.3")
    digest = hashlib.sha1(b"ssl").hexdigest()
    assert found["checksums"] == [{"algorithm": "SHA1", "checksumValue": digest}]
    owner = package(spdx, "libssl3")
    assert {
        "spdxElementId": owner["SPDXID"],
        "relationshipType": "CONTAINS",
        "relatedSpdxElement": found["SPDXID"],
    } in spdx["relationships"]
    code = hashlib.sha1(digest.encode()).hexdigest()
    assert owner["packageVerificationCode"] == {"packageVerificationCodeValue": code}
    assert not package(spdx, "libc6")["filesAnalyzed"]
    names = [item["fileName"] for item in spdx["files"]]
    assert "./usr/lib/\\xff" in names
    assert "./usr/lib/l" not in names


def test_the_same_image_gives_the_same_bytes_and_another_date_another_name() -> None:
    assert render_spdx(make_bill()) == render_spdx(make_bill())
    assert render_cyclonedx(make_bill()) == render_cyclonedx(make_bill())
    other = json.loads(render_cyclonedx(make_bill(created=datetime(2024, 5, 6, tzinfo=UTC))))
    assert other["metadata"]["timestamp"] == "2024-05-06T00:00:00+00:00"
    assert other["serialNumber"] != json.loads(render_cyclonedx(make_bill()))["serialNumber"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-01-02T03:04:05.123456789Z", datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("2024-01-02T03:04:05+02:00", datetime(2024, 1, 2, 1, 4, 5, tzinfo=UTC)),
        ("2024-01-02T03:04:05", datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("", datetime(1970, 1, 1, tzinfo=UTC)),
        ("yesterday", datetime(1970, 1, 1, tzinfo=UTC)),
    ],
)
def test_dates(text: str, expected: datetime) -> None:
    assert parse_date(text) == expected
