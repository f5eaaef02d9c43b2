"""The one image of a layout that is to be written somewhere, and the forms it is written in."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from jettison.digest import Digest
from jettison.errors import InvalidImageError
from jettison.image import Descriptor, Image, Platform
from jettison.image.mediatypes import OCI_INDEX
from jettison.transport import outer_tar
from jettison.transport.docker_archive import MANIFEST_FILE
from jettison.transport.found import Files
from jettison.transport.layer_stream import Expected, LayerStream
from jettison.transport.oci_layout import (
    REF_NAME,
    blob_name,
    find_in_layout,
    open_layout,
    read_index,
)
from jettison.transport.schemes import Scheme, Target

RAW_LAYOUT: Final = b'{"imageLayoutVersion":"1.0.0"}'
_CHUNK: Final = 1 << 18
# A layout with one image has it whatever the platform is.
_ANY: Final = Platform(os="linux", architecture="amd64")


@dataclass(frozen=True, slots=True, kw_only=True)
class LayoutImage:
    """An image in a layout, or in what opens blobs as one; `descriptor` is of its manifest."""

    files: Files
    image: Image
    descriptor: Descriptor

    @classmethod
    def open(cls, layout: Path) -> LayoutImage:
        """The only image of a layout.

        Raises: InvalidImageError if it is not the only one, or damaged; ImageNotFoundError.
        """
        files = open_layout(layout)
        listed = read_index(files, str(layout))
        if len(listed) != 1:
            raise InvalidImageError(f"{layout}: has {len(listed)} images where one is expected")
        target = Target(scheme=Scheme.OCI, location=str(layout))
        found = find_in_layout(files, target, _ANY)
        image = Image.parse(str(target), found.core.raw_manifest, found.core.raw_config)
        return cls(files=files, image=image, descriptor=listed[0])

    @property
    def config_digest(self) -> Digest:
        """What engines call the image's ID."""
        return self.image.manifest.config.digest

    @property
    def blobs(self) -> tuple[Descriptor, ...]:
        """Layers, config and manifest, each once, sorted by digest."""
        manifest = self.image.manifest
        every = (*manifest.layers, manifest.config, self.descriptor)
        return tuple(sorted({item.digest: item for item in every}.values(), key=_by_digest))

    def index_entry(self, tag: str) -> dict[str, object]:
        """What an index lists for it under this tag."""
        entry = self.descriptor.to_json()
        entry["annotations"] = {**self.descriptor.annotations, REF_NAME: tag}
        return entry

    def read_blob(self, descriptor: Descriptor) -> Iterator[bytes]:
        """A blob in chunks, checked; it is whole only if the iteration ends without an error.

        Raises: InvalidImageError.
        """
        state = hashlib.new(descriptor.digest.algorithm)
        count = 0
        with self.files.open(blob_name(descriptor.digest)) as file:
            while chunk := file.read(_CHUNK):
                state.update(chunk)
                count += len(chunk)
                if count > descriptor.size_bytes:
                    break
                yield chunk
        actual = f"{descriptor.digest.algorithm}:{state.hexdigest()}"
        if count != descriptor.size_bytes or actual != descriptor.digest:
            raise InvalidImageError(
                f"{self.image.reference}: blob {descriptor.digest} was changed after it was written"
            )

    def docker_archive(self, name: str) -> Iterator[bytes]:
        """The bytes of a docker archive whose image is called `name`; layers are unpacked.

        Everything is checked before the first byte: the size of a layer has to be known anyway.
        Raises: InvalidImageError.
        """
        config = self.image.config
        layers = {
            diff_id: (index, self._unpacked_bytes(index))
            for index, diff_id in enumerate(config.diff_ids)
        }
        entry = {
            "Config": f"{self.config_digest.hex}.json",
            "RepoTags": [name],
            "Layers": [f"{diff_id.hex}.tar" for diff_id in config.diff_ids],
        }
        yield from outer_tar.document(MANIFEST_FILE, _dump([entry]))
        yield from outer_tar.document(str(entry["Config"]), self.image.raw_config)
        for diff_id, (index, size_bytes) in layers.items():
            yield from outer_tar.member(f"{diff_id.hex}.tar", size_bytes, self._unpacked(index))
        yield outer_tar.end()

    def _unpacked(self, index: int) -> Iterator[bytes]:
        descriptor = self.image.manifest.layers[index]
        expected = Expected(
            layer=index,
            descriptor=descriptor,
            diff_id=self.image.config.diff_ids[index],
            # It is our own build; its bounds were kept when the original was read.
            max_bytes=1 << 62,
        )
        with self.files.open(blob_name(descriptor.digest)) as blob:
            stream = LayerStream(blob, expected)
            while chunk := stream.read(_CHUNK):
                yield chunk

    def _unpacked_bytes(self, index: int) -> int:
        return sum(len(chunk) for chunk in self._unpacked(index))


def render_index(entries: list[Any]) -> bytes:
    """An `index.json` of these entries."""
    return _dump({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries})


def _dump(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _by_digest(descriptor: Descriptor) -> str:
    return descriptor.digest
