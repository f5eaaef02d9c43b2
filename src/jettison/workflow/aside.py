"""A stage that a forked process does, beside what this one does meanwhile."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from types import TracebackType
from typing import Generic, TypeVar

from jettison.events import EventSink, StageDone, StageStarted
from jettison.linux.forked import Forked

T = TypeVar("T")


class Aside(Generic[T]):
    """A call under way in a process of its own; leaving the block ends it if nobody asked for it.

    The call must not emit events: its stage is told of when its result is taken, with the time
    that the call itself took.
    """

    def __init__(self, stage: str, call: Callable[[], T]) -> None:
        self._stage = stage
        self._forked = Forked(partial(_timed, call))

    def __enter__(self) -> Aside[T]:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._forked.discard()

    def result(self, events: EventSink, describe: Callable[[T], str]) -> T:
        """What the call returned, once; `describe` gives the stage's detail.

        Raises: what the call raised.
        """
        events.emit(StageStarted(stage=self._stage))
        value, seconds = self._forked.result()
        events.emit(StageDone(stage=self._stage, seconds=seconds, detail=describe(value)))
        return value


def _timed(call: Callable[[], T]) -> tuple[T, float]:
    started = time.perf_counter()
    value = call()
    return value, time.perf_counter() - started
