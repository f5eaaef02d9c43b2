from __future__ import annotations

import os
import signal
import subprocess

import pytest

from jettison.errors import HostError
from jettison.runtime.child import Child, parse_signal


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SIGTERM", 15),
        ("term", 15),
        ("15", 15),
        (" SIGQUIT ", 3),
        ("SIGRTMIN+3", signal.SIGRTMIN + 3),
        ("RTMIN+3", signal.SIGRTMIN + 3),
        ("SIGRTMAX", signal.SIGRTMAX),
        ("nonsense", 15),
        ("", 15),
        ("0", 15),
        ("9999", 15),
        ("SIGTERM+x", 15),
    ],
)
def test_signals_are_understood_in_every_spelling(text: str, expected: int) -> None:
    assert parse_signal(text) == expected


def spawn(*argv: str) -> Child:
    return Child(os.posix_spawnp(argv[0], argv, os.environ))


def test_status_is_the_exit_code_or_128_and_the_signal() -> None:
    child = spawn("sh", "-c", "exit 7")
    assert child.wait(10.0) == 7
    assert child.status == 7
    child.close()
    child = spawn("sleep", "60")
    assert child.status is None
    assert child.wait(0.01) is None
    child.send(signal.SIGTERM)
    assert child.wait(10.0) == 128 + 15
    child.send(signal.SIGTERM)
    child.close()


def test_closing_ends_what_still_runs() -> None:
    child = spawn("sleep", "60")
    child.close()
    with pytest.raises(ChildProcessError):
        os.waitpid(child.pid, 0)


def test_another_one_s_child_is_refused() -> None:
    done = subprocess.Popen(("sleep", "60"))
    child = Child(done.pid)
    done.kill()
    done.wait()
    with pytest.raises(HostError, match="not ours"):
        child.wait(10.0)
