"""OpenVEX documents, read and written.

Reading is forgiving of older forms and unknown fields, but not of a `not_affected` without a
reason, for that hides a finding. Writing follows the schema to the letter.

Source: OpenVEX specification 0.2.0; forms of 0.0.1 (names and products as plain strings) are read.
"""

from __future__ import annotations

from typing import Final

import msgspec

from jettison.digest import Digest
from jettison.errors import UsageError
from jettison.scan.vex import (
    Justification,
    VexComponent,
    VexDocument,
    VexProduct,
    VexStatement,
    VexStatus,
)

CONTEXT: Final = "https://openvex.dev/ns/v0.2.0"
_CONTEXTS: Final = "https://openvex.dev/ns"
_IDS: Final = "https://openvex.dev/docs/public/vex-"


class _Component(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    id: str = msgspec.field(name="@id", default="")
    identifiers: dict[str, str] = {}
    hashes: dict[str, str] = {}
    subcomponents: tuple[_Component | str, ...] = ()


class _Vulnerability(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    name: str = ""
    # The identifier of versions before 0.2.0.
    id: str = msgspec.field(name="@id", default="")
    aliases: tuple[str, ...] = ()


class _Statement(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    vulnerability: _Vulnerability | str
    timestamp: str = ""
    last_updated: str = ""
    products: tuple[_Component | str, ...] = ()
    status: VexStatus
    status_notes: str = ""
    justification: Justification | None = None
    impact_statement: str = ""
    action_statement: str = ""
    # Before 0.2.0 they stood beside the products.
    subcomponents: tuple[_Component | str, ...] = ()


class _Document(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    context: str = msgspec.field(name="@context")
    id: str = msgspec.field(name="@id", default="")
    author: str = ""
    role: str = ""
    timestamp: str = ""
    last_updated: str = ""
    version: int | str = 0
    tooling: str = ""
    statements: tuple[_Statement, ...] = ()


def parse_vex(raw: bytes, *, what: str) -> VexDocument:
    """Read a document; `what` names it in errors.

    Raises: UsageError for anything else, and for a `not_affected` without a reason.
    """
    try:
        document = msgspec.json.decode(raw, type=_Document)
    except (msgspec.DecodeError, RecursionError) as err:
        raise UsageError(f"{what}: not an OpenVEX document: {err}") from err
    if not document.context.startswith(_CONTEXTS):
        raise UsageError(f"{what}: its @context is {document.context[:100]!r}, not OpenVEX's")
    statements = tuple(
        _read_statement(item, document, f"{what}: statement {number}")
        for number, item in enumerate(document.statements, start=1)
    )
    return VexDocument(
        id=document.id,
        author=document.author,
        role=document.role,
        timestamp=document.timestamp,
        version=int(document.version) if str(document.version).isdecimal() else 0,
        tooling=document.tooling,
        statements=statements,
    )


def _read_statement(item: _Statement, document: _Document, where: str) -> VexStatement:
    known = item.vulnerability
    name, aliases = (
        (known, ()) if isinstance(known, str) else (known.name or known.id, known.aliases)
    )
    if not name:
        raise UsageError(f"{where}: it names no vulnerability")
    if item.status is VexStatus.NOT_AFFECTED and not (item.justification or item.impact_statement):
        raise UsageError(
            f"{where}: {name} is said not to affect, without a reason",
            hint="add a justification, such as vulnerable_code_not_present",
        )
    shared = tuple(_read_component(part) for part in item.subcomponents)
    stamps = (item.last_updated, item.timestamp, document.last_updated, document.timestamp)
    return VexStatement(
        vulnerability=name,
        aliases=aliases,
        products=tuple(_read_product(product, shared) for product in item.products),
        status=item.status,
        justification=item.justification,
        impact_statement=item.impact_statement,
        action_statement=item.action_statement,
        status_notes=item.status_notes,
        timestamp=next((stamp for stamp in stamps if stamp), ""),
    )


def _read_product(item: _Component | str, shared: tuple[VexComponent, ...]) -> VexProduct:
    own = () if isinstance(item, str) else item.subcomponents
    return VexProduct(
        component=_read_component(item),
        subcomponents=tuple(_read_component(part) for part in own) or shared,
    )


def _read_component(item: _Component | str) -> VexComponent:
    if isinstance(item, str):
        return VexComponent(id=item)
    return VexComponent(
        id=item.id,
        purl=item.identifiers.get("purl", ""),
        sha256=item.hashes.get("sha-256", "").lower(),
    )


def render_vex(document: VexDocument) -> bytes:
    """The document as JSON; an empty `id` is made from its content, so equal ones are equal.

    Raises: ValueError for statements that the schema does not allow.
    """
    for statement in document.statements:
        _check(statement)
    if not document.statements:
        raise ValueError("a document without statements")
    value = _Document(
        context=CONTEXT,
        id=document.id,
        author=document.author,
        role=document.role,
        timestamp=document.timestamp,
        version=document.version,
        tooling=document.tooling,
        statements=tuple(_written(statement) for statement in document.statements),
    )
    if not value.id:
        content = Digest.of(msgspec.json.encode(value))
        value = msgspec.structs.replace(value, id=f"{_IDS}{content.hex}")
    return msgspec.json.format(msgspec.json.encode(value), indent=2) + b"\n"


def _check(statement: VexStatement) -> None:
    name = statement.vulnerability
    if not name or not statement.products:
        raise ValueError(f"{name}: a statement names a vulnerability and a product")
    reasons = (bool(statement.justification), bool(statement.impact_statement))
    # The published schema takes one of the two, and not both.
    if statement.status is VexStatus.NOT_AFFECTED and sum(reasons) != 1:
        raise ValueError(f"{name}: either a justification or an impact statement")
    if statement.status is VexStatus.AFFECTED and not statement.action_statement:
        raise ValueError(f"{name}: what is affected has an action statement")


def _written(statement: VexStatement) -> _Statement:
    return _Statement(
        vulnerability=_Vulnerability(name=statement.vulnerability, aliases=statement.aliases),
        timestamp=statement.timestamp,
        products=tuple(
            _written_component(
                product.component,
                tuple(_written_component(part) for part in product.subcomponents),
            )
            for product in statement.products
        ),
        status=statement.status,
        status_notes=statement.status_notes,
        justification=statement.justification,
        impact_statement=statement.impact_statement,
        action_statement=statement.action_statement,
    )


def _written_component(
    component: VexComponent, subcomponents: tuple[_Component, ...] = ()
) -> _Component:
    return _Component(
        id=component.id,
        identifiers={"purl": component.purl} if component.purl else {},
        hashes={"sha-256": component.sha256} if component.sha256 else {},
        subcomponents=subcomponents,
    )
