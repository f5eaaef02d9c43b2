"""A registry image's blobs, for a source that is opened before a fork and read after it."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

from jettison.digest import Digest
from jettison.errors import HostError
from jettison.events import EventSink, StageDone, StageStarted
from jettison.image import Descriptor
from jettison.transport.registry_client import RegistryAccess, RegistryClient
from jettison.transport.transfer import WORKERS, Transfer

_STAGE: Final = "download"
_CHUNK: Final = 1 << 18


class LaterBlobs:
    """Opens blobs, each over a connection of its own, or from where it was fetched to."""

    def __init__(self, access: RegistryAccess, workdir: Path) -> None:
        self._access = access
        self._workdir = workdir
        self._fetched: dict[Digest, Future[Path]] = {}
        self._ended = 0.0

    @contextmanager
    def open(self, descriptor: Descriptor) -> Iterator[BinaryIO]:
        """The blob's bytes, not yet checked.

        Raises: InvalidImageError if it is not there; TransportError.
        """
        fetched = self._fetched.pop(descriptor.digest, None)
        if fetched is None:
            with self._access.connect() as client, client.open_blob(descriptor) as blob:
                yield blob
            return
        path = fetched.result()
        try:
            with path.open("rb") as file:
                yield file
        finally:
            path.unlink(missing_ok=True)

    @contextmanager
    def fetching(self, wanted: Sequence[Descriptor], events: EventSink) -> Iterator[None]:
        """Download these blobs, several at once, while the block opens them one by one."""
        blobs = {item.digest: item for item in wanted}
        if not blobs:
            yield
            return
        total = sum(item.size_bytes for item in blobs.values())
        transfer = Transfer(_STAGE, events, total_bytes=total)
        events.emit(StageStarted(stage=_STAGE))
        started = self._ended = time.perf_counter()
        with (
            self._access.connect() as client,
            ThreadPoolExecutor(WORKERS, thread_name_prefix=_STAGE) as pool,
            tempfile.TemporaryDirectory(prefix="blobs-", dir=self._workdir) as directory,
        ):
            self._fetched = {
                digest: pool.submit(self._fetch, client, blob, Path(directory), transfer)
                for digest, blob in blobs.items()
            }
            try:
                yield
            finally:
                transfer.stop()
                for future in self._fetched.values():
                    future.cancel()
                pool.shutdown()
                self._fetched = {}
        # What the block did with the last ones after they had come is not part of it.
        seconds = self._ended - started
        detail = f"{total / 1e6:.1f} MB"
        events.emit(StageDone(stage=_STAGE, seconds=seconds, detail=detail))

    def _fetch(
        self, client: RegistryClient, blob: Descriptor, directory: Path, transfer: Transfer
    ) -> Path:
        path = directory / blob.digest.hex
        with client.open_blob(blob) as stream:
            try:
                with path.open("wb") as out:
                    for chunk in transfer.through(iter(lambda: stream.read(_CHUNK), b"")):
                        out.write(chunk)
            except OSError as err:
                raise HostError(
                    f"download {blob.digest} to {directory}: {err.strerror}",
                    hint="is there space left? TMPDIR names another place",
                ) from err
        self._ended = time.perf_counter()
        return path
