"""Image archives as files: plain tars are read as they are, packed ones are unpacked first."""

from __future__ import annotations

import errno
import hashlib
import zlib
from pathlib import Path
from typing import Final

import zstandard

from jettison.edge.files import atomic_write
from jettison.errors import HostError, InvalidImageError
from jettison.image import Compression
from jettison.transport.layer_stream import sniff, unpacker
from jettison.transport.tar_index import TarIndex, open_regular

_CHUNK: Final = 1 << 20
_OTHERS: Final = {b"BZh": "bunzip2", b"\xfd7zXZ": "unxz"}


def open_archive(path: Path, workdir: Path, *, max_bytes: int) -> TarIndex:
    """Index an image archive; one packed with gzip or zstd is unpacked into `workdir`.

    Raises: ImageNotFoundError; TransportError; InvalidImageError if it is no tar, is cut off or
    unpacks to more than `max_bytes`; HostError if there is no space to unpack it.
    """
    if path.is_dir():
        raise InvalidImageError(f"{path} is a directory, not an archive", hint=f"write oci:{path}")
    with open_regular(path) as file:
        head = file.read(8)
    kind = sniff(head)
    if kind is not Compression.NONE:
        path = _unpack(path, workdir, kind, max_bytes=max_bytes)
    for magic, tool in _OTHERS.items():
        if head.startswith(magic):
            raise InvalidImageError(
                f"{path}: archives compressed in this way are not read",
                hint=f"unpack it first: {tool} {path}",
            )
    return TarIndex(path)


def _unpack(path: Path, workdir: Path, kind: Compression, *, max_bytes: int) -> Path:
    unpacked = workdir / f"{hashlib.sha256(str(path).encode()).hexdigest()[:16]}.tar"
    if unpacked.exists():
        return unpacked
    count = 0
    try:
        with open_regular(path) as file, atomic_write(unpacked) as out:
            reader = unpacker(kind, file, str(path))
            while data := reader.read(_CHUNK):
                count += len(data)
                if count > max_bytes:
                    raise InvalidImageError(
                        f"{path}: unpacks to over {max_bytes} bytes",
                        hint="if the image is honest, raise --max-unpacked-size",
                    )
                out.write(data)
    except (zlib.error, zstandard.ZstdError) as err:
        raise InvalidImageError(
            f"{path}: does not unpack: {err}", hint="the copy is damaged; fetch it again"
        ) from err
    except OSError as err:
        full = " TMPDIR names another place" if err.errno == errno.ENOSPC else ""
        raise HostError(f"unpack {path} to {workdir}: {err.strerror}{full}") from err
    return unpacked
