#!/usr/bin/env python3
"""Figures for the demo image: seconds by stage, sizes, ratios, memory, and whether bytes repeat.

    make bench

Each run is a process of its own, as a user's is. The peer's figures are those that were measured
once for this sample on one machine; the ratios mean something only on a machine like it.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import copy_figures
import scan
import xray
from starts import first_answers

_REPOSITORY: Final = Path(__file__).resolve().parents[1]
_SAMPLE: Final = _REPOSITORY / "examples/flask-sample"
_JETTISON: Final = _REPOSITORY / ".venv/bin/jettison"
_IMAGE: Final = "jettison-bench/flask-sample:latest"
# docker-slim's successor (mint 1.41) on the same sample.
_PEER_S: Final = 17.5
_PEER_MB: Final = 29.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run of `jettison slim`: its JSON document, times, peak memory, and what tracing took.

    Units: `seconds` of wall time; `cpu_seconds` of all its processes, without an engine's;
    `agent_seconds` of CPU time that the tracer used for `calls` system calls.
    """

    document: dict[str, Any]
    seconds: float
    cpu_seconds: float
    peak_mb: float
    calls: int
    agent_seconds: float

    @property
    def slimmed(self) -> dict[str, Any]:
        """The slimmed image's part of the document."""
        return dict(self.document["slimmed"])


def main() -> None:
    """Build the sample, slim it in several ways, print a table for each."""
    with tempfile.TemporaryDirectory(prefix="jt-bench-") as name:
        scratch = Path(name)
        layout = _build()
        cold = _slim(f"oci:{layout}", scratch, "closure", cache="first")
        _print("OCI layout, closure, cold cache", cold)
        warm = _slim(f"oci:{layout}", scratch, "closure", cache="first")
        _print("OCI layout, closure, warm cache", warm)
        observed = _slim(f"oci:{layout}", scratch, "observed", cache="first")
        _print("OCI layout, observed, warm cache", observed)
        same = cold.slimmed["digest"] == warm.slimmed["digest"]
        print(f"same input twice gives one digest: {'yes' if same else 'NO'}")
        if _has_docker():
            _bench_docker(scratch)
        else:
            print("no Docker Engine answers: its figures are left out")
        _bench_official(scratch)
        xray.measure_growth(scratch)
        copy_figures.measure_copies(layout, scratch)


def _bench_docker(scratch: Path) -> None:
    """From a local engine and back into it."""
    slimmed = f"{_IMAGE.partition(':')[0]}:slim"
    _build("--docker", _IMAGE)
    try:
        for policy in ("closure", "observed"):
            run = _slim(f"docker:{_IMAGE}", scratch, policy, output=f"docker:{slimmed}")
            _print(f"Docker Engine, {policy}", run)
        xray.measure_image(f"docker:{_IMAGE}", scratch)
        scan.measure_scan(f"docker:{_IMAGE}", scratch)
    finally:
        for image in (_IMAGE, slimmed):
            argv = ["docker", "image", "rm", "--force", image]
            subprocess.run(argv, stdout=subprocess.DEVNULL, check=False)


def _bench_official(scratch: Path) -> None:
    """On a base laid out as the official images are, which have no byte code."""
    original = f"oci:{_build('--base', 'official')}"
    slimmed = f"oci:{scratch}/official-layout:slim"
    run = _slim(original, scratch, "closure", cache="official", output=slimmed)
    _print("official layout, closure, cold cache", run)
    store = scratch / "official/jettison"
    seconds = first_answers({"original": original, "slimmed": slimmed}, store)
    before, after = seconds["original"], seconds["slimmed"]
    print(
        f"  first answer {before:7.2f} s -> {after:.2f} s  ({after / before:.2f} of the original)"
    )


def _build(*arguments: str) -> Path:
    argv = [sys.executable, str(_REPOSITORY / "scripts/bases.py"), str(_SAMPLE), *arguments]
    shown = subprocess.run(argv, stdout=subprocess.PIPE, text=True, check=True)
    return Path(shown.stdout.splitlines()[-1])


def _has_docker() -> bool:
    if shutil.which("docker") is None:
        return False
    return subprocess.run(["docker", "info"], capture_output=True, check=False).returncode == 0


def _slim(
    target: str, scratch: Path, policy: str, *, cache: str = "engine", output: str = ""
) -> Run:
    archive = scratch / f"{time.monotonic_ns()}.tar"
    argv = [str(_JETTISON), "slim", target, "--policy", policy, "--format", "json"]
    argv += ["--output", output or f"oci-archive:{archive}"]
    argv += ["--report-dir", str(scratch / "report")]
    environment = {**os.environ, "XDG_CACHE_HOME": str(scratch / cache)}
    start = time.monotonic()
    log = scratch / "log"
    with log.open("wb") as messages:
        process = subprocess.Popen(
            argv,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=messages,
        )
    assert process.stdout is not None
    raw = process.stdout.read()
    # wait4 gives the usage of this child and its own children; the largest of them counts.
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.monotonic() - start
    if status != 0:
        ended = f"{' '.join(argv)}: status {os.waitstatus_to_exitcode(status)}"
        raise SystemExit(f"{log.read_text()}\n{ended}")
    archive.unlink(missing_ok=True)
    with (scratch / "report/trace.jsonl").open() as trace:
        header = json.loads(trace.readline())
    return Run(
        document=json.loads(raw),
        seconds=seconds,
        cpu_seconds=usage.ru_utime + usage.ru_stime,
        peak_mb=usage.ru_maxrss / 1024,
        calls=header["notifications"],
        agent_seconds=header["agent_seconds"],
    )


def _print(title: str, run: Run) -> None:
    original, slimmed = run.document["original"], run.slimmed
    size_mb = slimmed["size_bytes"] / 1e6
    print(f"\n{title}")
    print(f"  size        {original['size_bytes'] / 1e6:8.1f} MB -> {size_mb:.1f} MB", end="")
    print(f"  ({size_mb / _PEER_MB:.2f} of the peer's {_PEER_MB} MB)")
    compressed = slimmed["compressed_size_bytes"] / 1e6
    print(f"  compressed  {original['compressed_size_bytes'] / 1e6:8.1f} MB -> {compressed:.1f} MB")
    print(f"  files       {original['file_count']:8} -> {slimmed['file_count']}")
    print(f"  verdict     {run.document['verification']['verdict']:>8}")
    print(f"  peak memory {run.peak_mb:8.0f} MB")
    each_us = run.agent_seconds / max(run.calls, 1) * 1e6
    print(f"  tracing     {each_us:8.1f} us a system call, {run.calls} of them")
    for stage in run.document["stages"]:
        print(f"  {stage['name']:24} {stage['seconds']:7.2f} s")
    print(f"  {'on the processor':24} {run.cpu_seconds:7.2f} s")
    print(f"  {'total, as a user sees it':24} {run.seconds:7.2f} s", end="")
    print(f"  ({run.seconds / _PEER_S:.2f} of the peer's {_PEER_S} s)")


if __name__ == "__main__":
    main()
