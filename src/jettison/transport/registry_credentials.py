"""Who a user is at a registry: what `docker login` and `podman login` left, and helpers know.

Source: docker-login(1), containers-auth.json(5), docker-credential-helpers.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from jettison.edge import process
from jettison.edge.process import ProcessOptions
from jettison.errors import HostError, TransportError, UsageError
from jettison.image.reference import Reference

_HUB: Final = "docker.io"
# Docker keeps its own registry under the address of an API that is long gone.
_HUB_KEYS: Final = ("https://index.docker.io/v1/", "index.docker.io", "registry-1.docker.io")
# A helper says so on stdout, with status 1: docker-credential-helpers, credentials/error.go.
_NOT_FOUND: Final = "credentials not found"
# The name under which helpers keep a refresh token instead of a password.
_TOKEN_USER: Final = "<token>"  # noqa: S105  # a name, and no secret
_HELPER_S: Final = 60.0
_MAX_BYTES: Final = 4 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """A name and its password, or an identity token; `origin` says where they came from."""

    username: str = ""
    password: str = ""
    identity_token: str = ""
    origin: str = ""

    def __repr__(self) -> str:
        """Without what is secret: a value may end in a log."""
        return f"Credentials(username={self.username!r}, origin={self.origin!r})"

    @property
    def basic(self) -> str:
        """The value of an Authorization header."""
        pair = f"{self.username}:{self.password}".encode()
        return f"Basic {base64.b64encode(pair).decode()}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookup:
    """What came of looking: credentials or None, and why a place that was looked in gave none."""

    credentials: Credentials | None = None
    failures: tuple[str, ...] = ()


def find_credentials(reference: Reference, environ: Mapping[str, str] = os.environ) -> Lookup:
    """The user's credentials for a repository, from the first file that has some.

    A helper that fails is no failure here: many images may be read by anybody.
    Raises: UsageError for a file that is damaged, or was named and is not there.
    """
    failures: list[str] = []
    for path in credential_files(environ):
        document = _read(path)
        try:
            found = _in_document(document, path, reference)
        except (HostError, TransportError) as err:
            failures.append(err.message)
            continue
        if found is not None:
            return Lookup(credentials=found)
    return Lookup(failures=tuple(failures))


def credential_files(environ: Mapping[str, str]) -> tuple[Path, ...]:
    """Where logins are kept, in the order of looking; those that are there.

    Raises: UsageError if REGISTRY_AUTH_FILE names a file that is not there.
    """
    named = environ.get("REGISTRY_AUTH_FILE")
    if named and not Path(named).exists():
        raise UsageError(f"REGISTRY_AUTH_FILE is {named}, which is not there")
    home = Path(environ.get("HOME") or Path.home())
    # Root has no session, and keeps its logins there: containers-auth.json(5).
    runtime = environ.get("XDG_RUNTIME_DIR")
    session = Path(runtime) if runtime else Path("/run")
    podman = "containers" if runtime else f"containers/{os.getuid()}"
    settings = Path(environ.get("XDG_CONFIG_HOME") or home / ".config")
    docker = Path(environ.get("DOCKER_CONFIG") or home / ".docker")
    places = (
        *((Path(named),) if named else ()),
        session / podman / "auth.json",
        settings / "containers/auth.json",
        docker / "config.json",
    )
    return tuple(dict.fromkeys(place for place in places if place.is_file()))


def _read(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            value = json.loads(file.read(_MAX_BYTES) or b"{}")
    except OSError as err:
        raise UsageError(f"read logins in {path}: {err.strerror}") from err
    except ValueError as err:
        raise UsageError(f"logins in {path}: not JSON") from err
    if not isinstance(value, dict):
        raise UsageError(f"logins in {path}: not a JSON object")
    return value


def _in_document(document: dict[str, Any], path: Path, reference: Reference) -> Credentials | None:
    helpers, auths = _object(document, "credHelpers", path), _object(document, "auths", path)
    for key in _keys(reference, with_path=False):
        if isinstance(name := helpers.get(key), str) and name:
            return _ask(name, key)
    # Both tools write an empty entry for a login that the store keeps.
    for key in _keys(reference, with_path=True):
        for written, entry in auths.items():
            if key in (written, _host_of(written)) and isinstance(entry, dict):
                found = _entry(entry, key, path)
                if found is not None:
                    return found
    store = document.get("credsStore")
    if isinstance(store, str) and store:
        for key in _keys(reference, with_path=False):
            found = _ask(store, key)
            if found is not None:
                return found
    return None


def _object(document: dict[str, Any], key: str, path: Path) -> dict[str, Any]:
    value = document.get(key) or {}
    if not isinstance(value, dict):
        raise UsageError(f"logins in {path}: {key} is not an object")
    return value


def _keys(reference: Reference, *, with_path: bool) -> Iterator[str]:
    """What a login may be filed under, the nearest first: `host/team/app`, `host/team`, `host`."""
    parts = [reference.domain, *reference.path.split("/")]
    for count in range(len(parts) if with_path else 1, 0, -1):
        yield "/".join(parts[:count])
    if reference.domain == _HUB:
        yield from _HUB_KEYS


def _host_of(key: str) -> str:
    """`https://hub.example/v1/` was written for `hub.example` once."""
    return re.sub(r"^https?://", "", key).partition("/")[0] if "://" in key else key


def _entry(entry: dict[str, Any], key: str, path: Path) -> Credentials | None:
    origin = str(path)
    token = str(entry.get("identitytoken") or "")
    username, password = str(entry.get("username") or ""), str(entry.get("password") or "")
    packed = entry.get("auth")
    if isinstance(packed, str) and packed:
        try:
            plain = base64.b64decode(packed, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError) as err:
            raise UsageError(f"logins in {path}: auth of {key} is damaged") from err
        username, _, password = plain.rstrip("\0").partition(":")
    if not token and not username:
        return None
    return Credentials(username=username, password=password, identity_token=token, origin=origin)


def _ask(helper: str, key: str) -> Credentials | None:
    """What a credential helper keeps for a host, or None.

    Raises: TransportError or HostError if it failed.
    """
    program = f"docker-credential-{helper}"
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", helper):
        raise TransportError(f"{program[:100]!r} cannot be the name of a credential helper")
    options = ProcessOptions(input=key.encode(), check=False)
    done = process.run((program, "get"), timeout_s=_HELPER_S, options=options)
    if done.status != 0:
        if _NOT_FOUND in done.text.lower():
            return None
        # What it printed is not quoted: it may be what must not be shown.
        raise TransportError(f"{program} get {key}: status {done.status}")
    try:
        value = json.loads(done.stdout)
        username, secret = str(value["Username"]), str(value["Secret"])
    except (ValueError, KeyError, TypeError) as err:
        raise HostError(f"{program} get {key}: its answer is not what helpers give") from err
    if username == _TOKEN_USER:
        return Credentials(identity_token=secret, origin=program)
    return Credentials(username=username, password=secret, origin=program)
