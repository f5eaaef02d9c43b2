"""Putting blobs and manifests into one repository of a registry.

Source: OCI distribution-spec 1.1, "Push".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit

from jettison.digest import Digest
from jettison.edge import http
from jettison.edge.http import HttpError, Request, Response, joined
from jettison.edge.urls import shown_url
from jettison.errors import TransportError
from jettison.image import Descriptor
from jettison.transport.registry_client import RegistryClient
from jettison.transport.transfer import Delivery

ReadFrom = Callable[[int], Iterator[bytes]]
"""Gives a blob's bytes from an offset on."""

# What is smaller goes in one request; above it an upload is worth taking up where it broke.
_MONOLITHIC_BYTES: Final = 8 << 20
# For registries, or proxies before them, that take no request as large as a blob.
_PIECE_BYTES: Final = 32 << 20
_SMALLEST_PIECE_BYTES: Final = 1 << 20
_MOST_STALLS: Final = 4
_FIRST_PAUSE_S: Final = 0.4
# 201 by the specification; there are registries that say it in other words.
_STORED: Final = frozenset({200, 201, 202, 204})
_TEMPORARY: Final = frozenset({408, 429, 499, 500, 502, 503, 504})
_OCTETS: Final = "application/octet-stream"
_RANGE: Final = re.compile(r"(?:bytes=)?0-(\d+)")


class _LostUploadError(TransportError):
    """The registry knows nothing of the upload any more."""


class Pusher:
    """Writes into the repository of a client; may be used by several threads."""

    def __init__(self, client: RegistryClient) -> None:
        self._client = client

    def check_access(self) -> None:
        """Begin an upload and give it up, to find out before the work whether one is allowed.

        Raises: TransportError.
        """
        place, _ = self._begin("")
        request = Request(method="DELETE", url=place, retry=False)
        # Registries need not know how to cancel; they forget such uploads after a while.
        try:
            self._client.open(request).close()
        except HttpError:
            return

    def push_blob(
        self, descriptor: Descriptor, read_from: ReadFrom, *, mount_from: tuple[str, ...] = ()
    ) -> Delivery:
        """Have a blob in the repository; `mount_from` are others there that may have it already.

        Raises: TransportError; and what reading raises.
        """
        if self.has_blob(descriptor.digest):
            return Delivery.PRESENT
        place, mounted = self._mount(descriptor.digest, mount_from) or self._begin("")
        if mounted:
            return Delivery.MOUNTED
        upload = _Upload(self._client, descriptor, read_from, self._begin)
        try:
            upload.run(place)
        except _LostUploadError:
            # The answer to the last request may have been lost, and not what it did.
            if not self.has_blob(descriptor.digest):
                upload.run(self._begin("")[0])
        return Delivery.SENT

    def has_blob(self, digest: Digest) -> bool:
        """Whether the repository has a blob.

        Raises: TransportError.
        """
        url = self._client.url(f"blobs/{digest}")
        with self._client.open(Request(method="HEAD", url=url)) as response:
            if response.status == HTTPStatus.NOT_FOUND:
                return False
            self._client.expect(response, HTTPStatus.OK, f"blob {digest}")
            return True

    def push_manifest(self, name: str, descriptor: Descriptor, raw: bytes) -> None:
        """Put a manifest or index under a tag or its digest; what it lists is there already.

        Raises: TransportError, also if the registry stored something else.
        """
        request = Request(
            method="PUT",
            url=self._client.url(f"manifests/{name}"),
            headers={"Content-Type": descriptor.media_type},
            body=raw,
        )
        with self._client.open(request) as response:
            if response.status not in _STORED:
                self._client.expect(response, HTTPStatus.CREATED, f"manifest {name}")
            stored = response.headers.get("Docker-Content-Digest")
        if stored and stored != descriptor.digest:
            raise TransportError(
                f"{self._client.reference}: manifest {name}: the registry stored {stored}, "
                f"it was sent {descriptor.digest}"
            )

    def _mount(self, digest: Digest, others: tuple[str, ...]) -> tuple[str, bool] | None:
        """As `_begin`; None where the registry does not even answer such a wish with an upload.

        Some refuse it: to those who may not read the other repository with this login, or all.
        """
        for other in others:
            with suppress(TransportError, HttpError):
                return self._begin(f"?mount={digest}&from={other}")
        return None

    def _begin(self, query: str) -> tuple[str, bool]:
        """A new upload's URL; or whether the blob was mounted, and needs none."""
        request = Request(
            method="POST",
            url=self._client.url(f"blobs/uploads/{query}"),
            body=b"",
            # What a mount saves is soon lost by waiting for it.
            retry=not query,
        )
        with self._client.open(request) as response:
            if query and response.status == HTTPStatus.CREATED:
                return "", True
            self._client.expect(response, HTTPStatus.ACCEPTED, "upload")
            return location_of(response, ""), False


def location_of(response: Response, before: str) -> str:
    """Where an upload goes on.

    Raises: TransportError where the registry does not say.
    """
    where = response.headers.get("Location", "")
    if not where:
        if before:
            return before
        raise TransportError(f"{shown_url(response.url)}: it takes uploads, but does not say where")
    return joined(response.url, where)


class _Upload:
    """One blob on its way, taken up where it broke if the registry can do so."""

    def __init__(
        self,
        client: RegistryClient,
        descriptor: Descriptor,
        read_from: ReadFrom,
        begin: Callable[[str], tuple[str, bool]],
    ) -> None:
        self._client = client
        self._descriptor = descriptor
        self._begin = begin
        self._feed = _Feed(read_from)
        self._place = ""
        self._offset = 0
        self._stalls = 0
        self._most = descriptor.size_bytes

    def run(self, place: str) -> None:
        """Send all of it to this URL, or wherever that leads.

        Raises: _LostUploadError if the registry forgot the upload; TransportError.
        """
        self._place, self._offset = place, 0
        with closing(self._feed):
            size = self._descriptor.size_bytes
            if size <= _MONOLITHIC_BYTES:
                self._finish(self._feed.take(0, size))
                return
            while self._offset < size:
                self._send_piece()
            self._finish(b"")

    def _send_piece(self) -> None:
        offset = self._offset
        length = min(self._most, self._descriptor.size_bytes - offset)
        headers = {"Content-Type": _OCTETS}
        if length < self._descriptor.size_bytes:
            headers["Content-Range"] = f"{offset}-{offset + length - 1}"
        request = Request(
            method="PATCH",
            url=self._place,
            headers=headers,
            body=lambda: self._feed.pieces(offset, length),
            size_bytes=length,
            retry=False,
        )
        try:
            with self._client.open(request) as response:
                status = response.status
                if status in (HTTPStatus.ACCEPTED, HTTPStatus.CREATED, HTTPStatus.NO_CONTENT):
                    self._place = location_of(response, self._place)
                    self._offset = _received(response, offset + length)
                    if self._offset > offset:
                        self._stalls = 0
                        return
                if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE and self._halve():
                    self._take_up()
                    return
                if status not in _TEMPORARY and status >= 400:
                    self._client.expect(response, HTTPStatus.ACCEPTED, self._what)
                pause_s = http.retry_after_s(response.headers.get("Retry-After", ""))
            found = f"{status}"
        except HttpError as err:
            if not err.is_temporary:
                raise
            found, pause_s = err.message, 0.0
        self._stall(found, pause_s)
        try:
            self._take_up()
        except HttpError as err:
            # Then the next piece fails as well, and is counted.
            if not err.is_temporary:
                raise

    def _halve(self) -> bool:
        """Send smaller pieces from now on, if they can be any smaller."""
        self._most = min(_PIECE_BYTES, self._most // 2)
        return self._most >= _SMALLEST_PIECE_BYTES

    def _stall(self, found: str, pause_s: float) -> None:
        self._stalls += 1
        if self._stalls > _MOST_STALLS:
            raise TransportError(
                f"{self._client.reference}: {self._what}: broke off at {self._offset} of "
                f"{self._descriptor.size_bytes} bytes: {found}",
                hint="it was tried several times; try again later",
            )
        http.pause(max(_FIRST_PAUSE_S * 2 ** (self._stalls - 1), pause_s))

    def _take_up(self) -> None:
        """Ask how much has arrived; begin anew where the registry does not know."""
        with self._client.open(Request(method="GET", url=self._place)) as response:
            if response.status == HTTPStatus.NO_CONTENT:
                self._place = location_of(response, self._place)
                self._offset = _received(response, 0)
                return
        self._place, _ = self._begin("")
        self._offset = 0

    def _finish(self, body: bytes) -> None:
        mark = "&" if urlsplit(self._place).query else "?"
        request = Request(
            method="PUT",
            url=f"{self._place}{mark}digest={self._descriptor.digest}",
            headers={"Content-Type": _OCTETS},
            body=body,
        )
        with self._client.open(request) as response:
            if response.status == HTTPStatus.NOT_FOUND:
                raise _LostUploadError(f"{self._client.reference}: {self._what}: upload forgotten")
            if response.status not in _STORED:
                self._client.expect(response, HTTPStatus.CREATED, self._what)

    @property
    def _what(self) -> str:
        return f"blob {self._descriptor.digest}"


class _Feed:
    """A blob's bytes from wherever they are needed, read on where the last piece ended."""

    def __init__(self, read_from: ReadFrom) -> None:
        self._read_from = read_from
        self._chunks: Iterator[bytes] | None = None
        self._offset = 0
        self._left = b""

    def take(self, offset: int, length: int) -> bytes:
        """A piece in memory."""
        return b"".join(self.pieces(offset, length))

    def pieces(self, offset: int, length: int) -> Iterator[bytes]:
        """A piece in small ones; its last one comes only after all of the blob was checked."""
        if self._chunks is None or self._offset != offset:
            self.close()
            self._chunks, self._offset, self._left = self._read_from(offset), offset, b""
        while length:
            chunk = self._left or next(self._chunks, b"")
            if not chunk:
                return
            self._left = chunk[length:]
            self._offset += min(len(chunk), length)
            yield chunk[:length]
            length -= min(len(chunk), length)

    def close(self) -> None:
        """Let go of what is being read."""
        if self._chunks is not None and hasattr(self._chunks, "close"):
            self._chunks.close()
        self._chunks = None


def _received(response: Response, otherwise: int) -> int:
    """How much the registry says has arrived; it counts the last byte, not the next."""
    match = _RANGE.fullmatch(response.headers.get("Range", ""))
    if match is None:
        return otherwise
    # An upload that has nothing is told as 0-0, as is one that has one byte.
    last = int(match[1])
    return last + 1 if last else 0
