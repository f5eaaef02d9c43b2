"""A registry on the loopback that can be made to fail in the ways that real ones do."""

from __future__ import annotations

import base64
import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

from jettison.digest import Digest
from jettison.image.mediatypes import DOCKER_INDEX, OCI_INDEX
from support.images import BuiltImage, BuiltIndex
from support.web import Handler, Web, serve

Answer = Callable[[Handler], bool]
"""Answers a request itself, or says False to leave it to the registry."""

_INDEXES = (OCI_INDEX, DOCKER_INDEX)


@dataclass(slots=True, kw_only=True)
class FakeRegistry:
    """What is in it, and how it behaves.

    Shape: `manifests` by repository and then by tag or digest, as media type and bytes; `blobs`
    by repository. `login` asks for a name and password, as Basic, or with `tokens` as Bearer.
    `before` is asked first, request by request.
    """

    web: Web
    manifests: dict[str, dict[str, tuple[str, bytes]]] = field(default_factory=dict)
    blobs: dict[str, dict[str, bytes]] = field(default_factory=dict)
    uploads: dict[str, bytearray] = field(default_factory=dict)
    login: tuple[str, str] | None = None
    identity_token: str = ""
    tokens: bool = False
    granted: set[str] = field(default_factory=set)
    before: list[Answer] = field(default_factory=list)
    mounts: bool = True
    lock: threading.Lock = field(default_factory=threading.Lock)

    def put(self, name: str, image: BuiltImage | BuiltIndex, tag: str = "latest") -> str:
        """Place an image; return `registry:HOST/NAME:TAG`."""
        manifests = self.manifests.setdefault(name, {})
        blobs = self.blobs.setdefault(name, {})
        images = image.images if isinstance(image, BuiltIndex) else (image,)
        for item in images:
            manifests[item.digest] = (item.manifest_type, item.raw_manifest)
            blobs.update((str(digest), data) for digest, data in item.blobs.items())
        if isinstance(image, BuiltIndex):
            manifests[image.digest] = (image.media_type, image.raw_index)
        manifests[tag] = manifests[image.digest]
        return self.target(name, tag)

    def target(self, name: str, tag: str = "latest") -> str:
        """As a user writes it."""
        return f"registry:{self.web.host}/{name}:{tag}"

    def paths(self) -> list[str]:
        """What was asked, without the knocking for TLS."""
        return [path for path in self.web.paths() if not path.endswith("/v2/")]

    def answer(self, handler: Handler) -> None:
        """One request."""
        for before in self.before:
            if before(handler):
                return
        path = handler.asked.path
        if path == "/token":
            self._token(handler)
        elif not self._is_let_in(handler):
            kind = "Bearer" if self.tokens else "Basic"
            details = f'realm="{self.web.url}/token",service="fake"' if self.tokens else 'realm="x"'
            told = {"errors": [{"code": "UNAUTHORIZED", "message": "who are you?"}]}
            headers = {"WWW-Authenticate": f"{kind} {details}"}
            handler.send(401, json.dumps(told).encode(), headers)
        elif path == "/v2/":
            handler.send(200, b"{}")
        elif match := re.fullmatch(r"/v2/(.+)/(manifests|blobs|tags)/(.*)", path):
            getattr(self, f"_{match[2]}")(handler, match[1], match[3])
        else:
            handler.send(404)

    def _is_let_in(self, handler: Handler) -> bool:
        shown = handler.asked.headers.get("authorization", "")
        if self.tokens:
            return shown.removeprefix("Bearer ") in self.granted
        return self.login is None or shown == _basic(*self.login)

    def _token(self, handler: Handler) -> None:
        shown = handler.asked.headers.get("authorization", "")
        form = parse_qs(handler.asked.body.decode())
        if self.identity_token:
            is_known = form.get("refresh_token") == [self.identity_token]
        else:
            is_known = self.login is None or shown == _basic(*self.login)
        if not is_known:
            handler.send(401)
            return
        token = f"token-{len(self.granted)}"
        self.granted.add(token)
        handler.send(200, json.dumps({"token": token}).encode())

    def _manifests(self, handler: Handler, name: str, reference: str) -> None:
        manifests = self.manifests.setdefault(name, {})
        if handler.command == "PUT":
            body = handler.asked.body
            media_type = handler.asked.headers["content-type"]
            missing = self._missing(name, media_type, json.loads(body))
            if missing:
                handler.send(400, json.dumps({"errors": [{"code": "BLOB_UNKNOWN"}]}).encode())
                return
            digest = Digest.of(body)
            manifests[reference] = manifests[digest] = (media_type, body)
            handler.send(201, b"", {"Docker-Content-Digest": digest})
        elif reference in manifests:
            media_type, raw = manifests[reference]
            digest = Digest.of(raw)
            handler.send(200, raw, {"Content-Type": media_type, "Docker-Content-Digest": digest})
        else:
            told = {"errors": [{"code": "MANIFEST_UNKNOWN", "message": "manifest unknown"}]}
            handler.send(404, json.dumps(told).encode())

    def _missing(self, name: str, media_type: str, document: dict[str, Any]) -> list[str]:
        if media_type in _INDEXES:
            wanted = [item["digest"] for item in document["manifests"]]
            return [digest for digest in wanted if digest not in self.manifests[name]]
        wanted = [item["digest"] for item in (document["config"], *document["layers"])]
        return [digest for digest in wanted if digest not in self.blobs.get(name, {})]

    def _tags(self, handler: Handler, name: str, _: str) -> None:
        if name not in self.manifests:
            handler.send(404)
            return
        query = handler.asked.query
        count, last = int(query["n"][0]), query.get("last", [""])[0]
        tags = sorted(tag for tag in self.manifests[name] if ":" not in tag and tag > last)
        shown = tags[: min(count, 2)]
        headers = {}
        if shown != tags:
            headers["Link"] = f'</v2/{name}/tags/list?n={count}&last={shown[-1]}>; rel="next"'
        handler.send(200, json.dumps({"name": name, "tags": shown or None}).encode(), headers)

    def _blobs(self, handler: Handler, name: str, rest: str) -> None:
        blobs = self.blobs.setdefault(name, {})
        if rest.startswith("uploads/"):
            self._uploads(handler, name, rest.removeprefix("uploads/"))
            return
        if rest not in blobs:
            handler.send(404)
            return
        data = blobs[rest]
        wanted = re.fullmatch(r"bytes=(\d+)-", handler.asked.headers.get("range", ""))
        if wanted is None:
            handler.send(200, data)
            return
        start = int(wanted[1])
        headers = {"Content-Range": f"bytes {start}-{len(data) - 1}/{len(data)}"}
        handler.send(206, data[start:], headers)

    def _uploads(self, handler: Handler, name: str, upload: str) -> None:
        query = handler.asked.query
        blobs = self.blobs[name]
        place = f"/v2/{name}/blobs/uploads/{upload}"
        if handler.command == "POST":
            mount, origin = query.get("mount", [""])[0], query.get("from", [""])[0]
            if self.mounts and mount in self.blobs.get(origin, {}):
                blobs[mount] = self.blobs[origin][mount]
                handler.send(201)
                return
            with self.lock:
                upload = str(len(self.uploads))
                self.uploads[upload] = bytearray()
            handler.send(202, b"", {"Location": f"{place}{upload}?state=1"})
            return
        if upload not in self.uploads:
            handler.send(404, json.dumps({"errors": [{"code": "BLOB_UPLOAD_UNKNOWN"}]}).encode())
            return
        received = self.uploads[upload]
        if handler.command == "DELETE":
            del self.uploads[upload]
            handler.send(204)
            return
        received += handler.asked.body
        headers = {"Location": place, "Range": f"0-{max(len(received) - 1, 0)}"}
        if handler.command == "PUT":
            digest = query["digest"][0]
            if Digest.of(bytes(received)) != digest:
                handler.send(400, json.dumps({"errors": [{"code": "DIGEST_INVALID"}]}).encode())
                return
            blobs[digest] = bytes(received)
            handler.send(201, b"", headers)
        else:
            handler.send(204 if handler.command == "GET" else 202, b"", headers)


def _basic(name: str, password: str) -> str:
    return f"Basic {base64.b64encode(f'{name}:{password}'.encode()).decode()}"


def once(match: str, answer: Callable[[Handler], object], *, times: int = 1) -> Answer:
    """Let the first requests whose `METHOD path` matches be answered otherwise."""
    left = [times]
    lock = threading.Lock()

    def before(handler: Handler) -> bool:
        if not re.search(match, f"{handler.command} {handler.asked.path}"):
            return False
        with lock:
            if not left[0]:
                return False
            left[0] -= 1
        answer(handler)
        return True

    return before


def always(match: str, answer: Callable[[Handler], object]) -> Answer:
    """Let every such request be answered otherwise."""
    return once(match, answer, times=1 << 30)


def send_on(sent: list[int]) -> Callable[[Handler], None]:
    """An answer that goes on until nobody reads; `sent` gets the size of each part, in bytes."""

    def answer(handler: Handler) -> None:
        handler.send_response(200)
        handler.end_headers()
        handler.close_connection = True
        with suppress(OSError):
            while len(sent) < 96:
                handler.wfile.write(bytes(1 << 20))
                sent.append(1 << 20)

    return answer


@dataclass(frozen=True, slots=True)
class _Late:
    """The server is there before the registry, which has to know where it is."""

    registries: list[FakeRegistry]

    def __call__(self, handler: Handler) -> None:
        self.registries[0].answer(handler)


@contextmanager
def fake_registry() -> Iterator[FakeRegistry]:
    """An empty registry until the block ends."""
    registries: list[FakeRegistry] = []
    with serve(_Late(registries)) as web:
        registries.append(FakeRegistry(web=web))
        yield registries[0]


def logins(auths: Mapping[str, tuple[str, str]]) -> bytes:
    """What `docker login` writes."""
    entries = {
        host: {"auth": base64.b64encode(f"{name}:{password}".encode()).decode()}
        for host, (name, password) in auths.items()
    }
    return json.dumps({"auths": entries}).encode()
