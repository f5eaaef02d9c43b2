"""Open the image that a user named, wherever it is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO, assert_never

from jettison.digest import Digest
from jettison.errors import HostError, ImageNotFoundError
from jettison.events import EventSink
from jettison.filetree.tarstream import UnpackLimits
from jettison.image import Descriptor, Image, Platform
from jettison.transport import podman
from jettison.transport.archive_file import open_archive
from jettison.transport.docker_archive import find_in_archive
from jettison.transport.found import FoundImage
from jettison.transport.layer_stream import Expected, LayerStream
from jettison.transport.oci_layout import check_archive, find_in_layout, open_layout
from jettison.transport.schemes import Scheme, Target


class Source:
    """An image at the place where it was found, ready to be read.

    It holds no open file and no connection: each layer is opened when it is asked for, so a
    source opened before a fork may be read after it. `directories` are the layers unpacked, base
    first, where the engine's own may be used; `digest` is what the medium knows the image by.
    """

    def __init__(self, found: FoundImage, image: Image, *, max_bytes: int) -> None:
        self.image = image
        self.target = found.target
        self.digest: Digest = found.digest
        self.directories = found.directories
        self.notices = found.notices
        self._found = found
        self._max_bytes = max_bytes
        self._unpacked: dict[int, int] = {}

    def open_stored(self, descriptor: Descriptor) -> AbstractContextManager[BinaryIO]:
        """A layer's bytes as they are stored, not yet checked.

        Raises: InvalidImageError if it is not there; TransportError.
        """
        return self._found.core.open_blob(descriptor)

    def fetching(self, indexes: Sequence[int], events: EventSink) -> AbstractContextManager[None]:
        """Have these layers brought near, several at once, while the block opens them in order.

        Only those that a network is between take any time; without it they come when opened.
        """
        if self._found.fetching is None:
            return nullcontext()
        layers = self.image.manifest.layers
        return self._found.fetching([layers[index] for index in indexes], events)

    @contextmanager
    def open_layer(self, index: int) -> Iterator[LayerStream]:
        """The uncompressed tar of a layer, counted from 0, the base.

        What the block leaves unread is read when it ends without an error, so that after the
        block digest, size and diff ID of the whole layer have been checked. What was made of the
        bytes must be thrown away if the block raised.
        Raises: InvalidImageError in the block or at its end; TransportError.
        """
        descriptor = self.image.manifest.layers[index]
        others = sum(size for layer, size in self._unpacked.items() if layer != index)
        expected = Expected(
            layer=index,
            descriptor=descriptor,
            diff_id=self.image.config.diff_ids[index],
            max_bytes=self._max_bytes - others,
        )
        with self._found.core.open_blob(descriptor) as blob:
            stream = LayerStream(blob, expected)
            yield stream
            stream.finish()
            self._unpacked[index] = stream.unpacked_bytes


@contextmanager
def open_source(
    target: Target,
    *,
    platform: Platform,
    workdir: Path,
    limits: UnpackLimits,
    in_place: bool = False,
) -> Iterator[Source]:
    """Find the image and check what describes it; layers are checked as they are read.

    `workdir` takes what has to be copied (exports of engines, archives that are packed) and must
    outlive the source; its owner removes it. `in_place` allows Docker's own directories to be
    used, which the caller may ask for if it is root on the engine's host.
    Raises: ImageNotFoundError (no such image, no such platform); InvalidImageError;
    TransportError; HostError (no engine, no space); UsageError (which of several?).
    """
    found = _find(target, platform, workdir, limits, in_place=in_place)
    image = Image.parse(str(target), found.core.raw_manifest, found.core.raw_config)
    own = image.config.platform
    if not platform.accepts(own):
        notice = f"{target} is an image for {own}, not for {platform}"
        found = replace(found, notices=(*found.notices, notice))
    yield Source(found, image, max_bytes=limits.max_bytes)


def _find(
    target: Target, platform: Platform, workdir: Path, limits: UnpackLimits, *, in_place: bool
) -> FoundImage:
    match target.scheme:
        case Scheme.OCI:
            return find_in_layout(open_layout(target.path), target, platform)
        case Scheme.OCI_ARCHIVE:
            archive = open_archive(target.path, workdir, max_bytes=limits.max_bytes)
            return find_in_layout(check_archive(archive), target, platform)
        case Scheme.DOCKER_ARCHIVE:
            archive = open_archive(target.path, workdir, max_bytes=limits.max_bytes)
            return find_in_archive(archive, target)
        case Scheme.DOCKER:
            # Importing it takes a third of a second, which archives need not pay for.
            from jettison.transport import docker_engine  # noqa: PLC0415  # as said above

            return docker_engine.find_in_engine(target, workdir, in_place=in_place)
        case Scheme.PODMAN:
            return podman.find_in_podman(target, workdir, platform)
        case Scheme.REGISTRY:
            # As above, for a tenth of a second.
            from jettison.transport import registry  # noqa: PLC0415  # as said

            return registry.find_in_registry(target, workdir, platform)
        case Scheme.NAME:
            return _find_in_any_engine(target, platform, workdir, limits, in_place=in_place)
        case _:
            assert_never(target.scheme)


def _find_in_any_engine(
    target: Target, platform: Platform, workdir: Path, limits: UnpackLimits, *, in_place: bool
) -> FoundImage:
    reasons: list[HostError | ImageNotFoundError] = []
    for scheme in (Scheme.DOCKER, Scheme.PODMAN):
        place = Target(scheme=scheme, location=target.location)
        try:
            return _find(place, platform, workdir, limits, in_place=in_place)
        except (HostError, ImageNotFoundError) as err:
            reasons.append(err)
    told = "; ".join(err.message for err in reasons)
    path = Path(target.location)
    if path.exists():
        kind = "oci" if path.is_dir() else "oci-archive"
        raise ImageNotFoundError(
            f"no engine has an image {target}: {told}",
            hint=f"for the path of that name write {kind}:./{target}",
        )
    if all(isinstance(err, HostError) for err in reasons):
        raise HostError(
            f"{target}: no engine to ask: {told}",
            hint="start one, or save the image and write docker-archive:FILE",
        )
    raise ImageNotFoundError(
        f"no engine has an image {target}: {told}", hint="build or pull it first"
    )
