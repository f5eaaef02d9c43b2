"""What the name of a base image tells: its tag, its digest, which Python and which variant."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_PYTHON: Final = frozenset({"python", "pypy"})
# Official images that have a slim variant.
_SLIMMABLE: Final = frozenset({"python", "pypy", "debian", "node", "ruby", "perl", "rust"})
_SMALL: Final = ("slim", "alpine", "distroless", "nanoserver", "windowsservercore")
_VERSION: Final = re.compile(r"(\d+)(?:\.(\d+))?(?:\.\d+)?((?:a|b|rc|-rc|-alpha|-beta)\d*)?\Z")
_PYTHON_IN_TAG: Final = re.compile(r"python(\d)\.(\d+)")
# By the word in the name, or known from the publisher's own pages.
_UNPRIVILEGED: Final = re.compile(
    r"nonroot|non-root|rootless|unprivileged|\Acgr\.dev/chainguard/|/?\bmambaorg/micromamba\b"
    r"|\bbitnami(?:legacy|secure)?/|\Aquay\.io/jupyter/|\bjupyter/\w+-notebook\b"
    r"|\bapache/airflow\b|\bubi\d+/python-\d+"
)
_WINDOWS: Final = re.compile(r"(?:\A|/)windows(?:/|:|\Z)|nanoserver|servercore")
# Images that others than Docker's library publish, of which nobody has made a slim variant.
_OF_OTHERS: Final = re.compile(
    r"\A(?:cgr\.dev|gcr\.io/distroless|mcr\.microsoft\.com)/|/lambda/|\A(?!library/)[^/.:]+/[^/]+\Z"
)
# Buildpack-deps, which the full images stand on, brings both.
_DOWNLOADERS: Final = {"curl", "wget"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """An image's name, taken apart; `tag` and `digest` are empty where they are not there."""

    text: str
    name: str
    tag: str
    digest: str

    @classmethod
    def of(cls, text: str) -> Base:
        """Take a name apart; nothing is checked."""
        rest, _, digest = text.partition("@")
        head, slash, tail = rest.rpartition("/")
        last, _, tag = tail.partition(":")
        return cls(text=text, name=f"{head}{slash}{last}", tag=tag, digest=digest)

    @property
    def is_known(self) -> bool:
        """Whether no part of it hangs on a variable that is not set."""
        return "$" not in self.text

    @property
    def is_scratch(self) -> bool:
        """Whether it is the empty image."""
        return self.text == "scratch"

    @property
    def short(self) -> str:
        """The last part of the name: `python` for mirror.example/library/python."""
        return self.name.rpartition("/")[2]

    @property
    def parts(self) -> tuple[str, ...]:
        """The words of the tag: `3.12-slim-bookworm` has three."""
        return tuple(self.tag.lower().split("-"))

    @property
    def python_version(self) -> tuple[int, int] | None:
        """The minor release of Python, where the name tells."""
        if self.short in _PYTHON:
            match = _VERSION.match(self.parts[0])
            if match is None or match[2] is None:
                return (2, 7) if match is not None and match[1] == "2" else None
            return int(match[1]), int(match[2])
        found = _PYTHON_IN_TAG.search(f"{self.short}:{self.tag}")
        return (int(found[1]), int(found[2])) if found else None

    @property
    def is_prerelease(self) -> bool:
        """Whether it is an alpha, a beta or a release candidate of Python."""
        if self.short not in _PYTHON:
            return False
        match = _VERSION.match(self.parts[0])
        return (match is not None and bool(match[3])) or any(
            re.fullmatch(r"(?:rc|alpha|beta|a|b)\d*", part) for part in self.parts[1:]
        )

    @property
    def is_full(self) -> bool:
        """Whether it is the full variant of an image that has a slim one."""
        if not self._is_official or (self.digest and not self.tag):
            return False
        return not any(part.startswith(_SMALL) for part in self.parts)

    @property
    def _is_official(self) -> bool:
        """Whether it is an official image with a slim variant, from wherever it is mirrored."""
        return self.short in _SLIMMABLE and _OF_OTHERS.search(self.name) is None

    @property
    def is_unprivileged(self) -> bool:
        """Whether its name says that it does not start as root."""
        return _UNPRIVILEGED.search(self.text) is not None

    @property
    def is_windows(self) -> bool:
        """Whether its name says that it is Windows."""
        return _WINDOWS.search(self.text) is not None

    def has_program(self, name: str) -> bool | None:
        """Whether curl or wget is in it; None where nobody knows."""
        if name not in _DOWNLOADERS:
            return None
        if self.is_scratch or "distroless" in self.text:
            return False
        if self.short == "alpine" or any(part.startswith("alpine") for part in self.parts):
            return name == "wget"
        if self.short == "busybox":
            return name == "wget"
        if self.short in ("debian", "ubuntu") or "slim" in self.parts:
            return False
        return True if self._is_official else None
