"""JSON documents of images, read with suspicion: bounded, typed, and each fault named."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from jettison.errors import InvalidImageError

NO_STRINGS: Final[Mapping[str, str]] = MappingProxyType({})

# Manifests above 4 MiB are refused by registries: OCI distribution-spec 1.1, "Pushing Manifests".
MAX_DOCUMENT_BYTES: Final = 4 << 20
# An escaped NUL, as opposed to an escaped backslash before the letters u0000.
_NUL: Final = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")


def parse_object(raw: bytes, what: str) -> dict[str, Any]:
    """One JSON object, bounded in size.

    Raises: InvalidImageError.
    """
    if len(raw) > MAX_DOCUMENT_BYTES:
        raise InvalidImageError(f"{what}: {len(raw)} bytes is over {MAX_DOCUMENT_BYTES}")
    value = parse_json(raw, what)
    if not isinstance(value, dict):
        raise InvalidImageError(f"{what}: not a JSON object")
    return value


def parse_json(raw: bytes, what: str) -> Any:
    """Any JSON in UTF-8 whose strings a kernel and a file can take: no NUL, no lone surrogate.

    Raises: InvalidImageError.
    """
    try:
        value = json.loads(raw.decode())
        text = json.dumps(value, ensure_ascii=False)
        text.encode()
    except (ValueError, RecursionError) as err:
        raise InvalidImageError(f"{what}: not JSON: {err}") from err
    if _NUL.search(text):
        raise InvalidImageError(f"{what}: a string in it holds a NUL byte")
    return value


def read_strings(value: object, what: str) -> Mapping[str, str]:
    """An object of strings; empty where there is none.

    Raises: InvalidImageError.
    """
    if value is None:
        return NO_STRINGS
    if not isinstance(value, dict):
        raise InvalidImageError(f"{what}: not an object")
    return MappingProxyType({str(key): str(item) for key, item in value.items()})


def read_list(value: object, what: str) -> tuple[str, ...]:
    """A list of strings; empty where there is none.

    Raises: InvalidImageError.
    """
    if value is None:
        return ()
    if not isinstance(value, list):
        raise InvalidImageError(f"image config: {what} is not a list")
    return tuple(str(item) for item in value)


def read_keys(value: object, what: str) -> tuple[str, ...]:
    """The keys of an object, sorted.

    Raises: InvalidImageError.
    """
    if value is None:
        return ()
    if not isinstance(value, dict):
        raise InvalidImageError(f"image config: {what} is not an object")
    return tuple(sorted(value))


def read_whole(value: object, what: str) -> int | None:
    """A whole number, or None.

    Raises: InvalidImageError.
    """
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or value.bit_length() > 63:
        raise InvalidImageError(f"image config: {what} is not a whole number of 64 bits")
    return value


def read_seconds(value: object, what: str) -> float:
    """A duration in nanoseconds as seconds.

    Raises: InvalidImageError.
    """
    # Written by Go as a Duration, in nanoseconds.
    return (read_whole(value, what) or 0) / 1e9
