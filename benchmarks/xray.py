"""Figures for `jettison xray`: the demo image in an engine, and how time grows with an image.

Run by benchmarks/run.py; by itself it takes the image's name: `python benchmarks/xray.py NAME`.
The peers' figures were measured once for this sample on one machine; the ratios mean something
only on a machine like it.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import subprocess
import sys
import tarfile
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

_JETTISON: Final = Path(__file__).resolve().parents[1] / ".venv/bin/jettison"
# xray of docker-slim's successor (mint 1.41), and the package list of syft, on the same sample.
_PEER_XRAY_S: Final = 18.0
_PEER_PACKAGES_S: Final = 31.0
# Files of the synthetic layers: each step doubles them.
_COUNTS: Final = (25_000, 50_000, 100_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One run: its document, wall and CPU time, and the largest of its processes."""

    document: dict[str, Any]
    seconds: float
    cpu_seconds: float
    peak_mb: float


def main() -> None:
    """Look into the image that is named."""
    with tempfile.TemporaryDirectory(prefix="jt-bench-") as name:
        measure_image(f"docker:{sys.argv[1]}", Path(name))
        measure_growth(Path(name))


def measure_image(target: str, scratch: Path) -> None:
    """The whole document and the packages alone, each twice: the first one warms the disk."""
    for title, arguments, peer_s in (
        ("whole document, duplicates hashed", (), _PEER_XRAY_S),
        ("packages alone", ("--only", "packages"), _PEER_PACKAGES_S),
    ):
        run = min((_look(target, scratch, *arguments) for _ in range(3)), key=lambda it: it.seconds)
        print(f"\nxray {target}: {title}, the best of three")
        for stage in run.document["stages"]:
            print(f"  {stage['name']:24} {stage['seconds']:7.2f} s")
        print(f"  {'CPU time':24} {run.cpu_seconds:7.2f} s")
        print(f"  {'peak memory':24} {run.peak_mb:7.0f} MB")
        print(f"  {'total, as a user sees it':24} {run.seconds:7.2f} s", end="")
        print(f"  (1/{peer_s / run.seconds:.1f} of the peer's {peer_s:.0f} s)")


def measure_growth(scratch: Path) -> None:
    """Layers of more and more files, unpacked before: the time for each file stays the same."""
    print("\nxray of one layer with so many files, layers unpacked before")
    for count in _COUNTS:
        layout = scratch / f"layer-{count}"
        _write_layout(layout, count)
        _look(f"oci:{layout}", scratch)
        run = _look(f"oci:{layout}", scratch)
        each_us = run.cpu_seconds / count * 1e6
        print(f"  {count:7,} files {run.seconds:7.2f} s  {each_us:5.0f} us CPU a file", end="")
        print(f"  {run.peak_mb:5.0f} MB")


def _look(target: str, scratch: Path, *arguments: str) -> Look:
    argv = [str(_JETTISON), "xray", target, "--format", "json", *arguments]
    environment = {**os.environ, "XDG_CACHE_HOME": str(scratch / "cache")}
    log = scratch / "log"
    start = time.monotonic()
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
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.monotonic() - start
    if status != 0:
        raise SystemExit(f"{log.read_text()}\n{' '.join(argv)}: status {status}")
    return Look(
        document=json.loads(raw),
        seconds=seconds,
        cpu_seconds=usage.ru_utime + usage.ru_stime,
        peak_mb=usage.ru_maxrss / 1024,
    )


def _write_layout(directory: Path, count: int) -> None:
    """An image of one layer: `count` small files in directories of a hundred, a tenth alike."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for number in range(count):
            data = b"%d" % (number if number % 10 else 0) * 20
            member = tarfile.TarInfo(f"srv/{number // 100:05}/file-{number:07}.txt")
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    blobs = directory / "blobs/sha256"
    blobs.mkdir(parents=True)
    layer = _write_blob(blobs, out.getvalue(), "application/vnd.oci.image.layer.v1.tar")
    config = {
        "architecture": "amd64",
        "os": "linux",
        "config": {"Cmd": ["true"]},
        "rootfs": {"type": "layers", "diff_ids": [layer["digest"]]},
        "history": [{"created_by": "COPY srv /srv"}],
    }
    described = _write_blob(
        blobs, json.dumps(config).encode(), "application/vnd.oci.image.config.v1+json"
    )
    kind = "application/vnd.oci.image.manifest.v1+json"
    manifest = {"schemaVersion": 2, "mediaType": kind, "config": described, "layers": [layer]}
    listed = _write_blob(blobs, json.dumps(manifest).encode(), kind)
    index = {"schemaVersion": 2, "manifests": [listed]}
    (directory / "index.json").write_text(json.dumps(index))
    (directory / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')


def _write_blob(blobs: Path, data: bytes, media_type: str) -> dict[str, Any]:
    digest = hashlib.sha256(data).hexdigest()
    (blobs / digest).write_bytes(data)
    return {"mediaType": media_type, "digest": f"sha256:{digest}", "size": len(data)}


if __name__ == "__main__":
    main()
