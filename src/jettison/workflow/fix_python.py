"""Find the smallest upgrades of a project's pinned distributions that go together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from jettison.errors import TransportError
from jettison.feed.package_index import PackageIndex
from jettison.feed.resolver import Conflict, Resolved, Resolver
from jettison.scan.component import Component
from jettison.scan.match import FindRecords, Finding
from jettison.scan.upgrades import Upgrade, choose_upgrade

# Each attempt is a run of pip.
_MOST_ROUNDS: Final = 8
_MOST_STEPS: Final = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """What was found for a project.

    Shape: `pins` are new versions by name, those of upgrades and of what had to move with them;
    `moved` the latter alone; `added` what has to be named for the first time because upgrades need
    it; `upgrades` what became of each vulnerable distribution; `failures` are sentences.
    """

    upgrades: tuple[Upgrade, ...] = ()
    pins: Mapping[str, str] = field(default_factory=dict)
    moved: Mapping[str, str] = field(default_factory=dict)
    added: Mapping[str, str] = field(default_factory=dict)
    failures: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Market:
    """Where versions come from, and what is known of them."""

    index: PackageIndex
    resolver: Resolver
    find: FindRecords


def choose_upgrades(
    vulnerable: Mapping[str, tuple[Component, Sequence[Finding]]],
    requirements: Sequence[Requirement],
    market: Market,
) -> Chosen:
    """Choose versions for what is vulnerable, and for what stands in their way.

    Shape: `vulnerable` by name, pinned ones; `requirements` are all of the project's.
    """
    upgrades: list[Upgrade] = []
    failures: list[str] = []
    for component, findings in vulnerable.values():
        try:
            versions = market.index.versions(component.name, python=market.resolver.python)
        except TransportError as err:
            failures.append(err.message)
            versions = ()
        upgrades.append(choose_upgrade(component, findings, versions, market.find))
    targets = {item.component.name: item.after for item in upgrades if item.after is not None}
    if not targets:
        return Chosen(upgrades=tuple(upgrades), failures=tuple(failures))
    together = _Together(requirements, targets, market)
    before = market.resolver.resolve(map(str, requirements))
    solution = together.solve()
    if isinstance(solution, Conflict):
        failures.append(f"the upgrades do not go together: {solution.reason}")
        none = tuple(_without(item) for item in upgrades)
        return Chosen(upgrades=none, failures=tuple(failures))
    had = before.versions if isinstance(before, Resolved) else {}
    return Chosen(
        upgrades=tuple(upgrades),
        pins={**targets, **together.moved},
        moved=together.moved,
        added={name: found for name, found in solution.versions.items() if name not in had},
        failures=tuple(failures),
    )


def _without(upgrade: Upgrade) -> Upgrade:
    return Upgrade(
        component=upgrade.component,
        after=None,
        fixed=(),
        remaining=(*upgrade.fixed, *upgrade.remaining),
    )


class _Together:
    """Requirements with some pins raised; others are let go where pip says that they conflict."""

    def __init__(
        self, requirements: Sequence[Requirement], targets: Mapping[str, str], market: Market
    ) -> None:
        self._requirements = requirements
        self._targets = targets
        self._market = market
        self._pins = {
            canonicalize_name(item.name): pin
            for item in requirements
            if (pin := _pin(item)) is not None
        }
        self.moved: dict[str, str] = {}

    def solve(self) -> Resolved | Conflict:
        """A solution with as few and as small moves as can be found in a bounded time."""
        loose: set[str] = set()
        found = self._resolve(dict.fromkeys(loose, ""))
        for _ in range(_MOST_ROUNDS):
            if isinstance(found, Resolved):
                break
            movable = (found.requested | found.parents) & self._pins.keys() - self._targets.keys()
            if not movable - loose:
                return found
            loose |= movable
            found = self._resolve({name: f">={self._pins[name]}" for name in loose})
        if isinstance(found, Conflict):
            return found
        return self._shrink(found, loose)

    def _shrink(self, found: Resolved, loose: set[str]) -> Resolved:
        """Take of each pin that was let go the smallest version that still does."""
        settled = {name: f"=={found.versions[name]}" for name in loose if name in found.versions}
        for name in sorted(settled):
            for version in self._between(self._pins[name], settled[name].removeprefix("==")):
                tried = self._resolve({**settled, name: f"=={version}"})
                if isinstance(tried, Resolved):
                    settled[name], found = f"=={version}", tried
                    break
        self.moved = {
            name: text.removeprefix("==")
            for name, text in settled.items()
            if text != f"=={self._pins[name]}"
        }
        return found

    def _between(self, low: str, high: str) -> Iterable[str]:
        """Versions from the old pin up to what pip took, without the latter."""
        return (low, *self._later(low, high))[:_MOST_STEPS]

    def _later(self, low: str, high: str) -> Iterable[str]:
        from packaging.version import Version  # noqa: PLC0415  # its parsing is only needed here

        for name, pin in self._pins.items():
            if pin == low:
                versions = self._market.index.versions(name, python=self._market.resolver.python)
                kept = [item for item in versions if Version(low) < Version(item) < Version(high)]
                return sorted(kept, key=Version)
        return ()

    def _resolve(self, instead: Mapping[str, str]) -> Resolved | Conflict:
        return self._market.resolver.resolve(self._lines(instead))

    def _lines(self, instead: Mapping[str, str]) -> Iterable[str]:
        for item in self._requirements:
            name = canonicalize_name(item.name)
            specifier = instead.get(name)
            if name in self._targets:
                specifier = f"=={self._targets[name]}"
            yield str(item) if specifier is None else _with_specifier(item, specifier)


def _pin(requirement: Requirement) -> str | None:
    for item in requirement.specifier:
        if item.operator in ("==", "===") and not item.version.endswith(".*"):
            return item.version
    return None


def _with_specifier(requirement: Requirement, specifier: str) -> str:
    extras = f"[{','.join(sorted(requirement.extras))}]" if requirement.extras else ""
    marker = f"; {requirement.marker}" if requirement.marker else ""
    return f"{requirement.name}{extras}{specifier}{marker}"


