"""`jettison copy`: an image from one place to another, unchanged wherever both keep manifests."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from jettison.digest import Digest
from jettison.errors import UsageError
from jettison.events import EventSink, Notice, stage
from jettison.image.mediatypes import DOCKER_INDEX, DOCKER_MANIFEST, INDEXES
from jettison.image.reference import Reference
from jettison.linux.workdir import work_directory
from jettison.report.copy_document import BlobCounts, CopyDocument, Place
from jettison.transport.copying import Copied, copy_original, load_original, stage_original
from jettison.transport.existing import existing_digest
from jettison.transport.oci_layout import names_of
from jettison.transport.originals import KEEPING, Holder, Original, collect, open_holder
from jettison.transport.schemes import Scheme, Target, destination, parse_target
from jettison.transport.sinks import check_sink
from jettison.transport.transfer import Delivery
from jettison.workflow.choosing import choose_one, list_images, unnamed
from jettison.workflow.image_request import SourceRequest
from jettison.workflow.naming import plain_name
from jettison.workflow.opening import opened
from jettison.workflow.packing import form_for, original_of, pack
from jettison.workflow.stages import StageTimes

_DOCKERS: Final = frozenset({DOCKER_INDEX, DOCKER_MANIFEST})
_NO_TAG: Final = (
    "its manifest is in Docker's form, and stays so for its digest; skopeo and Podman find such "
    "an image in a layout if they are given no tag"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyRequest:
    """What is copied where.

    Shape: `whole` insists on every platform; without it, and without a platform that was asked
    for, an index goes whole to where indexes are kept.
    """

    source: SourceRequest
    destination: str
    whole: bool = False
    force: bool = False


def copy(request: CopyRequest, *, events: EventSink) -> CopyDocument:
    """Copy an image, or an index with all that it lists.

    Raises: JettisonError; then the destination is as it was.
    """
    run = _Copy(request, StageTimes(events))
    with work_directory() as workdir:
        return run.run(workdir)


class _Copy:
    """One copy under way."""

    def __init__(self, request: CopyRequest, times: StageTimes) -> None:
        source = request.source
        self._request = request
        self._times = times
        self._from = parse_target(source.target, insecure=source.insecure)
        self._given = parse_target(request.destination, insecure=source.insecure)
        # Made whole at once, so that what cannot be meant is said before anything is opened.
        self._to = destination(self._given, name=_name(self._from))
        if request.whole and source.platform_asked:
            raise UsageError(
                "--all and --platform: they exclude each other", hint="leave one of them out"
            )

    def run(self, workdir: Path) -> CopyDocument:
        if self._from.scheme in KEEPING:
            return self._copy_kept(self._from, workdir)
        return self._copy_made_up(workdir)

    def _copy_kept(self, place: Target, workdir: Path) -> CopyDocument:
        """From a place that keeps manifests."""
        with open_holder(place, workdir, self._request.source.limits) as holder:
            with stage("open", self._times):
                self._to = destination(self._given, name=_name(place, holder))
                original = self._collect(holder)
                images = list_images(holder, original.root)
            self._check(original.root.digest)
            platforms = tuple(str(platform) for platform, _ in images)
            before = Place(reference=str(self._from), digest=original.root.digest)
            if self._to.scheme in KEEPING:
                self._say_how_many(original, len(images))
                copied = self._write(original, holder)
            else:
                copied = self._load(original, workdir)
            return self._document(before, copied, original, platforms)

    def _copy_made_up(self, workdir: Path) -> CopyDocument:
        """From a place that has no manifest, or not the one that a registry would know."""
        with (
            stage("open", self._times),
            opened(self._request.source, workdir, in_place=False) as source,
        ):
            pass
        for notice in source.notices:
            self._times.emit(Notice(message=notice))
        original = original_of(source)
        image_id = source.image.manifest.config.digest
        platforms = (str(source.image.config.platform),)
        before = Place(reference=str(source.target), digest=image_id)
        if self._to.scheme not in KEEPING:
            self._check(image_id)
            copied = self._load(original, workdir)
            return self._document(before, copied, original, platforms)
        self._check_place(overwrite=self._request.force)
        form = form_for(source, self._to)
        packed = pack(source, workdir / "packed", form, events=self._times)
        with open_holder(packed, workdir, self._request.source.limits) as holder:
            root = holder.roots[0]
            original = collect(str(self._from), root, holder.read, holder.open_blob)
            return self._document(before, self._write(original, holder), original, platforms)

    def _collect(self, holder: Holder) -> Original:
        whole = self._to.scheme in KEEPING and not self._request.source.platform_asked
        if self._request.whole and self._to.scheme not in KEEPING:
            raise UsageError(
                f"--all: {self._to} holds one image of one platform",
                hint="copy to a registry, an OCI layout or an OCI archive",
            )
        if whole and len(holder.roots) == 1:
            root = unnamed(holder.roots[0])
        elif self._request.whole:
            raise UsageError(
                f"--all: {self._from} has several images and no index over them",
                hint="copy each with --platform",
            )
        else:
            root = choose_one(holder, self._from, self._request.source)
        return collect(str(self._from), root, holder.read, holder.open_blob)

    def _check(self, digest: Digest) -> None:
        """What is there already may be replaced by itself."""
        self._check_place(overwrite=self._request.force or existing_digest(self._to) == digest)

    def _check_place(self, *, overwrite: bool) -> None:
        with stage("check", self._times):
            check_sink(self._to, overwrite=overwrite)

    def _say_how_many(self, original: Original, count: int) -> None:
        if original.root.media_type in INDEXES and not self._request.whole and count > 1:
            message = f"all {count} platforms are copied; --platform takes one"
            self._times.emit(Notice(message=message))

    def _write(self, original: Original, holder: Holder) -> Copied:
        with stage("copy", self._times) as outcome:
            copied = copy_original(original, holder, self._to, self._times)
            outcome.detail = str(self._to)
        if self._to.is_file and original.root.media_type in _DOCKERS:
            self._times.emit(Notice(message=_NO_TAG))
        return copied

    def _load(self, original: Original, workdir: Path) -> Copied:
        if self._from.scheme is Scheme.REGISTRY:
            with stage("copy", self._times):
                staging = Target(scheme=Scheme.OCI, location=str(workdir / "staged"))
                stage_original(original, staging.path, self._times)
            with open_holder(staging, workdir, self._request.source.limits) as holder:
                root = holder.roots[0]
                original = collect(str(self._from), root, holder.read, holder.open_blob)
                return self._loaded(original)
        return self._loaded(original)

    def _loaded(self, original: Original) -> Copied:
        with stage("write", self._times) as outcome:
            copied = load_original(original, self._to)
            outcome.detail = str(self._to)
        return copied

    def _document(
        self, before: Place, copied: Copied, original: Original, platforms: tuple[str, ...]
    ) -> CopyDocument:
        is_kept = copied.digest == before.digest
        if not is_kept:
            self._times.emit(Notice(message=_why_another(self._from, self._to)))
        counts = Counter(delivery for _, delivery in copied.deliveries)
        sent = sum(i.size_bytes for i, how in copied.deliveries if how is Delivery.SENT)
        return CopyDocument(
            source=before,
            destination=Place(reference=str(copied.target), digest=copied.digest),
            is_digest_kept=is_kept,
            media_type=original.root.media_type,
            platforms=platforms,
            blobs=BlobCounts(
                sent=counts[Delivery.SENT],
                present=counts[Delivery.PRESENT],
                mounted=counts[Delivery.MOUNTED],
                sent_bytes=sent,
            ),
            stages=tuple(self._times.stages),
            notices=tuple(self._times.notices),
        )


def _why_another(source: Target, target: Target) -> str:
    if target.scheme in KEEPING:
        return (
            f"{source.scheme} has no manifest that a registry knows: one was made, its layers "
            "packed; the config, and so the image's ID, is the same"
        )
    return (
        f"{target.scheme} keeps no manifest: there the image goes by the digest of its config, "
        "its ID"
    )


def _name(source: Target, holder: Holder | None = None) -> str:
    """What the image is called where its destination does not say: as where it came from."""
    if not source.is_file:
        return Reference.parse(source.location.partition("@")[0]).short
    listed = [name for root in holder.roots for name in names_of(root)] if holder else []
    for name in (*listed, source.tag):
        # A tag alone, such as `1.2`, names no image.
        whole = name if "/" in name or ":" in name else f"{plain_name(source)}:{name}"
        with suppress(UsageError):
            return Reference.parse(whole.removesuffix(":")).short
    return plain_name(source)
