from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from jettison.errors import UsageError
from jettison.scan.openvex import parse_vex, render_vex
from jettison.scan.vex import (
    Justification,
    VexComponent,
    VexDocument,
    VexProduct,
    VexStatement,
    VexStatus,
)

STATEMENT = VexStatement(
    vulnerability="CVE-2023-1",
    aliases=("GHSA-x",),
    products=(
        VexProduct(
            component=VexComponent(id="pkg:oci/shop@sha256%3Aab", sha256="ab" * 32),
            subcomponents=(VexComponent(id="pkg:deb/debian/curl@1", purl="pkg:deb/debian/curl@1"),),
        ),
    ),
    status=VexStatus.NOT_AFFECTED,
    justification=Justification.CODE_NOT_PRESENT,
    status_notes="no file of it is left",
)
DOCUMENT = VexDocument(
    author="Acme", timestamp="2026-01-01T00:00:00Z", statements=(STATEMENT,), tooling="jettison"
)


def read(**document: Any) -> VexDocument:
    whole = {"@context": "https://openvex.dev/ns/v0.2.0", "timestamp": "2026-01-01T00:00:00Z"}
    return parse_vex(json.dumps({**whole, **document}).encode(), what="x.json")


def test_what_is_written_is_read_again() -> None:
    raw = render_vex(DOCUMENT)
    again = parse_vex(raw, what="x.json")
    dated = replace(STATEMENT, timestamp="2026-01-01T00:00:00Z")
    assert again == replace(DOCUMENT, id=again.id, statements=(dated,))
    assert render_vex(DOCUMENT) == raw


def test_a_document_has_the_fields_of_the_schema_and_no_others() -> None:
    written = json.loads(render_vex(DOCUMENT))
    assert set(written) == {
        *("@context", "@id", "author", "timestamp", "version", "tooling", "statements")
    }
    assert written["@id"].startswith("https://openvex.dev/docs/public/vex-")
    (said,) = written["statements"]
    assert set(said) == {"vulnerability", "products", "status", "justification", "status_notes"}
    assert said["vulnerability"] == {"name": "CVE-2023-1", "aliases": ["GHSA-x"]}
    (product,) = said["products"]
    assert product["hashes"] == {"sha-256": "ab" * 32}
    assert product["subcomponents"] == [
        {"@id": "pkg:deb/debian/curl@1", "identifiers": {"purl": "pkg:deb/debian/curl@1"}}
    ]


def test_another_content_is_another_document() -> None:
    other = replace(DOCUMENT, author="Somebody else")
    ids = {json.loads(render_vex(document))["@id"] for document in (DOCUMENT, other)}
    assert len(ids) == 2


@pytest.mark.parametrize(
    "changes",
    [
        {"justification": None},
        {"impact_statement": "and a second reason"},
        {"status": VexStatus.AFFECTED},
        {"products": ()},
        {"vulnerability": ""},
    ],
)
def test_what_the_schema_does_not_allow_is_not_written(changes: dict[str, Any]) -> None:
    wrong = replace(DOCUMENT, statements=(replace(STATEMENT, **changes),))
    with pytest.raises(ValueError, match="statement"):
        render_vex(wrong)


def test_what_is_affected_says_what_to_do() -> None:
    said = replace(
        STATEMENT,
        status=VexStatus.AFFECTED,
        justification=None,
        action_statement="update curl to 2",
    )
    written = json.loads(render_vex(replace(DOCUMENT, statements=(said,))))
    assert written["statements"][0]["action_statement"] == "update curl to 2"


def test_the_first_version_of_the_format_is_read() -> None:
    document = read(
        **{"@context": "https://openvex.dev/ns", "version": "1"},
        statements=[
            {
                "vulnerability": "CVE-1",
                "products": ["pkg:oci/shop"],
                "subcomponents": ["pkg:deb/debian/curl"],
                "status": "fixed",
            }
        ],
    )
    (said,) = document.statements
    assert document.version == 1
    assert said.vulnerability == "CVE-1"
    assert said.products == (
        VexProduct(
            component=VexComponent(id="pkg:oci/shop"),
            subcomponents=(VexComponent(id="pkg:deb/debian/curl"),),
        ),
    )


def test_a_statements_own_time_comes_before_the_documents() -> None:
    base = {"vulnerability": {"name": "CVE-1"}, "status": "fixed"}
    document = read(
        statements=[
            base,
            {**base, "timestamp": "2025-01-01T00:00:00Z"},
            {**base, "timestamp": "2025-01-01T00:00:00Z", "last_updated": "2025-06-01T00:00:00Z"},
        ]
    )
    assert [said.timestamp[:7] for said in document.statements] == ["2026-01", "2025-01", "2025-06"]


@pytest.mark.parametrize(
    ("statement", "why"),
    [
        ({"vulnerability": {"name": "CVE-1"}, "status": "not_affected"}, "without a reason"),
        ({"vulnerability": {"name": "CVE-1"}, "status": "fine"}, "fine"),
        ({"vulnerability": {}, "status": "fixed"}, "names no vulnerability"),
        ({"vulnerability": 1, "status": "fixed"}, "not an OpenVEX"),
    ],
)
def test_wrong_statements_are_refused(statement: dict[str, Any], why: str) -> None:
    with pytest.raises(UsageError, match=why):
        read(statements=[statement])


@pytest.mark.parametrize("raw", [b"", b"[]", b'{"@context":"https://spdx.org"}', b"[" * 100_000])
def test_other_documents_are_refused(raw: bytes) -> None:
    with pytest.raises(UsageError, match=r"x\.json"):
        parse_vex(raw, what="x.json")
