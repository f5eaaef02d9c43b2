"""Edit a project's files so that they ask for the versions that were chosen.

Everything stays in memory until all of it is known to go together.
"""

from __future__ import annotations

import posixpath
import tempfile
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, TypeAlias

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from jettison.analysis.lock_files import parse_lock
from jettison.analysis.requirements_edit import NewPin, add_pins, set_pins
from jettison.analysis.requirements_file import (
    LineKind,
    RequirementLine,
    decode_exactly,
    encode_like,
    parse_requirements,
    pinned_version,
)
from jettison.errors import TransportError, UsageError
from jettison.scan.component import Component
from jettison.scan.match import Finding, match
from jettison.scan.upgrades import Upgrade, choose_upgrade
from jettison.workflow.fix_locks import LOCK_TOOLS, relock
from jettison.workflow.fix_python import Chosen, Market, choose_upgrades

_PROJECT: Final = "pyproject.toml"

OfFile: TypeAlias = dict[str, tuple[Component, list[Finding]]]
Vulnerable: TypeAlias = dict[str, OfFile]
"""What is vulnerable: by the file that asks for it, then by name."""


@dataclass(slots=True)
class Work:
    """Files as they become, and what was learned on the way."""

    directory: Path
    market: Market
    texts: dict[str, str] = field(default_factory=dict)
    originals: dict[str, str] = field(default_factory=dict)
    raw: dict[str, bytes] = field(default_factory=dict)
    upgrades: list[Upgrade] = field(default_factory=list)
    moved: dict[str, str] = field(default_factory=dict)
    added: dict[str, str] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)

    def text(self, path: str) -> str:
        """A file as it is by now.

        Raises: UsageError for one that could not be written back as it was.
        """
        if path not in self.texts:
            raw = self.raw[path] = (self.directory / path).read_bytes()
            try:
                self.originals[path] = self.texts[path] = decode_exactly(raw)
            except ValueError as err:
                raise UsageError(f"{path}: {err}", hint="save the file as UTF-8") from err
        return self.texts[path]

    def encoded(self, texts: Mapping[str, str]) -> dict[str, bytes]:
        """Files as bytes, each in its own encoding."""
        return {path: encode_like(text, self.raw[path]) for path, text in texts.items()}

    def changed(self) -> dict[str, str]:
        """What is other than it was."""
        return {path: text for path, text in self.texts.items() if text != self.originals.get(path)}


def fix_pins(work: Work, files: Sequence[str], vulnerable: Vulnerable) -> None:
    """Raise what requirements files and pyproject.toml pin; `files` are all that were read."""
    files = [path for path in files if _is_requirements(path) or path == _PROJECT]
    found = {name: item for path in files for name, item in vulnerable.get(path, {}).items()}
    requirements = tuple(_requirements(work, files)) if found else ()
    found = _changeable(work, found, requirements)
    if not found:
        return
    chosen = choose_upgrades(found, requirements, work.market)
    work.upgrades += chosen.upgrades
    work.failures += chosen.failures
    work.moved.update(chosen.moved)
    for path in files:
        if _is_requirements(path):
            _edit_requirements(work, path, chosen)
        else:
            _edit_project(work, path, chosen)
    _check_hashes(work, files)
    for path in [path for path in work.changed() if _is_requirements(path)]:
        _raise_sources(work, path, chosen)


def _raise_sources(work: Work, path: str, chosen: Chosen) -> None:
    """What a file was compiled from: a pin there would bring the old version back."""
    sources = {
        said.removeprefix("-r ").strip()
        for line in parse_requirements(work.text(path))
        for said in line.via
        if said.startswith("-r ")
    }
    for source in sorted(sources):
        other = posixpath.normpath(posixpath.join(posixpath.dirname(path), source))
        is_below = not other.startswith(("/", ".."))
        if is_below and other not in work.texts and (work.directory / other).is_file():
            _edit_requirements(work, other, chosen)


def _changeable(work: Work, found: OfFile, requirements: Iterable[Requirement]) -> OfFile:
    """What a version can be written for; of the rest it is said that it stays."""
    pinned = {
        canonicalize_name(requirement.name)
        for requirement in requirements
        if not requirement.url and pinned_version(requirement)
    }
    for name, (component, findings) in found.items():
        if name not in pinned:
            work.failures.append(
                f"{component.record}: {component} is not pinned in a form that can be changed"
            )
            work.upgrades.append(_nearest(work, component, findings).undone)
    return {name: item for name, item in found.items() if name in pinned}


def _is_requirements(path: str) -> bool:
    return path.endswith((".txt", ".in", ".pip", ".requirements"))


def _requirements(work: Work, files: Iterable[str]) -> Iterator[Requirement]:
    seen = set()
    for path in files:
        for requirement in _asked(work, path):
            if str(requirement) not in seen:
                seen.add(str(requirement))
                yield requirement


def _asked(work: Work, path: str) -> Iterator[Requirement]:
    if _is_requirements(path):
        for line in parse_requirements(work.text(path)):
            if line.requirement is not None:
                yield line.requirement
        return
    for text in _quoted(work.text(path)):
        try:
            requirement = Requirement(text)
        except InvalidRequirement:
            continue
        if requirement.specifier:
            yield requirement


def _quoted(text: str) -> Iterator[str]:
    """Strings of pyproject.toml that may be requirements; reading them tells which are."""

    def strings(value: object) -> Iterator[str]:
        if isinstance(value, str):
            yield value
        elif isinstance(value, list):
            for item in value:
                yield from strings(item)

    table = tomllib.loads(text)
    project = table.get("project", {})
    yield from strings(project.get("dependencies"))
    for group in project.get("optional-dependencies", {}).values():
        yield from strings(group)
    for group in table.get("dependency-groups", {}).values():
        yield from strings(group)
    tools = table.get("tool", {})
    for group in tools.get("pdm", {}).get("dev-dependencies", {}).values():
        yield from strings(group)
    yield from strings(tools.get("uv", {}).get("dev-dependencies"))


def _edit_requirements(work: Work, path: str, chosen: Chosen) -> None:
    text = work.text(path)
    lines = parse_requirements(text)
    pins = [
        NewPin(
            number=line.number,
            version=chosen.pins[line.name],
            hashes=_hashes(work, line.name, chosen.pins[line.name]) if line.hashes else (),
        )
        for line in lines
        if line.requirement is not None
        and not line.requirement.url
        and line.pin
        and line.pin != chosen.pins.get(line.name, line.pin)
    ]
    if not pins:
        return
    text = set_pins(text, pins)
    if any(line.hashes for line in lines) and chosen.added:
        new = {name: version for name, version in chosen.added.items() if name not in _names(lines)}
        work.added.update(new)
        text = add_pins(
            text, [(name, new[name], _hashes(work, name, new[name])) for name in sorted(new)]
        )
    work.texts[path] = text


def _names(lines: Iterable[RequirementLine]) -> frozenset[str]:
    return frozenset(line.name for line in lines if line.kind is LineKind.REQUIREMENT)


def _hashes(work: Work, name: str, version: str) -> tuple[str, ...]:
    return work.market.index.hashes(name, version)


def _edit_project(work: Work, path: str, chosen: Chosen) -> None:
    """Replace requirements where they stand; everything else of the file stays."""
    text = work.text(path)
    for old in dict.fromkeys(_quoted(text)):
        try:
            requirement = Requirement(old)
        except InvalidRequirement:
            continue
        version = chosen.pins.get(canonicalize_name(requirement.name))
        if version is None:
            continue
        try:
            new = set_pins(old, [NewPin(number=1, version=version)])
        except ValueError:
            continue
        for quote, shown in (('"', _escaped), ("'", str)):
            text = _replaced(text, f"{quote}{shown(old)}{quote}", f"{quote}{shown(new)}{quote}")
    work.texts[path] = text


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def _replaced(text: str, old: str, new: str) -> str:
    """The text with `new` for `old` where that is a requirement, not a comment or a description."""
    position = text.find(old)
    while position >= 0:
        tried = f"{text[:position]}{new}{text[position + len(old) :]}"
        is_requirement = list(_quoted(tried)) != list(_quoted(text))
        if is_requirement:
            text = tried
        position = text.find(old, position + len(new if is_requirement else old))
    return text


def _check_hashes(work: Work, files: Sequence[str]) -> None:
    """What was written with hashes is held against the index as pip would do it."""
    changed = work.changed()
    hashed = [path for path in changed if _is_requirements(path) and "--hash=" in changed[path]]
    if not hashed:
        return
    with tempfile.TemporaryDirectory(prefix="jt-fix-") as name:
        for path in files:
            target = Path(name) / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(encode_like(work.text(path), work.raw[path]))
        for path in hashed:
            conflict = work.market.resolver.check(Path(name) / path)
            if conflict is not None:
                work.failures.append(f"{path}: {conflict.reason}")
                work.texts[path] = work.originals[path]
                names = _names(parse_requirements(work.originals[path]))
                work.upgrades = [
                    item.undone if item.component.name in names else item for item in work.upgrades
                ]


def fix_locks(work: Work, vulnerable: Vulnerable) -> None:
    """Have lock files raised by their own tools."""
    for path, found in vulnerable.items():
        if _is_requirements(path) or path == _PROJECT:
            continue
        upgrades = [_nearest(work, *item) for item in found.values()]
        wanted = {item.component.name: item.after for item in upgrades if item.after is not None}
        if not wanted:
            work.upgrades += upgrades
            continue
        if Path(path).name not in LOCK_TOOLS:
            work.failures.append(f"{path}: no tool is known that changes it")
        before = dict(work.texts)
        _raise_project(work, wanted)
        result = relock(work.directory, path, wanted, work.encoded(work.changed()))
        if result.text is None:
            work.texts = before
            work.failures.append(result.failure)
            work.upgrades += [item.undone for item in upgrades]
            continue
        work.text(path)
        work.texts[path] = result.text
        work.upgrades += [_outcome(work, path, item, result.text) for item in upgrades]


def _raise_project(work: Work, wanted: Mapping[str, str]) -> None:
    """What pyproject.toml itself pins no tool may lock in another version."""
    if (work.directory / _PROJECT).is_file():
        _edit_project(work, _PROJECT, Chosen(pins=wanted))


def _nearest(work: Work, component: Component, findings: Sequence[Finding]) -> Upgrade:
    market = work.market
    try:
        versions = market.index.versions(component.name, python=market.resolver.python)
    except TransportError as err:
        work.failures.append(err.message)
        versions = ()
    return choose_upgrade(component, findings, versions, market.find)


def _outcome(work: Work, path: str, upgrade: Upgrade, text: str) -> Upgrade:
    """What the new lock file really has of a distribution."""
    component = upgrade.component
    before = (*upgrade.fixed, *upgrade.remaining)
    versions = [
        item.version
        for item in parse_lock(Path(path).name, text.encode()).packages
        if item.name == component.name
    ]
    if not versions or component.version in versions:
        reason = "is not needed any more" if not versions else "stays: something needs it"
        work.failures.append(f"{path}: {component} {reason}")
        return upgrade if not versions else upgrade.undone
    tried = choose_upgrade(component, [], versions, work.market.find)
    after = tried.after or versions[0]
    left = [finding.id for finding in match([_at(component, after)], work.market.find).findings]
    return Upgrade(
        component=component,
        after=after,
        fixed=tuple(name for name in before if name not in left),
        remaining=tuple(left),
    )


def _at(component: Component, version: str) -> Component:
    return replace(component, version=version, source_version=version)
