"""What a container prints: taken from a pipe, as an engine would, and kept within bounds."""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from pathlib import Path
from typing import Final

_KEPT_FILE_BYTES: Final = 64 << 20
_KEPT_TAIL_BYTES: Final = 1 << 20
_CHUNK: Final = 1 << 16


class Output:
    """A pipe whose read end a thread empties into a file and a tail in memory.

    A pipe and not the file itself, because programs find different things to do with a file:
    reopening `/dev/stdout` would start at its beginning.
    """

    def __init__(self, path: Path) -> None:
        self._tail = bytearray()
        self._lock = threading.Lock()
        self._read_end, self._write_end = os.pipe()
        self._thread = threading.Thread(target=self._pump, args=(path,), daemon=True)
        self._thread.start()

    @property
    def descriptor(self) -> int:
        """The end to hand to a process, until `hand_over` closes ours."""
        return self._write_end

    def hand_over(self) -> None:
        """Close our copy, so that the pipe ends with the last process that has it."""
        if self._write_end >= 0:
            os.close(self._write_end)
            self._write_end = -1

    def tail(self, max_bytes: int = _KEPT_TAIL_BYTES) -> bytes:
        """The last bytes that have arrived."""
        with self._lock:
            return bytes(self._tail[-max_bytes:]) if max_bytes > 0 else b""

    def drain(self, deadline_s: float = 2.0) -> None:
        """Wait for the end of the pipe, for what was written before it to have arrived."""
        self.hand_over()
        self._thread.join(deadline_s)

    def _pump(self, path: Path) -> None:
        written = 0
        with os.fdopen(self._read_end, "rb", 0) as source, path.open("wb", 0) as file:
            while chunk := source.read(_CHUNK):
                with self._lock:
                    self._tail += chunk
                    del self._tail[:-_KEPT_TAIL_BYTES]
                if written < _KEPT_FILE_BYTES:
                    # A full disk must not stop the container.
                    with suppress(OSError):
                        written += file.write(chunk)
