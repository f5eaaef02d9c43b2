from __future__ import annotations

import os

from jettison.linux.descriptors import close_inherited


def test_a_child_keeps_what_it_is_to_keep_and_its_streams() -> None:
    kept_read, kept_write = os.pipe()
    other_read, other_write = os.pipe()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            close_inherited(keep=(kept_write,))
            # Everything that was to be closed is, and what was not takes a byte.
            left = [n for n in (0, 1, 2, kept_read, other_read, other_write) if _is_open(n)]
            os.write(kept_write, bytes(left))
            status = 0
        finally:
            os._exit(status)
    os.close(kept_write)
    assert os.waitpid(child, 0)[1] == 0
    assert os.read(kept_read, 100) == bytes([0, 1, 2])
    for descriptor in (kept_read, other_read, other_write):
        os.close(descriptor)


def _is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True
