"""Images in a local Docker Engine, through its API. Importing this module imports `docker`: slow.

An image is read in place where that is possible: the graph driver's directories are in the
format of overlayfs already. Otherwise it is exported into an archive in the work directory.
"""

from __future__ import annotations

import errno
import hashlib
import os
import socket
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final, Protocol, cast

import docker
import requests
from docker.context import ContextAPI
from docker.errors import APIError, DockerException, NotFound
from docker.utils import kwargs_from_env

from jettison.digest import Digest
from jettison.edge.files import atomic_write
from jettison.edge.redact import redact
from jettison.errors import (
    HostError,
    ImageNotFoundError,
    InvalidImageError,
    JettisonError,
    TransportError,
)
from jettison.image import Descriptor, ImageConfig
from jettison.image.mediatypes import DOCKER_LAYER
from jettison.transport.docker_archive import find_in_archive, make_manifest
from jettison.transport.found import DocumentCore, FoundImage
from jettison.transport.overlay_store import DRIVER, OverlayStore, directories
from jettison.transport.schemes import Scheme, Target
from jettison.transport.tar_index import TarIndex

# A question is answered at once; an export of Docker before 25 says nothing until it has copied
# the whole image to a directory of its own.
_QUESTION_S: Final = 30
_TRANSFER_S: Final = 1800
_CHUNK: Final = 1 << 20
_DEFAULT_SOCKET: Final = "unix:///var/run/docker.sock"
_HINT: Final = "is it running, and may you use it? an archive works too: docker save NAME -o FILE"


class _Client(Protocol):
    """What is used of docker.APIClient, as it really is."""

    base_url: str
    timeout: int

    def info(self) -> dict[str, Any]: ...
    def inspect_image(self, image: str) -> dict[str, Any]: ...
    def history(self, image: str) -> list[dict[str, Any]]: ...
    def get_image(self, image: str, chunk_size: int) -> Iterator[bytes]: ...
    def load_image(self, data: Iterable[bytes]) -> Iterator[dict[str, Any]]: ...


@contextmanager
def _connect() -> Iterator[_Client]:
    """A client of the engine that DOCKER_HOST or Docker's current context names.

    Raises: HostError if none answers; what goes wrong in the block becomes our own errors.
    """
    options = _connection()
    where = redact(str(options.setdefault("base_url", _DEFAULT_SOCKET)))
    try:
        _knock(str(options["base_url"]))
        client = docker.APIClient(version="auto", timeout=_QUESTION_S, **options)
    except (DockerException, requests.RequestException, OSError, ValueError) as err:
        reason = redact("; ".join(str(err).split("\n"))[:300])
        raise HostError(f"Docker does not answer at {where}: {reason}", hint=_HINT) from err
    try:
        with _translated():
            # The type stubs leave half of the methods untyped.
            yield cast(_Client, client)
    finally:
        client.close()


def find_in_engine(target: Target, workdir: Path, *, in_place: bool) -> FoundImage:
    """Find an image by name or ID; `in_place` allows to use the engine's own directories.

    Raises: HostError without an engine; ImageNotFoundError; TransportError.
    """
    with _connect() as client:
        try:
            described = client.inspect_image(target.location)
        except NotFound as err:
            raise ImageNotFoundError(
                f"{target}: Docker has no such image", hint="build or pull it first"
            ) from err
        if in_place and (store := _overlay_store(client)) is not None:
            found = _in_place(target, described, store, workdir)
            if found is not None:
                return found
        # By ID, so that it is the image described even if its tag has moved since.
        path = _export(client, str(described["Id"]), workdir)
    return _renamed(find_in_archive(TarIndex(path), _sole(path)), target)


def find_id(name: str) -> str | None:
    """The ID of an image; None if there is no such image.

    Raises: HostError without an engine; TransportError.
    """
    with _connect() as client:
        try:
            return str(client.inspect_image(name)["Id"])
        except NotFound:
            return None


def made_by(name: str) -> str | None:
    """The newest instruction in the history of an image; None if there is no such image.

    Raises: HostError without an engine; TransportError.
    """
    with _connect() as client:
        try:
            history = client.history(name)
        except NotFound:
            return None
    return str(history[0].get("CreatedBy") or "") if history else ""


def load(archive: Iterable[bytes], name: str) -> str:
    """Load a docker archive that calls its image `name`; return the ID it got.

    Raises: HostError without an engine; TransportError with what the engine found wrong.
    """
    with _connect() as client:
        client.timeout = _TRANSFER_S
        for message in client.load_image(archive):
            if "error" in message:
                raise TransportError(f"docker:{name}: Docker did not take it: {message['error']}")
        return str(client.inspect_image(name)["Id"])


def _knock(base_url: str) -> None:
    """Try a Unix socket: `docker` leaks one that it cannot connect, and says less of why."""
    if base_url.startswith("unix://"):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as knocking:
            knocking.settimeout(_QUESTION_S)
            knocking.connect(base_url.removeprefix("unix://"))


def _connection() -> dict[str, Any]:
    if os.environ.get("DOCKER_HOST"):
        return dict(kwargs_from_env())
    context = None
    with suppress(DockerException, OSError, ValueError):
        context = ContextAPI.get_current_context()
    if context is not None and context.Name != "default" and context.Host:
        return {"base_url": context.Host, "tls": context.TLSConfig or False}
    # The rootless engine of this user, where the system has none.
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    if runtime and not Path("/var/run/docker.sock").exists():
        rootless = Path(runtime) / "docker.sock"
        if rootless.exists():
            return {"base_url": f"unix://{rootless}"}
    return dict(kwargs_from_env())


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except JettisonError:
        raise
    except APIError as err:
        raise TransportError(f"Docker refused: {err.explanation or err}") from err
    except (DockerException, requests.RequestException) as err:
        raise TransportError(
            f"the connection to Docker broke: {err}", hint="look at the engine's log, and try again"
        ) from err


def _export(client: _Client, image_id: str, workdir: Path) -> Path:
    """The image as a docker archive; it is made once for a work directory."""
    path = workdir / f"docker-{hashlib.sha256(image_id.encode()).hexdigest()[:16]}.tar"
    if path.exists():
        return path
    client.timeout = _TRANSFER_S
    try:
        with atomic_write(path) as out:
            for chunk in client.get_image(image_id, chunk_size=_CHUNK):
                out.write(chunk)
    except OSError as err:
        if isinstance(err, requests.RequestException):
            raise
        hint = "TMPDIR names another place" if err.errno == errno.ENOSPC else ""
        raise HostError(f"export {image_id} to {path}: {err.strerror}", hint=hint) from err
    return path


def _sole(path: Path) -> Target:
    return Target(scheme=Scheme.DOCKER_ARCHIVE, location=str(path))


def _renamed(found: FoundImage, target: Target) -> FoundImage:
    return FoundImage(target=target, core=found.core, digest=found.digest)


def _overlay_store(client: _Client) -> OverlayStore | None:
    """The store of an engine on this host that this process may read as it is."""
    if not str(client.base_url).startswith("http+docker://"):
        return None
    info = client.info()
    # Such engines shift owners, or have their directories in a mount namespace of their own.
    shifted = {"name=rootless", "name=userns"}.intersection(info.get("SecurityOptions") or ())
    root = Path(str(info.get("DockerRootDir") or "/nonexistent"))
    if info.get("Driver") != DRIVER or shifted or not os.access(root, os.R_OK | os.X_OK):
        return None
    return OverlayStore(root=root)


def _in_place(
    target: Target, described: dict[str, Any], store: OverlayStore, workdir: Path
) -> FoundImage | None:
    try:
        image_id = Digest.parse(str(described.get("Id")))
    except InvalidImageError:
        return None
    raw_config = store.raw_config(image_id)
    found = directories(described.get("GraphDriver"))
    if raw_config is None or found is None:
        return None
    config = ImageConfig.parse(raw_config)
    sizes = store.tar_sizes(config.diff_ids)
    if sizes is None or len(sizes) != len(found):
        return None
    layers = tuple(
        Descriptor(media_type=DOCKER_LAYER, digest=diff_id, size_bytes=size)
        for diff_id, size in zip(config.diff_ids, sizes, strict=True)
    )
    return FoundImage(
        target=target,
        core=DocumentCore(
            raw_manifest=make_manifest(raw_config, layers),
            raw_config=raw_config,
            opener=_LaterExport(image_id=str(image_id), workdir=workdir).open,
        ),
        digest=image_id,
        directories=found,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _LaterExport:
    """The layers' tars of an image that is used in place, for whoever asks for them after all."""

    image_id: str
    workdir: Path

    @contextmanager
    def open(self, descriptor: Descriptor) -> Iterator[BinaryIO]:
        with _connect() as client:
            path = _export(client, self.image_id, self.workdir)
        found = find_in_archive(TarIndex(path), _sole(path))
        with found.core.open_blob(descriptor) as blob:
            yield blob
