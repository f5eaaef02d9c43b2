"""The numbers that an image is described by, and how they are counted."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import msgspec

from jettison.filetree import Entry, FileTree, LayerTree
from jettison.image import Compression, History, Image, layer_compression
from jettison.paths import ImagePath
from jettison.report.documents import Count, DigestText

_SETID: Final = 0o6000
_SHELLS: Final = (
    "ash",
    "bash",
    "busybox",
    "csh",
    "dash",
    "fish",
    "ksh",
    "mksh",
    "sh",
    "tcsh",
    "zsh",
)
_PROGRAM_DIRECTORIES: Final = (
    "/bin",
    "/sbin",
    "/usr/bin",
    "/usr/sbin",
    "/usr/local/bin",
    "/usr/local/sbin",
)


class ImageFacts(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One image in numbers.

    Shape: `digest` is what the place it came from knows it by. `file_count` counts everything but
    directories; `setuid_count` files that run as their owner or group; `shell_count` programs that
    are shells, whatever their number of names; `exec_layer_count` layers that RUN made.
    Units: `size_bytes` sums the files of all layers, unpacked, as Docker does;
    `compressed_size_bytes` the layers as stored, `is_compressed` says whether any of them is packed
    there: an engine's are not.
    """

    reference: str
    digest: DigestText
    size_bytes: Count
    compressed_size_bytes: Count
    is_compressed: bool
    file_count: Count
    os_package_count: Count
    python_package_count: Count
    setuid_count: Count
    shell_count: Count
    exec_layer_count: Count
    layer_count: Count


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageCounts:
    """How many packages an image's own records name."""

    os: int
    python: int


def describe_image(
    image: Image, layers: Iterable[LayerTree], tree: FileTree, packages: PackageCounts
) -> ImageFacts:
    """Count everything.

    Shape: `layers` base first, `tree` is what they make together.
    """
    return ImageFacts(
        reference=image.reference,
        digest=str(image.digest),
        size_bytes=sum(unpacked_size_bytes(layer) for layer in layers),
        compressed_size_bytes=image.compressed_size_bytes,
        is_compressed=any(
            layer_compression(layer.media_type) is not Compression.NONE
            for layer in image.manifest.layers
        ),
        file_count=sum(not entry.is_directory for entry in tree.values()),
        os_package_count=packages.os,
        python_package_count=packages.python,
        setuid_count=sum(is_setuid(entry) for entry in tree.values()),
        shell_count=len(find_shells(tree)),
        exec_layer_count=sum(is_exec_layer(item) for item in image.config.history),
        layer_count=len(image.manifest.layers),
    )


def unpacked_size_bytes(layer: LayerTree) -> int:
    """All files of a layer, a hard-linked one once."""
    return sum(
        entry.size_bytes
        for entry in layer.entries
        if entry.is_file and entry.hardlink in (None, entry.path)
    )


def is_setuid(entry: Entry) -> bool:
    """Whether it is a program that runs with its owner's or its group's rights."""
    return entry.is_executable and bool(entry.mode & _SETID)


def find_shells(tree: FileTree) -> tuple[ImagePath, ...]:
    """The real paths of all programs that go by a shell's name, sorted."""
    found = set()
    for directory in _PROGRAM_DIRECTORIES:
        for name in _SHELLS:
            entry = tree.resolve(f"{directory}/{name}").entry
            if entry is not None and entry.is_executable:
                found.add(entry.hardlink or entry.path)
    return tuple(sorted(found))


def is_exec_layer(item: History) -> bool:
    """Whether a RUN instruction made this layer: a command ran, and left what it left."""
    line = item.created_by.strip()
    if item.empty_layer or "#(nop)" in line:
        return False
    # BuildKit writes the instruction's name; the classic builder and Buildah the shell's line.
    return line.startswith("RUN ") or (line.startswith("/") and " -c " in line)
