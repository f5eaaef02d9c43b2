"""Names of images in engines and registries: `[DOMAIN/]PATH[:TAG][@DIGEST]`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from jettison.digest import Digest
from jettison.errors import InvalidImageError, UsageError

_HUB: Final = "docker.io"
_LOCAL: Final = "localhost"
_DOMAIN: Final = re.compile(
    r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
    r"(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*|\[[0-9a-fA-F:]+\])(?::[0-9]+)?"
)
_COMPONENT: Final = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_PATH: Final = re.compile(rf"{_COMPONENT}(?:/{_COMPONENT})*")
_TAG: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
# The bound of distribution's reference package, on the name without its tag.
_MAX_NAME: Final = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """A name made whole: `python` is docker.io/library/python:latest.

    Shape: `tag` is empty only where a digest is given without one.
    Source: distribution/reference, "Grammar".
    """

    domain: str
    path: str
    tag: str = ""
    digest: Digest | None = None

    @classmethod
    def parse(cls, text: str) -> Reference:
        """Check a name and fill in what it leaves out.

        Raises: UsageError.
        """
        rest, at, digest_text = text.partition("@")
        head, slash, tail = rest.partition("/")
        # What stands before the first slash is a domain only if it cannot be a path.
        has_domain = bool(slash) and (
            head == _LOCAL or head != head.lower() or "." in head or ":" in head
        )
        domain, path = (head, tail) if has_domain else (_HUB, rest)
        path, colon, tag = path.partition(":")
        if domain == _HUB and "/" not in path:
            path = f"library/{path}"
        valid = (
            _DOMAIN.fullmatch(domain)
            and _PATH.fullmatch(path)
            and len(domain) + len(path) <= _MAX_NAME
            and (not colon or _TAG.fullmatch(tag))
        )
        if not valid:
            hint = "names are lower case" if path != path.lower() else "write NAME or NAME:TAG"
            raise UsageError(f"{text[:300]!r} is no image name", hint=hint)
        try:
            digest = Digest.parse(digest_text) if at else None
        except InvalidImageError as err:
            raise UsageError(f"{text[:300]!r} is no image name: {err}") from err
        return cls(
            domain=domain,
            path=path,
            tag=tag or ("" if digest else "latest"),
            digest=digest,
        )

    @property
    def short(self) -> str:
        """As people write it, the tag always shown: `python:latest`."""
        name = str(self)
        for prefix in (f"{_HUB}/library/", f"{_HUB}/"):
            if name.startswith(prefix):
                return name.removeprefix(prefix)
        return name

    def names(self, other: Reference) -> bool:
        """Whether a user who wrote this may have meant `other`.

        A name without a domain also means `localhost/NAME`, where Podman keeps what it built.
        """
        path = self.path.removeprefix("library/") if self.domain == _HUB else self.path
        places = {(self.domain, self.path)}
        if self.domain == _HUB:
            places.add((_LOCAL, path))
        return (other.domain, other.path) in places and self.tag == other.tag

    def __str__(self) -> str:
        tag = f":{self.tag}" if self.tag else ""
        digest = f"@{self.digest}" if self.digest else ""
        return f"{self.domain}/{self.path}{tag}{digest}"
