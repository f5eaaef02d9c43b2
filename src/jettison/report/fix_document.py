"""What `jettison fix` changed, and what it could not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

from jettison.report.columns import fitted
from jettison.report.units import count_of
from jettison.scan.upgrades import Upgrade

_SHOWN_IDS = 4


class UpgradeRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One distribution.

    Shape: `after` is null where no version is better, or where the better one, `available`, could
    not be taken; `where` is the file, and the line of requirements.
    """

    package: str
    where: str
    before: str
    after: str | None
    fixed: tuple[str, ...]
    remaining: tuple[str, ...]
    available: str | None = None


class FixDocument(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The outcome of one `fix`.

    Shape: `moved` had to move with the upgrades, `added` is needed by them for the first time, new
    versions by name; `base` is the image that the Dockerfile is built on now, empty where it did
    not change; `files` are those that were changed, or would be; `commit` and `pull_request` are
    empty where none was asked for.
    """

    kind: Literal["fix"] = "fix"
    schema_version: Literal[1] = 1
    upgrades: tuple[UpgradeRow, ...]
    moved: dict[str, str]
    added: dict[str, str]
    base: str
    files: tuple[str, ...]
    branch: str
    commit: str
    pull_request: str
    failures: tuple[str, ...]


def upgrade_rows(upgrades: tuple[Upgrade, ...]) -> tuple[UpgradeRow, ...]:
    """As rows, in the order of their names."""
    return tuple(
        UpgradeRow(
            package=item.component.title,
            where=item.component.record,
            before=item.component.version,
            after=item.after,
            fixed=item.fixed,
            remaining=item.remaining,
            available=item.available,
        )
        for item in sorted(upgrades, key=lambda one: (one.component.name, one.component.record))
    )


def render_fix_text(document: FixDocument, *, is_dry: bool, columns: int = 80) -> str:
    """A line for each upgrade, and what is left."""
    lines = []
    width = max((len(f"{row.package} {row.before}") for row in document.upgrades), default=0)
    for row in document.upgrades:
        before = f"{row.package} {row.before}"
        if row.after is None:
            why = "has no fix here"
            if row.available is not None:
                why = f"could go with {row.available}, but see below"
            lines.append(f"  {before:<{width}}  stays: {_ids(row.remaining)} {why}")
            continue
        left = f", still {_ids(row.remaining)}" if row.remaining else ""
        lines.append(f"  {before:<{width}}  -> {row.after:<10} fixes {_ids(row.fixed)}{left}")
    lines += [
        f"  {name} -> {version} has to move with them" for name, version in _items(document.moved)
    ]
    lines += [
        f"  {name} {version} is needed by them now" for name, version in _items(document.added)
    ]
    if document.base:
        lines.append(f"  base image -> {document.base}")
    if not lines:
        lines.append("nothing to fix: no pinned distribution has a known vulnerability")
    if document.files:
        verb = "would change" if is_dry else "changed"
        lines.append(f"{verb}: {', '.join(document.files)}")
    if document.commit:
        lines.append(f"branch {document.branch}: {document.commit[:12]}")
    if document.pull_request:
        lines.append(f"pull request: {document.pull_request}")
    lines += [f"not done: {item}" for item in document.failures]
    return fitted(lines, columns)


def render_message(document: FixDocument) -> tuple[str, str]:
    """Subject and body of a commit, and of a pull request: Markdown that reads as text."""
    count = sum(row.after is not None for row in document.upgrades)
    ids = {name for row in document.upgrades for name in row.fixed}
    parts = [count_of(count, "package")] if count else []
    if document.base:
        parts.append("base image")
    subject = f"Upgrade {' and '.join(parts)}"
    if ids:
        subject += f" to fix {count_of(len(ids), 'vulnerability', 'vulnerabilities')}"
    body = [
        f"- {row.package}: {row.before} to {row.after} ({', '.join(row.fixed)})"
        for row in document.upgrades
        if row.after is not None
    ]
    body += [f"- {name}: to {version}, as they need it" for name, version in _items(document.moved)]
    body += [f"- {name} {version}, as they need it" for name, version in _items(document.added)]
    if document.base:
        body.append(f"- base image: {document.base}")
    return subject, "\n".join(body)


def _items(versions: Mapping[str, str]) -> list[tuple[str, str]]:
    return sorted(versions.items())


def _ids(names: tuple[str, ...]) -> str:
    shown = ", ".join(names[:_SHOWN_IDS])
    return f"{shown} and {len(names) - _SHOWN_IDS} more" if len(names) > _SHOWN_IDS else shown
