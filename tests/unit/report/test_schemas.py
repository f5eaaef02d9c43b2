from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import msgspec
import pytest

from jettison.report.build_document import BuildDocument
from jettison.report.container_report import make_container_report
from jettison.report.documents import encode
from jettison.report.removed import make_removed_report
from jettison.report.schemas import DOCUMENTS, render_schema
from support.advise_documents import advise_document
from support.advisories import db_status_document, db_update_document
from support.compare_documents import compare_document
from support.inspect_documents import copy_document, inspect_document
from support.linting import lint_document
from support.reports import sample, slim_document
from support.scan_documents import scan_document
from support.source_documents import fix_document, harden_document, init_document
from support.xray_documents import xray_diff_document, xray_document

SCHEMAS = Path(__file__).parents[3] / "docs" / "schemas"


def documents() -> dict[str, msgspec.Struct]:
    made = sample()
    return {
        "slim": slim_document(),
        "creport": make_container_report(made.run, made.slimmed),
        "removed": make_removed_report(made.run, made.slimmed),
        "xray": xray_document(),
        "scan": scan_document(),
        "compare": compare_document(),
        "advise": advise_document(),
        "db-status": db_status_document(),
        "db-update": db_update_document(),
        "xray-diff": xray_diff_document(),
        "copy": copy_document(),
        "inspect": inspect_document(),
        "lint": lint_document(),
        "init": init_document(),
        "build": BuildDocument(target="docker:shop:latest", builder="docker, BuildKit"),
        "fix": fix_document(),
        "harden": harden_document(),
    }


@pytest.mark.parametrize(("name", "kind"), DOCUMENTS)
def test_published_schema_is_the_one_of_the_code(
    name: str, kind: type[msgspec.Struct], request: pytest.FixtureRequest
) -> None:
    published = SCHEMAS / f"{name}.schema.json"
    if request.config.getoption("--update-golden", default=False):
        published.write_bytes(render_schema(kind))
    assert published.read_bytes() == render_schema(kind)


@pytest.mark.parametrize("name", [name for name, _ in DOCUMENTS])
def test_documents_are_valid_and_strictly_so(name: str) -> None:
    schema = json.loads((SCHEMAS / f"{name}.schema.json").read_bytes())
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    value = json.loads(encode(documents()[name]))
    validator.validate(value)
    for field in value:
        less = {key: item for key, item in value.items() if key != field}
        assert not validator.is_valid(less), field
    assert not validator.is_valid({**value, "unknown": 1})
    assert not validator.is_valid({**value, "schema_version": 2})
    assert not validator.is_valid({**value, "kind": "other"})
