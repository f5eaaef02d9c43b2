"""Progress, told to one sink. Whoever does the work emits; only the terminal face renders."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class StageStarted:
    """A stage of a verb began."""

    stage: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StageProgress:
    """Part of a stage is done; `total` is 0 where it is not known, `unit` such as `bytes`."""

    stage: str
    done: int
    total: int = 0
    unit: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StageDone:
    """A stage ended; `detail` is a short phrase for people."""

    stage: str
    seconds: float
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Something the user should know although the run goes on."""

    message: str


Event = StageStarted | StageProgress | StageDone | Notice


class EventSink(Protocol):
    """Takes events in the order they happen."""

    def emit(self, event: Event) -> None:
        """Take one event; must not raise."""


class Silent:
    """A sink that drops everything."""

    def emit(self, event: Event) -> None:
        """Drop it."""


@dataclass(slots=True)
class Recorded:
    """A sink that keeps everything, in order."""

    events: list[Event] = field(default_factory=list)

    def emit(self, event: Event) -> None:
        """Keep it."""
        self.events.append(event)


@dataclass(slots=True)
class StageOutcome:
    """What a stage says of itself when it ends; set `detail` inside the `with` block."""

    detail: str = ""


@contextmanager
def stage(
    name: str, sink: EventSink, *, clock: Callable[[], float] = time.perf_counter
) -> Iterator[StageOutcome]:
    """Emit StageStarted now and StageDone when the block ends without an error."""
    sink.emit(StageStarted(stage=name))
    started = clock()
    outcome = StageOutcome()
    yield outcome
    sink.emit(StageDone(stage=name, seconds=clock() - started, detail=outcome.detail))
