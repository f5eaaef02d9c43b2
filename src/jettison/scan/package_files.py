"""Which of a package's files could hold a vulnerability, and which of them another image has.

An advisory names a package, not a file. So all of its code counts: what can be executed, loaded or
linked, in whatever language. Of a package that is made of data (certificates, time zones, headers),
with a script or two to look after it, all files count but documentation, translations and its own
record.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from jettison.analysis.inventory import Package
from jettison.filetree import Entry, FileTree
from jettison.paths import ImagePath

_CODE: Final = re.compile(
    r"\.(py|pyc|pyd|so(\.[\w.+-]+)?|a|o|ko|jar|node|js|mjs|pl|pm|rb|php|lua|tcl|sh|bash|awk|wasm|dll)\Z"
)
_SILENT: Final = re.compile(
    r"/usr/(local/)?share/(doc|man|info|locale|lintian|bug|licenses|doc-base)/"
    r"|/var/lib/(dpkg|apt)/|\.(dist|egg)-info/"
)
_MAGIC: Final = (b"\x7fELF", b"#!")
# Files that a package's installation script makes of the package's own, and no list has.
_MADE: Final = {"ca-certificates": ("/etc/ssl/certs/ca-certificates.crt",)}
# Below this share of all bytes code is not what a package is there for.
_LEAST_SHARE: Final = 0.05
# A file of the same name and size elsewhere says little if half the world's are called so.
_COMMON: Final = frozenset({"__init__.py", "__main__.py", "setup.py", "conftest.py", "version.py"})
_LEAST_BYTES: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageFiles:
    """The files of one package that count, with their sizes in bytes.

    Shape: `is_known` is off where no record lists the package's files; `has_code` says whether
    they are its code, or else its data.
    """

    sizes: Mapping[ImagePath, int]
    is_known: bool = True
    has_code: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Presence:
    """What another image has of them.

    Shape: `present` are those that are there under their own path, or as byte code beside it;
    `alike` maps others to a file elsewhere that has the same name and size.
    """

    present: frozenset[ImagePath]
    alike: Mapping[ImagePath, ImagePath] = field(default_factory=dict)


def files_of(
    package: Package, tree: FileTree, read_start: Callable[[ImagePath], bytes]
) -> PackageFiles:
    """The files that count; `read_start` gives a file's first bytes, for those whose name says
    nothing.
    """
    paths = (*package.files, *map(ImagePath.parse, _MADE.get(package.name, ())))
    entries = [entry for path in paths if (entry := tree.find(path)) is not None]
    data = {
        entry.path: entry.size_bytes
        for entry in entries
        if entry.is_file and entry.size_bytes and not _SILENT.search(entry.path)
    }
    code = {path: size for path, size in data.items() if _is_code(tree[path], read_start)}
    is_code = sum(code.values()) >= _LEAST_SHARE * max(1, sum(data.values()))
    return PackageFiles(
        sizes=code if is_code else data,
        is_known=package.has_file_list or bool(package.files),
        has_code=is_code,
    )


def _is_code(entry: Entry, read_start: Callable[[ImagePath], bytes]) -> bool:
    if entry.mode & 0o111 or _CODE.search(entry.path):
        return True
    # Whatever has an extension that is none of code's is taken by its name.
    return "." not in entry.path.name and read_start(entry.path).startswith(_MAGIC)


def find_presence(wanted: Iterable[Mapping[ImagePath, int]], tree: FileTree) -> Presence:
    """Look for the files of some packages in another image."""
    sizes = {path: size for files in wanted for path, size in files.items()}
    present = frozenset(path for path in sizes if _is_there(path, tree))
    gone = sizes.keys() - present
    by_name: dict[tuple[str, int], ImagePath] = {}
    names = {path.name for path in gone}
    for entry in tree.values():
        # What a package still has where it belongs is no copy of another's.
        if entry.is_file and entry.path.name in names and entry.path not in sizes:
            by_name.setdefault((entry.path.name, entry.size_bytes), entry.path)
    alike = {
        path: found
        for path in sorted(gone)
        if sizes[path] >= _LEAST_BYTES
        and path.name not in _COMMON
        and (found := by_name.get((path.name, sizes[path]))) is not None
    }
    return Presence(present=present, alike=alike)


def _is_there(path: ImagePath, tree: FileTree) -> bool:
    for candidate in (path, *_compiled(path, tree)):
        entry = tree.resolve(candidate).entry
        if entry is not None and entry.is_file and entry.size_bytes:
            return True
    return False


def _compiled(path: ImagePath, tree: FileTree) -> Iterator[str]:
    """Where the byte code of a module may stand in its source's place."""
    if path.suffix != ".py":
        return
    stem = path.name.removesuffix(".py")
    yield f"{path.parent}/{stem}.pyc"
    cache = f"{path.parent}/__pycache__"
    for name in tree.children(cache):
        if name.startswith(f"{stem}.") and name.endswith(".pyc"):
            yield f"{cache}/{name}"
