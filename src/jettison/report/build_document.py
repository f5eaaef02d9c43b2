"""What `jettison build` says of the image that a builder made."""

from __future__ import annotations

from typing import Literal

import msgspec

from jettison.report.documents import encode


class BuildDocument(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Shape: `target` is the image as every other verb takes it, `builder` who built it."""

    kind: Literal["build"] = "build"
    schema_version: Literal[1] = 1
    target: str
    builder: str


def render_build(target: str, builder: str, *, as_json: bool) -> str:
    """The document as JSON, or as two lines for people."""
    if as_json:
        return encode(BuildDocument(target=target, builder=builder), indent=2).decode()
    return f"image: {target}\nbuilt by: {builder}\n"
