"""Images in Podman, through its command: it must be asked by the user whose images they are."""

from __future__ import annotations

import json
import os
import tempfile
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from jettison.edge import process
from jettison.edge.process import Completed, ProcessOptions
from jettison.errors import (
    HostError,
    ImageNotFoundError,
    JettisonError,
    TransportError,
)
from jettison.image import Platform
from jettison.image.mediatypes import DOCKER_MANIFEST
from jettison.transport.docker_archive import find_in_archive
from jettison.transport.found import FoundImage
from jettison.transport.oci_layout import find_in_layout, open_layout
from jettison.transport.schemes import Scheme, Target
from jettison.transport.tar_index import TarIndex

_QUESTION_S: Final = 60.0
_TRANSFER_S: Final = 1800.0
_UNCHECKED: Final = ProcessOptions(check=False)


def find_in_podman(target: Target, workdir: Path, platform: Platform) -> FoundImage:
    """Find an image by name or ID and save it into the work directory.

    Each image is saved in the form that it has in Podman: turning one in Docker's form into OCI
    form drops its HEALTHCHECK, and the other way round changes its digest.
    Raises: HostError without Podman; ImageNotFoundError; TransportError.
    """
    name = target.location
    described = _inspect(name)
    if described is None:
        raise ImageNotFoundError(
            f"{target}: Podman has no such image", hint="build or pull it first"
        )
    # Two images may be opened with one work directory.
    directory = Path(tempfile.mkdtemp(prefix="podman-", dir=workdir))
    if described.get("ManifestType") == DOCKER_MANIFEST:
        path = directory / "image.tar"
        _save(name, "docker-archive", path)
        found = find_in_archive(TarIndex(path), _place(Scheme.DOCKER_ARCHIVE, path))
    else:
        path = directory / "image"
        _save(name, "oci-dir", path)
        found = find_in_layout(open_layout(path), _place(Scheme.OCI, path), platform)
    return FoundImage(target=target, core=found.core, digest=found.digest)


def find_id(name: str) -> str | None:
    """The ID of an image; None if there is no such image.

    Raises: HostError without Podman; TransportError.
    """
    described = _inspect(name)
    return None if described is None else _id(described)


def made_by(name: str) -> str | None:
    """The newest instruction in the history of an image; None if there is no such image.

    Raises: HostError without Podman; TransportError.
    """
    described = _inspect(name)
    if described is None:
        return None
    history = described.get("History") or [{}]
    return str(history[-1].get("created_by") or "")


def load(archive: Iterable[bytes], name: str) -> str:
    """Load a docker archive that calls its image `name`; return the ID it got.

    Raises: HostError without Podman; TransportError with what Podman found wrong.
    """
    reader, writer = os.pipe()
    feeder = _Feeder(archive, writer)
    feeder.start()
    try:
        done = process.run(
            ("podman", "load", "--quiet"),
            timeout_s=_TRANSFER_S,
            options=ProcessOptions(stdin=reader, check=False),
        )
    finally:
        # Closing our end wakes a feeder that nobody reads from any more.
        os.close(reader)
        feeder.join()
    if feeder.error is not None:
        raise feeder.error
    if done.status != 0:
        raise TransportError(f"podman:{name}: Podman did not take it: {_said(done)}")
    described = _inspect(name)
    if described is None:
        raise TransportError(f"podman:{name}: it is not there after loading it: {done.text}")
    return _id(described)


class _Feeder(threading.Thread):
    """Writes the archive into a pipe while Podman reads from it."""

    def __init__(self, archive: Iterable[bytes], writer: int) -> None:
        super().__init__(name="podman-load", daemon=True)
        self._archive = archive
        self._writer = writer
        self.error: JettisonError | None = None

    def run(self) -> None:
        try:
            with os.fdopen(self._writer, "wb") as out:
                for chunk in self._archive:
                    out.write(chunk)
        except BrokenPipeError:
            return  # Podman ended early, and says itself why.
        except JettisonError as err:
            self.error = err
        except OSError as err:
            self.error = TransportError(f"podman load: {err.strerror}")


def _inspect(name: str) -> dict[str, Any] | None:
    exists = _podman("image", "exists", name)
    # 1 is "no such image", everything above is a failure: podman-image-exists(1).
    if exists.status == 1:
        return None
    if exists.status != 0:
        raise HostError(
            f"podman does not work here: {_said(exists)}", hint="try `podman info` as the same user"
        )
    described = _podman("image", "inspect", name)
    try:
        value = json.loads(described.stdout)[0]
    except (ValueError, LookupError) as err:
        raise TransportError(f"podman:{name}: {_said(described)}") from err
    return dict(value)


def _id(described: dict[str, Any]) -> str:
    found = str(described.get("Id") or "")
    return found if ":" in found else f"sha256:{found}"


def _save(name: str, form: str, path: Path) -> None:
    # Packing plain layers only to unpack them again would take most of the time.
    plain = ("--uncompressed",) if form == "oci-dir" else ()
    done = _podman(
        "save", "--quiet", "--format", form, *plain, "--output", str(path), name,
        timeout_s=_TRANSFER_S,
    )  # fmt: skip
    if done.status != 0 or not path.exists():
        raise TransportError(
            f"podman:{name}: Podman could not save it: {_said(done)}",
            hint="is there space left? TMPDIR names another place",
        )


def _place(scheme: Scheme, path: Path) -> Target:
    return Target(scheme=scheme, location=str(path))


def _podman(*arguments: str, timeout_s: float = _QUESTION_S) -> Completed:
    return process.run(("podman", *arguments), timeout_s=timeout_s, options=_UNCHECKED)


def _said(done: Completed) -> str:
    lines = done.stderr.decode("utf-8", "replace").strip().splitlines()
    return lines[-1][:1000] if lines else f"status {done.status}"
