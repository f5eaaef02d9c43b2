from __future__ import annotations

import pytest

from jettison.errors import UsageError
from jettison.xray.gates import GATES, Unit, check_gates, parse_gates


def allowed(text: str) -> tuple[float, Unit]:
    (gate,) = parse_gates([text])
    return gate.allowed, gate.unit


@pytest.mark.parametrize(
    ("text", "bound", "unit"),
    [
        ("size=200MB", 200e6, Unit.BYTES),
        ("size=1.5GB", 1.5e9, Unit.BYTES),
        ("size=200MiB", 200 << 20, Unit.BYTES),
        ("size=1000", 1000, Unit.BYTES),
        ("efficiency=0.95", 0.95, Unit.SHARE),
        ("efficiency=95%", 0.95, Unit.SHARE),
        ("waste=5%", 0.05, Unit.SHARE),
        ("waste=5 mb", 5e6, Unit.BYTES),
        ("layers=20", 20, Unit.COUNT),
        (" root = 0 ", 0, Unit.COUNT),
    ],
)
def test_bounds(text: str, bound: float, unit: Unit) -> None:
    value, found = allowed(text)
    assert value == pytest.approx(bound)
    assert found is unit


def test_several_in_one_text_and_the_last_of_a_name_wins() -> None:
    gates = parse_gates(["size=1MB,efficiency=0.9", "size=2MB,"])
    assert [(gate.kind.name, gate.allowed) for gate in gates] == [
        ("size", 2e6),
        ("efficiency", 0.9),
    ]


@pytest.mark.parametrize(
    ("text", "says", "hint"),
    [
        ("sise=1MB", "no gate is named 'sise'", "did you mean size?"),
        ("zzz=1", "no gate is named 'zzz'", "known: size, efficiency"),
        ("size", "has no bound", "write size=200MB"),
        ("size=", "'' is no bound", "size=200MB"),
        ("size=big", "'big' is no bound", "size=200MB"),
        ("size=5%", "'5%' is no bound", "size=200MB"),
        ("layers=2.5", "'2.5' is no bound", "layers=0"),
        ("layers=2MB", "'2mb' is no bound", "layers=0"),
        ("efficiency=0.9MB", "no bound", "efficiency=0.95"),
        ("waste=-1", "no bound", "waste=200MB or 5%"),
    ],
)
def test_mistakes_are_named(text: str, says: str, hint: str) -> None:
    with pytest.raises(UsageError, match=says) as caught:
        parse_gates([text])
    assert hint in caught.value.hint


def test_each_gate_is_held_against_its_measure() -> None:
    gates = parse_gates(["size=100,efficiency=0.9,waste=5%,layers=3"])
    measures = {"size": 100.0, "efficiency": 0.89, "waste": 6.0, "layers": 3.0}
    results = check_gates(gates, measures, size_bytes=100)
    assert [(item.gate.kind.name, item.found, item.passed) for item in results] == [
        ("size", 100.0, True),
        ("efficiency", 0.89, False),
        ("waste", 0.06, False),
        ("layers", 3.0, True),
    ]


def test_a_share_of_nothing_is_nothing() -> None:
    (result,) = check_gates(parse_gates(["waste=0%"]), {"waste": 0.0}, size_bytes=0)
    assert result.passed


def test_names_are_unique() -> None:
    assert len({kind.name for kind in GATES}) == len(GATES)
