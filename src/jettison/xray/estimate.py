"""What slimming would save, estimated before anything is run.

The very rules that `slim` decides by are applied to what the image says of its own command: the
program, its arguments, the health check. What they would not keep is counted by kind. What a run
would show in addition is not known, so that a real run may keep a little more or less.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from jettison.analysis.inventory import Inventory, Package, PackageType
from jettison.analysis.programs import SearchPath
from jettison.filetree import Entry, FileTree, LayerTree
from jettison.image import Image, ImageConfig
from jettison.paths import ImagePath
from jettison.selection import Selection, SelectionOptions
from jettison.selection.decide import decide
from jettison.selection.facts import Facts
from jettison.trace import FileAccess, Operation, Origin, Process, TraceLog
from jettison.xray.ballast import Ballast, kind_of

_EXAMPLES: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedKind:
    """What would go of one kind.

    Shape: `ground` says in a phrase why it would; `examples` are the largest packages of it, or
    the largest paths where it is not a matter of packages.
    """

    kind: Ballast
    ground: str
    size_bytes: int
    file_count: int
    examples: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """Sizes before and after, and what makes the difference, the largest kind first.

    Shape: each path of each layer counts once and in one kind.
    Units: `size_bytes` sums the files of all layers, unpacked.
    """

    size_bytes: int
    saved_bytes: int
    kinds: tuple[SavedKind, ...]


def estimate_saving(
    image: Image, layers: Sequence[LayerTree], facts: Facts, inventory: Inventory
) -> Estimate | None:
    """The estimate for the default policy; None if the image does not say what it runs."""
    tree = facts.rootfs.tree
    trace = rehearse(image.config, tree)
    if trace is None:
        return None
    selection = decide(facts, image, trace, SelectionOptions())
    kept = _kept(selection)
    whole = _Kept(kept, inventory)
    groups: dict[Ballast, list[Entry]] = {}
    for path, entry in tree.items():
        if path not in kept and not entry.is_directory:
            owner = inventory.find_owner(path)
            kind = kind_of(path, owner, is_reached=whole.has_any_of(owner))
            groups.setdefault(kind, []).append(entry)
    kinds = [_kind(kind, entries, inventory, kept) for kind, entries in groups.items()]
    hidden = _hidden(layers, tree)
    if hidden:
        kinds.append(_kind(Ballast.HIDDEN, hidden, inventory, frozenset()))
    found = tuple(sorted(kinds, key=lambda item: (-item.size_bytes, item.kind)))
    return Estimate(
        size_bytes=sum(_size(layer.entries, frozenset()) for layer in layers),
        saved_bytes=sum(item.size_bytes for item in found),
        kinds=found,
    )


def rehearse(config: ImageConfig, tree: FileTree) -> TraceLog | None:
    """What a run would show at least: the command's programs, and the files that it names.

    Shape: a script for an entry point is taken to execute the command that follows it.
    """
    directory = ImagePath.parse(config.working_dir or "/")
    search = SearchPath.of(dict(config.env), directory)
    commands = [(*config.entrypoint, *config.cmd)]
    if config.entrypoint and config.cmd:
        commands.append(config.cmd)
    programs: list[tuple[ImagePath, tuple[str, ...]]] = []
    accesses: dict[tuple[ImagePath, Operation], FileAccess] = {}
    for argv in commands:
        program = search.find(argv[0], tree) if argv else None
        if program is None:
            continue
        path = ImagePath.parse(program)
        programs.append((path, argv))
        accesses[path, Operation.EXEC] = FileAccess(path=path, operation=Operation.EXEC, pid=1)
        for word in argv[1:]:
            named = _named_file(word, directory, tree)
            if named is not None:
                accesses[named, Operation.OPEN] = FileAccess(
                    path=named, operation=Operation.OPEN, pid=1
                )
    if not programs:
        return None
    process = Process(pid=1, parent=0, origin=Origin.APP, programs=tuple(programs))
    return TraceLog(processes=(process,), accesses=tuple(accesses[key] for key in sorted(accesses)))


def _named_file(word: str, directory: ImagePath, tree: FileTree) -> ImagePath | None:
    if not word or word.startswith("-") or "\0" in word or len(word) > 4096:
        return None
    path = directory / word
    entry = tree.resolve(path).entry
    return path if entry is not None and entry.is_file else None


def _kept(selection: Selection) -> frozenset[str]:
    """What stays; a source whose byte code is yet to be made stands for that, being as large."""
    code = (item.stored or item.source for item in selection.bytecode)
    return frozenset((*selection.kept, *code))


class _Kept:
    """Whether anything of a package stays."""

    def __init__(self, kept: frozenset[str], inventory: Inventory) -> None:
        owners = (inventory.find_owner(path) for path in kept)
        self._records = {_key(owner) for owner in owners if owner is not None}

    def has_any_of(self, package: Package | None) -> bool:
        return package is not None and _key(package) in self._records


def _key(package: Package) -> tuple[str, ...]:
    return (package.type, package.name, package.version, package.architecture, package.record)


def _hidden(layers: Sequence[LayerTree], tree: FileTree) -> list[Entry]:
    """Files that a later layer replaces or deletes, in every layer that has them."""
    found: list[Entry] = []
    for number, layer in enumerate(layers):
        for entry in layer.entries:
            if not entry.is_file:
                continue
            seen = tree.find(entry.path)
            if seen is None or seen.layer != number:
                found.append(entry)
    return found


def _kind(
    kind: Ballast, entries: list[Entry], inventory: Inventory, kept: frozenset[str]
) -> SavedKind:
    return SavedKind(
        kind=kind,
        ground=kind.ground,
        size_bytes=_size(entries, kept),
        file_count=len(entries),
        examples=tuple(_examples(kind, entries, inventory)),
    )


def _examples(kind: Ballast, entries: list[Entry], inventory: Inventory) -> Iterator[str]:
    if not kind.is_of_packages:
        largest = sorted(entries, key=lambda entry: (-entry.size_bytes, entry.path))
        yield from (str(entry.path) for entry in largest[:_EXAMPLES])
        return
    sizes: dict[str, int] = {}
    for entry in entries:
        owner = inventory.find_owner(entry.path)
        if owner is not None:
            title = f"{owner.title} {owner.version}" if _is_python(owner) else owner.title
            sizes[title] = sizes.get(title, 0) + entry.size_bytes
    yield from sorted(sizes, key=lambda title: (-sizes[title], title))[:_EXAMPLES]


def _is_python(package: Package) -> bool:
    return package.type in (PackageType.PYTHON, PackageType.BINARY)


def _size(entries: Iterable[Entry], kept: frozenset[str]) -> int:
    """Hard-linked files count where their first name does, and not where that stays."""
    size = 0
    counted: set[tuple[int, str]] = set()
    for entry in entries:
        if entry.hardlink is not None:
            key = (entry.layer, str(entry.hardlink))
            if key in counted or entry.hardlink in kept:
                continue
            counted.add(key)
        size += entry.size_bytes
    return size
