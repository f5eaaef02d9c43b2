#!/usr/bin/env python3
"""Figures for the database of advisories: memory and time of an update, time of a look-up.

    .venv/bin/python benchmarks/feed.py [ADVISORIES]

The advisories are made up, in the shape and size of OSV's: four ecosystems, three Debian or five
Ubuntu releases a record, a part of Debian's about `linux`. The look-up is that of an image with
430 packages. An update runs in a process of its own, whose peak memory is the kernel's figure.
"""

from __future__ import annotations

import json
import random
import resource
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

_JETTISON: Final = Path(__file__).resolve().parents[1] / ".venv/bin/jettison"
_SHARES: Final = {"Debian": 0.4, "Ubuntu": 0.4, "Alpine": 0.05, "PyPI": 0.15}
_RELEASES: Final = {
    "Debian": ("Debian:11", "Debian:12", "Debian:13"),
    "Ubuntu": tuple(f"Ubuntu:{year}.04:LTS" for year in (16, 18, 20, 22, 24)),
    "Alpine": ("Alpine:v3.19", "Alpine:v3.20"),
    "PyPI": ("PyPI",),
}
_WORDS: Final = ("overflow", "parser", "crafted", "file", "allows", "remote", "attackers", "crash")
_PACKAGES: Final = 430
_BUDGET_MB: Final = 300


def main() -> None:
    """Make exports, update twice, look packages up, print a table."""
    advisories = int(sys.argv[1]) if len(sys.argv) > 1 else 500_000
    with tempfile.TemporaryDirectory(prefix="jt-bench-") as name:
        scratch = Path(name)
        started = time.perf_counter()
        unpacked = write_exports(scratch, advisories)
        packed = sum(path.stat().st_size for path in scratch.glob("*/all.zip"))
        print(
            f"{advisories:,} advisories, {unpacked / 1e6:,.0f} MB of JSON, {packed / 1e6:,.0f} MB"
            f" zipped (made in {time.perf_counter() - started:.0f} s)"
        )
        first = _update(scratch)
        peak_mb = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        size = (scratch / "a.db").stat().st_size
        print(f"update, all new        {first:8.1f} s  {advisories / first:,.0f} records/s")
        print(f"update, nothing new    {_update(scratch):8.2f} s")
        write_export(scratch, "Alpine", int(advisories * _SHARES["Alpine"]) + 1)
        print(f"update, Alpine is new  {_update(scratch):8.1f} s")
        print(f"peak memory            {peak_mb:8.0f} MB of at most {_BUDGET_MB}")
        print(f"database               {size / 1e6:8.0f} MB")
        _look_up(scratch / "a.db")


def _update(scratch: Path) -> float:
    started = time.perf_counter()
    subprocess.run(
        [_JETTISON, "db", "update", "--osv-url", scratch, "--db", scratch / "a.db"],
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    return time.perf_counter() - started


def _look_up(path: Path) -> None:
    from jettison.feed.database import AdvisoryDatabase  # noqa: PLC0415  # its import is not timed

    names = ["linux", *(f"package-{number}" for number in range(_PACKAGES - 1))]
    seconds = []
    for _ in range(5):
        started = time.perf_counter()
        with AdvisoryDatabase.open(path) as database:
            found = database.find("Debian", "12", names)
        seconds.append(time.perf_counter() - started)
    count = sum(len(records) for records in found.values())
    print(
        f"look-up                {min(seconds):8.3f} s for {_PACKAGES} packages,"
        f" {count:,} records, {len(found['linux']):,} of them linux's"
    )


def write_exports(base: Path, count: int) -> int:
    """Made-up exports of the four default ecosystems; gives the bytes of JSON."""
    return sum(
        write_export(base, ecosystem, int(count * share)) for ecosystem, share in _SHARES.items()
    )


def write_export(base: Path, ecosystem: str, count: int) -> int:
    """One export; gives the bytes of JSON."""
    archive = base / ecosystem / "all.zip"
    archive.parent.mkdir(exist_ok=True)
    written = 0
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as out:
        for record in _records(ecosystem, count):
            raw = json.dumps(record).encode()
            out.writestr(zipfile.ZipInfo(f"{record['id']}.json"), raw, zipfile.ZIP_DEFLATED)
            written += len(raw)
    return written


def _records(ecosystem: str, count: int) -> Iterator[dict[str, Any]]:
    chance = random.Random(ecosystem)
    linux = min(count // 10, 12_000) if ecosystem == "Debian" else 0
    for number in range(count):
        package = "linux" if number < linux else f"package-{chance.randrange(20_000)}"
        identifier = f"{ecosystem.upper()}-CVE-2026-{number:06}"
        yield {
            "schema_version": "1.7.3",
            "id": identifier,
            "modified": f"2026-{chance.randrange(1, 11):02}-01T00:00:00Z",
            "published": "2026-01-01T00:00:00Z",
            "upstream": [identifier.partition("-")[2]],
            "details": " ".join(chance.choices(_WORDS, k=60)),
            "severity": [
                {"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H"}
            ],
            "affected": [
                _affected(release, package, chance.randrange(1, 60))
                for release in _RELEASES[ecosystem]
            ],
            "references": [
                {"type": "WEB", "url": f"https://example.org/{identifier}/{part}"}
                for part in range(5)
            ],
        }


def _affected(release: str, package: str, fixed: int) -> dict[str, Any]:
    return {
        "package": {
            "ecosystem": release,
            "name": package,
            "purl": f"pkg:generic/{package}?release={release}",
        },
        "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": f"1.{fixed}"}]}],
        "versions": [f"1.{version}" for version in range(fixed)],
        "ecosystem_specific": {
            "binaries": [{"binary_name": f"{package}-{part}"} for part in ("dev", "doc", "bin")]
        },
    }


if __name__ == "__main__":
    main()
