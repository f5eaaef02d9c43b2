"""What a project's requirements and lock files give to test. What is not pinned is not guessed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from jettison.analysis.lock_files import Lock
from jettison.analysis.requirements_file import (
    LineKind,
    RequirementLine,
    find_distribution,
    pinned_version,
)
from jettison.scan.chains import find_chains
from jettison.scan.component import Chain, Component, plain_component
from jettison.scan.ecosystems import PYPI
from jettison.scan.inputs import Inputs, Untested
from jettison.scan.markers import applies

_NOT_PINNED: Final = "not pinned to one version"


@dataclass(frozen=True, slots=True, kw_only=True)
class FileLine:
    """A line of a requirements file, and which; `is_constraint` where it came in with `-c`."""

    file: str
    line: RequirementLine
    is_constraint: bool = False

    @property
    def where(self) -> str:
        """Such as `requirements.txt:12`."""
        return f"{self.file}:{self.line.number}"


@dataclass(frozen=True, slots=True)
class _Pinned:
    name: str
    title: str
    version: str
    where: str
    via: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.title} {self.version}"


def requirements_inputs(lines: Sequence[FileLine], *, python: str = "") -> Inputs:
    """What some requirements files together install, as far as they say in which version."""
    constraints = _constraints(lines, python)
    pinned: list[_Pinned] = []
    untested: list[Untested] = []
    for item in lines:
        if item.is_constraint or item.line.kind in (LineKind.INCLUDE, LineKind.CONSTRAINTS):
            continue
        line = item.line
        if line.kind is LineKind.OPTION:
            continue
        name, version = find_distribution(line.target)
        if line.kind is LineKind.LOCATION and version:
            pinned.append(_Pinned(canonicalize_name(name), name, version, item.where, line.via))
            continue
        if line.requirement is None:
            reason = (
                "installed from a path or an address, not from an index"
                if line.kind is LineKind.LOCATION
                else "not a requirement that pip reads"
            )
            untested.append(Untested(what=line.text, where=item.where, reason=reason))
            continue
        result = _pin(item, constraints, python)
        if isinstance(result, Untested):
            untested.append(result)
        else:
            pinned.append(result)
    return Inputs(
        components=tuple(_with_chains(pinned)),
        untested=(*untested, *_unused_constraints(lines, constraints)),
        notices=_conflicts(pinned),
    )


def _constraints(lines: Iterable[FileLine], python: str) -> dict[str, str]:
    return {
        item.line.name: item.line.pin
        for item in lines
        if item.is_constraint
        and item.line.requirement is not None
        and item.line.pin
        and applies(item.line.requirement.marker, python=python)
    }


def _pin(item: FileLine, constraints: Mapping[str, str], python: str) -> _Pinned | Untested:
    requirement = item.line.requirement
    assert requirement is not None  # noqa: S101  # its caller has looked
    if not applies(requirement.marker, python=python):
        on = f"Python {python} on Linux" if python else "Linux"
        return Untested(
            what=str(requirement), where=item.where, reason=f"its marker is false for {on}"
        )
    name = canonicalize_name(requirement.name)
    version = item.line.pin or constraints.get(name, "")
    if (
        version
        and not requirement.url
        and not requirement.specifier.contains(version, prereleases=True)
    ):
        reason = f"the constraint {version} contradicts it"
        return Untested(what=str(requirement), where=item.where, reason=reason)
    if not version:
        exact = [spec for spec in requirement.specifier if spec.operator in ("==", "===")]
        reason = "no version satisfies it" if len(exact) > 1 else _NOT_PINNED
        return Untested(what=str(requirement), where=item.where, reason=reason)
    return _Pinned(name, requirement.name, version, item.where, item.line.via)


def _unused_constraints(
    lines: Sequence[FileLine], constraints: Mapping[str, str]
) -> Iterable[Untested]:
    """A constraint installs nothing by itself."""
    asked = {item.line.name for item in lines if not item.is_constraint}
    for item in lines:
        if item.is_constraint and item.line.name in constraints and item.line.name not in asked:
            yield Untested(
                what=item.line.text,
                where=item.where,
                reason="a constraint, and nothing here asks for the package itself",
            )


def _conflicts(pinned: Iterable[_Pinned]) -> tuple[str, ...]:
    versions: dict[str, dict[str, str]] = {}
    for item in pinned:
        versions.setdefault(item.name, {}).setdefault(item.version, item.where)
    return tuple(
        f"{name} is pinned to "
        + " and ".join(f"{version} ({where})" for version, where in found.items())
        + "; all of them are tested"
        for name, found in versions.items()
        if len(found) > 1
    )


def _with_chains(pinned: Sequence[_Pinned]) -> Iterable[Component]:
    """Chains come from what pip-compile and uv note; without notes each line stands for itself."""
    by_name = {item.name: item for item in pinned}
    needs: dict[str, list[str]] = {name: [] for name in by_name}
    roots = []
    for item in pinned:
        parents = [canonicalize_name(parent) for parent in item.via if not parent.startswith("-")]
        known = [parent for parent in parents if parent in by_name]
        for parent in known:
            needs[parent].append(item.name)
        if not known or len(parents) < len(item.via):
            roots.append(item.name)
    chains = find_chains(needs, roots)
    for item in pinned:
        # Markers may leave two pins of one name, each of which ends its own chains.
        shown = tuple(
            (*(str(by_name[name]) for name in chain[:-1]), str(item)) for chain in chains[item.name]
        )
        yield _component(item.title, item.version, item.where, shown)


def _component(title: str, version: str, where: str, chains: tuple[Chain, ...]) -> Component:
    component = plain_component("python", title, version, PYPI, record=where)
    return replace(component, introduced_through=chains)


def lock_inputs(file: str, lock: Lock, asked: Iterable[Requirement] | None = None) -> Inputs:
    """What a lock file gives to test; `asked` is what the project itself needs, where known."""
    roots = lock.roots
    if roots is None and asked is not None:
        roots = tuple(canonicalize_name(requirement.name) for requirement in asked)
    titles: dict[str, str] = {}
    needs: dict[str, list[str]] = {}
    for package in lock.packages:
        if not package.is_project:
            titles.setdefault(package.name, f"{package.title} {package.version}".rstrip())
            needs.setdefault(package.name, []).extend(package.requires)
    chains = find_chains(needs, roots)
    components = []
    untested = []
    for package in lock.packages:
        if package.is_project:
            continue
        if package.location or not package.version:
            reason = (
                f"comes from {package.location}, not from an index"
                if package.location
                else "locked without a version"
            )
            what = f"{package.title} {package.version}".rstrip()
            untested.append(Untested(what=what, where=file, reason=reason))
            continue
        shown = tuple(
            (*(titles[name] for name in chain[:-1]), f"{package.title} {package.version}")
            for chain in chains[package.name]
        )
        components.append(_component(package.title, package.version, file, shown))
    return Inputs(components=tuple(components), untested=tuple(untested))


def project_inputs(file: str, asked: Iterable[Requirement], *, python: str = "") -> Inputs:
    """What a project without a lock file pins itself."""
    components = []
    untested = []
    for requirement in asked:
        version = pinned_version(requirement)
        if not applies(requirement.marker, python=python):
            continue
        if version:
            chain = ((f"{requirement.name} {version}",),)
            components.append(_component(requirement.name, version, file, chain))
        else:
            untested.append(Untested(what=str(requirement), where=file, reason=_NOT_PINNED))
    return Inputs(components=tuple(components), untested=tuple(untested))
