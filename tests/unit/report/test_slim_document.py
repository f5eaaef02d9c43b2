from __future__ import annotations

import json

from jettison.report.slim_document import (
    SlimDocument,
    Verification,
    render_slim_document,
    size_ratio,
)
from jettison.selection import Policy
from support.reports import facts, slim_document, slimmed_facts


def test_document_has_the_promised_fields() -> None:
    value = json.loads(render_slim_document(slim_document()))
    assert (value["kind"], value["schema_version"]) == ("slim", 1)
    image = {
        *("reference", "digest", "size_bytes", "compressed_size_bytes", "file_count"),
        *("os_package_count", "python_package_count"),
    }
    assert image <= set(value["original"])
    assert set(value["original"]) == set(value["slimmed"])
    assert value["ratio"] == 5.0
    assert value["policy"] == "closure"
    assert value["verification"] == {
        "verdict": "passed",
        "rounds": 1,
        "requests": 7,
        "differences": [],
        "excluded": ["GET /: header x-token"],
    }
    assert value["stages"][0] == {"name": "unpack", "seconds": 0.5}
    assert value["outputs"][0]["reference"] == "docker:app.slim"
    assert value["artifacts"][0]["kind"] == "seccomp"


def test_nothing_built_is_said_by_null() -> None:
    document = SlimDocument(
        original=facts(),
        slimmed=None,
        ratio=None,
        policy=Policy.OBSERVED,
        verification=Verification(verdict="skipped"),
    )
    value = json.loads(render_slim_document(document))
    assert value["slimmed"] is None
    assert value["ratio"] is None
    assert value["stages"] == []


def test_ratio_of_nothing_is_a_number() -> None:
    assert size_ratio(facts(size_bytes=10), slimmed_facts()) == 0.0
    assert size_ratio(facts(size_bytes=10), facts(size_bytes=0)) == 10.0
