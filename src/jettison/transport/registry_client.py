"""Talking to one repository of a registry: manifests, tags and blobs, as OCI describes it.

Source: OCI distribution-spec 1.1.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import BinaryIO, Final, cast
from urllib.parse import urlsplit

from jettison.digest import Digest
from jettison.edge.http import (
    HttpClient,
    HttpError,
    HttpOptions,
    Request,
    Response,
    joined,
)
from jettison.edge.urls import is_loopback, is_same_origin, shown_url
from jettison.errors import ImageNotFoundError, InvalidImageError, TransportError
from jettison.image import Descriptor
from jettison.image.documents import MAX_DOCUMENT_BYTES, parse_object
from jettison.image.mediatypes import (
    DOCKER_INDEX,
    DOCKER_MANIFEST,
    INDEXES,
    MANIFESTS,
    OCI_INDEX,
    OCI_MANIFEST,
)
from jettison.image.reference import Reference
from jettison.transport.registry_auth import Authorizer
from jettison.transport.registry_blob import BlobReader

_HUB: Final = "docker.io"
_HUB_HOST: Final = "registry-1.docker.io"
_ACCEPT: Final = ", ".join((OCI_INDEX, DOCKER_INDEX, OCI_MANIFEST, DOCKER_MANIFEST))
_MAX_QUOTED: Final = 64 << 10
_TAG: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_PAGE: Final = 1000
_MOST_PAGES: Final = 200
_CONTENT_DIGEST: Final = "Docker-Content-Digest"


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A manifest or index as a registry has it; `descriptor` is of its bytes."""

    descriptor: Descriptor
    raw: bytes


class RegistryAccess:
    """How one repository is reached, without a connection: it may be kept over a fork.

    Shape: `actions` as in `Authorizer`; `others` are repositories that blobs may come from.
    """

    def __init__(
        self,
        reference: Reference,
        *,
        insecure: bool = False,
        actions: tuple[str, ...] = ("pull",),
        others: tuple[str, ...] = (),
    ) -> None:
        self.reference = reference
        self.insecure = insecure
        self.authorizer = Authorizer(reference, actions=actions, others=others)
        self._base_url = ""

    @contextmanager
    def connect(self) -> Iterator[RegistryClient]:
        """A client with connections of its own, which end with the block.

        Raises: TransportError if nobody answers; and for what goes wrong in the block.
        """
        with HttpClient(HttpOptions(insecure=self.insecure)) as http:
            try:
                self._base_url = self._base_url or self._find_base_url(http)
                yield RegistryClient(self, http, self._base_url)
            except HttpError as err:
                raise TransportError(f"{self.reference}: {err.message}", hint=err.hint) from err

    def _find_base_url(self, http: HttpClient) -> str:
        """HTTPS; plain HTTP only where it may be spoken, and where HTTPS is not."""
        domain = self.reference.domain
        host = _HUB_HOST if domain == _HUB else domain
        secure, plain = f"https://{host}", f"http://{host}"
        name = urlsplit(secure).hostname or ""
        if not self.insecure and not is_loopback(name):
            return secure
        try:
            with http.open(Request(method="GET", url=f"{secure}/v2/")):
                return secure
        except HttpError as err:
            # Without a port in its name, plain HTTP is at another one than HTTPS.
            is_elsewhere = err.is_unreachable and urlsplit(secure).port is None
            if is_elsewhere or (err.is_tls and not err.is_untrusted):
                return plain
            raise


class RegistryClient:
    """One repository, over open connections; may be used by several threads."""

    def __init__(self, access: RegistryAccess, http: HttpClient, base_url: str) -> None:
        self.reference = access.reference
        self._authorizer = access.authorizer
        self._http = http
        self._root = f"{base_url}/v2/{access.reference.path}"

    def url(self, path: str) -> str:
        """Of something in this repository."""
        return f"{self._root}/{path}"

    def open(self, request: Request) -> Response:
        """The answer to a request, after a login if that is asked for; whatever its status.

        Raises: HttpError; TransportError if the login is refused.
        """
        if not self._is_own(request.url):
            # Uploads may be sent elsewhere; the login stays here.
            return self._http.open(request)
        used = self._authorizer.header
        response = self._http.open(_with_header(request, used))
        if response.status != HTTPStatus.UNAUTHORIZED:
            return response
        response.close()
        asked = response.headers.get("WWW-Authenticate", "")
        shown = self._authorizer.answer(self._http, asked, used=used)
        if shown is None:
            raise self._refused(response.status, "it needs a login")
        response = self._http.open(_with_header(request, shown))
        if response.status == HTTPStatus.UNAUTHORIZED:
            response.close()
            raise self._refused(response.status, "it does not accept this login")
        return response

    def fetch_manifest(self, name: str) -> Document:
        """The manifest or index under a tag or a digest, checked.

        Raises: ImageNotFoundError; InvalidImageError; TransportError.
        """
        request = Request(
            method="GET", url=self.url(f"manifests/{name}"), headers={"Accept": _ACCEPT}
        )
        with self.open(request) as response:
            if response.status == HTTPStatus.NOT_FOUND:
                raise self._not_found(name)
            self.expect(response, HTTPStatus.OK, f"manifest {name}")
            raw = response.read_all(MAX_DOCUMENT_BYTES)
            stated = response.headers.get(_CONTENT_DIGEST, "")
            content_type = response.headers.get("Content-Type", "")
        expected = name if ":" in name else stated
        digest = self._checked(raw, expected, f"manifest {name}")
        media_type = _media_type(raw, content_type, str(self.reference))
        descriptor = Descriptor(media_type=media_type, digest=digest, size_bytes=len(raw))
        return Document(descriptor=descriptor, raw=raw)

    def find_digest(self, name: str) -> Digest | None:
        """The digest that a tag stands for now, without fetching what it names.

        Raises: TransportError.
        """
        request = Request(
            method="HEAD", url=self.url(f"manifests/{name}"), headers={"Accept": _ACCEPT}
        )
        with self.open(request) as response:
            status = response.status
            stated = response.headers.get(_CONTENT_DIGEST, "")
        if status == HTTPStatus.NOT_FOUND:
            return None
        if status == HTTPStatus.OK and stated:
            return Digest.parse(stated)
        # There are registries that do not answer a HEAD, or answer it without the digest.
        try:
            return self.fetch_manifest(name).descriptor.digest
        except ImageNotFoundError:
            return None

    def list_tags(self) -> tuple[str, ...]:
        """All tags, sorted.

        Raises: ImageNotFoundError if there is no such repository; TransportError.
        """
        url = self.url(f"tags/list?n={_PAGE}")
        found: set[str] = set()
        for _ in range(_MOST_PAGES):
            with self.open(Request(method="GET", url=url)) as response:
                if response.status == HTTPStatus.NOT_FOUND:
                    raise self._not_found("")
                self.expect(response, HTTPStatus.OK, "tags")
                raw = response.read_all(MAX_DOCUMENT_BYTES)
                link = response.headers.get("Link", "")
            tags = parse_object(raw, f"{self.reference}: tags").get("tags") or ()
            if not isinstance(tags, list | tuple):
                raise InvalidImageError(f"{self.reference}: tags: not a list")
            found.update(str(tag) for tag in tags if _TAG.fullmatch(str(tag)))
            match = re.search(r"<([^>]+)>\s*;[^,]*\brel=\"?next\"?", link)
            if match is None:
                break
            url = self.own_url(joined(url, match[1]))
        return tuple(sorted(found))

    def read_blob(self, descriptor: Descriptor) -> bytes:
        """A small blob, whole and checked, such as a config.

        Raises: InvalidImageError; TransportError.
        """
        if descriptor.size_bytes > MAX_DOCUMENT_BYTES:
            raise InvalidImageError(
                f"{self.reference}: blob {descriptor.digest}: "
                f"{descriptor.size_bytes} bytes are over {MAX_DOCUMENT_BYTES}"
            )
        with self.open_blob(descriptor) as blob:
            raw = b"".join(iter(lambda: blob.read(MAX_DOCUMENT_BYTES), b""))
        self._checked(raw, descriptor.digest, f"blob {descriptor.digest}")
        return raw

    @contextmanager
    def open_blob(self, descriptor: Descriptor) -> Iterator[BinaryIO]:
        """A blob's bytes, not yet checked; a broken connection is taken up where it broke.

        Raises: InvalidImageError if it is not there; TransportError.
        """
        with BlobReader(self._open_at, descriptor, where=str(self.reference)) as reader:
            yield cast("BinaryIO", reader)

    def own_url(self, url: str) -> str:
        """A URL that the registry named, if it is of this very registry.

        Raises: TransportError: credentials go nowhere else.
        """
        if not self._is_own(url):
            raise TransportError(f"{self.reference}: it leads elsewhere, to {shown_url(url)}")
        return url

    def _is_own(self, url: str) -> bool:
        return is_same_origin(url, self._root)

    def expect(self, response: Response, status: HTTPStatus, what: str) -> None:
        """Raise TransportError with what the registry says, unless it answered so."""
        if response.status == status:
            return
        told = _told(response)
        found = f"{self.reference}: {what}: {_status(response.status)}{told}"
        match response.status:
            case HTTPStatus.FORBIDDEN:
                hint = self._authorizer.describe()
            case HTTPStatus.TOO_MANY_REQUESTS:
                hint = "wait a while; those who log in may ask more often"
            case code if code >= 500:
                hint = "try again later"
            case _:
                hint = ""
        raise TransportError(found, hint=hint)

    def _open_at(self, descriptor: Descriptor, offset: int) -> Response:
        headers = {"Range": f"bytes={offset}-"} if offset else {}
        url = self.url(f"blobs/{descriptor.digest}")
        response = self.open(Request(method="GET", url=url, headers=headers))
        if response.status == HTTPStatus.NOT_FOUND:
            response.close()
            raise InvalidImageError(
                f"{self.reference}: blob {descriptor.digest} is not there",
                hint="the image is incomplete; push it again",
            )
        if response.status == HTTPStatus.PARTIAL_CONTENT and offset:
            return response
        with_body = response.status == HTTPStatus.OK
        if not with_body:
            with response:
                self.expect(response, HTTPStatus.OK, f"blob {descriptor.digest}")
        return response

    def _checked(self, raw: bytes, expected: str, what: str) -> Digest:
        if not expected:
            return Digest.of(raw)
        wanted = Digest.parse(expected)
        actual = Digest.of(raw, algorithm=wanted.algorithm)
        if actual != wanted:
            raise InvalidImageError(
                f"{self.reference}: {what}: digest is {actual}, it should be {wanted}",
                hint="what came is not what was asked for; is a proxy in between?",
            )
        return actual

    def _not_found(self, name: str) -> ImageNotFoundError:
        place = f"{self.reference.domain}/{self.reference.path}"
        if not name:
            return ImageNotFoundError(f"{place}: the registry has no such repository")
        mark = "@" if ":" in name else ":"
        return ImageNotFoundError(
            f"{place}{mark}{name}: the registry has no such image", hint="is the name right?"
        )

    def _refused(self, status: int, why: str) -> TransportError:
        return TransportError(
            f"{self.reference}: {why}: {_status(status)}", hint=self._authorizer.describe()
        )


def _with_header(request: Request, authorization: str | None) -> Request:
    if authorization is None:
        return request
    headers: Mapping[str, str] = {**request.headers, "Authorization": authorization}
    return replace(request, headers=headers)


def _media_type(raw: bytes, content_type: str, where: str) -> str:
    known = MANIFESTS | INDEXES
    stated = content_type.partition(";")[0].strip()
    if stated in known:
        return stated
    document = parse_object(raw, f"{where}: manifest")
    inside = document.get("mediaType")
    if inside in known:
        return str(inside)
    if inside is None and document.get("schemaVersion") == 2:
        # OCI leaves the field out if it likes.
        for member, media_type in (("manifests", OCI_INDEX), ("layers", OCI_MANIFEST)):
            if member in document:
                return media_type
    raise InvalidImageError(
        f"{where}: unknown media type {str(inside or stated)[:200]!r}",
        hint="it is no image, or one in a form that is no longer in use; push it again",
    )


def _status(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def _told(response: Response) -> str:
    """What a registry says of an error, in one line, whatever it sent."""
    try:
        value = json.loads(response.read_all(_MAX_QUOTED))
        first = value["errors"][0]
        text = f"{first.get('code') or ''} {first.get('message') or ''}".strip()
    except (HttpError, ValueError, LookupError, TypeError, AttributeError):
        return ""
    cleaned = " ".join(re.sub(r"[^\x20-\x7e]", " ", text).split())[:300]
    return f": {cleaned}" if cleaned else ""
