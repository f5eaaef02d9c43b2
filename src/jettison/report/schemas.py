"""The JSON Schemas of all documents; `docs/schemas/` has what is rendered here."""

from __future__ import annotations

import inspect
from typing import Final

import msgspec

from jettison.report.advise_document import AdviseDocument
from jettison.report.build_document import BuildDocument
from jettison.report.compare_document import CompareDocument
from jettison.report.container_report import ContainerReport
from jettison.report.copy_document import CopyDocument
from jettison.report.db_document import DbStatusDocument, DbUpdateDocument
from jettison.report.fix_document import FixDocument
from jettison.report.harden_document import HardenDocument
from jettison.report.init_document import InitDocument
from jettison.report.inspect_document import InspectDocument
from jettison.report.lint_document import LintDocument
from jettison.report.removed import RemovedReport
from jettison.report.scan_document import ScanDocument
from jettison.report.slim_document import SlimDocument
from jettison.report.verify_document import VerifyDocument
from jettison.report.why_document import WhyDocument
from jettison.report.xray_diff_document import XrayDiffDocument
from jettison.report.xray_document import XrayDocument

_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
DOCUMENTS: Final[tuple[tuple[str, type[msgspec.Struct]], ...]] = (
    ("slim", SlimDocument),
    ("creport", ContainerReport),
    ("removed", RemovedReport),
    ("verify", VerifyDocument),
    ("why", WhyDocument),
    ("xray", XrayDocument),
    ("scan", ScanDocument),
    ("compare", CompareDocument),
    ("advise", AdviseDocument),
    ("db-status", DbStatusDocument),
    ("db-update", DbUpdateDocument),
    ("xray-diff", XrayDiffDocument),
    ("lint", LintDocument),
    ("copy", CopyDocument),
    ("inspect", InspectDocument),
    ("init", InitDocument),
    ("build", BuildDocument),
    ("fix", FixDocument),
    ("harden", HardenDocument),
)


def render_schema(document: type[msgspec.Struct]) -> bytes:
    """The schema of one kind of document: every field is always there, and no other."""
    schema = {"$schema": _DIALECT, **msgspec.json.schema(document)}
    for definition in schema["$defs"].values():
        if "description" in definition:
            definition["description"] = inspect.cleandoc(definition["description"])
        properties = definition.get("properties")
        if properties is not None:
            definition["required"] = list(properties)
            for value in properties.values():
                value.pop("default", None)
    return msgspec.json.format(msgspec.json.encode(schema), indent=2) + b"\n"
