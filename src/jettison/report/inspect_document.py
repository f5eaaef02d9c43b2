"""What `jettison inspect` prints: an image as its manifest and config describe it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, Literal

import msgspec

from jettison.report.columns import Column, Cut, render_table, shorten, visible
from jettison.report.documents import Count, DigestText, encode
from jettison.report.units import human_size
from jettison.report.xray_document import EnvRow, HealthcheckRow

_LABEL: Final = 13
# Enough to tell digests apart; JSON has them whole.
_SHORT: Final = len("sha256:") + 12
_END: Final = Cut.END


class PlatformRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One image of an index."""

    platform: str
    digest: DigestText


class IndexRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The index that the image was chosen from; attestations are not among its `images`."""

    digest: DigestText
    media_type: str
    images: tuple[PlatformRow, ...]


class StoredLayer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A layer as it is stored, base first.

    Shape: `instruction` made it, as the history tells; empty where it does not tell of each layer.
    """

    digest: DigestText
    diff_id: DigestText
    media_type: str
    size_bytes: Count
    instruction: str


class ImageConfigRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the image is run; values that look like secrets are shown as `***`."""

    user: str
    env: tuple[EnvRow, ...]
    entrypoint: tuple[str, ...]
    cmd: tuple[str, ...]
    working_dir: str
    exposed_ports: tuple[str, ...]
    volumes: tuple[str, ...]
    labels: dict[str, str]
    healthcheck: HealthcheckRow | None
    stop_signal: str
    stop_timeout_s: int | None
    shell: tuple[str, ...]


class InspectDocument(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An image as its documents describe it; no layer was read.

    Shape: `digest` is what the place knows the image by; `config_digest` what engines call its ID;
    `index` is null where the name stands for one image.
    Units: `size_bytes` sums the layers as they are stored.
    """

    kind: Literal["inspect"] = "inspect"
    schema_version: Literal[1] = 1
    reference: str
    digest: DigestText
    config_digest: DigestText
    media_type: str
    platform: str
    created: str
    size_bytes: Count
    index: IndexRow | None
    config: ImageConfigRow
    layers: tuple[StoredLayer, ...]
    notices: tuple[str, ...] = ()


def render_inspect_document(document: InspectDocument) -> bytes:
    """The document as JSON, indented for people."""
    return encode(document, indent=2)


def render_inspect_text(document: InspectDocument, *, width: int = 80) -> str:
    """What there is to know before the image is run or unpacked."""
    return "".join(f"{line}\n" for line in _lines(document, width))


def _lines(document: InspectDocument, width: int) -> Iterator[str]:
    yield shorten(
        f"{visible(document.reference)}  {document.platform}  {document.created[:10]}", width, _END
    )
    yield document.digest
    yield f"config {document.config_digest}"
    if document.index is not None:
        yield f"index  {document.index.digest}"
    yield ""
    yield from _facts(_rows(document), width)
    if document.index is not None:
        yield ""
        titles = (Column(title="platform"), Column(title="digest"))
        images = [(item.platform, item.digest[:_SHORT]) for item in document.index.images]
        yield from render_table(titles, images, width=width)
    yield ""
    columns = (
        Column(title="layer", is_right=True),
        Column(title="size", is_right=True),
        Column(title="digest"),
        Column(title="instruction", cut=_END),
    )
    layers = [
        (str(number), human_size(item.size_bytes), item.digest[:_SHORT], item.instruction)
        for number, item in enumerate(document.layers)
    ]
    yield from render_table(columns, layers, width=width)


def _rows(document: InspectDocument) -> Iterator[tuple[str, str]]:
    config = document.config
    yield "size", f"{human_size(document.size_bytes)} as stored"
    yield "media type", document.media_type
    yield "user", config.user or "root (none is set)"
    yield "entrypoint", _words(config.entrypoint)
    yield "cmd", _words(config.cmd)
    yield "directory", config.working_dir
    yield "ports", " ".join(config.exposed_ports)
    yield "volumes", " ".join(config.volumes)
    if config.healthcheck is not None:
        yield "healthcheck", _words(config.healthcheck.test)
    yield "stop signal", config.stop_signal
    for number, variable in enumerate(config.env):
        yield "" if number else "env", f"{variable.name}={variable.value}"
    for number, (name, value) in enumerate(config.labels.items()):
        yield "" if number else "labels", f"{name}={value}"


def _facts(rows: Iterator[tuple[str, str]], width: int) -> Iterator[str]:
    for label, value in rows:
        if value:
            yield shorten(f"  {label:<{_LABEL}}{visible(value)}", width, _END)


def _words(words: Sequence[str]) -> str:
    return " ".join(
        word if word and not set(word) & set(" '\"\\$") else repr(word) for word in words
    )
