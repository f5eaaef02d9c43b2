import errno
import os

import pytest

from jettison.errors import HostError
from jettison.linux.userns import fork_mapped


def test_a_limit_on_processes_is_an_error_of_the_host(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> int:
        raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")

    monkeypatch.setattr(os, "fork", refuse)
    before = os.listdir("/proc/self/fd")  # noqa: PTH208  # names alone
    with pytest.raises(HostError, match="no process could be started: Resource") as caught:
        fork_mapped(None, lambda: 0)
    assert "ulimit -u" in caught.value.hint
    assert os.listdir("/proc/self/fd") == before  # noqa: PTH208  # as above
