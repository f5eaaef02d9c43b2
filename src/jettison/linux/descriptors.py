"""What a forked child has open that it was never meant to have."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path


def close_inherited(*, keep: Iterable[int]) -> None:
    """Close all descriptors of this process but the standard streams and those to keep.

    Whoever forks while another thread starts a program copies the pipe by which that thread learns
    that the program has been started: the pipe ends only when the copy is closed too, and a child
    that lives for long keeps the other thread waiting as long.
    Source: subprocess.Popen, `errpipe_write`.
    """
    kept = {0, 1, 2, *keep}
    for name in Path("/proc/self/fd").iterdir():
        if int(name.name) not in kept:
            # The listing's own descriptor is closed already.
            with suppress(OSError):
                os.close(int(name.name))
