"""What a slimmed image, its outputs and its report directory are called where nobody said."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from jettison.image.reference import Reference
from jettison.transport.schemes import Scheme, Target, destination, parse_target

_SUFFIX: Final = ".slim"
_ARCHIVE_SUFFIXES: Final = (".tar.gz", ".tar.zst", ".tgz", ".tar", ".oci")


def slimmed_name(original: Target, tag: str | None) -> str:
    """`shop` gives `shop.slim`, `hub/shop:1.2` gives `hub/shop.slim:1.2`, a file its own name."""
    if tag is not None:
        return Reference.parse(tag).short
    if original.is_file:
        return plain_name(original) + _SUFFIX
    name = original.location.partition("@")[0]
    last = name.rpartition("/")[2]
    version = last.partition(":")[2]
    repository = name.removesuffix(f":{version}") if version else name
    return f"{repository}{_SUFFIX}:{version}" if version else f"{repository}{_SUFFIX}"


def plain_name(target: Target) -> str:
    """A short name without separators, fit for a directory or an image."""
    text = Path(target.location).resolve().name if target.is_file else target.location
    for suffix in _ARCHIVE_SUFFIXES if target.is_file else ():
        text = text.removesuffix(suffix)
    return re.sub(r"[^a-z0-9]+", "-", text.partition("@")[0].lower()).strip("-") or "image"


def choose_outputs(
    outputs: tuple[str, ...], original: Target, name: str, *, insecure: bool = False
) -> tuple[Target, ...]:
    """Where to write to: what was asked for, else where the original came from, else an archive.

    Raises: UsageError.
    """
    if outputs:
        targets = (parse_target(text, insecure=insecure) for text in outputs)
        return tuple(destination(target, name=name) for target in targets)
    if original.scheme in (Scheme.DOCKER, Scheme.PODMAN):
        return (destination(Target(scheme=original.scheme, location=name), name=name),)
    file = re.sub(r"[/:]+", "-", name) + ".tar"
    return (destination(Target(scheme=Scheme.OCI_ARCHIVE, location=file), name=name),)
