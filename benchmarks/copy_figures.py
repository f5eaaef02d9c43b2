"""Figures for `jettison copy`: the demo image into a registry and out of it, beside skopeo.

Run by benchmarks/run.py; by itself it takes an OCI layout: `python benchmarks/copy_figures.py DIR`.
Each program has a registry of its own, empty at first, so that nobody finds what the other sent.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_REPOSITORY: Final = Path(__file__).resolve().parents[1]
_JETTISON: Final = _REPOSITORY / ".venv/bin/jettison"
_ROUNDS: Final = 3

sys.path.insert(0, str(_REPOSITORY / "tests"))
from support.real_registry import real_registry  # found by the line above


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One copy: wall time and the largest its process was."""

    seconds: float
    peak_mb: float


def main() -> None:
    """Copy the layout that is named."""
    with tempfile.TemporaryDirectory(prefix="jt-bench-") as name:
        measure_copies(Path(sys.argv[1]), Path(name))


def measure_copies(layout: Path, scratch: Path) -> None:
    """Push and pull with both programs, the best of three."""
    missing = [name for name in ("docker-registry", "skopeo") if shutil.which(name) is None]
    if missing:
        print(f"\ncopy: {' and '.join(missing)} not installed: its figures are left out")
        return
    runs: dict[tuple[str, str], list[Run]] = {}
    for number in range(_ROUNDS):
        for program in ("jettison", "skopeo"):
            directory = scratch / f"{program}-{number}"
            directory.mkdir()
            with real_registry(directory) as host:
                place = f"{host}/bench/app:1"
                push, pull = _commands(program, layout, place, directory / "out")
                runs.setdefault((program, "push"), []).append(_timed(push))
                runs.setdefault((program, "pull"), []).append(_timed(pull))
            shutil.rmtree(directory)
    print("\ncopy: the sample to a registry on this host and back, the best of three")
    for direction in ("push", "pull"):
        ours, theirs = (
            min(runs[program, direction], key=lambda run: run.seconds)
            for program in ("jettison", "skopeo")
        )
        print(
            f"  {direction:8} {ours.seconds:6.2f} s, {ours.peak_mb:.0f} MB;  skopeo "
            f"{theirs.seconds:.2f} s, {theirs.peak_mb:.0f} MB;  "
            f"{theirs.seconds / ours.seconds:.2f} times as fast"
        )


def _commands(
    program: str, layout: Path, place: str, out: Path
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    if program == "jettison":
        copy = (str(_JETTISON), "copy")
        return (
            (*copy, f"oci:{layout}", f"registry:{place}"),
            (*copy, f"registry:{place}", f"oci:{out}:1"),
        )
    skopeo = ("skopeo", "--insecure-policy", "copy", "--quiet")
    return (
        (*skopeo, "--dest-tls-verify=false", f"oci:{layout}", f"docker://{place}"),
        (*skopeo, "--src-tls-verify=false", f"docker://{place}", f"oci:{out}:1"),
    )


def _timed(argv: tuple[str, ...]) -> Run:
    started = time.perf_counter()
    process = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(argv)}: status {process.returncode}")
    return Run(seconds=seconds, peak_mb=usage.ru_maxrss / 1024)


if __name__ == "__main__":
    main()
