from __future__ import annotations

import os
import subprocess
import sys

import pytest

from jettison.errors import ContainerError, JettisonError
from jettison.linux.forked import Forked


def test_the_value_or_the_error_comes_back() -> None:
    def fail() -> None:
        raise ContainerError("it ended", hint="look")

    assert Forked(lambda: (os.getpid(), bytes(1 << 20))).result()[1] == bytes(1 << 20)
    with pytest.raises(ContainerError, match="it ended") as caught:
        Forked(fail).result()
    assert caught.value.hint == "look"


def test_a_child_without_a_result_is_an_error() -> None:
    with pytest.raises(JettisonError, match="without a result"):
        Forked(lambda: os._exit(0)).result()


# Python drops what is raised while its own hooks run after a fork.
_SIGNALLED_WHILE_FORKING = """
import os, signal
from jettison.linux.forked import Forked

def stop(*_):
    raise KeyboardInterrupt

signal.signal(signal.SIGTERM, stop)
os.register_at_fork(after_in_parent=lambda: os.kill(os.getpid(), signal.SIGTERM))
try:
    Forked(lambda: 1)
except KeyboardInterrupt:
    print("told")
"""


def test_a_signal_during_the_fork_is_not_lost() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _SIGNALLED_WHILE_FORKING], capture_output=True, text=True, check=True
    )
    assert (done.stdout, done.stderr) == ("told\n", "")
