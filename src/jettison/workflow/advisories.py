"""Packages and the database of advisories: which can be tested, and what else it says of a CVE."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from jettison.feed.database import AdvisoryDatabase
from jettison.report.scan_document import Epss, Kev, LayerOrigin
from jettison.report.scan_rows import FindingContext
from jettison.scan.component import Component
from jettison.scan.ecosystems import NoEcosystem
from jettison.scan.inputs import Untested


def testable(
    components: Iterable[Component], database: AdvisoryDatabase
) -> tuple[list[Component], list[Untested]]:
    """Those that the database knows something of, and the others in groups, with the reason."""
    tested: list[Component] = []
    reasons: Counter[tuple[str, str]] = Counter()
    examples: dict[tuple[str, str], str] = {}
    for component in components:
        reason = _why_not(component, database)
        if not reason:
            tested.append(component)
            continue
        reasons[component.type, reason] += 1
        examples.setdefault((component.type, reason), str(component))
    untested = []
    for (kind, reason), count in sorted(reasons.items()):
        one = examples[kind, reason]
        what = one if count == 1 else f"{count} packages of type {kind}"
        untested.append(Untested(what=what, where="", reason=reason))
    return tested, untested


def _why_not(component: Component, database: AdvisoryDatabase) -> str:
    ecosystem = component.ecosystem
    if isinstance(ecosystem, NoEcosystem):
        return ecosystem.reason
    if not database.has_release(ecosystem.name, ecosystem.release):
        return f"the database has no advisories for {ecosystem}"
    return ""


def finding_context(layers: Sequence[LayerOrigin], database: AdvisoryDatabase) -> FindingContext:
    """What rows of findings need."""
    known = database.enrichments

    def epss(cve: str) -> Epss | None:
        found = database.epss(cve) if "epss" in known else None
        return None if found is None else Epss(score=found.score, percentile=found.percentile)

    def kev(cve: str) -> Kev | None:
        found = database.kev(cve) if "kev" in known else None
        if found is None:
            return None
        return Kev(added=found.added, due=found.due, is_ransomware=found.is_ransomware)

    return FindingContext(layers=layers, epss=epss, kev=kev)
