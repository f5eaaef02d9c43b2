"""A scan in the formats that other programs read."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from pydantic_sarif.model import (  # type: ignore[import-untyped]  # has no marker
    StaticAnalysisResultsFormatSarifVersion210JsonSchema as SarifLog,
)

from jettison.report.markdown import cell, link
from jettison.report.scan_cyclonedx import render_scan_cyclonedx
from jettison.report.scan_document import (
    FindingRow,
    ScanDocument,
    ScanTarget,
    TargetKind,
)
from jettison.report.scan_markdown import render_scan_markdown
from jettison.report.scan_sarif import render_scan_sarif
from support.scan_documents import scan_document, scan_packages


def project_document() -> ScanDocument:
    """As of a requirements file."""
    document = scan_document()
    located = [
        msgspec.structs.replace(
            row,
            layer=None,
            packages=tuple(
                msgspec.structs.replace(item, location="requirements.txt:7", layer=None)
                for item in row.packages
            ),
        )
        for row in document.findings
    ]
    return msgspec.structs.replace(
        document,
        target=ScanTarget(kind=TargetKind.PROJECT, reference="."),
        findings=tuple(located),
    )


def sarif(document: ScanDocument) -> dict[str, Any]:
    log: dict[str, Any] = json.loads(render_scan_sarif(document))
    SarifLog.model_validate(log)
    run: dict[str, Any] = log["runs"][0]
    return run


def test_sarif_has_a_rule_for_each_vulnerability_and_a_result_for_each_finding() -> None:
    run = sarif(scan_document())
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == [
        "CVE-2024-22195",
        "CVE-2026-42767",
        "CVE-2026-35189",
        "CVE-2023-30861",
    ]
    assert rules[0]["properties"]["security-severity"] == "7.5"
    assert "security-severity" not in rules[1]["properties"]
    levels = {result["ruleId"]: result["level"] for result in run["results"]}
    assert levels == {
        "CVE-2024-22195": "error",
        "CVE-2026-42767": "note",
        "CVE-2026-35189": "warning",
        "CVE-2023-30861": "error",
    }
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
    fingerprints = {item["partialFingerprints"]["vulnerability/v2"] for item in run["results"]}
    assert len(fingerprints) == 4


def test_sarif_tells_code_scanning_apart_what_it_cannot_tell_by_the_line() -> None:
    # GitHub takes results of one rule at one place for the same, unless their hashes differ; where
    # a finding has a line of its own, its upload action makes the hash from what stands there.
    hashes = [
        item["partialFingerprints"]["primaryLocationLineHash"]
        for item in sarif(scan_document())["results"]
    ]
    assert len(set(hashes)) == 4
    for item in sarif(project_document())["results"][:1]:
        assert "primaryLocationLineHash" not in item["partialFingerprints"]


def test_sarif_knows_a_finding_again_after_an_upgrade_that_does_not_fix_it() -> None:
    document = scan_document()
    row = document.findings[0]

    def at(version: str) -> FindingRow:
        package = msgspec.structs.replace(row.package, version=version, source_version=version)
        return msgspec.structs.replace(row, package=package)

    def hashes(*rows: FindingRow) -> list[str]:
        run = sarif(msgspec.structs.replace(document, findings=rows, ignored=()))
        return [item["partialFingerprints"]["primaryLocationLineHash"] for item in run["results"]]

    assert hashes(at("1.0")) == hashes(at("1.1"))
    both = hashes(at("1.0"), at("2.0"))
    assert len(set(both)) == 2
    assert hashes(at("2.0"), at("1.0")) == both[::-1]


def test_sarif_suppresses_what_is_ignored() -> None:
    run = sarif(scan_document())
    suppressed = {item["ruleId"]: item.get("suppressions") for item in run["results"]}
    assert suppressed["CVE-2023-30861"] == [
        {"kind": "external", "justification": "not reached (until 2026-12-31)"}
    ]
    assert suppressed["CVE-2024-22195"] is None


def test_sarif_points_at_lines_and_records() -> None:
    place = sarif(project_document())["results"][0]["locations"][0]["physicalLocation"]
    assert place == {
        "artifactLocation": {"uri": "requirements.txt"},
        "region": {"startLine": 7},
    }
    place = sarif(scan_document())["results"][1]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"] == {"uri": "var/lib/dpkg/status"}


@pytest.mark.parametrize(
    ("reference", "files", "uri"),
    [
        ("services/shop", ("requirements.txt",), "services/shop/requirements.txt"),
        ("services/requirements.txt", ("requirements.txt",), "services/requirements.txt"),
        ("./a b/", ("requirements.txt",), "a%20b/requirements.txt"),
        ("/srv/shop", ("requirements.txt",), "file:///srv/shop/requirements.txt"),
    ],
)
def test_sarif_names_files_from_where_the_scan_was_run(
    reference: str, files: tuple[str, ...], uri: str
) -> None:
    target = ScanTarget(kind=TargetKind.PROJECT, reference=reference, files=files)
    document = msgspec.structs.replace(project_document(), target=target)
    place = sarif(document)["results"][0]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == uri
    assert place["region"]["startLine"] == 7


def test_sarif_says_what_was_not_tested() -> None:
    run = sarif(scan_document())
    texts = [
        item["message"]["text"] for item in run["invocations"][0]["toolExecutionNotifications"]
    ]
    assert texts[0] == "not tested: python 3.12.1: OSV has no advisories"


def bill(document: ScanDocument) -> dict[str, Any]:
    raw = render_scan_cyclonedx(document, scan_packages())
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(raw.decode()) is None
    value: dict[str, Any] = json.loads(raw)
    return value


def test_cyclonedx_has_what_was_tested_and_what_was_found() -> None:
    value = bill(scan_document())
    references = [item["bom-ref"] for item in value["components"]]
    assert len(references) == 4
    found = {item["id"]: item for item in value["vulnerabilities"]}
    assert list(found) == ["CVE-2024-22195", "CVE-2026-42767", "CVE-2026-35189", "CVE-2023-30861"]
    assert all(place["ref"] in references for item in found.values() for place in item["affects"])
    rated = found["CVE-2024-22195"]["ratings"][0]
    assert (rated["severity"], rated["score"], rated["method"]) == ("high", 7.5, "CVSSv31")
    assert found["CVE-2026-42767"]["ratings"] == [{"severity": "low", "source": {"name": "Debian"}}]
    assert found["CVE-2024-22195"]["references"][0]["id"] == "GHSA-h5c8-rqwp-cp95"
    assert found["CVE-2023-30861"]["analysis"]["detail"] == "not reached (jettison.toml)"


def test_cyclonedx_of_a_project() -> None:
    assert bill(project_document())["metadata"]["component"]["type"] == "application"


def test_markdown() -> None:
    text = render_scan_markdown(scan_document())
    assert text.startswith("## Vulnerabilities in `docker:shop`\n\n**4 packages tested, 3 vuln")
    assert (
        "| **high (7.5), known to be used** | [CVE-2024-22195](https://osv.dev/vulnerability/"
        "CVE-2024-22195)<br>GHSA-h5c8-rqwp-cp95 | Jinja2 (python) | 3.1.2 | 3.1.3 | "
        "flask 2.2.2 \\> Jinja2 3.1.2 |\n"
    ) in text
    assert (
        "| low | [CVE-2026-42767](https://osv.dev/vulnerability/CVE-2026-42767)<br>"
        "DEBIAN-CVE-2026-42767 | openssl (libssl3, openssl) (deb) | 3.0.20-1\\~deb12u2 | "
        "no fix yet | layer 0: `ADD rootfs.tar /` |\n"
    ) in text
    assert "- CVE-2023-30861 in flask: not reached (jettison.toml, until 2026-12-31)\n" in text
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert len({line.count(" | ") for line in rows}) == 1


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a|b", r"a\|b"),
        ("<script>", r"\<script\>"),
        ("[x](y)", r"\[x\](y)"),
        ("line\nbreak", r"line\\nbreak"),
        ("@team #1", r"\@team \#1"),
        ("https://x.example", "https:&#47;&#47;x.example"),
    ],
)
def test_nothing_in_a_cell_acts(text: str, shown: str) -> None:
    assert cell(text) == shown


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "https://x.example/a b", "https://x.example/)", "x"]
)
def test_only_addresses_become_links(url: str) -> None:
    assert link("CVE-1", url) == "CVE-1"
    assert link("CVE-1", "https://x.example/") == "[CVE-1](https://x.example/)"


def test_rows_are_the_same_in_every_format() -> None:
    document = scan_document()
    ids = {row.id for row in document.findings}
    assert all(isinstance(row, FindingRow) for row in document.findings)
    for raw in (
        render_scan_markdown(document),
        render_scan_sarif(document).decode(),
        render_scan_cyclonedx(document, scan_packages()).decode(),
    ):
        assert all(name in raw for name in ids)
