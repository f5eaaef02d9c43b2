"""What every verb loads before it does anything: each of these would cost all of them time."""

from __future__ import annotations

import subprocess
import sys
from typing import Final

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
