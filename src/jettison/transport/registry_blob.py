"""A blob while it is downloaded: a connection that breaks is taken up where it broke."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from jettison.edge import http
from jettison.edge.http import HttpError, Response
from jettison.errors import TransportError
from jettison.image import Descriptor

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

OpenAt = Callable[[Descriptor, int], Response]
"""Asks for a blob from this offset on."""

# Without a byte in between; a connection that breaks after some megabytes has made progress.
_MOST_STALLS: Final = 5
_FIRST_PAUSE_S: Final = 0.4
_CHUNK: Final = 1 << 18
_RANGE: Final = re.compile(r"bytes (\d+)-")


class BlobReader(io.RawIOBase):
    """Bytes of a blob in order; whether they are the right ones is checked by who reads them."""

    def __init__(self, open_at: OpenAt, descriptor: Descriptor, *, where: str) -> None:
        super().__init__()
        self._open_at = open_at
        self._descriptor = descriptor
        self._where = where
        self._offset = 0
        self._stalls = 0
        self._response: Response | None = open_at(descriptor, 0)

    def readable(self) -> bool:
        """Yes."""
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        """As `read`."""
        view = memoryview(buffer)
        data = self.read(len(view))
        view[: len(data)] = data
        return len(data)

    def read(self, size: int = -1, /) -> bytes:
        """At most `size` bytes; empty only at the end of the whole blob.

        Of one that is too long a single byte more is given, by which readers know it: a registry
        that never ends fills no disk.
        Raises: TransportError if it breaks off again and again.
        """
        wanted = self._descriptor.size_bytes
        most = min(size if size >= 0 else _CHUNK, wanted + 1 - self._offset)
        while most > 0:
            try:
                if self._response is None:
                    self._response = self._reopen()
                data = self._response.read(most)
            except HttpError as err:
                self._broke(err)
                continue
            if data or self._offset >= wanted:
                self._offset += len(data)
                self._stalls = 0 if data else self._stalls
                return data
            self._broke(HttpError(f"it ends after {self._offset} bytes"))
        return b""

    def close(self) -> None:
        """End the connection."""
        if self._response is not None:
            self._response.close()
            self._response = None
        super().close()

    def _broke(self, err: HttpError) -> None:
        if self._response is not None:
            self._response.close()
            self._response = None
        self._stalls += 1
        if self._stalls > _MOST_STALLS:
            raise TransportError(
                f"{self._where}: blob {self._descriptor.digest}: broke off at {self._offset} of "
                f"{self._descriptor.size_bytes} bytes: {err.message}",
                hint="it was tried several times; try again later",
            ) from err
        http.pause(_FIRST_PAUSE_S * 2 ** (self._stalls - 1))

    def _reopen(self) -> Response:
        response = self._open_at(self._descriptor, self._offset)
        skipped = self._offset
        if response.status == HTTPStatus.PARTIAL_CONTENT:
            match = _RANGE.match(response.headers.get("Content-Range", ""))
            skipped = self._offset - (int(match[1]) if match else -1)
        # Who does not know ranges sends everything again.
        if not 0 <= skipped <= self._offset:
            response.close()
            raise TransportError(
                f"{self._where}: blob {self._descriptor.digest}: asked for the bytes from "
                f"{self._offset} on, it sends others"
            )
        try:
            while skipped:
                data = response.read(min(skipped, _CHUNK))
                if not data:
                    raise HttpError(f"it ends before byte {self._offset}")
                skipped -= len(data)
        except HttpError:
            response.close()
            raise
        return response
