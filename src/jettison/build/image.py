"""Write a slimmed image as an OCI layout directory: the same input gives the same bytes.

Bytes are streamed from the original's layers through the packer to disk; nothing is held whole.
Packing takes far longer than all else, so an image can be built plain, be used as it is, and be
packed later or meanwhile.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from io import BytesIO
from pathlib import Path
from types import MappingProxyType
from typing import BinaryIO, Final

import jettison
from jettison.build.compress import BlobWriter
from jettison.build.config import (
    config_descriptor,
    original_annotations,
    render_config,
    render_index,
    render_manifest,
)
from jettison.build.plan import PlannedEntry, PlannedLayer, plan_layers
from jettison.build.tar import TarWriter
from jettison.digest import Digest
from jettison.edge.files import atomic_write
from jettison.errors import StoreError
from jettison.filetree import FileTree, LayerTree, RootFS, merge_layers
from jettison.image import Compression, Descriptor, Image
from jettison.image.mediatypes import OCI_LAYER, OCI_LAYER_GZIP, OCI_LAYER_ZSTD, OCI_MANIFEST
from jettison.paths import ImagePath
from jettison.selection import LayerRole, Policy, Selection

_MEDIA_TYPES: Final = {
    Compression.NONE: OCI_LAYER,
    Compression.GZIP: OCI_LAYER_GZIP,
    Compression.ZSTD: OCI_LAYER_ZSTD,
}
# Above these the time grows much faster than the size shrinks. Measured on an interpreter, its
# byte code and libcrypto, 24 MB: gzip 4, 5, 6, 9 give 9.07, 8.90, 8.81, 8.74 MB in 0.46, 0.62,
# 1.0, 3.5 s; zstd 9 gives 7.9 MB in 0.7 s.
_LEVELS: Final = {Compression.NONE: 0, Compression.GZIP: 5, Compression.ZSTD: 9}

_CHUNK: Final = 1 << 20
_HINT: Final = "free some disk space or name another directory"
_NO_BYTES: Final[Mapping[ImagePath, bytes]] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildOptions:
    """How to build.

    Shape: `compiled` is the byte code, by source, of what the selection says must be compiled;
    `level` None is the compression's usual one. `threads` cannot change the bytes.
    """

    compiled: Mapping[ImagePath, bytes] = field(default_factory=lambda: _NO_BYTES)
    compression: Compression = Compression.GZIP
    level: int | None = None
    threads: int = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltLayer:
    """One layer that was written.

    Units: `size_bytes` sums the files in it, as Docker does, a hard-linked one once;
    `descriptor` says how large the blob is.
    """

    role: LayerRole
    descriptor: Descriptor
    diff_id: Digest
    size_bytes: int
    tree: LayerTree


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltImage:
    """A slimmed image in an OCI layout.

    Shape: `tree` is what a container of it sees; `layers` base first.
    """

    layout: Path
    image: Image
    layers: tuple[BuiltLayer, ...]
    tree: FileTree
    policy: Policy
    notices: tuple[str, ...] = ()

    @property
    def digest(self) -> Digest:
        """Of its manifest."""
        return self.image.digest

    @property
    def size_bytes(self) -> int:
        """Unpacked: all layers' files."""
        return sum(layer.size_bytes for layer in self.layers)

    @property
    def compressed_size_bytes(self) -> int:
        """All layers' blobs."""
        return self.image.compressed_size_bytes

    @property
    def file_count(self) -> int:
        """Everything in it but directories."""
        return sum(not entry.is_directory for entry in self.tree.values())

    def open_layer(self, index: int) -> BinaryIO:
        """The blob of a layer as stored."""
        return _blob_path(self.layout, self.layers[index].descriptor.digest).open("rb")


def build_image(
    rootfs: RootFS,
    image: Image,
    selection: Selection,
    *,
    out: Path,
    options: BuildOptions,
) -> BuiltImage:
    """Write what `selection` keeps of the original as an OCI layout in the directory `out`.

    Shape: one layer per role that has anything, in the order of `LayerRole`. `index.json` comes
    last, so a directory without it is half made.
    Raises: StoreError when the host cannot write, or the original's bytes are not as its tree says.
    """
    plan = plan_layers(rootfs.tree, selection, options.compiled)
    try:
        (out / "blobs" / "sha256").mkdir(parents=True, exist_ok=True)
        layers = tuple(_write_layer(rootfs, layer, out, options) for layer in plan.layers)
        return _write_documents(image, layers, out, (selection.policy, plan.notices))
    except OSError as err:
        raise StoreError(f"build {out}: {err.strerror}", hint=_HINT) from err


def pack_image(
    plain: BuiltImage, original: Image, *, out: Path, options: BuildOptions
) -> BuiltImage:
    """The same image with its layers packed, as an OCI layout in the directory `out`.

    Shape: `plain` was built of `original` without compression; the result is what `build_image`
    would have built with these options.
    Raises: StoreError, also if a layer is not what it was when it was built.
    """
    try:
        (out / "blobs" / "sha256").mkdir(parents=True, exist_ok=True)
        layers = tuple(
            _pack_layer(plain, index, out, options) for index in range(len(plain.layers))
        )
        return _write_documents(original, layers, out, (plain.policy, plain.notices))
    except OSError as err:
        raise StoreError(f"pack {out}: {err.strerror}", hint=_HINT) from err


def _pack_layer(plain: BuiltImage, index: int, out: Path, options: BuildOptions) -> BuiltLayer:
    layer = plain.layers[index]
    with plain.open_layer(index) as file, _packing(out, options) as writer:
        while data := file.read(_CHUNK):
            writer.write(data)
    if writer.diff_id != layer.diff_id:
        raise StoreError(f"{plain.layout}: layer {index} was changed after it was written")
    return replace(layer, descriptor=_descriptor(writer, options))


@contextmanager
def _packing(out: Path, options: BuildOptions) -> Iterator[BlobWriter]:
    """A writer whose blob is in the layout once the block has ended without an error."""
    level = options.level if options.level is not None else _LEVELS[options.compression]
    with _new_blob(out) as blob:
        with BlobWriter(
            blob.file, options.compression, level=level, threads=options.threads
        ) as writer:
            yield writer
        blob.digest = writer.digest


def _descriptor(writer: BlobWriter, options: BuildOptions) -> Descriptor:
    return Descriptor(
        media_type=_MEDIA_TYPES[options.compression],
        digest=writer.digest,
        size_bytes=writer.packed.size_bytes,
    )


def _write_layer(
    rootfs: RootFS, layer: PlannedLayer, out: Path, options: BuildOptions
) -> BuiltLayer:
    with _packing(out, options) as writer:
        tar = TarWriter(writer.write)
        for item in layer.items:
            with _content(rootfs, item) as content:
                tar.add(item.entry, content)
        tar.close()
    return BuiltLayer(
        role=layer.role,
        descriptor=_descriptor(writer, options),
        diff_id=writer.diff_id,
        size_bytes=sum(
            item.entry.size_bytes
            for item in layer.items
            if item.entry.is_file and item.entry.hardlink in (None, item.entry.path)
        ),
        tree=LayerTree(entries=tuple(item.entry for item in layer.items)),
    )


def _write_documents(
    image: Image,
    layers: tuple[BuiltLayer, ...],
    out: Path,
    told: tuple[Policy, tuple[str, ...]],
) -> BuiltImage:
    policy, notices = told
    raw_config = render_config(image.raw_config, [(layer.role, layer.diff_id) for layer in layers])
    annotations = original_annotations(image) | {
        # Of the config, since the manifest of an image that an engine holds is made up.
        "io.jettison.original.config": str(image.manifest.config.digest),
        "io.jettison.policy": str(policy),
        "io.jettison.version": jettison.__version__,
    }
    raw_manifest = render_manifest(
        config_descriptor(raw_config), [layer.descriptor for layer in layers], annotations
    )
    for raw in (raw_config, raw_manifest):
        with _new_blob(out) as blob:
            blob.file.write(raw)
            blob.digest = Digest.of(raw)
    with atomic_write(out / "oci-layout") as file:
        file.write(b'{"imageLayoutVersion":"1.0.0"}')
    with atomic_write(out / "index.json") as file:
        file.write(
            render_index(
                Descriptor(
                    media_type=OCI_MANIFEST,
                    digest=Digest.of(raw_manifest),
                    size_bytes=len(raw_manifest),
                    platform=image.config.platform,
                )
            )
        )
    return BuiltImage(
        layout=out,
        image=Image.parse(image.reference, raw_manifest, raw_config),
        layers=layers,
        tree=merge_layers(layer.tree for layer in layers),
        policy=policy,
        notices=notices,
    )


@dataclass(slots=True)
class _Blob:
    file: BinaryIO
    digest: Digest | None = None


@contextmanager
def _new_blob(out: Path) -> Iterator[_Blob]:
    """A file that gets its name from the digest that the block has found when it ends."""
    directory = out / "blobs" / "sha256"
    descriptor, name = tempfile.mkstemp(prefix=".new.", dir=directory)
    try:
        with os.fdopen(descriptor, "wb") as file:
            blob = _Blob(file)
            yield blob
            os.fchmod(file.fileno(), 0o644)
        if blob.digest is not None:
            Path(name).replace(_blob_path(out, blob.digest))
    finally:
        with suppress(FileNotFoundError):
            Path(name).unlink()


def _blob_path(layout: Path, digest: Digest) -> Path:
    return layout / "blobs" / digest.algorithm / digest.hex


@contextmanager
def _content(rootfs: RootFS, item: PlannedEntry) -> Iterator[BinaryIO | None]:
    if item.content is not None:
        yield BytesIO(item.content)
    elif item.origin is not None and item.entry.size_bytes:
        with rootfs.open(item.origin) as file:
            yield file
    else:
        yield None
