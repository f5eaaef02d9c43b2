"""Documents as JSON bytes and back: fields in their order, equal values as equal bytes."""

from __future__ import annotations

from typing import Annotated, Any, TypeAlias, TypeVar

import msgspec

from jettison.errors import UsageError
from jettison.paths import printable

Document = TypeVar("Document", bound=msgspec.Struct)
Count: TypeAlias = Annotated[int, msgspec.Meta(ge=0)]
DigestText: TypeAlias = Annotated[
    str, msgspec.Meta(pattern="^sha(256:[0-9a-f]{64}|512:[0-9a-f]{128})$")
]


def encode(document: msgspec.Struct, *, indent: int = 0) -> bytes:
    """The bytes of a document, ending with a line break; an `indent` of 0 gives one line.

    Bytes of paths that are not UTF-8 are written as people write them: a backslash, x, two digits.
    """
    try:
        raw = msgspec.json.encode(document, enc_hook=_text)
    except UnicodeEncodeError:
        raw = msgspec.json.encode(_printable(msgspec.to_builtins(document, enc_hook=_text)))
    return (msgspec.json.format(raw, indent=indent) if indent else raw) + b"\n"


def decode(raw: bytes, kind: type[Document], *, what: str) -> Document:
    """Read a document that `encode` wrote; `what` names it in the error.

    Raises: UsageError for anything else, documents of a newer jettison among them.
    """
    try:
        return msgspec.json.decode(raw, type=kind)
    except (msgspec.DecodeError, RecursionError) as err:
        raise UsageError(
            f"{what}: not a report that this version reads: {err}",
            hint="name the directory that --report-dir was given, or slim the image again",
        ) from err


def _text(value: object) -> str:
    """Paths and digests are kinds of str that msgspec does not know."""
    if isinstance(value, str):
        return str(value)
    raise NotImplementedError(f"cannot write {type(value).__name__} as JSON")


def _printable(value: Any) -> Any:  # decoded JSON
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, dict):
        return {_printable(key): _printable(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_printable(item) for item in value]
    return value
