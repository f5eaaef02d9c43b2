"""JT1008: a base image of a distribution that gets no security fixes any more."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Final

from jettison.lint.bases import Base
from jettison.lint.model import Problem, Rule, Severity
from jettison.lint.view import View

# The last day of long-term support. Sources: wiki.debian.org/LTS, ubuntu.com/about/release-cycle,
# alpinelinux.org/releases.
_ENDS: Final = {
    "wheezy": date(2018, 5, 31),
    "jessie": date(2020, 6, 30),
    "stretch": date(2022, 6, 30),
    "buster": date(2024, 6, 30),
    "bullseye": date(2026, 8, 31),
    "bookworm": date(2028, 6, 30),
    "xenial": date(2021, 4, 30),
    "bionic": date(2023, 5, 31),
    "focal": date(2025, 5, 31),
    "jammy": date(2027, 4, 30),
    "alpine3.15": date(2023, 11, 1),
    "alpine3.16": date(2024, 5, 23),
    "alpine3.17": date(2024, 11, 22),
    "alpine3.18": date(2025, 5, 9),
    "alpine3.19": date(2025, 11, 1),
    "alpine3.20": date(2026, 4, 1),
    "alpine3.21": date(2026, 11, 1),
    "alpine3.22": date(2027, 5, 1),
}
_BY_NUMBER: Final = {
    "debian": {"8": "jessie", "9": "stretch", "10": "buster", "11": "bullseye", "12": "bookworm"},
    "ubuntu": {"16.04": "xenial", "18.04": "bionic", "20.04": "focal", "22.04": "jammy"},
}


def check(view: View) -> Iterator[Problem]:
    """Each base image whose tag tells of a distribution past its end."""
    for stage in view.stages:
        base = view.base(stage)
        if base is None or not base.tag:
            continue
        for name in _distributions(base):
            end = _ENDS.get(name)
            if end is not None and end < view.options.today:
                yield view.at(stage.base.span, f"{name} has had no security fixes since {end}")


def _distributions(base: Base) -> Iterator[str]:
    numbers = _BY_NUMBER.get(base.short, {})
    for part in base.parts:
        number = ".".join(part.split(".")[: 1 if base.short == "debian" else 2])
        yield numbers.get(number, part)
    if base.short == "alpine":
        yield "alpine" + ".".join(base.parts[0].split(".")[:2])


RULE: Final = Rule(
    code="JT1008",
    title="Distribution past its end of life",
    remedy="use the variant of a distribution that still gets fixes",
    severity=Severity.WARNING,
    check=check,
)
