"""Findings that somebody decided to live with: each with a reason and a day it ends on."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from packaging.utils import canonicalize_name

from jettison.decisions import Decision, read_decisions
from jettison.errors import UsageError
from jettison.scan.match import Finding
from jettison.scan.purls import full_purl_of, source_purl_of
from jettison.scan.vex import VexStatement, VexStatus, VexTarget, find_statement, is_about, names

_SHOWN_IDS: Final = 4
_EXAMPLE: Final = (
    'write [[scan.ignore]] with id = "CVE-…" or package = "…", reason = "…" and '
    "expires = 2026-12-31"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ignore:
    """One decision.

    Shape: `id` is any name of a vulnerability, `package` any name of a package; at least one is
    there, and where both are both must fit. It holds up to and including `expires`; `file` is
    where it stands.
    """

    reason: str
    expires: date
    id: str = ""
    package: str = ""
    file: str = "jettison.toml"

    def __str__(self) -> str:
        return " in ".join(part for part in (self.id, self.package) if part)

    def fits(self, finding: Finding) -> bool:
        """Whether it is about this finding."""
        return (not self.id or self.id.upper() in {name.upper() for name in finding.ids}) and (
            not self.package
            or canonicalize_name(self.package)
            in {
                canonicalize_name(name)
                for package in finding.packages
                for name in (package.name, package.title, package.source)
            }
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Ignored:
    """A finding that does not count, and why not; `until` is None where no end was set."""

    finding: Finding
    reason: str
    until: date | None
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sifted:
    """Findings that count, those that do not, and what is to be said of the ignores themselves."""

    findings: tuple[Finding, ...]
    ignored: tuple[Ignored, ...]
    notices: tuple[str, ...]


def parse_ignores(value: Any, *, where: str) -> tuple[Ignore, ...]:  # decoded TOML
    """Read the list of `[[scan.ignore]]`.

    Raises: UsageError naming the entry and what it lacks.
    """
    decisions = read_decisions(
        value, where=f"{where}: scan.ignore", about=("id", "package"), example=_EXAMPLE
    )
    return tuple(_ignore(decision, where) for decision in decisions)


def _ignore(decision: Decision, file: str) -> Ignore:
    if not any(decision.about.values()):
        message = f"{decision.where}: neither id nor package says what is ignored"
        raise UsageError(message, hint=_EXAMPLE)
    if decision.expires is None:
        raise UsageError(f"{decision.where}: it does not say when it expires", hint=_EXAMPLE)
    return Ignore(reason=decision.reason, expires=decision.expires, file=file, **decision.about)


def silence(
    findings: Iterable[Finding],
    statements: Sequence[VexStatement],
    *,
    image_digests: frozenset[str] = frozenset(),
    image_names: frozenset[str] = frozenset(),
) -> Sifted:
    """Take out what VEX statements say that the product is not affected by.

    A finding of several packages is taken out only if all of them are spoken of.
    """
    kept: list[Finding] = []
    ignored: list[Ignored] = []
    found: set[VexStatement] = set()
    fitting: set[VexStatement] = set()
    for finding in findings:
        named = [item for item in statements if names(item, finding.ids)]
        found.update(named)
        spoken = []
        for package in finding.packages if named else ():
            target = VexTarget(
                purls=(full_purl_of(package), source_purl_of(package)),
                image_digests=image_digests,
                image_names=image_names,
            )
            spoken.append(find_statement(named, finding.ids, target))
            fitting.update(item for item in named if is_about(item, target))
        said = [item for item in spoken if item is not None and item.suppresses]
        if said and len(said) == len(finding.packages):
            reason = said[0].reason or said[0].status.value
            ignored.append(Ignored(finding=finding, reason=reason, until=None, by="VEX"))
        else:
            kept.append(finding)
    notices = _vex_notices(statements, found, fitting)
    return Sifted(findings=tuple(kept), ignored=tuple(ignored), notices=notices)


def _vex_notices(
    statements: Iterable[VexStatement],
    found: Collection[VexStatement],
    fitting: Collection[VexStatement],
) -> tuple[str, ...]:
    """What would have hidden something, and did not; a document may have thousands of statements.

    That something fixed is not found is as it should be.
    """
    hiding = [item for item in statements if item.suppresses and item not in fitting]
    others = [item.vulnerability for item in hiding if item in found]
    absent = [
        item.vulnerability
        for item in hiding
        if item not in found and item.status is VexStatus.NOT_AFFECTED
    ]
    notices = []
    if others:
        notices.append(f"VEX is about another product or package for {_some(others)}")
    if absent:
        notices.append(f"VEX is about vulnerabilities that were not found: {_some(absent)}")
    return tuple(notices)


def _some(ids: Iterable[str]) -> str:
    unique = list(dict.fromkeys(ids))
    more = len(unique) - _SHOWN_IDS
    return ", ".join(unique[:_SHOWN_IDS]) + (f" and {more} more" if more > 0 else "")


def sift(findings: Iterable[Finding], ignores: Iterable[Ignore], *, today: date) -> Sifted:
    """Take out what is ignored today; expired ignores ignore nothing and are named."""
    ignores = tuple(ignores)
    live = [item for item in ignores if item.expires >= today]
    kept: list[Finding] = []
    ignored: list[Ignored] = []
    used: set[Ignore] = set()
    for finding in findings:
        fitting = [item for item in live if item.fits(finding)]
        used.update(item for item in ignores if item.fits(finding))
        if not fitting:
            kept.append(finding)
            continue
        longest = max(fitting, key=lambda item: item.expires)
        ignored.append(
            Ignored(finding=finding, reason=longest.reason, until=longest.expires, by=longest.file)
        )
    notices = [
        f"the ignore of {item} expired on {item.expires}, so it counts again"
        for item in ignores
        if item.expires < today and item in used
    ]
    notices += [
        f"the ignore of {item} fits nothing any more" for item in ignores if item not in used
    ]
    return Sifted(findings=tuple(kept), ignored=tuple(ignored), notices=tuple(notices))
