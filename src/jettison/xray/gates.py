"""Bounds that an image has to keep, for pipelines: `size=200MB,efficiency=0.95,secrets=0`."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from jettison.errors import UsageError

_NUMBER: Final = re.compile(r"(\d{1,15}(?:\.\d{1,6})?)\s*([a-z%]*)")
# Decimal as Docker shows sizes, and binary where it is written so.
_DECIMAL: Final = {"": 1, "b": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}
_LONG: Final = {"kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12}
_BINARY: Final = {"kib": 1 << 10, "mib": 1 << 20, "gib": 1 << 30, "tib": 1 << 40}
_BYTES: Final = _DECIMAL | _LONG | _BINARY


class Unit(StrEnum):
    """What a bound counts."""

    BYTES = "bytes"
    SHARE = "share"
    COUNT = "count"


@dataclass(frozen=True, slots=True, kw_only=True)
class GateKind:
    """Something that can be bounded.

    Shape: `at_least` where more is better; `has_share` where a percentage of the image's size may
    stand for bytes.
    """

    name: str
    unit: Unit
    about: str
    at_least: bool = False
    has_share: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """One bound as it was asked for."""

    kind: GateKind
    allowed: float
    unit: Unit


@dataclass(frozen=True, slots=True, kw_only=True)
class GateResult:
    """What a gate found; both numbers are in its unit."""

    gate: Gate
    found: float

    @property
    def passed(self) -> bool:
        """Whether the bound is kept."""
        if self.gate.kind.at_least:
            return self.found >= self.gate.allowed
        return self.found <= self.gate.allowed


GATES: Final[tuple[GateKind, ...]] = (
    GateKind(name="size", unit=Unit.BYTES, about="files of all layers, unpacked"),
    GateKind(name="efficiency", unit=Unit.SHARE, at_least=True, about="dive's score, 0 to 1"),
    GateKind(
        name="waste", unit=Unit.BYTES, has_share=True, about="stored several times, or deleted"
    ),
    GateKind(name="user-waste", unit=Unit.SHARE, about="waste in the layers above the first"),
    GateKind(name="duplicates", unit=Unit.BYTES, has_share=True, about="equal contents"),
    GateKind(name="unowned", unit=Unit.BYTES, has_share=True, about="files of no package"),
    GateKind(name="layers", unit=Unit.COUNT, about="layers"),
    GateKind(name="files", unit=Unit.COUNT, about="files that a container sees"),
    GateKind(name="packages", unit=Unit.COUNT, about="packages of all kinds"),
    GateKind(name="root", unit=Unit.COUNT, about="0: the container must not run as root"),
    GateKind(name="secrets", unit=Unit.COUNT, about="secrets in files of any layer, env, history"),
    GateKind(name="private-keys", unit=Unit.COUNT, about="private keys"),
    GateKind(name="setuid", unit=Unit.COUNT, about="files that run as their owner"),
    GateKind(name="setgid", unit=Unit.COUNT, about="files that run as their group"),
    GateKind(name="capabilities", unit=Unit.COUNT, about="files that run with capabilities"),
    GateKind(name="world-writable", unit=Unit.COUNT, about="what anybody may write to"),
    GateKind(name="shells", unit=Unit.COUNT, about="shells"),
    GateKind(name="package-managers", unit=Unit.COUNT, about="package managers"),
    GateKind(name="high-risks", unit=Unit.COUNT, about="risks of high severity"),
)


def parse_gates(texts: Iterable[str]) -> tuple[Gate, ...]:
    """The gates of `name=value[,name=value…]` texts; a later one replaces an earlier one.

    Raises: UsageError for unknown names and for values that the gate cannot have.
    """
    found: dict[str, Gate] = {}
    for setting in _settings(texts):
        name, equals, value = (part.strip() for part in setting.partition("="))
        kind = _find(name, setting)
        if not equals:
            raise UsageError(f"--gate {setting!r} has no bound", hint=f"write {name}={_like(kind)}")
        found[name] = _parse(kind, value.lower())
    return tuple(found[kind.name] for kind in GATES if kind.name in found)


def check_gates(
    gates: Iterable[Gate], measures: Mapping[str, float], *, size_bytes: int
) -> tuple[GateResult, ...]:
    """What each gate finds; percentages are of `size_bytes`.

    Shape: `measures` by the gates' names, each in the unit of its kind.
    """
    results: list[GateResult] = []
    for gate in gates:
        found = measures[gate.kind.name]
        if gate.unit is Unit.SHARE and gate.kind.unit is Unit.BYTES:
            found = found / size_bytes if size_bytes else 0.0
        results.append(GateResult(gate=gate, found=found))
    return tuple(results)


def _settings(texts: Iterable[str]) -> Iterator[str]:
    for text in texts:
        yield from (part for part in text.split(",") if part.strip())


def _find(name: str, setting: str) -> GateKind:
    names = [kind.name for kind in GATES]
    if name not in names:
        close = difflib.get_close_matches(name, names, n=1)
        hint = f"did you mean {close[0]}?" if close else f"known: {', '.join(names)}"
        raise UsageError(f"--gate {setting!r}: no gate is named {name!r}", hint=hint)
    return next(kind for kind in GATES if kind.name == name)


def _parse(kind: GateKind, value: str) -> Gate:
    match = _NUMBER.fullmatch(value)
    number, unit = (float(match[1]), match[2]) if match is not None else (0.0, "?")
    if unit == "%" and (kind.unit is Unit.SHARE or kind.has_share):
        return Gate(kind=kind, allowed=number / 100, unit=Unit.SHARE)
    if kind.unit is Unit.BYTES and unit in _BYTES:
        return Gate(kind=kind, allowed=number * _BYTES[unit], unit=Unit.BYTES)
    is_plain = not unit and (kind.unit is Unit.SHARE or number.is_integer())
    if kind.unit is Unit.BYTES or not is_plain:
        raise UsageError(
            f"--gate {kind.name}: {value!r} is no bound for it",
            hint=f"write {kind.name}={_like(kind)}",
        )
    return Gate(kind=kind, allowed=number, unit=kind.unit)


def _like(kind: GateKind) -> str:
    match kind.unit:
        case Unit.BYTES:
            return "200MB or 5%" if kind.has_share else "200MB"
        case Unit.SHARE:
            return "0.95" if kind.at_least else "0.1"
        case Unit.COUNT:
            return "0"
