"""A scan as a CycloneDX bill: what was tested, and the vulnerabilities found in it.

Source: CycloneDX 1.6, JSON.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from jettison import __version__
from jettison.paths import printable
from jettison.report.scan_document import FindingRow, ScanDocument, TargetKind
from jettison.scan.component import Component
from jettison.scan.purls import purl_of

_METHODS: Final = {
    "CVSS 2.0": "CVSSv2",
    "CVSS 3.0": "CVSSv3",
    "CVSS 3.1": "CVSSv31",
    "CVSS 4.0": "CVSSv4",
}
_SOURCES: Final = (
    (re.compile(r"CVE-\d{4}-\d+"), "NVD", "https://nvd.nist.gov/vuln/detail/{}"),
    (re.compile(r"GHSA-[\w-]+"), "GitHub Advisories", "https://github.com/advisories/{}"),
)
_OSV: Final = "https://osv.dev/vulnerability/{}"

Table = dict[str, Any]


def render_scan_cyclonedx(document: ScanDocument, components: Sequence[Component]) -> bytes:
    """The bill; `components` are all that were tested."""
    target = document.target
    is_image = target.kind is TargetKind.IMAGE
    subject: Table = {
        "bom-ref": "target",
        "type": "container" if is_image else "application",
        "name": target.reference,
    }
    if target.digest is not None:
        subject["version"] = str(target.digest)
    references = dict.fromkeys(purl_of(item) for item in components)
    named = {purl_of(item): item for item in reversed(components)}
    bill: Table = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "tools": {
                "components": [{"type": "application", "name": "jettison", "version": __version__}]
            },
            "component": subject,
        },
        "components": [_component(named[reference], reference) for reference in references],
        "vulnerabilities": [
            *(_vulnerability(row) for row in document.findings),
            *(
                {
                    **_vulnerability(item.finding),
                    "analysis": {
                        "state": "not_affected" if item.by == "VEX" else "in_triage",
                        "detail": f"{item.reason} ({item.by})",
                    },
                }
                for item in document.ignored
            ),
        ],
    }
    return msgspec.json.format(msgspec.json.encode(bill), indent=2) + b"\n"


def _component(component: Component, reference: str) -> Table:
    return {
        "bom-ref": reference,
        "type": "library",
        "name": printable(component.title),
        "version": printable(component.version),
        "purl": reference,
    }


def _vulnerability(row: FindingRow) -> Table:
    rating: Table = {"severity": row.severity.value}
    if row.score is not None:
        rating |= {
            "score": row.score,
            "method": _METHODS.get(row.severity_source, "other"),
            "vector": row.vector,
        }
    elif row.severity_source:
        rating["source"] = {"name": row.severity_source}
    fix = (
        "There is no fix yet." if row.fixed_version is None else f"Upgrade to {row.fixed_version}."
    )
    found: Table = {
        "id": row.id,
        "source": _source(row.id),
        "references": [{"id": name, "source": _source(name)} for name in row.aliases],
        "ratings": [rating],
        "recommendation": fix,
        "advisories": [{"url": url} for url in row.links],
        "affects": [
            {"ref": ref, "versions": [{"version": version, "status": "affected"}]}
            for ref, version in dict.fromkeys((item.purl, item.version) for item in row.packages)
        ],
    }
    if row.summary:
        found["description"] = row.summary
    return found


def _source(name: str) -> Table:
    for pattern, title, url in _SOURCES:
        if pattern.fullmatch(name):
            return {"name": title, "url": url.format(name)}
    return {"name": "OSV", "url": _OSV.format(name)}
