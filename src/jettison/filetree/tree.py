"""The merged file tree of an image, and how its symbolic links lead from path to path."""

from __future__ import annotations

from collections.abc import ItemsView, Iterable, Iterator, Mapping, ValuesView
from dataclasses import dataclass
from io import BytesIO
from typing import BinaryIO, Final, Protocol

from jettison.filetree.entries import Entry, FileKind, LayerTree
from jettison.paths import ROOT, ImagePath

# Linux gives up after 40 links in one look-up: path_resolution(7), MAXSYMLINKS.
_MAX_LINKS: Final = 40

_ROOT_ENTRY: Final = Entry(path=ROOT, kind=FileKind.DIRECTORY, mode=0o755)


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    """Where a look-up leads.

    Shape: `links` are the symbolic links passed, in order, each by its own real path;
    `path` is the real path reached, or where the look-up failed; `entry` is None if nothing is
    there (also on a loop or when a file stands where a directory is needed).
    """

    path: ImagePath
    entry: Entry | None
    links: tuple[ImagePath, ...]


class FileTree(Mapping[ImagePath, Entry]):
    """Entries by real path; immutable. Parents that no layer named are added as 0o755 of root.

    Keys may be asked for as plain `str`. Iteration is in path order, a directory before what
    is in it.
    """

    __slots__ = ("_children", "_entries")

    def __init__(self, entries: Iterable[Entry]) -> None:
        found: dict[ImagePath, Entry] = {ROOT: _ROOT_ENTRY}
        found.update((entry.path, entry) for entry in entries)
        heads = {path.rpartition("/")[0] for path in found}
        for head in heads - found.keys():
            parent = ImagePath(head or "/")
            while parent not in found:
                found[parent] = Entry(path=parent, kind=FileKind.DIRECTORY, mode=0o755)
                parent = parent.parent
        self._entries = {path: found[path] for path in sorted(found)}
        self._children: dict[str, list[str]] | None = None

    def __getitem__(self, path: str) -> Entry:
        return self._entries[path]  # type: ignore[index]  # ImagePath hashes and compares as str

    def find(self, path: str) -> Entry | None:
        """The entry at exactly this real path; no link is followed."""
        return self._entries.get(path)  # type: ignore[call-overload, no-any-return]  # as above

    def items(self) -> ItemsView[ImagePath, Entry]:
        """All of them; the inherited view would look each path up once more."""
        return self._entries.items()

    def values(self) -> ValuesView[Entry]:
        """All of them, likewise."""
        return self._entries.values()

    def __iter__(self) -> Iterator[ImagePath]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, path: object) -> bool:
        return path in self._entries

    def children(self, directory: str) -> tuple[str, ...]:
        """Names in a directory, sorted; empty where it has none or is no directory."""
        if self._children is None:
            index: dict[str, list[str]] = {}
            for path in self._entries:
                if path != "/":
                    head, _, name = path.rpartition("/")
                    index.setdefault(head or "/", []).append(name)
            self._children = index
        return tuple(self._children.get(directory, ()))

    def walk(self, directory: str = "/") -> Iterator[Entry]:
        """The directory's own entry and everything below it, depth first, names sorted."""
        entry = self._entries.get(directory)  # type: ignore[call-overload]  # as above
        if entry is None:
            return
        pending = [entry]
        while pending:
            here = pending.pop()
            yield here
            if here.is_directory:
                pending.extend(
                    self._entries[ImagePath(f"{here.path.rstrip('/')}/{name}")]
                    for name in reversed(self.children(here.path))
                )

    def resolve(self, path: str, *, follow_last: bool = True) -> Resolution:
        """Look a path up as the kernel does inside the image, links and `..` included.

        Shape: `path` is absolute and may be unnormalized: `/lib/../x` follows `/lib` first.
        """
        here = ROOT
        links: list[ImagePath] = []
        pending = [part for part in reversed(path.split("/")) if part not in ("", ".")]
        while pending:
            part = pending.pop()
            if part == "..":
                here = here.parent
                continue
            candidate = ImagePath(f"/{part}" if here == "/" else f"{here}/{part}")
            entry = self._entries.get(candidate)
            if entry is None or (pending and not (entry.is_directory or entry.is_symlink)):
                return Resolution(path=candidate, entry=None, links=tuple(links))
            if not entry.is_symlink or (not pending and not follow_last):
                here = candidate
                continue
            if len(links) >= _MAX_LINKS:
                return Resolution(path=candidate, entry=None, links=tuple(links))
            links.append(candidate)
            target = entry.link_target or ""
            if target.startswith("/"):
                here = ROOT
            pending.extend(part for part in reversed(target.split("/")) if part not in ("", "."))
        return Resolution(path=here, entry=self._entries.get(here), links=tuple(links))


class RootFS(Protocol):
    """The files of an image: what is there, and their bytes."""

    @property
    def tree(self) -> FileTree:
        """Every entry."""

    def open(self, path: ImagePath) -> BinaryIO:
        """The bytes of the regular file at exactly this real path (no link is followed).

        Raises: StoreError if it is not there or is no regular file.
        """


class LayerFiles(Protocol):
    """The files of each layer by itself, those that later layers hide among them."""

    @property
    def layers(self) -> tuple[LayerTree, ...]:
        """What each layer adds and hides, base first."""

    def open_in(self, layer: int, path: ImagePath) -> BinaryIO:
        """The bytes of the regular file that this layer has at this path.

        Raises: StoreError if it is not there or is no regular file.
        """


class MemoryRootFS:
    """A root file system held in memory, for tests and for small generated trees."""

    def __init__(self, tree: FileTree, contents: Mapping[str, bytes]) -> None:
        self._tree = tree
        self._contents = dict(contents)

    @property
    def tree(self) -> FileTree:
        """Every entry."""
        return self._tree

    def open(self, path: ImagePath) -> BinaryIO:
        """The bytes given for this path."""
        return BytesIO(self._contents[path])
