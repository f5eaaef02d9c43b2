"""Find the smallest upgrades of a project's pinned distributions that go together."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from packaging.requirements import Requirement
from packaging.specifiers import Specifier
from packaging.utils import canonicalize_name
from packaging.version import Version

from jettison.errors import TransportError
from jettison.feed.package_index import PackageIndex
from jettison.feed.resolver import Conflict, Resolved, Resolver
from jettison.scan.component import Component
from jettison.scan.match import Finding, FindRecords, match
from jettison.scan.upgrades import Upgrade, choose_upgrade

# Each attempt is a run of pip.
_MOST_ROUNDS: Final = 16


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
    before = market.resolver.resolve(map(str, requirements))
    together, solution = _solve(requirements, targets, market, failures)
    had = before.versions if isinstance(before, Resolved) else {}
    moved = together.moved
    return Chosen(
        upgrades=tuple(_outcome(item, together.pins, vulnerable, market) for item in upgrades),
        pins=together.pins,
        moved={name: version for name, version in moved.items() if name not in vulnerable},
        added={name: found for name, found in solution.versions.items() if name not in had},
        failures=tuple(failures),
    )


def _solve(
    requirements: Sequence[Requirement],
    targets: Mapping[str, str],
    market: Market,
    failures: list[str],
) -> tuple[_Together, Resolved]:
    """All upgrades together; else as many of them as go together, one after the other."""
    together = _Together(requirements, targets, market)
    solution = together.solve()
    if isinstance(solution, Resolved):
        return together, solution
    best = _Together(requirements, {}, market), Resolved(versions={})
    for name, version in targets.items():
        tried = _Together(requirements, {**best[0].targets, name: version}, market)
        solution = tried.solve()
        if isinstance(solution, Resolved):
            best = tried, solution
        else:
            failures.append(f"{name} {version} does not go with the others: {solution.reason}")
    return best


def _outcome(
    upgrade: Upgrade,
    pins: Mapping[str, str],
    vulnerable: Mapping[str, tuple[Component, Sequence[Finding]]],
    market: Market,
) -> Upgrade:
    """What the version that it got in the end has, and no longer has."""
    version = pins.get(upgrade.component.name)
    before = tuple(finding.id for finding in vulnerable[upgrade.component.name][1])
    if version is None:
        return replace(upgrade, after=None, fixed=(), remaining=before, available=upgrade.after)
    tried = replace(upgrade.component, version=version, source_version=version)
    left = tuple(finding.id for finding in match([tried], market.find).findings)
    gone = tuple(name for name in before if name not in left)
    return replace(upgrade, after=version, fixed=gone, remaining=left)


class _Together:
    """Requirements with some pins raised, and others after them where pip says that they conflict.

    What is demanded too new is raised to the nearest version that will do. Who demands something
    too old is let go, and then taken back as far as can be.
    """

    def __init__(
        self, requirements: Sequence[Requirement], targets: Mapping[str, str], market: Market
    ) -> None:
        self._requirements = requirements
        self._market = market
        self._old = {
            str(canonicalize_name(item.name)): pin
            for item in requirements
            if (pin := _pin(item)) is not None
        }
        self.targets = targets
        self._now = {**self._old, **targets}

    @property
    def pins(self) -> dict[str, str]:
        """The new version of all that changes."""
        return {name: pin for name, pin in self._now.items() if pin != self._old.get(name)}

    @property
    def moved(self) -> dict[str, str]:
        """Those of them that are no targets, or have to be newer than those."""
        return {name: pin for name, pin in self.pins.items() if pin != self.targets.get(name)}

    def solve(self) -> Resolved | Conflict:
        """A solution with few and small moves, looked for in a bounded number of steps."""
        loose: set[str] = set()
        found = self._resolve(loose)
        for _ in range(_MOST_ROUNDS):
            if isinstance(found, Resolved):
                return self._take_back(found, loose)
            if not self._raise(found):
                parents = {name for name, _ in found.demands} & self._now.keys() - loose
                if not parents:
                    return found
                loose |= parents
            found = self._resolve(loose)
        return found

    def _raise(self, conflict: Conflict) -> bool:
        """Raise what is demanded newer than it is; whether anything was."""
        is_raised = False
        for _, demand in conflict.demands:
            name = str(canonicalize_name(demand.name))
            if name not in self._now or name not in conflict.requested:
                continue
            for version in self._later(name):
                if demand.specifier.contains(version):
                    self._now[name] = version
                    is_raised = True
                    break
        return is_raised

    def _take_back(self, found: Resolved, loose: set[str]) -> Resolved:
        """Of each that was let go the oldest version that still goes with the others."""
        least = {name: self._now[name] for name in loose}
        for name in loose:
            self._now[name] = found.versions.get(name, self._now[name])
        for name in sorted(loose):
            newest = self._now[name]
            self._now[name] = least[name]
            older = [
                item
                for item in (least[name], *self._later(name))
                if Version(item) < Version(newest)
            ]
            # The versions that are too old come first, so that half of them can be left out.
            while older:
                middle = len(older) // 2
                self._now[name] = older[middle]
                tried = self._resolve(())
                if isinstance(tried, Resolved):
                    newest, found, older = older[middle], tried, older[:middle]
                else:
                    older = older[middle + 1 :]
            self._now[name] = newest
        return found

    def _later(self, name: str) -> list[str]:
        """Versions after the one that it has now, the nearest first."""
        own = Version(self._now[name])
        versions = {
            Version(item): item
            for item in self._market.index.versions(name, python=self._market.resolver.python)
        }
        return [
            versions[item]
            for item in sorted(versions)
            if item > own and (own.is_prerelease or not item.is_prerelease)
        ]

    def _resolve(self, loose: Container[str]) -> Resolved | Conflict:
        return self._market.resolver.resolve(
            _with_pin(item, self._now.get(str(canonicalize_name(item.name))), loose)
            for item in self._requirements
        )


def _pin(requirement: Requirement) -> str | None:
    for item in requirement.specifier:
        if _is_exact(item):
            return item.version
    return None


def _is_exact(item: Specifier) -> bool:
    return item.operator in ("==", "===") and not item.version.endswith(".*")


def _with_pin(requirement: Requirement, version: str | None, loose: Container[str]) -> str:
    if version is None:
        return str(requirement)
    operator = ">=" if canonicalize_name(requirement.name) in loose else "=="
    extras = f"[{','.join(sorted(requirement.extras))}]" if requirement.extras else ""
    marker = f"; {requirement.marker}" if requirement.marker else ""
    # Bounds beside a pin stay in the file, and those of a constraint hold all the same.
    bounds = sorted(str(item) for item in requirement.specifier if not _is_exact(item))
    versions = ",".join((f"{operator}{version}", *bounds))
    return f"{requirement.name}{extras}{versions}{marker}"
