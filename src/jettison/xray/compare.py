"""Two images side by side: which files, packages and settings differ, and by how much."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from jettison.analysis.inventory import Inventory, PackageType
from jettison.digest import Digest
from jettison.filetree import Entry, RootFS
from jettison.image import ImageConfig
from jettison.paths import ImagePath

_CHUNK: Final = 1 << 20


class Change(StrEnum):
    """What became of something from the first image to the second."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


class Aspect(StrEnum):
    """In what a path that both images have differs."""

    KIND = "kind"
    CONTENT = "content"
    TARGET = "target"
    MODE = "mode"
    OWNER = "owner"
    ATTRIBUTES = "attributes"


@dataclass(frozen=True, slots=True, kw_only=True)
class FileChange:
    """One path; sizes are 0 where it is not there or is no file."""

    path: ImagePath
    change: Change
    before_bytes: int
    after_bytes: int
    aspects: tuple[Aspect, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageChange:
    """A package that only one image has, or that has other versions in the other one."""

    type: PackageType
    name: str
    change: Change
    before: tuple[str, ...]
    after: tuple[str, ...]
    before_bytes: int
    after_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigChange:
    """A setting; None where an image does not have it."""

    name: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One of the two images."""

    config: ImageConfig
    rootfs: RootFS

    def layer_of(self, entry: Entry) -> Digest | None:
        """Which layer brought the entry."""
        ids = self.config.diff_ids
        return ids[entry.layer] if entry.layer < len(ids) else None


def compare_files(before: Side, after: Side) -> tuple[FileChange, ...]:
    """Every path that differs, in path order; times do not count.

    Contents are read only where nothing else tells: of equal sizes, and from different layers.
    """
    paths = sorted({*before.rootfs.tree, *after.rootfs.tree})
    return tuple(_file_changes(paths, before, after))


def compare_packages(before: Inventory, after: Inventory) -> tuple[PackageChange, ...]:
    """Every package that differs, by type and name."""
    old, new = _by_name(before), _by_name(after)
    found: list[PackageChange] = []
    for key in sorted({*old, *new}):
        was, now = old.get(key, _NONE), new.get(key, _NONE)
        if was.versions == now.versions:
            continue
        found.append(
            PackageChange(
                type=key[0],
                name=key[1],
                change=_change(bool(was.versions), bool(now.versions)),
                before=was.versions,
                after=now.versions,
                before_bytes=was.size_bytes,
                after_bytes=now.size_bytes,
            )
        )
    return tuple(found)


def compare_configs(before: ImageConfig, after: ImageConfig) -> tuple[ConfigChange, ...]:
    """Every setting that differs, variables and labels each by name."""
    old, new = dict(_settings(before)), dict(_settings(after))
    return tuple(
        ConfigChange(name=name, before=old.get(name), after=new.get(name))
        for name in sorted({*old, *new})
        if old.get(name) != new.get(name)
    )


def count_shared_layers(before: ImageConfig, after: ImageConfig) -> int:
    """How many layers, from the base up, both images have."""
    count = 0
    for one, other in zip(before.diff_ids, after.diff_ids, strict=False):
        if one != other:
            break
        count += 1
    return count


def _file_changes(paths: Iterable[ImagePath], before: Side, after: Side) -> Iterator[FileChange]:
    for path in paths:
        old, new = before.rootfs.tree.find(path), after.rootfs.tree.find(path)
        aspects: tuple[Aspect, ...] = ()
        if old is not None and new is not None:
            aspects = tuple(_aspects(old, new, before, after))
            if not aspects:
                continue
        yield FileChange(
            path=path,
            change=_change(old is not None, new is not None),
            before_bytes=_size(old),
            after_bytes=_size(new),
            aspects=aspects,
        )


def _aspects(old: Entry, new: Entry, before: Side, after: Side) -> Iterator[Aspect]:
    if old.kind is not new.kind or old.device != new.device:
        yield Aspect.KIND
        return
    if old.is_file and not _has_same_content(old, new, before, after):
        yield Aspect.CONTENT
    if old.link_target != new.link_target:
        yield Aspect.TARGET
    if old.mode != new.mode:
        yield Aspect.MODE
    if (old.uid, old.gid) != (new.uid, new.gid):
        yield Aspect.OWNER
    if dict(old.xattrs) != dict(new.xattrs):
        yield Aspect.ATTRIBUTES


def _has_same_content(old: Entry, new: Entry, before: Side, after: Side) -> bool:
    if old.size_bytes != new.size_bytes:
        return False
    layer = before.layer_of(old)
    if not old.size_bytes or (layer is not None and layer == after.layer_of(new)):
        return True
    with before.rootfs.open(old.path) as one, after.rootfs.open(new.path) as other:
        while True:
            data = one.read(_CHUNK)
            if data != other.read(_CHUNK):
                return False
            if not data:
                return True


@dataclass(frozen=True, slots=True, kw_only=True)
class _Versions:
    """All packages of one name."""

    versions: tuple[str, ...] = ()
    size_bytes: int = 0


_NONE: Final = _Versions()


def _by_name(inventory: Inventory) -> Mapping[tuple[PackageType, str], _Versions]:
    found: dict[tuple[PackageType, str], _Versions] = {}
    for package in inventory.packages:
        key = (package.type, package.name)
        known = found.get(key, _NONE)
        found[key] = _Versions(
            versions=tuple(sorted((*known.versions, package.version))),
            size_bytes=known.size_bytes + package.size_bytes,
        )
    return found


def _settings(config: ImageConfig) -> Iterator[tuple[str, str]]:
    single = {
        "platform": str(config.platform),
        "user": config.user,
        "entrypoint": _words(config.entrypoint),
        "cmd": _words(config.cmd),
        "shell": _words(config.shell),
        "working_dir": config.working_dir,
        "stop_signal": config.stop_signal,
        "stop_timeout": "" if config.stop_timeout_s is None else f"{config.stop_timeout_s}s",
        "exposed_ports": " ".join(sorted(config.exposed_ports)),
        "volumes": " ".join(sorted(config.volumes)),
        "onbuild": "; ".join(config.onbuild),
    }
    yield from ((name, value) for name, value in single.items() if value)
    yield from ((f"env {name}", value) for name, value in config.env)
    yield from ((f"label {name}", value) for name, value in config.labels.items())
    health = config.healthcheck
    if health is not None:
        yield "healthcheck", _words(health.test)
        yield "healthcheck interval", f"{health.interval_s:g}s"
        yield "healthcheck timeout", f"{health.timeout_s:g}s"
        yield "healthcheck start period", f"{health.start_period_s:g}s"
        yield "healthcheck start interval", f"{health.start_interval_s:g}s"
        yield "healthcheck retries", str(health.retries)


def _words(words: tuple[str, ...]) -> str:
    return " ".join(word if word and " " not in word else repr(word) for word in words)


def _change(*ends: bool) -> Change:
    was, is_there = ends
    if was and is_there:
        return Change.CHANGED
    return Change.REMOVED if was else Change.ADDED


def _size(entry: Entry | None) -> int:
    return entry.size_bytes if entry is not None and entry.is_file else 0
