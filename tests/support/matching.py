"""Advisories in code: small records of the OSV schema, and a source that hands them out."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence

from packaging.utils import canonicalize_name

from jettison.scan.component import Component
from jettison.scan.ecosystems import PYPI, Ecosystem
from jettison.scan.osv import Record, parse_record

DEBIAN_12 = Ecosystem(name="Debian", release="12")


def make_record(name: str, package: str, *events: str, **fields: object) -> Record:
    """`make_record("CVE-1", "Debian:12/openssl", "introduced 0", "fixed 3.0")`.

    `versions`, `entry_severity`, `urgency` go into the entry, other fields into the record.
    """
    ecosystem, _, package_name = package.partition("/")
    affected: dict[str, object] = {"package": {"ecosystem": ecosystem, "name": package_name}}
    if events:
        pairs = [dict([event.split(" ", 1)]) for event in events]
        affected["ranges"] = [{"type": "ECOSYSTEM", "events": pairs}]
    for field, key in (("versions", "versions"), ("entry_severity", "severity")):
        if field in fields:
            affected[key] = fields.pop(field)
    if "urgency" in fields:
        affected["ecosystem_specific"] = {"urgency": fields.pop("urgency")}
    return parse_record(json.dumps({"id": name, "affected": [affected], **fields}).encode())


class Advisories:
    """Records as a database would hand them over, each with all that it affects."""

    def __init__(self, *records: Record) -> None:
        self._records = records
        self.asked: list[tuple[str, str, tuple[str, ...]]] = []

    def find(
        self, ecosystem: str, release: str, names: Iterable[str], /
    ) -> Mapping[str, Sequence[Record]]:
        names = tuple(names)
        self.asked.append((ecosystem, release, names))
        return {
            name: found
            for name in names
            if (
                found := [
                    record
                    for record in self._records
                    if any(
                        entry.package is not None
                        and canonicalize_name(entry.package.name) == canonicalize_name(name)
                        for entry in record.affected
                    )
                ]
            )
        }


def python_package(name: str, version: str, **fields: object) -> Component:
    """A Python distribution, its name in any spelling."""
    known = canonicalize_name(name)
    return Component(
        **{
            "type": "python",
            "name": known,
            "title": name,
            "version": version,
            "source": known,
            "source_version": version,
            "ecosystem": PYPI,
            **fields,
        }  # type: ignore[arg-type]  # a test's own fields
    )


def debian_package(name: str, version: str, source: str = "", **fields: object) -> Component:
    """A binary package of Debian 12; `source` as `openssl` or `openssl 3.0.1-1`."""
    source_name, _, source_version = source.partition(" ")
    return Component(
        **{
            "type": "deb",
            "name": name,
            "title": name,
            "version": version,
            "source": source_name or name,
            "source_version": source_version or version,
            "ecosystem": DEBIAN_12,
            **fields,
        }  # type: ignore[arg-type]  # a test's own fields
    )
