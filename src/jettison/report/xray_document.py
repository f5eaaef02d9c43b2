"""What `jettison xray --format json` prints: what an image is made of, its schema published."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal, TypeAlias

import msgspec

from jettison.analysis.inventory import PackageType
from jettison.report.documents import Count, DigestText, encode
from jettison.report.slim_document import Stage

Share: TypeAlias = Annotated[float, msgspec.Meta(ge=0, le=1)]
LayerIndex: TypeAlias = Annotated[int, msgspec.Meta(ge=0)]


class Part(StrEnum):
    """A part of the document that can be asked for by itself."""

    LAYERS = "layers"
    PACKAGES = "packages"
    FILES = "files"
    WASTE = "waste"
    DUPLICATES = "duplicates"
    CONFIG = "config"
    RISKS = "risks"
    DOCKERFILE = "dockerfile"
    ESTIMATE = "estimate"


class ImageSummary(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The image as a whole.

    Shape: `digest` is what the place it came from knows it by; `created` as the config has it,
    empty where it says nothing; the counts are those of the merged tree.
    Units: `size_bytes` sums the files of all layers, unpacked, as Docker does;
    `visible_size_bytes` those that a container sees; `compressed_size_bytes` is null where the
    layers are not packed, as in an engine.
    """

    reference: str
    digest: DigestText
    platform: str
    created: str
    size_bytes: Count
    visible_size_bytes: Count
    compressed_size_bytes: Count | None
    layer_count: Count
    file_count: Count
    directory_count: Count


class FileRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One file; `owner` such as `deb perl-base 5.36.0-7`, empty for nobody's."""

    path: str
    size_bytes: Count
    layer: LayerIndex
    owner: str = ""


class Changes(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Objects that a layer adds, or changes, or hides; directories count, but have no size."""

    count: Count
    size_bytes: Count


class LayerRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One layer.

    Shape: `index` counts from 0, the base. `instruction` is that of its history, on one line,
    empty where the history does not tell; `is_base` says that it belongs to the base image.
    `modified` are paths that a lower layer has too, sizes being the new ones; `deleted` are paths
    of lower layers that it hides, all below a hidden directory among them. `largest` are its
    largest files, largest first.
    Units: `size_bytes` unpacked; `compressed_size_bytes` as stored, null where that is not packed.
    """

    index: LayerIndex
    digest: DigestText
    diff_id: DigestText
    media_type: str
    instruction: str
    created: str
    is_base: bool
    size_bytes: Count
    compressed_size_bytes: Count | None
    added: Changes
    modified: Changes
    deleted: Changes
    largest: tuple[FileRow, ...] = ()


class PackageRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One installed package.

    Shape: `name` as its ecosystem compares it, `title` as its record spells it; `source` and
    `source_version` of the source package, the same as its own where there is no other;
    `location` is the record that says so; `missing_count` counts files that the record lists and
    the image lacks; `parent` names the distribution that it is vendored in, empty for most.
    """

    type: PackageType
    name: str
    title: str
    version: str
    size_bytes: Count
    file_count: Count
    missing_count: Count
    layer: LayerIndex
    source: str
    source_version: str
    architecture: str
    location: str
    licenses: tuple[str, ...] = ()
    is_requested: bool = False
    parent: str = ""


class Unowned(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Files of the merged tree that no package owns; `largest` are some, largest first."""

    file_count: Count
    size_bytes: Count
    largest: tuple[FileRow, ...] = ()


class DirectoryRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A directory of the merged tree and all that is below it; each file counts once."""

    path: str
    size_bytes: Count
    file_count: Count


class WasteRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A path that is stored several times, or stored and then deleted.

    Shape: `layers` are those that store or delete it, in order.
    Units: `size_bytes` sums what all of them store.
    """

    path: str
    size_bytes: Count
    layers: tuple[LayerIndex, ...]


class Place(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A path in a layer; `is_visible` says that a container sees it."""

    path: str
    layer: LayerIndex
    is_visible: bool


class DuplicateRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One content that is stored several times; names of one inode count once.

    Shape: `places` are the first ones, by layer and path; `count` counts all.
    Units: `size_bytes` of one copy; `wasted_bytes` of all but one.
    """

    digest: DigestText
    size_bytes: Count
    count: Count
    wasted_bytes: Count
    places: tuple[Place, ...]


class UserRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """As whom the container runs.

    Shape: `configured` as the config has it, perhaps empty; `uid` and `gid` are null for a name
    that the image's passwd or group does not have; `problem` says what is wrong, or is empty.
    """

    configured: str
    name: str
    uid: int | None
    gid: int | None
    is_root: bool
    problem: str = ""


class EnvRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A variable; a value that looks like a secret is replaced by `***`."""

    name: str
    value: str


class HealthcheckRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The image's HEALTHCHECK; 0 stands for the engine's default.

    Shape: `test` is `CMD` and arguments, or `CMD-SHELL` and a line, or `NONE`.
    """

    test: tuple[str, ...]
    interval_s: float
    timeout_s: float
    start_period_s: float
    start_interval_s: float
    retries: int


class DistroRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The distribution, as its os-release names it."""

    id: str
    version_id: str
    codename: str
    name: str


class PythonRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One Python of the image: `3.11` and the real path of its program."""

    version: str
    path: str


class ConfigRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the image says of itself and how it is run."""

    user: UserRow
    exposed_ports: tuple[str, ...]
    env: tuple[EnvRow, ...]
    entrypoint: tuple[str, ...]
    cmd: tuple[str, ...]
    shell: tuple[str, ...]
    working_dir: str
    healthcheck: HealthcheckRow | None
    stop_signal: str
    stop_timeout_s: int | None
    labels: dict[str, str]
    volumes: tuple[str, ...]
    onbuild: tuple[str, ...]
    distro: DistroRow | None
    pythons: tuple[PythonRow, ...]


class RiskRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something that an attacker could use, or that should not be in an image.

    Shape: `kind` such as `setuid`, `shell`, `world-writable`, `private-key`, `secret`; `path` is
    empty for what the config or the history holds, and `layer` null for it; `is_hidden` says that
    a later layer deletes or replaces it, so that a container does not see it and a thief of the
    image does; `detail` never has the secret itself; `line` counts from 1 and is null where none is
    meant; `owner` is the package whose file it is, and `rule` what told a secret, both perhaps
    empty.
    """

    kind: str
    severity: Literal["info", "low", "medium", "high"]
    path: str
    layer: LayerIndex | None
    is_hidden: bool
    detail: str
    line: Annotated[int, msgspec.Meta(ge=1)] | None = None
    owner: str = ""
    rule: str = ""


class DockerfileLine(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One instruction of the Dockerfile, which may go over several lines of text.

    Shape: `layer` is the one that it made, null for those that changed only the config;
    `is_guessed` says that the history does not have it so: `reason` tells what was guessed.
    """

    text: str
    layer: LayerIndex | None
    is_base: bool
    is_guessed: bool
    reason: str = ""


class DockerfileRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The Dockerfile that the history tells; `text` is the file, `lines` what it is made of."""

    text: str
    lines: tuple[DockerfileLine, ...]


class EstimateCategory(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What slimming would take away of one kind, and why; `examples` are the largest of it."""

    name: str
    ground: str = ""
    size_bytes: Count
    file_count: Count
    examples: tuple[str, ...] = ()


class EstimateRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What slimming would save, before any run; the categories do not overlap.

    Units: `size_bytes` is what would be left, `saved_bytes` what would not, of all layers.
    """

    size_bytes: Count
    saved_bytes: Count
    categories: tuple[EstimateCategory, ...]


class GateRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One bound that was asked for: what was found, what is allowed, as people write them."""

    name: str
    found: str
    allowed: str
    passed: bool


class XrayDocument(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one image is made of, how it was built, and where its weight and risk lie.

    Shape: parts that `--only` left out, and an estimate that cannot be given, are null. `files`
    are the largest ones of the merged tree, `waste` and `duplicates` the most wasteful ones,
    `directories` those that hold a noteworthy part, by path. `duplicate_count` counts all groups.
    `gates` is empty where none was asked for.
    Units: `efficiency` is the smallest size of each path over all layers divided by the sum over
    all layers, as dive has it; `wasted_bytes` sums all sizes of paths that are stored twice or
    deleted; `user_wasted_percent` is what these are to the layers above the first, 0.1 for a
    tenth, and null where those are empty. `duplicate_bytes` is what equal contents waste.
    """

    kind: Literal["xray"] = "xray"
    schema_version: Literal[1] = 1
    image: ImageSummary
    layers: tuple[LayerRow, ...] | None = None
    packages: tuple[PackageRow, ...] | None = None
    unowned: Unowned | None = None
    files: tuple[FileRow, ...] | None = None
    directories: tuple[DirectoryRow, ...] | None = None
    efficiency: Share | None = None
    wasted_bytes: Count | None = None
    user_wasted_percent: float | None = None
    waste: tuple[WasteRow, ...] | None = None
    duplicates: tuple[DuplicateRow, ...] | None = None
    duplicate_count: Count | None = None
    duplicate_bytes: Count | None = None
    config: ConfigRow | None = None
    risks: tuple[RiskRow, ...] | None = None
    dockerfile: DockerfileRow | None = None
    estimate: EstimateRow | None = None
    gates: tuple[GateRow, ...] = ()
    stages: tuple[Stage, ...] = ()
    notices: tuple[str, ...] = ()


def render_xray_document(document: XrayDocument) -> bytes:
    """The document as JSON, indented for people."""
    return encode(document, indent=2)
