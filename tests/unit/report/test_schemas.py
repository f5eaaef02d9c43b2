from __future__ import annotations

import importlib
import json
import pkgutil
from pathlib import Path

import jsonschema
import msgspec
import pytest

from jettison import report
from jettison.report.build_document import BuildDocument
from jettison.report.container_report import ImageName, make_container_report
from jettison.report.documents import encode
from jettison.report.removed import make_removed_report
from jettison.report.schemas import DOCUMENTS, render_schema
from jettison.report.verify_document import VerifyDocument
from jettison.report.why_document import describe_why
from support.advise_documents import advise_document
from support.advisories import db_status_document, db_update_document
from support.compare_documents import compare_document
from support.inspect_documents import copy_document, inspect_document
from support.linting import lint_document
from support.reports import explain_sample, sample, slim_document
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
        "verify": VerifyDocument(
            original=ImageName(reference="docker:shop", digest=f"sha256:{'1' * 64}"),
            slimmed=ImageName(reference="docker:shop.slim", digest=f"sha256:{'2' * 64}"),
            verification=slim_document().verification,
            missed=("/srv/gone",),
        ),
        "why": describe_why(explain_sample("/usr/bin/python3.11")),
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


def test_every_document_has_a_published_schema_and_a_row_in_the_guide() -> None:
    found = set()
    for module in pkgutil.iter_modules(report.__path__, "jettison.report."):
        for item in vars(importlib.import_module(module.name)).values():
            if isinstance(item, type) and issubclass(item, msgspec.Struct):
                fields = {field.name: field.default for field in msgspec.structs.fields(item)}
                if "schema_version" in fields:
                    found.add((fields["kind"], item))
    assert found == set(DOCUMENTS)
    guide = (SCHEMAS.parent / "reports.md").read_text()
    assert [name for name, _ in DOCUMENTS if f"(schemas/{name}.schema.json)" not in guide] == []


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
