"""What a Docker Engine with the overlay2 driver keeps on this host, read as it lies there.

Source: moby, image/fs.go and layer/filestore.go; vbatts/tar-split, archive/storage.
"""

from __future__ import annotations

import gzip
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from jettison.digest import Digest

DRIVER: Final = "overlay2"

_FILE_ENTRY: Final = 1
_CHUNK: Final = 1 << 20


class _SplitEntry(msgspec.Struct):
    """A line of a split tar: a file of so many bytes, or the bytes between two files."""

    type: int
    size: int = 0
    payload: str | None = None


_DECODER: Final = msgspec.json.Decoder(_SplitEntry)


@dataclass(frozen=True, slots=True, kw_only=True)
class OverlayStore:
    """The engine's own directory; everything here answers None where it is not as expected."""

    root: Path

    def raw_config(self, image_id: Digest) -> bytes | None:
        """The config of an image, byte for byte."""
        path = self.root / f"image/{DRIVER}/imagedb/content/{image_id.algorithm}/{image_id.hex}"
        try:
            raw = path.read_bytes()
        except OSError:
            return None
        # Also proves that this is the engine's directory, and not one of the same name on
        # another host whose socket is forwarded.
        return raw if Digest.of(raw, algorithm=image_id.algorithm) == image_id else None

    def tar_sizes(self, diff_ids: tuple[Digest, ...]) -> tuple[int, ...] | None:
        """How long the layers' tars are, without making them: the same as an export says."""
        sizes: list[int] = []
        chain = ""
        for diff_id in diff_ids:
            # OCI image-spec 1.1, "Layer ChainID".
            chain = Digest.of(f"{chain} {diff_id}".encode()) if chain else diff_id
            layer = self.root / f"image/{DRIVER}/layerdb/sha256/{chain.partition(':')[2]}"
            try:
                sizes.append(_tar_size(layer / "tar-split.json.gz"))
            except (OSError, EOFError, zlib.error, msgspec.MsgspecError):
                return None
        return tuple(sizes)


def directories(driver: object) -> tuple[Path, ...] | None:
    """The layers' directories, base first, of an image's `GraphDriver`.

    Shape: `LowerDir` has the upper ones first, as an overlay mount is given them.
    """
    if not isinstance(driver, dict) or driver.get("Name") != DRIVER:
        return None
    data = driver.get("Data") or {}
    lower = [name for name in str(data.get("LowerDir") or "").split(":") if name]
    upper = str(data.get("UpperDir") or "")
    found = tuple(Path(name) for name in (*reversed(lower), upper) if name)
    return found if found and all(item.is_dir() for item in found) else None


def _tar_size(split: Path) -> int:
    size = 0
    rest = b""
    with gzip.open(split, "rb") as lines:
        # Lines are decoded a lot at a time: an image has tens of thousands.
        while chunk := lines.read(_CHUNK):
            whole, _, rest = (rest + chunk).rpartition(b"\n")
            size += sum(map(_entry_size, _DECODER.decode_lines(whole)))
    size += sum(map(_entry_size, _DECODER.decode_lines(rest)))
    if not size:
        raise EOFError(f"{split} is empty")
    return size


def _entry_size(entry: _SplitEntry) -> int:
    if entry.type == _FILE_ENTRY:
        return entry.size
    payload = entry.payload or ""
    # Base64: four letters for three bytes, less the padding.
    return len(payload) * 3 // 4 - payload[-2:].count("=")
