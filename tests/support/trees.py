"""File trees, image configs and traces as literals, for what works on values alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from jettison.digest import Digest
from jettison.filetree import Entry, FileKind, LayerTree, MemoryRootFS, merge_layers
from jettison.image import HealthCheck, History, Image, ImageConfig, Manifest, Platform
from jettison.image.model import Descriptor
from jettison.paths import ImagePath
from jettison.trace import FileAccess, Operation, Origin, Process, TraceLog
from support.layers import Content, Device, Directory, Fifo, File, Node, Symlink

__all__ = [
    "Directory",
    "File",
    "Symlink",
    "make_config",
    "make_image_of",
    "make_rootfs",
    "make_trace",
]

_PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def make_rootfs(*layers: Content) -> MemoryRootFS:
    """A root file system of literal layers, base first.

    Shape: a path to its bytes or to a node; a file is executable if its path has `/bin/` in it or
    its bytes begin with `#!`. Parents are added by themselves.
    """
    contents: dict[str, bytes] = {}
    trees: list[LayerTree] = []
    for number, content in enumerate(layers):
        entries = [_entry(ImagePath.parse(path), node) for path, node in content.items()]
        for path, node in content.items():
            if isinstance(node, bytes | File):
                contents[ImagePath.parse(path)] = node if isinstance(node, bytes) else node.data
        known = {entry.path for entry in entries}
        parents = {parent for path in known for parent in path.parents} - known
        if number:
            parents -= {path for tree in trees for path in (entry.path for entry in tree.entries)}
        entries += [Entry(path=path, kind=FileKind.DIRECTORY, mode=0o755) for path in parents]
        trees.append(LayerTree(entries=tuple(sorted(entries, key=lambda entry: entry.path))))
    tree = merge_layers(trees)
    return MemoryRootFS(tree, contents)


def make_config(
    *,
    cmd: Sequence[str] = (),
    env: Mapping[str, str] | None = None,
    layers: int = 2,
    history: Sequence[History] = (),
    healthcheck: HealthCheck | None = None,
    entrypoint: Sequence[str] = (),
    user: str = "",
    working_dir: str = "",
    volumes: Sequence[str] = (),
) -> ImageConfig:
    """An image config; PATH is set as base images set it unless `env` says otherwise."""
    variables = {"PATH": _PATH, **(env or {})}
    return ImageConfig(
        platform=Platform(os="linux", architecture="amd64"),
        diff_ids=tuple(Digest.of(b"layer %d" % number) for number in range(layers)),
        history=tuple(history),
        env=tuple(variables.items()),
        cmd=tuple(cmd),
        entrypoint=tuple(entrypoint),
        healthcheck=healthcheck,
        user=user,
        working_dir=working_dir,
        volumes=tuple(volumes),
    )


def make_image_of(config: ImageConfig) -> Image:
    """An image of which only the config matters."""
    descriptor = Descriptor(media_type="", digest=Digest.of(b""), size_bytes=0)
    return Image(
        reference="test",
        raw_manifest=b"{}",
        raw_config=b"{}",
        manifest=Manifest(config=descriptor, layers=()),
        config=config,
    )


def make_trace(
    accesses: Mapping[str, Operation | Sequence[Operation]] | None = None,
    *,
    origin: Origin = Origin.APP,
    programs: Sequence[tuple[str, Sequence[str]]] = (),
) -> TraceLog:
    """What one process, number 1, looked up and executed."""
    found: list[FileAccess] = []
    for path, operations in (accesses or {}).items():
        for operation in [operations] if isinstance(operations, Operation) else operations:
            found.append(FileAccess(path=ImagePath.parse(path), operation=operation, pid=1))
    process = Process(
        pid=1,
        parent=0,
        origin=origin,
        programs=tuple((ImagePath.parse(path), tuple(argv)) for path, argv in programs),
    )
    ordered = sorted(found, key=lambda access: (access.path, access.operation))
    return TraceLog(processes=(process,), accesses=tuple(ordered))


def _entry(path: ImagePath, node: bytes | Node) -> Entry:
    if isinstance(node, bytes):
        node = File(data=node)
    common = {"path": path, "uid": node.uid, "gid": node.gid, "mtime": node.mtime}
    match node:
        case Directory():
            kind, mode = FileKind.DIRECTORY, 0o755
        case Symlink():
            kind, mode = FileKind.SYMLINK, 0o777
            return Entry(**common, kind=kind, mode=mode, link_target=node.target)  # type: ignore[arg-type]  # a literal dict
        case Device():
            kind, mode = FileKind.CHARACTER, 0o660
        case Fifo():
            kind, mode = FileKind.FIFO, 0o644
        case File():
            runs = "/bin/" in path or "/sbin/" in path or node.data.startswith(b"#!")
            kind, mode = FileKind.FILE, 0o755 if runs else 0o644
        case _:
            raise TypeError(f"{path}: {node!r}")
    size = len(node.data) if isinstance(node, File) else 0
    mode = mode if node.mode is None else node.mode
    return Entry(**common, kind=kind, mode=mode, size_bytes=size)  # type: ignore[arg-type]  # as above
