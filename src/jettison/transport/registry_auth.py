"""Getting past a registry's door: what it asks for, and tokens for what we are about to do.

Source: RFC 9110, "WWW-Authenticate"; distribution, "Token Authentication Specification".
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from jettison.edge.http import HttpClient, Request
from jettison.edge.urls import shown_url
from jettison.errors import TransportError
from jettison.image.reference import Reference
from jettison.transport.registry_credentials import Credentials, Lookup, find_credentials

_CLIENT: Final = "jettison"
_MAX_ANSWER: Final = 1 << 20
_PARAMETER: Final = re.compile(
    r"(?:(?P<scheme>[A-Za-z][A-Za-z0-9-]*)[ \t]+)?(?P<name>[A-Za-z_][A-Za-z0-9_-]*)[ \t]*=[ \t]*"
    r'(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<plain>[^\s,"]+))'
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenge:
    """One way in that a server names; `scheme` in lower case."""

    scheme: str
    parameters: Mapping[str, str]


def parse_challenges(header: str) -> tuple[Challenge, ...]:
    """The ways in of a WWW-Authenticate header, in its order."""
    found: list[tuple[str, dict[str, str]]] = []
    for match in _PARAMETER.finditer(header):
        if match["scheme"] or not found:
            found.append(((match["scheme"] or "").lower(), {}))
        value = match["plain"] or re.sub(r"\\(.)", r"\1", match["quoted"] or "")
        found[-1][1].setdefault(match["name"].lower(), value)
    if not found and (bare := header.strip().lower()):
        found.append((bare, {}))
    return tuple(Challenge(scheme=scheme, parameters=values) for scheme, values in found)


class Authorizer:
    """What is shown at the door for one repository; kept between connections, and over a fork.

    Shape: `actions` such as ("pull", "push"); `others` are repositories of the same registry
    that are read as well.
    """

    def __init__(
        self, reference: Reference, *, actions: tuple[str, ...], others: tuple[str, ...] = ()
    ) -> None:
        self._reference = reference
        self._scopes = (
            f"repository:{reference.path}:{','.join(actions)}",
            *(f"repository:{path}:pull" for path in others),
        )
        self._header: str | None = None
        self._lookup: Lookup | None = None
        self._lock = threading.Lock()

    @property
    def header(self) -> str | None:
        """The Authorization header that was good enough last time."""
        return self._header

    def answer(self, http: HttpClient, asked: str, *, used: str | None) -> str | None:
        """What to show to a server that `asked` so of one who showed `used`; None for nothing.

        Credentials are looked for now, and not before:
        most images are read by anybody.
        Raises: TransportError if a token is refused; HttpError; UsageError.
        """
        with self._lock:
            if self._header != used:
                # Another thread was told the same, and has been given a new one.
                return self._header
            challenges = {item.scheme: item for item in reversed(parse_challenges(asked))}
            if "bearer" in challenges:
                self._header = f"Bearer {self._fetch_token(http, challenges['bearer'])}"
            elif "basic" in challenges:
                credentials = self._credentials()
                basic = credentials.basic if credentials and credentials.username else None
                if basic == used:
                    return None
                self._header = basic
            else:
                return None
            return self._header

    def describe(self) -> str:
        """Who we said we are, for an error's hint."""
        lookup = self._lookup or Lookup()
        host = self._reference.domain
        if lookup.credentials is not None:
            return f"the login comes from {lookup.credentials.origin}; try: docker login {host}"
        failures = "; ".join(lookup.failures)
        told = f"{failures}; " if failures else ""
        return f"{told}no login was found for it; try: docker login {host}"

    def _credentials(self) -> Credentials | None:
        if self._lookup is None:
            self._lookup = find_credentials(self._reference)
        return self._lookup.credentials

    def _fetch_token(self, http: HttpClient, challenge: Challenge) -> str:
        realm = challenge.parameters.get("realm", "")
        scopes = list(dict.fromkeys((*self._scopes, *_scopes_of(challenge))))
        credentials = self._credentials()
        service = challenge.parameters.get("service", "")
        if credentials is not None and credentials.identity_token:
            request = _refresh(realm, service, scopes, credentials.identity_token)
        else:
            request = _plain_question(realm, service, scopes, credentials)
        with http.open(request) as response:
            if response.status in (401, 403):
                raise TransportError(
                    f"{self._reference}: {shown_url(realm)} gives no token: {response.status}",
                    hint=self.describe(),
                )
            if response.status != 200:
                raise TransportError(
                    f"{self._reference}: {shown_url(realm)} gives no token: {response.status}",
                    hint="try again later",
                )
            raw = response.read_all(_MAX_ANSWER)
        token = _token_in(raw)
        if token is None:
            raise TransportError(f"{self._reference}: {shown_url(realm)} answers without a token")
        return token


def _scopes_of(challenge: Challenge) -> tuple[str, ...]:
    return tuple(challenge.parameters.get("scope", "").split())


def _plain_question(
    realm: str, service: str, scopes: list[str], credentials: Credentials | None
) -> Request:
    query = [("service", service)] if service else []
    query += [("scope", scope) for scope in scopes]
    headers = {}
    if credentials is not None:
        query.append(("account", credentials.username))
        headers["Authorization"] = credentials.basic
    mark = "&" if "?" in realm else "?"
    return Request(method="GET", url=f"{realm}{mark}{urlencode(query)}", headers=headers)


def _refresh(realm: str, service: str, scopes: list[str], token: str) -> Request:
    form = {
        "grant_type": "refresh_token",
        "service": service,
        "client_id": _CLIENT,
        "scope": " ".join(scopes),
        "refresh_token": token,
    }
    return Request(
        method="POST",
        url=realm,
        headers={"Content-Type": "application/x-www-form-urlencoded"},
        body=urlencode(form).encode(),
    )


def _token_in(raw: bytes) -> str | None:
    try:
        value = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    token = (value.get("token") or value.get("access_token")) if isinstance(value, dict) else None
    # Anything else would end the header, and begin another.
    return token if isinstance(token, str) and re.fullmatch(r"[\x21-\x7e]+", token) else None
