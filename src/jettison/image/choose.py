"""Choose, among the manifests of an index, the one image for a platform."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from jettison.errors import ImageNotFoundError, InvalidImageError
from jettison.image.documents import parse_object
from jettison.image.mediatypes import INDEXES, MANIFESTS
from jettison.image.model import Descriptor, Index, Manifest
from jettison.image.platform import Platform

ReadDocument = Callable[[Descriptor], bytes]
"""Gives the bytes of a manifest, index or config after checking them against the descriptor."""

# Indexes may nest. Real ones do so once; the bounds stop one that was made to be endless.
_MAX_DEPTH: Final = 8
_MAX_MANIFESTS: Final = 1_000

# What BuildKit marks the entries of an index with that describe an image and are none.
_ATTESTATION: Final = "vnd.docker.reference.type"


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The manifest chosen; `alone` if there was no other image to choose from."""

    descriptor: Descriptor
    alone: bool


def choose_manifest(
    roots: Iterable[Descriptor], platform: Platform, read: ReadDocument, *, reference: str
) -> Choice:
    """Find the one manifest for `platform` among `roots` and all that the indexes there list.

    A single image is chosen whatever its platform is. Of several variants that fit, the one
    with the plainest name wins: `amd64` before `amd64/v3`.
    Raises: ImageNotFoundError naming the platforms there are; InvalidImageError.
    """
    roots = tuple(roots)
    found = {item.digest: item for item in _flatten(roots, read)}
    if not found:
        kinds = ", ".join(sorted({item.media_type for item in roots})) or "nothing"
        raise ImageNotFoundError(
            f"{reference}: it lists no image, but {kinds}",
            hint="is it an artifact, such as a chart or an SBOM?",
        )
    if len(found) == 1:
        return Choice(descriptor=next(iter(found.values())), alone=True)
    known = {digest: item.platform or _own(item, read) for digest, item in found.items()}
    fitting = [item for digest, item in found.items() if platform.accepts(known[digest])]
    if not fitting:
        names = ", ".join(sorted({str(item) for item in known.values()}))
        raise ImageNotFoundError(
            f"{reference}: no image for {platform}; it has {names}",
            hint="choose one with --platform",
        )
    best = min(fitting, key=lambda item: _rank(known[item.digest], platform))
    return Choice(descriptor=best, alone=False)


def _flatten(roots: tuple[Descriptor, ...], read: ReadDocument) -> Iterator[Descriptor]:
    pending = [(descriptor, 1) for descriptor in reversed(roots)]
    seen: set[str] = set()
    while pending:
        descriptor, depth = pending.pop()
        if descriptor.digest in seen or not is_image(descriptor):
            continue
        seen.add(descriptor.digest)
        if len(seen) > _MAX_MANIFESTS or depth > _MAX_DEPTH:
            raise InvalidImageError(
                f"index: over {_MAX_MANIFESTS} manifests, or nested deeper than {_MAX_DEPTH}"
            )
        if descriptor.media_type in INDEXES:
            inner = Index.parse(read(descriptor)).manifests
            pending.extend((item, depth + 1) for item in reversed(inner))
        else:
            yield descriptor


def is_image(descriptor: Descriptor) -> bool:
    """Whether an index's entry is an image, or an index of some; attestations are neither."""
    if descriptor.media_type not in MANIFESTS | INDEXES:
        return False
    platform = descriptor.platform
    return _ATTESTATION not in descriptor.annotations and (
        platform is None or platform.os != "unknown"
    )


def _own(descriptor: Descriptor, read: ReadDocument) -> Platform:
    """What the image's config says, for a descriptor that does not."""
    config = Manifest.parse(read(descriptor)).config
    value = parse_object(read(config), "image config")
    return Platform(
        os=str(value.get("os") or "linux"),
        architecture=str(value.get("architecture") or ""),
        variant=str(value.get("variant") or ""),
    )


def _rank(found: Platform, wanted: Platform) -> tuple[bool, str]:
    return (found.variant != wanted.variant, found.variant)
