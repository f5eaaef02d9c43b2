"""Several blobs on their way at once: what has arrived so far, and an end for all if one fails."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from enum import StrEnum
from typing import Final, TypeVar

from jettison.errors import JettisonError
from jettison.events import EventSink, StageProgress

T = TypeVar("T")

WORKERS: Final = 4
"""As many at once as Docker pulls, and registries are used to."""

_BETWEEN_S: Final = 0.1


class Delivery(StrEnum):
    """How a blob came to be where it was wanted: there already, out of another repository, sent."""

    PRESENT = "present"
    MOUNTED = "mounted"
    SENT = "sent"


class StoppedError(JettisonError):
    """Another transfer failed, or the user wants no more."""


class Transfer:
    """Counts the bytes of one or more transfers, and stops them."""

    def __init__(
        self, stage: str, events: EventSink, *, total_bytes: int = 0, workers: int = WORKERS
    ) -> None:
        self._stage = stage
        self._events = events
        self._total = total_bytes
        self._workers = workers
        self._done = 0
        self._told = 0.0
        self._stopped = False
        self._lock = threading.Lock()

    def stop(self) -> None:
        """Have every transfer end at its next bytes."""
        self._stopped = True

    def add(self, count: int) -> None:
        """So many more bytes are done.

        Raises: StoppedError.
        """
        if self._stopped:
            raise StoppedError("stopped")
        with self._lock:
            self._done += count
            now = time.monotonic()
            if now - self._told < _BETWEEN_S and self._done < self._total:
                return
            self._told = now
            self._events.emit(
                StageProgress(
                    stage=self._stage,
                    done=self._done,
                    total=max(self._total, self._done),
                    unit="bytes",
                )
            )

    def through(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """The same bytes, counted as they pass.

        Raises: StoppedError.
        """
        for chunk in chunks:
            yield chunk
            self.add(len(chunk))

    def run(self, tasks: Sequence[Callable[[], T]]) -> list[T]:
        """What each task gives, in their order; some run at once, and none after a failure.

        Raises: what the first task to fail raised.
        """
        with ThreadPoolExecutor(self._workers, thread_name_prefix=self._stage) as pool:
            futures = [pool.submit(task) for task in tasks]
            try:
                done, _ = wait(futures, return_when=FIRST_EXCEPTION)
                failed = [item.exception() for item in done]
                # Those that were stopped fail as well, and say less of why.
                errors = [err for err in failed if err and not isinstance(err, StoppedError)]
                if errors:
                    raise errors[0]
                return [item.result() for item in futures]
            except BaseException:
                self.stop()
                for item in futures:
                    item.cancel()
                raise
