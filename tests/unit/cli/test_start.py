"""The first moments of every verb, and the last: what is loaded, and what the shell is told."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from jettison import __version__
from jettison.cli import main
from jettison.errors import ContainerError

_HEAVY: Final = (
    "cyclonedx",
    "docker",
    "e2b_dockerfile_utils",
    "httpcore",
    "jettison.lint.catalogue",
    "jettison.report.html",
    "jettison.scaffold",
    "jettison.transport",
    "jinja2",
    "msgspec",
    "packaging",
    "requests",
    "urllib3",
    "yaml",
    "zstandard",
)


def test_starting_loads_nothing_heavy() -> None:
    program = "import sys, jettison.cli.main; print(*sys.modules)"
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    loaded = frozenset(run.stdout.split())
    assert "jettison.cli.source_verbs" in loaded
    assert loaded.isdisjoint(_HEAVY), sorted(loaded & set(_HEAVY))


_INTERRUPTED_WHILE_LOADING: Final = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
class Interrupts:
    def find_spec(self, name, path, target=None):
        if name == "jettison.cli.main":
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Interrupts())
from jettison.cli.start import run
run()
"""


def test_an_interrupt_while_it_is_loaded_shows_no_traceback() -> None:
    run = subprocess.run(
        [sys.executable, "-c", _INTERRUPTED_WHILE_LOADING], capture_output=True, check=False
    )
    assert (run.returncode, run.stderr) == (-signal.SIGINT, b"")


def test_the_package_is_a_program() -> None:
    argv = [sys.executable, "-m", "jettison", "--version"]
    run = subprocess.run(argv, capture_output=True, text=True, check=True)
    assert run.stdout == f"jettison {__version__}\n"


@pytest.mark.parametrize("arguments", [["--version"], ["--help"], ["lint", "--format", "json"]])
def test_a_full_disk_behind_stdout_is_said(arguments: list[str], tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM scratch\n")
    program = [sys.executable, "-c", "from jettison.cli.start import run; run()", *arguments]
    with Path("/dev/full").open("wb") as full:
        run = subprocess.run(
            program, stdout=full, stderr=subprocess.PIPE, text=True, cwd=tmp_path, check=False
        )
    assert run.returncode == 3
    assert run.stderr.endswith(
        "error: the result cannot be written to stdout: No space left on device\n"
    )
    assert "Traceback" not in run.stderr


def test_nothing_of_an_image_reaches_the_terminal_as_it_is(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails() -> None:
        raise ContainerError(
            "entry /\x1b[31mred",
            hint="a\nb\x9b31m",
            log_tail="\x1b]0;title\x07\nover\tboard\u202e\n",
        )

    monkeypatch.setattr(main, "app", fails)
    assert main._run() == 4
    shown = capsys.readouterr().err
    assert shown.splitlines() == [
        "error: entry /\\x1b[31mred",
        "last output of the container:",
        "  | \\x1b]0;title\\x07",
        "  | over    board\\u202e",
        "hint: a",
        "b\\x9b31m",
    ]
