import sys
from pathlib import Path

import pytest

from jettison.edge.process import CommandError, ProcessOptions, run
from jettison.errors import HostError


def test_output_and_status() -> None:
    done = run([sys.executable, "-c", "print('out')"], timeout_s=20)
    assert (done.text, done.status) == ("out\n", 0)


def test_a_failure_quotes_stderr_without_its_secrets() -> None:
    script = "import sys; sys.exit('cannot log in to https://ci:s3cret@hub/v2/')"
    with pytest.raises(CommandError, match=r"status 1: cannot log in to https://\*\*\*@hub"):
        run([sys.executable, "-c", script, "TOKEN=abc"], timeout_s=20)


def test_a_status_may_be_looked_at_instead() -> None:
    done = run(
        [sys.executable, "-c", "import sys; sys.exit(7)"],
        timeout_s=20,
        options=ProcessOptions(check=False),
    )
    assert done.status == 7


def test_input_directory_and_environment(tmp_path: Path) -> None:
    script = "import os,sys; print(sys.stdin.read(), os.getcwd(), os.environ['A'])"
    options = ProcessOptions(input=b"in", cwd=tmp_path, env={"A": "1"})
    done = run([sys.executable, "-c", script], timeout_s=20, options=options)
    assert done.text.split() == ["in", str(tmp_path), "1"]


def test_what_is_not_installed_is_named() -> None:
    with pytest.raises(HostError, match="no-such-program was not found") as caught:
        run(["no-such-program"], timeout_s=1)
    assert "install" in caught.value.hint


def test_a_program_that_does_not_end_is_killed() -> None:
    with pytest.raises(CommandError, match=r"no end after 0\.2 s"):
        run([sys.executable, "-c", "import threading; threading.Event().wait()"], timeout_s=0.2)
