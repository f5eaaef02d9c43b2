"""Ctrl-C and SIGTERM at each stage: the right status, a plain word, nothing left."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from jettison.linux.cgroups import find_cgroups
from support.slimcase import find_leftovers, started
from support.waiting import wait_until

pytestmark = pytest.mark.needs("runc", "root", "bases")

# Answers at once, and stops when it is told to.
SERVER = (
    "import http.server as h, signal, sys; signal.signal(15, lambda *_: sys.exit(0)); "
    "h.HTTPServer(('', 80), h.SimpleHTTPRequestHandler).serve_forever()"
)
# Whatever stage comes after the one whose line was seen last.
STAGES = {"unpack": "open", "run": "unpack", "build": "select", "verify": "build"}


@pytest.fixture
def arguments(base_layout: Callable[[str], Path], tmp_path: Path) -> list[str]:
    given = ["slim", f"oci:{base_layout('slim')}", "-o", f"oci-archive:{tmp_path}/out.tar"]
    return [*given, "--report-dir", str(tmp_path / "report"), "--entrypoint"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("stage", STAGES)
def test_nothing_is_left_when_it_is_stopped(
    stage: str,
    number: signal.Signals,
    arguments: list[str],
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> None:
    if stage != "unpack":
        request.getfixturevalue("warm_cache")
    program = "sleep 600" if stage == "run" else f'python3 -c "{SERVER}"'
    with started(*arguments, program, cwd=tmp_path) as process:
        _await_line(process, STAGES[stage])
        (workdir,) = Path(os.environ["TMPDIR"]).glob("jettison-*[!k]")
        if stage == "run":
            wait_until(lambda: find_cgroups(workdir.name), 20.0)
        if number == signal.SIGINT:
            # As the terminal does: to everybody in the foreground.
            os.killpg(process.pid, number)
        else:
            process.send_signal(number)
        out, err = process.communicate(timeout=30.0)
    assert process.returncode == 128 + number, err
    assert out == ""
    assert "Traceback" not in err
    assert "error: " not in err
    if number == signal.SIGINT:
        assert "interrupted; nothing was left behind" in err
    assert find_leftovers() == {}
    assert find_cgroups(workdir.name) == ()
    assert list(tmp_path.iterdir()) == []
    layers = Path(os.environ["XDG_CACHE_HOME"]) / "jettison/layers"
    assert [item.name for item in layers.glob(".*")] == []


def _await_line(process: subprocess.Popen[str], stage: str) -> None:
    """Read stderr up to the line that says a stage is done."""
    assert process.stderr is not None
    seen = []
    for line in process.stderr:
        seen.append(line)
        if stage in line.split():
            return
    raise AssertionError(f"{stage} was never done: {''.join(seen)}")


def test_a_killed_run_is_cleaned_up_after_by_the_next(
    arguments: list[str], tmp_path: Path, warm_cache: Path
) -> None:
    with started(*arguments, "sleep 600", cwd=tmp_path) as process:
        _await_line(process, "unpack")
        temporary = Path(os.environ["TMPDIR"])
        (workdir,) = temporary.glob("jettison-*[!k]")
        wait_until(lambda: find_cgroups(workdir.name), 20.0)
        process.kill()
        process.communicate(timeout=30.0)
    wait_until(lambda: "processes" not in find_leftovers(), 10.0)
    with started("slim", *arguments[1:], "true", cwd=tmp_path) as process:
        process.communicate(timeout=60.0)
        assert process.returncode == 4
    assert find_leftovers() == {}
    assert find_cgroups(workdir.name) == ()
