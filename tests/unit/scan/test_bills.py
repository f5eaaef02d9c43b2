from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from jettison.scan.bills import InvalidBillError, read_bill
from jettison.scan.component import Component
from jettison.scan.ecosystems import Ecosystem
from jettison.scan.inputs import Inputs


def read(table: dict[str, Any]) -> Inputs:
    return read_bill("bom.json", json.dumps(table).encode())


def cyclonedx(*components: dict[str, Any], **more: Any) -> Inputs:
    return read({"bomFormat": "CycloneDX", "components": list(components), **more})


def one(purl: str, **more: Any) -> Component:
    (component,) = cyclonedx({"name": "x", "version": "1", "purl": purl, **more}).components
    return component


def test_python_packages() -> None:
    component = one("pkg:pypi/Jinja2@3.1.2")
    assert (component.type, component.name, component.version) == ("python", "jinja2", "3.1.2")
    assert component.ecosystem == Ecosystem(name="PyPI")


@pytest.mark.parametrize(
    ("purl", "ecosystem"),
    [
        ("pkg:deb/debian/curl@7.88.1-10?arch=amd64&distro=debian-12", "Debian:12"),
        ("pkg:deb/debian/curl@7.88.1-10?distro=bookworm", "Debian:12"),
        ("pkg:deb/debian/curl@7.88.1-10?distro=debian-12.5", "Debian:12"),
        ("pkg:deb/ubuntu/curl@7.81.0-1?distro=ubuntu-22.04", "Ubuntu:22.04:LTS"),
        ("pkg:deb/ubuntu/curl@7.81.0-1?distro=jammy", "Ubuntu:22.04:LTS"),
        ("pkg:apk/alpine/musl@1.2.4-r2?distro=3.19.1", "Alpine:v3.19"),
        ("pkg:apk/alpine/musl@1.2.4-r2?distro=alpine-3.19.1", "Alpine:v3.19"),
        ("pkg:rpm/rocky/bash@5.1.8-9.el9?distro=rocky-9.3", "Rocky Linux:9"),
        ("pkg:apk/wolfi/musl@1.2.4-r2", "Wolfi"),
        ("pkg:npm/%40angular/core@1.0.0", "npm"),
    ],
)
def test_releases_are_read_from_package_urls(purl: str, ecosystem: str) -> None:
    assert str(one(purl).ecosystem) == ecosystem


def test_a_scope_is_part_of_the_name() -> None:
    assert one("pkg:npm/%40angular/core@1.0.0").name == "@angular/core"


@pytest.mark.parametrize(
    ("purl", "properties", "source"),
    [
        ("pkg:deb/debian/libssl3@3.0.1-1?upstream=openssl", {}, ("openssl", "3.0.1-1")),
        ("pkg:deb/debian/libgcc-s1@12-1?upstream=gcc-12%4012.2-1", {}, ("gcc-12", "12.2-1")),
        (
            "pkg:deb/debian/libssl3@3.0.1-1",
            {
                "aquasecurity:trivy:SrcName": "openssl",
                "aquasecurity:trivy:SrcVersion": "3.0.2",
                "aquasecurity:trivy:SrcRelease": "1",
                "aquasecurity:trivy:SrcEpoch": "2",
            },
            ("openssl", "2:3.0.2-1"),
        ),
        (
            "pkg:rpm/rocky/bash-libs@5.1-9?upstream=bash-5.1-9.el9.src.rpm",
            {},
            ("bash", "5.1-9.el9"),
        ),
        ("pkg:rpm/rocky/bash@5.1-9?epoch=1", {}, ("bash", "1:5.1-9")),
        ("pkg:deb/debian/curl@7.88", {}, ("curl", "7.88")),
    ],
)
def test_source_packages_are_found(
    purl: str, properties: dict[str, str], source: tuple[str, str]
) -> None:
    named = [{"name": name, "value": value} for name, value in properties.items()]
    component = one(purl, properties=named)
    assert (component.source, component.source_version) == source


def test_the_bill_s_own_system_counts_where_a_package_names_none() -> None:
    inputs = cyclonedx(
        {"type": "operating-system", "name": "debian", "version": "12"},
        {"type": "library", "name": "curl", "purl": "pkg:deb/debian/curl@7.88"},
    )
    assert [str(item.ecosystem) for item in inputs.components] == ["Debian:12"]


def test_nested_components_and_what_cannot_be_tested() -> None:
    inputs = cyclonedx(
        {"name": "app", "components": [{"name": "six", "purl": "pkg:pypi/six@1.16"}]},
        {"name": "go", "version": "1", "purl": "pkg:generic/go@1"},
        {"name": "bare", "purl": "pkg:pypi/bare"},
        {"name": "odd", "purl": "pkg:::"},
        {"type": "file", "name": "/etc/passwd"},
        {"components": "no list"},
    )
    assert [str(item) for item in inputs.components] == ["six 1.16"]
    assert [item.reason.split(":")[0] for item in inputs.untested] == [
        "it has no package URL",
        "packages of type generic are not looked up",
        "it has no version",
        "no package URL",
        "it has no package URL",
    ]


def test_the_version_beside_a_package_url_counts_where_the_url_has_none() -> None:
    component = one("pkg:pypi/starlette", version="0.26.0")
    assert (component.name, component.version) == ("starlette", "0.26.0")
    package = {
        "SPDXID": "SPDXRef-1",
        "name": "celery",
        "versionInfo": "5.1.2",
        "externalRefs": [
            {
                "referenceType": "http://spdx.org/rdf/references/purl",
                "referenceLocator": "pkg:pypi/celery",
            }
        ],
    }
    (component,) = read({"spdxVersion": "SPDX-2.3", "packages": [package]}).components
    assert (component.name, component.version) == ("celery", "5.1.2")


def test_dependencies_give_chains() -> None:
    inputs = cyclonedx(
        {"bom-ref": "f", "name": "flask", "version": "2", "purl": "pkg:pypi/flask@2"},
        {"bom-ref": "j", "name": "jinja2", "version": "3", "purl": "pkg:pypi/jinja2@3"},
        metadata={"component": {"bom-ref": "root", "name": "shop"}},
        dependencies=[{"ref": "root", "dependsOn": ["f"]}, {"ref": "f", "dependsOn": ["j", "?"]}],
    )
    assert [item.introduced_through for item in inputs.components] == [
        (("flask 2",),),
        (("flask 2", "jinja2 3"),),
    ]


def test_spdx() -> None:
    inputs = read(
        {
            "spdxVersion": "SPDX-2.3",
            "SPDXID": "SPDXRef-DOCUMENT",
            "packages": [
                {
                    "SPDXID": "SPDXRef-image",
                    "name": "shop",
                    "externalRefs": [{"referenceType": "purl", "referenceLocator": "pkg:oci/shop"}],
                },
                {
                    "SPDXID": "SPDXRef-1",
                    "name": "libssl3",
                    "versionInfo": "3.0.1-1",
                    "sourceInfo": "built package from: openssl 3.0.1-1",
                    "externalRefs": [
                        {
                            "referenceType": "purl",
                            "referenceLocator": "pkg:deb/debian/libssl3@3.0.1-1?distro=debian-12",
                        }
                    ],
                },
            ],
            "relationships": [
                {
                    "spdxElementId": "SPDXRef-DOCUMENT",
                    "relationshipType": "DESCRIBES",
                    "relatedSpdxElement": "SPDXRef-image",
                }
            ],
        }
    )
    assert inputs.untested == ()
    (component,) = inputs.components
    assert (component.source, str(component.ecosystem)) == ("openssl", "Debian:12")


def test_spdx_3() -> None:
    inputs = read(
        {
            "@graph": [
                {"type": "SpdxDocument"},
                {
                    "type": "software_Package",
                    "spdxId": "urn:1",
                    "name": "six",
                    "software_packageUrl": "pkg:pypi/six@1.16",
                },
            ]
        }
    )
    assert [str(item) for item in inputs.components] == ["six 1.16"]


@pytest.mark.parametrize("raw", [b"", b"[]", b"{}", b"\xff", b'{"packages": []}', b"[" * 100_000])
def test_what_is_no_bill_is_an_error(raw: bytes) -> None:
    with pytest.raises(InvalidBillError):
        read_bill("x.json", raw)


def statement(predicate: Any, kind: str = "https://cyclonedx.org/bom") -> dict[str, Any]:
    return {
        "_type": "https://in-toto.io/Statement/v1",
        "predicateType": kind,
        "subject": [],
        "predicate": predicate,
    }


def envelope(value: Any) -> dict[str, Any]:
    payload = base64.b64encode(json.dumps(value).encode()).decode()
    return {"payloadType": "application/vnd.in-toto+json", "payload": payload, "signatures": []}


FLASK = {
    "bomFormat": "CycloneDX",
    "components": [{"name": "flask", "version": "1", "purl": "pkg:pypi/flask@1"}],
}


@pytest.mark.parametrize(
    "table",
    [
        {"sbom": FLASK},
        {"SPDX": FLASK},
        statement(FLASK),
        statement({"Data": FLASK}),
        envelope(statement(FLASK)),
    ],
)
def test_a_bill_is_found_in_what_carries_it(table: dict[str, Any]) -> None:
    assert [item.name for item in read(table).components] == ["flask"]


@pytest.mark.parametrize(
    ("table", "says"),
    [
        (statement({"buildDefinition": {}}, "https://slsa.dev/provenance/v1"), "provenance/v1"),
        (envelope([1]), "not a JSON object"),
        ({"payloadType": "x", "payload": "!"}, "the payload of its envelope"),
        ({"sbom": None}, "neither CycloneDX nor SPDX"),
        (statement("text"), "not a JSON object"),
    ],
)
def test_what_carries_no_bill_is_told(table: dict[str, Any], says: str) -> None:
    with pytest.raises(InvalidBillError, match=says):
        read(table)


def test_parts_of_the_thing_itself_are_tested() -> None:
    own = {"name": "shop", "components": FLASK["components"]}
    assert [item.name for item in cyclonedx(metadata={"component": own}).components] == ["flask"]
