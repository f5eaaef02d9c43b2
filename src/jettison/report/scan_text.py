"""A scan as text: package by package, from the one with the worst finding on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from jettison.report.columns import Cut, shorten, visible, wrapped
from jettison.report.scan_document import FindingRow, ScanDocument, TargetKind, totals_line
from jettison.report.scan_rows import by_package
from jettison.report.units import count_of

_MOST_OF_PACKAGE: Final = 50
_MOST_UNTESTED: Final = 10
_MOST_CHAINS: Final = 3
_MOST_BINARIES: Final = 4
_SEVERITY: Final = 8


def render_scan_text(document: ScanDocument, *, width: int = 80, is_full: bool = False) -> str:
    """All findings with where they came in; of one package at most fifty unless `is_full`."""
    sections = [list(_headline(document))]
    for findings in by_package(document.findings).values():
        sections.append(
            [*_package(findings, width, len(findings) if is_full else _MOST_OF_PACKAGE)]
        )
    sections.append([*_bundled(document, None if is_full else _MOST_UNTESTED)])
    sections.append([*_ignored(document)])
    sections.append(
        [
            line
            for text in _untold(document, None if is_full else _MOST_UNTESTED)
            for line in wrapped(text, width, 2)
        ]
    )
    sections.append([*_ending(document)])
    return "\n".join("".join(f"{line}\n" for line in lines) for lines in sections if lines)


def _headline(document: ScanDocument) -> Iterator[str]:
    target = document.target
    if target.kind is TargetKind.IMAGE:
        facts = (visible(target.reference), target.platform, visible(target.distribution))
        yield "  ".join(fact for fact in facts if fact)
        yield str(target.digest)
    else:
        yield visible(target.reference)
        if target.files and target.files != (target.reference,):
            yield "read: " + ", ".join(visible(file) for file in target.files)


def _package(findings: Sequence[FindingRow], width: int, most: int) -> Iterator[str]:
    first = findings[0]
    package = first.package
    titles = list(dict.fromkeys(item.name for row in findings for item in row.packages))
    fixes = {row.fixed_version for row in findings}
    heading = f"{visible(package.source)} {visible(package.source_version)}  {package.type}"
    if package.type == "python":
        heading = f"{visible(titles[0])} {visible(package.version)}  {package.type}"
    elif titles != [package.source]:
        more = len(titles) - _MOST_BINARIES
        heading += "  as " + ", ".join(visible(title) for title in titles[:_MOST_BINARIES])
        heading += f" and {more} more" if more > 0 else ""
    yield from wrapped(heading, width, 0)
    if first.layer is not None:
        where = "base image" if first.layer.is_base else "your layers"
        text = f"  from layer {first.layer.index} ({where})"
        if first.layer.instruction:
            text += f": {visible(first.layer.instruction)}"
        yield shorten(text, width, Cut.END)
    elif package.type == "python" and not _chains(first):
        yield f"  from {visible(first.packages[0].location)}"
    chains = _chains(first)
    for chain in chains[:_MOST_CHAINS]:
        yield from wrapped("  introduced through " + " > ".join(map(visible, chain)), width, 4)
    if len(chains) > _MOST_CHAINS:
        yield f"  and {len(chains) - _MOST_CHAINS} more ways"
    owners = dict.fromkeys(item.owner for item in first.packages if item.owner)
    for owner in owners:
        yield from wrapped(f"  part of {visible(owner)}, which may have the fix already", width, 4)
    has_one_fix = len(fixes) == 1
    if has_one_fix:
        fix = next(iter(fixes))
        yield "  no fix yet" if fix is None else f"  fixed in {visible(fix)}"
    for row in findings[:most]:
        yield from _finding(row, width, with_fix=not has_one_fix)
    if len(findings) > most:
        yield f"  … and {len(findings) - most} more; --all and --format json have them all"


def _chains(row: FindingRow) -> tuple[tuple[str, ...], ...]:
    """Without those of one link: the package stands there for itself."""
    return tuple(chain for chain in row.introduced_through if len(chain) > 1)


def _finding(row: FindingRow, width: int, *, with_fix: bool) -> Iterator[str]:
    text = f"  {row.severity.upper():<{_SEVERITY}}  {visible(row.id)}"
    facts = []
    if row.score is not None:
        facts.append(f"{row.severity_source} {row.score:.1f}")
    elif row.severity_source:
        facts.append(f"by {row.severity_source}")
    if row.kev is not None:
        facts.append(f"known to be used since {row.kev.added}")
    if row.epss is not None:
        facts.append(f"EPSS {row.epss.score:.1%}")
    if with_fix:
        facts.append("no fix yet" if row.fixed_version is None else f"fixed in {row.fixed_version}")
    indent = _SEVERITY + 4
    yield from wrapped("  ".join((text, "; ".join(facts))).rstrip(), width, indent)
    if row.aliases:
        yield from wrapped(" " * indent + ", ".join(map(visible, row.aliases)), width, indent)
    if row.summary:
        yield shorten(" " * indent + visible(row.summary), width, Cut.END)
    yield " " * indent + visible(row.links[0])


def _bundled(document: ScanDocument, most: int | None) -> Iterator[str]:
    if document.bundled:
        yield "In what packages carry in themselves, not counted:"
    for row in document.bundled[:most]:
        chain = row.introduced_through[0] if row.introduced_through else ()
        carrier = f", carried by {visible(chain[-2])}" if len(chain) > 1 else ""
        package = f"{visible(row.package.name)} {visible(row.package.version)}"
        yield f"  {row.severity.upper():<{_SEVERITY}}  {visible(row.id)} in {package}{carrier}"
    if most is not None and len(document.bundled) > most:
        yield f"  … and {len(document.bundled) - most} more; --all has them all"


def _ignored(document: ScanDocument) -> Iterator[str]:
    if document.ignored:
        yield "Ignored:"
    for row in document.ignored:
        until = f", until {row.until}" if row.until else ""
        package = row.finding.package
        yield (
            f"  {visible(row.finding.id)} in {visible(package.source)} "
            f"{visible(package.source_version)}: {visible(row.reason)} ({visible(row.by)}{until})"
        )


def _untold(document: ScanDocument, most: int | None) -> Iterator[str]:
    if document.untested:
        yield "Not tested:"
    for row in document.untested[:most]:
        where = f" ({visible(row.where)})" if row.where else ""
        yield f"  {visible(row.what)}{where}: {visible(row.reason)}"
    if most is not None and len(document.untested) > most:
        yield f"  … and {len(document.untested) - most} more; --all has them all"
    if document.without_files:
        shown = ", ".join(map(visible, document.without_files[:5]))
        rest = len(document.without_files) - 5
        more = f" and {rest} more" if rest > 0 else ""
        yield f"Records without files: {shown}{more}; their findings count all the same."
    if document.without_record is not None:
        found = document.without_record
        shown = ", ".join(map(visible, found.examples))
        yield (
            f"Without a record: {_count(found.file_count)}, so nobody knows their versions: {shown}"
        )
    for notice in document.notices:
        yield f"note: {visible(notice)}"


def _count(number: int) -> str:
    return count_of(number, "program or library", "programs, libraries and modules")


def _ending(document: ScanDocument) -> Iterator[str]:
    totals = document.totals
    for item in document.ecosystems:
        packages = count_of(item.packages, "package")
        age = f", fetched {item.fetched_at[:10]}" if item.fetched_at else ""
        yield f"{packages} held against the advisories of {item.name}{age}"
    told, _, counts = totals_line(document).partition(": ")
    yield f"{told}:"
    yield f"  {counts}"
    if totals.vulnerabilities:
        yield f"{totals.fixable} of them {'has' if totals.fixable == 1 else 'have'} a fix"
    if totals.ignored:
        yield f"{totals.ignored} ignored"
