"""What others say of a CVE: how likely it is to be used (EPSS), and that it was used (KEV).

Source: FIRST, "EPSS data"; CISA, "Known Exploited Vulnerabilities Catalog", JSON schema.
"""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

import msgspec

from jettison.errors import AdvisoryDataError

_LARGEST: Final = 1 << 30
_GZIP: Final = b"\x1f\x8b"


@dataclass(frozen=True, slots=True, kw_only=True)
class EpssScore:
    """How probable it is that a CVE is used within 30 days, and its rank; both from 0 to 1."""

    cve: str
    score: float
    percentile: float

    @property
    def row(self) -> tuple[str, float, float]:
        """As the database keeps it."""
        return self.cve, self.score, self.percentile


@dataclass(frozen=True, slots=True, kw_only=True)
class KevEntry:
    """A CVE known to have been used; dates as `2024-01-31`."""

    cve: str
    added: str
    due: str
    title: str
    is_ransomware: bool

    @property
    def row(self) -> tuple[str, str, str, str, int]:
        """As the database keeps it."""
        return self.cve, self.added, self.due, self.title, int(self.is_ransomware)


class _KevRow(msgspec.Struct, frozen=True, rename="camel"):
    cve_id: str = msgspec.field(name="cveID")
    date_added: str = ""
    due_date: str = ""
    vulnerability_name: str = ""
    known_ransomware_campaign_use: str = ""


class _KevCatalog(msgspec.Struct, frozen=True, rename="camel"):
    vulnerabilities: tuple[_KevRow, ...]
    date_released: str = ""
    catalog_version: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class KevCatalog:
    """All entries, and the day the catalog was released, as far as it says so."""

    dated: str
    entries: tuple[KevEntry, ...]


def read_kev(path: Path, *, what: str) -> KevCatalog:
    """Read CISA's catalog; `what` names it in the error.

    Raises: AdvisoryDataError for anything else.
    """
    with path.open("rb") as file:
        raw = file.read(_LARGEST)
    try:
        catalog = msgspec.json.decode(raw, type=_KevCatalog)
    except (msgspec.DecodeError, RecursionError) as err:
        raise AdvisoryDataError(f"{what}: not CISA's catalog in JSON: {err}") from err
    return KevCatalog(
        dated=catalog.date_released[:10],
        entries=tuple(
            KevEntry(
                cve=row.cve_id,
                added=row.date_added,
                due=row.due_date,
                title=row.vulnerability_name,
                is_ransomware=row.known_ransomware_campaign_use.lower() == "known",
            )
            for row in catalog.vulnerabilities
        ),
    )


class EpssFile:
    """A CSV of scores, gzipped or not; `dated` is known once the first line was read."""

    def __init__(self, path: Path, *, what: str) -> None:
        self._path = path
        self._what = what
        self.dated = ""

    def __iter__(self) -> Iterator[EpssScore]:
        """Every score of the file.

        Raises: AdvisoryDataError for anything but such a file.
        """
        try:
            with _open(self._path) as raw:
                lines = io.TextIOWrapper(raw, encoding="utf-8", newline="")
                yield from self._rows(lines)
        except (csv.Error, EOFError, OSError, zlib.error, ValueError) as err:
            raise AdvisoryDataError(f"{self._what}: not EPSS scores in CSV: {err}") from err

    def _rows(self, lines: io.TextIOWrapper) -> Iterator[EpssScore]:
        head = lines.readline(1000)
        if head.startswith("#"):
            # "#model_version:v2023.03.01,score_date:2024-01-31T00:00:00+0000"
            self.dated = head.partition("score_date:")[2][:10]
            head = lines.readline(1000)
        columns = [name.strip() for name in head.split(",")]
        places = [columns.index(name) for name in ("cve", "epss", "percentile")]
        for row in csv.reader(lines):
            if row:
                cve, score, percentile = (row[place] for place in places)
                yield EpssScore(cve=cve, score=float(score), percentile=float(percentile))


@contextmanager
def _open(path: Path) -> Iterator[IO[bytes] | gzip.GzipFile]:
    with path.open("rb") as file:
        is_gzip = file.read(2) == _GZIP
        file.seek(0)
        if is_gzip:
            with gzip.open(file) as unpacked:
                yield unpacked
        else:
            yield file
