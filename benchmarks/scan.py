#!/usr/bin/env python3
"""Figures for scans: the demo image from the local engine, by stage; matching alone at its worst.

    .venv/bin/python benchmarks/scan.py [EXPORT [IMAGE]]

EXPORT is a directory like OSV's public export, with the default ecosystems; without one advisories
are made up. IMAGE is any that `jettison scan` takes (default docker:flask-sample). Matching at its
worst is a Debian kernel with all the advisories that there are about it, beside 430 packages.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any, Final

from feed import write_exports

from jettison.feed.database import AdvisoryDatabase
from jettison.scan.component import Component
from jettison.scan.ecosystems import Ecosystem
from jettison.scan.match import match

_JETTISON: Final = Path(__file__).resolve().parents[1] / ".venv/bin/jettison"
_RUNS: Final = 5
_PACKAGES: Final = 430
_ADVISORIES: Final = 100_000
_SCAN_S: Final = 2.0
_MATCH_S: Final = 0.3


def main() -> None:
    """Scan the image that is named."""
    export = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    image = sys.argv[2] if len(sys.argv) > 2 else "docker:flask-sample"
    with tempfile.TemporaryDirectory(prefix="jt-bench-") as name:
        measure_scan(image, Path(name), export)


def measure_scan(image: str, scratch: Path, export: Path | None = None) -> None:
    """Make a database, scan, match, print."""
    if export is None:
        export = scratch / "osv"
        export.mkdir()
        write_exports(export, _ADVISORIES)
    database = scratch / "advisories.db"
    argv = (str(_JETTISON), "db", "update", "--osv-url", str(export), "--db", str(database))
    subprocess.run(argv, check=True, capture_output=True)
    runs = [_scan(image, database) for _ in range(_RUNS)]
    seconds, document = min(runs, key=lambda run: run[0])
    print(f"scan of {image}: {document['packages_tested']} packages tested, best of {_RUNS}")
    print(f"  whole run   {seconds:6.2f} s of at most {_SCAN_S}")
    for stage in document["stages"]:
        print(f"  {stage['name']:11} {stage['seconds']:6.2f} s")
    _print_matching(database)


def _scan(image: str, database: Path) -> tuple[float, dict[str, Any]]:
    argv = (str(_JETTISON), "scan", image, "--db", str(database), "--format", "json",
            "--fail-on", "never")  # fmt: skip
    started = time.perf_counter()
    done = subprocess.run(argv, check=True, capture_output=True)
    return time.perf_counter() - started, json.loads(done.stdout)


def _print_matching(path: Path) -> None:
    with AdvisoryDatabase.open(path) as database:
        sources = ["linux", *(f"package-{number}" for number in range(_PACKAGES - 1))]
        components = [
            Component(type="deb", name=name, title=name, version="0.1-1", source=name,
                      source_version="0.1-1", ecosystem=Ecosystem(name="Debian", release="12"))
            for name in sources
        ]  # fmt: skip
        started, used = time.perf_counter(), time.process_time()
        findings = match(components, database.find).findings
        seconds, used = time.perf_counter() - started, time.process_time() - used
    print(f"matching {_PACKAGES} packages, linux 0.1-1 among them: {len(findings)} findings")
    print(f"  alone       {seconds:6.2f} s of at most {_MATCH_S}, {used:.2f} s of CPU time")
    print(f"  severities  {dict(Counter(str(item.rating.severity) for item in findings))}")


if __name__ == "__main__":
    main()
