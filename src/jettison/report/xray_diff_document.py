"""What `jettison xray diff --format json` prints: two images side by side, its schema published."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

import msgspec

from jettison.analysis.inventory import PackageType
from jettison.report.documents import Count, encode
from jettison.report.slim_document import Stage
from jettison.report.xray_document import ImageSummary
from jettison.xray.compare import Aspect, Change, ConfigChange, FileChange, PackageChange

# What is summed below a directory, so that a page of paths says something.
_DEPTH: Final = 3


class FileDifference(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One path; sizes are 0 where it is not there or is no file.

    Shape: `aspects` say in what it differs, for paths that both images have.
    """

    path: str
    change: Change
    before_bytes: Count
    after_bytes: Count
    aspects: tuple[Aspect, ...] = ()


class DirectoryDifference(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All differences below a directory; no two of them are one in the other."""

    path: str
    added_bytes: Count
    removed_bytes: Count
    file_count: Count


class PackageDifference(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A package that only one image has, or that has other versions in the other one."""

    type: PackageType
    name: str
    change: Change
    before: tuple[str, ...]
    after: tuple[str, ...]
    before_bytes: Count
    after_bytes: Count


class ConfigDifference(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A setting such as `user` or `env PATH`; null where an image does not have it."""

    name: str
    before: str | None
    after: str | None


class XrayDiffDocument(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What differs from one image to another; times of files do not count.

    Shape: `shared_layer_count` counts the layers, from the base up, that both have. `files` by
    path, `directories` those that differ most, the greatest difference first.
    """

    kind: Literal["xray-diff"] = "xray-diff"
    schema_version: Literal[1] = 1
    before: ImageSummary
    after: ImageSummary
    shared_layer_count: Count
    files: tuple[FileDifference, ...] = ()
    directories: tuple[DirectoryDifference, ...] = ()
    packages: tuple[PackageDifference, ...] = ()
    config: tuple[ConfigDifference, ...] = ()
    stages: tuple[Stage, ...] = ()
    notices: tuple[str, ...] = ()


def render_xray_diff_document(document: XrayDiffDocument) -> bytes:
    """The document as JSON, indented for people."""
    return encode(document, indent=2)


def file_differences(changes: Sequence[FileChange]) -> tuple[FileDifference, ...]:
    """Every path that differs."""
    return tuple(
        FileDifference(
            path=item.path,
            change=item.change,
            before_bytes=item.before_bytes,
            after_bytes=item.after_bytes,
            aspects=item.aspects,
        )
        for item in changes
    )


def directory_differences(
    changes: Sequence[FileChange], *, most: int
) -> tuple[DirectoryDifference, ...]:
    """What differs, summed over directories of the third level, greatest difference first."""
    sums: dict[str, list[int]] = {}
    for item in changes:
        directory = "/".join(item.path.rpartition("/")[0].split("/")[: _DEPTH + 1]) or "/"
        known = sums.setdefault(directory, [0, 0, 0])
        # A file whose mode alone differs neither adds nor removes bytes.
        if item.change is not Change.CHANGED or {Aspect.CONTENT, Aspect.KIND} & {*item.aspects}:
            known[0] += item.after_bytes
            known[1] += item.before_bytes
        known[2] += 1
    found = [
        DirectoryDifference(path=path, added_bytes=added, removed_bytes=removed, file_count=count)
        for path, (added, removed, count) in sums.items()
    ]
    found.sort(key=lambda row: (-row.added_bytes - row.removed_bytes, -row.file_count, row.path))
    return tuple(found[:most])


def package_differences(changes: Sequence[PackageChange]) -> tuple[PackageDifference, ...]:
    """Every package that differs."""
    return tuple(
        PackageDifference(
            type=item.type,
            name=item.name,
            change=item.change,
            before=item.before,
            after=item.after,
            before_bytes=item.before_bytes,
            after_bytes=item.after_bytes,
        )
        for item in changes
    )


def config_differences(changes: Sequence[ConfigChange]) -> tuple[ConfigDifference, ...]:
    """Every setting that differs."""
    return tuple(
        ConfigDifference(name=item.name, before=item.before, after=item.after) for item in changes
    )
