"""How the place of an image is written, and which places there are. Opens nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Final

from jettison.errors import UsageError
from jettison.image.reference import Reference


class Scheme(StrEnum):
    """A kind of place; NAME stands for whichever local engine has the image."""

    OCI = "oci"
    OCI_ARCHIVE = "oci-archive"
    DOCKER_ARCHIVE = "docker-archive"
    DOCKER = "docker"
    PODMAN = "podman"
    REGISTRY = "registry"
    NAME = "name"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One image at one place.

    Shape: for the file schemes `location` is a path on the host and `tag` what names the image
    in it (a tag or a whole name; empty where none was given); for engines and registries
    `location` is the image's name and `tag` is empty. `insecure` allows a registry to be reached
    over plain HTTP, or with a certificate that nobody vouches for.
    """

    scheme: Scheme
    location: str
    tag: str = ""
    insecure: bool = False

    @property
    def is_file(self) -> bool:
        """Whether it is a path and no name."""
        return self.scheme in _FILE_SCHEMES

    @property
    def path(self) -> Path:
        """Where it is on the host; for the file schemes."""
        return Path(self.location).expanduser()

    def __str__(self) -> str:
        """As the user would write it."""
        if self.scheme is Scheme.NAME:
            return self.location
        return ":".join(part for part in (self.scheme, self.location, self.tag) if part)


@dataclass(frozen=True, slots=True, kw_only=True)
class Transport:
    """One row of the table of places, as the help and the documentation show it."""

    scheme: Scheme
    form: str
    title: str
    writes: bool = True


TRANSPORTS: Final[tuple[Transport, ...]] = (
    Transport(scheme=Scheme.OCI, form="oci:DIR[:TAG]", title="OCI layout, a directory"),
    Transport(
        scheme=Scheme.OCI_ARCHIVE, form="oci-archive:FILE[:TAG]", title="OCI layout in a tar"
    ),
    Transport(
        scheme=Scheme.DOCKER_ARCHIVE,
        form="docker-archive:FILE[:NAME:TAG]",
        title="what `docker save` writes",
    ),
    Transport(scheme=Scheme.DOCKER, form="docker:NAME[:TAG]", title="Docker Engine"),
    Transport(scheme=Scheme.PODMAN, form="podman:NAME[:TAG]", title="Podman"),
    Transport(
        scheme=Scheme.REGISTRY,
        form="registry:[HOST/]NAME[:TAG]",
        title="a registry, Docker Hub without a HOST",
    ),
    Transport(scheme=Scheme.NAME, form="NAME[:TAG]", title="Docker, then Podman", writes=False),
)

_FILE_SCHEMES: Final = frozenset({Scheme.OCI, Scheme.OCI_ARCHIVE, Scheme.DOCKER_ARCHIVE})

# What other tools call places, and what to say to those who are used to them.
_FOREIGN: Final = {
    "docker-daemon": "write docker:NAME",
    "containers-storage": "write podman:NAME",
    "dir": "copy it to an OCI layout first: skopeo copy dir:DIR oci:DIR",
}


def parse_target(text: str, *, insecure: bool = False) -> Target:
    """Read a place as it is written on the command line.

    A path ends at the first colon, so it cannot contain one; `./` in front of a plain name makes
    no path of it. `docker:24` is the image 24 in Docker, and Docker's own image `docker:24` is
    written `docker:docker:24`.
    Raises: UsageError, also for names that no engine takes.
    """
    word, colon, rest = text.partition(":")
    if colon and (word in _FOREIGN or rest.startswith("//")):
        name = rest.removeprefix("//")
        raise UsageError(
            f"{text!r}: no images are read from or written to {word}:",
            hint=_FOREIGN.get(word, f"write registry:{name}"),
        )
    scheme = Scheme(word) if colon and word in _BY_PREFIX else Scheme.NAME
    if scheme is Scheme.NAME:
        return Target(scheme=scheme, location=_checked_name(text, text))
    if scheme is Scheme.REGISTRY:
        location = _checked_repository(rest, text)
        return Target(scheme=scheme, location=location, insecure=insecure)
    if scheme not in _FILE_SCHEMES:
        return Target(scheme=scheme, location=_checked_name(rest, text))
    location, _, tag = rest.partition(":")
    if not location:
        raise UsageError(f"{text!r} names no path", hint=f"write {_form(scheme)}")
    if scheme is Scheme.DOCKER_ARCHIVE and tag:
        Reference.parse(tag)
    return Target(scheme=scheme, location=location, tag=tag)


def destination(target: Target, *, name: str) -> Target:
    """Make an output's place whole: where it does not name the image, it is called `name`.

    Raises: UsageError where nothing can be written there.
    """
    match target.scheme:
        case Scheme.NAME:
            raise UsageError(
                f"output {target}: it does not say in which place",
                hint=f"write docker:{target}, podman:{target} or registry:HOST/NAME, "
                "or oci-archive:FILE",
            )
        case Scheme.DOCKER | Scheme.PODMAN | Scheme.REGISTRY:
            reference = Reference.parse(target.location)
            if reference.digest is not None:
                raise UsageError(f"output {target}: a digest cannot be chosen, only a tag")
            return replace(target, location=reference.short)
        case Scheme.DOCKER_ARCHIVE:
            return replace(target, tag=Reference.parse(target.tag or name).short)
        case Scheme.OCI | Scheme.OCI_ARCHIVE:
            # The whole name, as Podman writes it: `podman load` then knows what to call it.
            return target if target.tag else replace(target, tag=Reference.parse(name).short)


_BY_PREFIX: Final = frozenset(Scheme) - {Scheme.NAME}


def _checked_name(name: str, text: str) -> str:
    looks_like_path = name.startswith(("/", ".", "~")) or name.endswith((".tar", "/"))
    if looks_like_path:
        raise UsageError(
            f"{text!r} looks like a path, and does not say what is there",
            hint=f"write oci:{name}, oci-archive:{name} or docker-archive:{name}",
        )
    if not name:
        raise UsageError(f"{text!r} names no image", hint="write NAME or NAME:TAG")
    Reference.parse(name)
    return name


def _checked_repository(name: str, text: str) -> str:
    host, _, port = name.partition(":")
    if port.isdigit() and (host == "localhost" or "." in host):
        raise UsageError(
            f"{text!r} names a registry, and no image in it", hint=f"write {text}/NAME[:TAG]"
        )
    return _checked_name(name, text)


def _form(scheme: Scheme) -> str:
    return next(row.form for row in TRANSPORTS if row.scheme is scheme)
