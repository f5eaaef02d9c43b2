from __future__ import annotations

import math

import msgspec

from jettison.report.xray_document import Part, XrayDocument
from jettison.report.xray_gates import check_document, gate_parts
from jettison.report.xray_rows import gate_rows
from jettison.xray.gates import GATES, Gate, Unit, parse_gates
from support.xray_documents import xray_document


def found(text: str, document: XrayDocument | None = None) -> dict[str, float]:
    results = check_document(document or xray_document(), parse_gates([text]))
    return {result.gate.kind.name: result.found for result in results}


def test_every_gate_measures_something() -> None:
    every = ",".join(f"{kind.name}=0" for kind in GATES)
    assert found(every) == {
        "size": 112e6,
        "efficiency": 0.9821,
        "waste": 4e6,
        "user-waste": 0.3333,
        "duplicates": 2e6,
        "unowned": 2_100_000,
        "layers": 2,
        "files": 5000,
        "packages": 2,
        "root": 1,
        "secrets": 1,
        "private-keys": 0,
        "setuid": 1,
        "setgid": 0,
        "capabilities": 0,
        "world-writable": 0,
        "shells": 0,
        "package-managers": 0,
        "high-risks": 1,
    }


def test_the_parts_that_gates_need() -> None:
    assert gate_parts(parse_gates(["size=1MB,layers=3"])) == frozenset()
    assert gate_parts(parse_gates(["size=1MB,waste=0,secrets=0"])) == {Part.WASTE, Part.RISKS}


def test_waste_in_layers_that_only_delete_is_beyond_every_bound() -> None:
    document = msgspec.structs.replace(xray_document(), user_wasted_percent=None)
    (result,) = check_document(document, parse_gates(["user-waste=99"]))
    assert result.found == math.inf
    assert not result.passed


def test_numbers_as_people_write_them() -> None:
    rows = gate_rows(check_document(xray_document(), parse_gates(["size=0.1GB,waste=2%,root=0"])))
    assert [(row.name, row.found, row.allowed, row.passed) for row in rows] == [
        ("size", "112MB", "100MB", False),
        ("waste", "3.57%", "2%", False),
        ("root", "1", "0", False),
    ]


def test_a_bound_in_bytes_that_is_not_whole() -> None:
    kind = next(kind for kind in GATES if kind.name == "size")
    gate = Gate(kind=kind, allowed=0.5, unit=Unit.BYTES)
    assert not check_document(xray_document(), [gate])[0].passed
