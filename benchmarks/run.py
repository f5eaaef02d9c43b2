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

import xray

_REPOSITORY: Final = Path(__file__).resolve().parents[1]
_SAMPLE: Final = _REPOSITORY / "examples/flask-sample"
_JETTISON: Final = _REPOSITORY / ".venv/bin/jettison"
_IMAGE: Final = "jettison-bench/flask-sample:latest"
# docker-slim's successor (mint 1.41) on the same sample.
_PEER_S: Final = 17.5
_PEER_MB: Final = 29.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run of `jettison slim`: its JSON document, wall time, peak memory, and what tracing took.

    Units: `agent_seconds` of CPU time that the tracer used for `calls` system calls.
    """

    document: dict[str, Any]
    seconds: float
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
            _build("--docker", _IMAGE)
            try:
                _print("Docker Engine, closure", _slim(f"docker:{_IMAGE}", scratch, "closure"))
                _print("Docker Engine, observed", _slim(f"docker:{_IMAGE}", scratch, "observed"))
                xray.measure_image(f"docker:{_IMAGE}", scratch)
            finally:
                subprocess.run(["docker", "image", "rm", "--force", _IMAGE], check=False)
        else:
            print("no Docker Engine answers: its figures are left out")
        xray.measure_growth(scratch)


def _build(*arguments: str) -> Path:
    argv = [sys.executable, str(_REPOSITORY / "scripts/bases.py"), str(_SAMPLE), *arguments]
    shown = subprocess.run(argv, stdout=subprocess.PIPE, text=True, check=True)
    return Path(shown.stdout.splitlines()[-1])


def _has_docker() -> bool:
    if shutil.which("docker") is None:
        return False
    return subprocess.run(["docker", "info"], capture_output=True, check=False).returncode == 0


def _slim(target: str, scratch: Path, policy: str, *, cache: str = "engine") -> Run:
    output = scratch / f"{time.monotonic_ns()}.tar"
    argv = [str(_JETTISON), "slim", target, "--policy", policy, "--format", "json"]
    argv += ["--output", f"oci-archive:{output}", "--report-dir", str(scratch / "report")]
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
    output.unlink()
    with (scratch / "report/trace.jsonl").open() as trace:
        header = json.loads(trace.readline())
    return Run(
        document=json.loads(raw),
        seconds=seconds,
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
    print(f"  {'total, as a user sees it':24} {run.seconds:7.2f} s", end="")
    print(f"  ({run.seconds / _PEER_S:.2f} of the peer's {_PEER_S} s)")


if __name__ == "__main__":
    main()
