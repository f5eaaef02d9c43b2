"""How long a push to a registry takes: measured where a registry is named, else estimated."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Final

from jettison.errors import UsageError
from jettison.events import EventSink, Notice
from jettison.report.compare_document import Push, PushKind
from jettison.report.facts import ImageFacts
from jettison.transport.schemes import Scheme, parse_target
from jettison.workflow.copy import CopyRequest, copy
from jettison.workflow.image_request import SourceRequest

_TAGS: Final = ("original", "slimmed")
# What is said beside each estimate, so that it is not taken for more than it is.
_MBIT_PER_S: Final = 100
_BYTES_PER_S: Final = _MBIT_PER_S * 1_000_000 / 8


def push_times(
    images: Sequence[tuple[SourceRequest, ImageFacts]], push_to: str, events: EventSink
) -> tuple[Push | None, ...]:
    """One for each image; None where it is not measured and its packed size is not known.

    Raises: UsageError where `push_to` is no registry's repository; JettisonError where pushing
    fails.
    """
    if not push_to:
        return tuple(_estimated(facts) for _, facts in images)
    target = parse_target(push_to)
    if target.scheme is not Scheme.REGISTRY or ":" in target.location.rpartition("/")[2]:
        raise UsageError(
            f"--push-to {push_to}: no repository of a registry",
            hint="write registry:HOST/NAME without a tag",
        )
    return tuple(
        _measured(source, f"{push_to}:{tag}", events)
        for (source, _), tag in zip(images, _TAGS, strict=True)
    )


def _estimated(facts: ImageFacts) -> Push | None:
    if not facts.is_compressed:
        return None
    return Push(
        seconds=round(facts.compressed_size_bytes / _BYTES_PER_S, 3),
        kind=PushKind.ESTIMATED,
        note=f"estimated, {_MBIT_PER_S} Mbit/s",
    )


def _measured(source: SourceRequest, destination: str, events: EventSink) -> Push:
    started = time.perf_counter()
    copied = copy(CopyRequest(source=source, destination=destination, force=True), events=events)
    seconds = time.perf_counter() - started
    if copied.blobs.present:
        told = f"{destination}: {copied.blobs.present} blobs were there before"
        events.emit(Notice(message=f"{told}, so the push took less than a first one would"))
    return Push(seconds=round(seconds, 3), kind=PushKind.MEASURED, note=f"to {destination}")
