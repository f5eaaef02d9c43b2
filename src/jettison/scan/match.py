"""Packages and advisories in, findings out: one for each vulnerability of each package.

The binary packages of one source package share its advisories, so they share its findings.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol

from packaging.utils import canonicalize_name

from jettison.scan.aliases import CVE_ID, AliasGroups, ordered_ids, preferred_id
from jettison.scan.component import Component, Lookup
from jettison.scan.ecosystems import Ecosystem
from jettison.scan.osv import Affected, Record
from jettison.scan.ranges import find_fix, is_affected
from jettison.scan.severity import Rating, rank, rate
from jettison.scan.versions import InvalidVersionError, VersionOrder, find_order

# Where a vulnerability is described for those who have to act on it.
_TRACKERS: Final = (
    "security-tracker.debian.org",
    "ubuntu.com/security",
    "security.alpinelinux.org",
    "github.com/advisories/",
    "/security/advisories/",
)
_PAID: Final = "Ubuntu:Pro:"


class FindRecords(Protocol):
    """Whoever has the records of some packages of one ecosystem."""

    def __call__(
        self, ecosystem: str, release: str, names: Iterable[str], /
    ) -> Mapping[str, Sequence[Record]]:
        """The records by the names that were asked for, without those that there are none of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One vulnerability of one package.

    Shape: `aliases` are its other names; `packages` are those installed that have it, never none,
    binary packages of one source or copies of one; `affected_name` and `affected_version` are what
    the advisory speaks of, the source package's for distributions; `fixed_version` is the first
    version after it that is free of this vulnerability, None where there is none yet.
    """

    id: str
    aliases: tuple[str, ...]
    rating: Rating
    summary: str
    packages: tuple[Component, ...]
    affected_name: str
    affected_version: str
    fixed_version: str | None
    links: tuple[str, ...]

    @property
    def ids(self) -> tuple[str, ...]:
        """All its names."""
        return (self.id, *self.aliases)


@dataclass(frozen=True, slots=True, kw_only=True)
class Uncertain:
    """A package of which cannot be said whether an advisory is about it, and why."""

    package: Component
    advisory: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Matches:
    """What was found, the worst first, and what could not be told."""

    findings: tuple[Finding, ...]
    uncertain: tuple[Uncertain, ...]


@dataclass(frozen=True, slots=True)
class _Place:
    """One source package in one version, and what is installed of it."""

    lookup: Lookup
    packages: tuple[Component, ...]
    order: VersionOrder


def match(components: Iterable[Component], find: FindRecords) -> Matches:
    """Find the vulnerabilities of some packages; those without an ecosystem are left out."""
    findings: list[Finding] = []
    uncertain: list[Uncertain] = []
    for ecosystem, places in _by_ecosystem(components).items():
        names = sorted({place.lookup.name for place in places})
        records = find(ecosystem.name, ecosystem.release, names)
        for place in places:
            about = [
                (record, entries)
                for record in records.get(place.lookup.name, ())
                if not record.withdrawn
                and (entries := _entries(record, ecosystem, place.lookup.name))
            ]
            findings += _findings(place, about, uncertain.append)
    return Matches(
        findings=tuple(sorted(_without_doubles(findings), key=_place_in_list)),
        uncertain=tuple(uncertain),
    )


def _by_ecosystem(components: Iterable[Component]) -> dict[Ecosystem, list[_Place]]:
    grouped: dict[Ecosystem, dict[Lookup, list[Component]]] = {}
    for component in components:
        if not isinstance(component.ecosystem, Ecosystem):
            continue
        of_ecosystem = grouped.setdefault(component.ecosystem, {})
        for lookup in component.lookups:
            of_ecosystem.setdefault(lookup, []).append(component)
    found: dict[Ecosystem, list[_Place]] = {}
    for ecosystem, lookups in grouped.items():
        order = find_order(ecosystem.name)
        if order is not None:
            found[ecosystem] = [
                _Place(lookup, tuple(packages), order) for lookup, packages in lookups.items()
            ]
    return found


def _entries(record: Record, ecosystem: Ecosystem, name: str) -> tuple[Affected, ...]:
    """What a record says of a package in a release; sources may hand over more than that.

    What Ubuntu fixes for subscribers alone, its records list under `Ubuntu:Pro` in place of the
    release; the packages are the same, and so vulnerable, with or without a subscription.
    Source: Ubuntu's security documentation, "OSV"; osv.dev takes both for the release too.
    """
    own, paid = [], []
    for affected in record.affected:
        package = affected.package
        if package is None or not _is_named(package.name, name, ecosystem):
            continue
        if _is_release(package.ecosystem, ecosystem):
            own.append(affected)
        elif package.ecosystem.startswith(_PAID) and _is_release(
            package.ecosystem.replace(_PAID, "Ubuntu:", 1), ecosystem
        ):
            paid.append(affected)
    return tuple(own or paid)


def _is_named(written: str, name: str, ecosystem: Ecosystem) -> bool:
    return written == name or (
        ecosystem.name == "PyPI" and canonicalize_name(written) == canonicalize_name(name)
    )


def _is_release(named: str, ecosystem: Ecosystem) -> bool:
    """Records that name no release are about all; `:LTS` comes and goes while a release ages."""
    name, _, release = named.partition(":")
    return name == ecosystem.name and (
        not release or release.removesuffix(":LTS") == ecosystem.release.removesuffix(":LTS")
    )


def _findings(
    place: _Place,
    about: Sequence[tuple[Record, tuple[Affected, ...]]],
    report: Callable[[Uncertain], None],
) -> Iterator[Finding]:
    groups = AliasGroups(record for record, _ in about)
    matched: dict[str, list[tuple[Record, Affected]]] = {}
    names: dict[str, set[str]] = {}
    said: dict[str, list[Affected]] = {}
    for record, entries in about:
        known, hit = _held(place, record, entries, report)
        for root, ids in groups.groups_of(record).items():
            said.setdefault(root, []).extend(known)
            if hit:
                matched.setdefault(root, []).extend((record, affected) for affected in hit)
                names.setdefault(root, set()).update(ids)
    for root, pairs in matched.items():
        yield _finding(place, names[root], pairs, said[root])


def _held(
    place: _Place,
    record: Record,
    entries: Iterable[Affected],
    report: Callable[[Uncertain], None],
) -> tuple[list[Affected], list[Affected]]:
    """The entries that the version can be held against, and those of them that hold it."""
    known, hit = [], []
    for affected in entries:
        try:
            if is_affected(place.lookup.version, affected, place.order):
                hit.append(affected)
            known.append(affected)
        except InvalidVersionError as err:
            report(Uncertain(package=place.packages[0], advisory=record.id, reason=str(err)))
    return known, hit


def _finding(
    place: _Place,
    names: set[str],
    pairs: list[tuple[Record, Affected]],
    said: list[Affected],
) -> Finding:
    """One finding; `said` is everything that the records say of it, of other branches too.

    The version that ends one branch may be the first of the next, and vulnerable itself.
    """
    first = preferred_id(names)
    try:
        fix = find_fix(place.lookup.version, said, place.order)
    except InvalidVersionError:
        fix = None
    # What a record says of itself is better than what an advisory on many says of one.
    records = sorted({id(record): record for record, _ in pairs}.values(), key=_directness)
    return Finding(
        id=first,
        aliases=tuple(name for name in ordered_ids(names) if name != first),
        rating=rate(pairs),
        summary=next((record.summary for record in records if record.summary), ""),
        packages=place.packages,
        affected_name=place.lookup.name,
        affected_version=place.lookup.version,
        fixed_version=fix,
        links=_links(records),
    )


def _directness(record: Record) -> tuple[int, str]:
    return len(record.upstream), record.id


def _links(records: Iterable[Record]) -> tuple[str, ...]:
    """Addresses of advisories, or of anything else where there are none; trackers first.

    They end up in pages and in code scanning, so nothing that a browser would run is one.
    """
    references = [
        item
        for record in records
        for item in record.references
        if item.url.startswith(("https://", "http://"))
    ]
    advisories = [item.url for item in references if item.type == "ADVISORY"]
    urls = dict.fromkeys(advisories or [item.url for item in references])
    return tuple(sorted(urls, key=lambda url: not any(place in url for place in _TRACKERS)))


def _without_doubles(findings: Iterable[Finding]) -> Iterable[Finding]:
    """An rpm is looked up by its own name and by its source's: what comes twice is made one."""
    found: dict[tuple[str, ...], Finding] = {}
    for finding in findings:
        package = finding.packages[0]
        key = (finding.id, package.type, package.source, package.source_version)
        other = found.get(key)
        if other is not None:
            packages = dict.fromkeys((*other.packages, *finding.packages))
            finding = replace(
                other,
                packages=tuple(packages),
                fixed_version=other.fixed_version or finding.fixed_version,
            )
        found[key] = finding
    return found.values()


def _place_in_list(finding: Finding) -> tuple[int, float, str, str, tuple[int, int, str]]:
    score = finding.rating.score or 0.0
    # Others than the CVE program call things CVE- something too.
    fits = CVE_ID.fullmatch(finding.id)
    year, number = (int(fits[1]), int(fits[2])) if fits else (0, 0)
    return (
        rank(finding.rating.severity),
        -score,
        finding.affected_name,
        finding.affected_version,
        (year, number, finding.id),
    )
