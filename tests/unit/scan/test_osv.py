from __future__ import annotations

import json

import pytest

from jettison.scan.osv import (
    InvalidRecordError,
    Record,
    find_text,
    parse_record,
    render_record,
)

FULL = {
    "schema_version": "1.7.3",
    "id": "DEBIAN-CVE-2026-1",
    "modified": "2026-01-02T00:00:00Z",
    "upstream": ["CVE-2026-1"],
    "severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N"}],
    "affected": [
        {
            "package": {"ecosystem": "Debian:12", "name": "openssl", "purl": "pkg:deb/debian/x"},
            "ranges": [
                {"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "3.0.22-1"}]},
                {"type": "GIT", "repo": "https://example.org/x", "events": [{"introduced": "0"}]},
            ],
            "versions": ["3.0.20-1"],
            "ecosystem_specific": {"urgency": "low", "binaries": [{"a": 1}]},
        },
        {"ranges": [{"type": "GIT", "repo": "https://example.org", "events": [{"limit": "f"}]}]},
    ],
    "references": [{"type": "FIX", "url": "https://example.org/fix"}],
    "credits": [{"name": "somebody"}],
    "database_specific": {"severity": "MODERATE"},
}


def record_of(**fields: object) -> Record:
    return parse_record(json.dumps({**FULL, **fields}).encode())


def test_a_record_is_read_with_what_matching_needs() -> None:
    record = record_of()
    first, second = record.affected
    assert record.upstream == ("CVE-2026-1",)
    assert first.package is not None
    assert (first.package.ecosystem, first.package.name) == ("Debian:12", "openssl")
    assert first.ranges[0].events[1].fixed == "3.0.22-1"
    assert first.versions == ("3.0.20-1",)
    assert second.package is None
    assert second.ranges[0].events[0].limit == "f"


def test_specific_objects_are_read_by_key() -> None:
    record = record_of()
    assert find_text(record.affected[0].ecosystem_specific, "urgency") == "low"
    assert find_text(record.affected[0].ecosystem_specific, "binaries") == ""
    assert find_text(record.affected[1].ecosystem_specific, "urgency") == ""
    assert find_text(record.database_specific, "severity") == "MODERATE"
    assert find_text(record_of(database_specific=["odd"]).database_specific, "severity") == ""


def test_a_record_survives_being_written() -> None:
    record = record_of()
    raw = render_record(record)
    assert parse_record(raw) == record
    assert b"credits" not in raw
    assert b'"urgency"' in raw


def test_nulls_count_as_absent() -> None:
    record = record_of(withdrawn=None, aliases=None, affected=[None, {"package": None}])
    assert record.withdrawn == ""
    assert record.aliases == ()
    assert len(record.affected) == 1
    assert record.affected[0].package is None


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"[]",
        b"{}",
        b'{"id": ""}',
        b'{"id": 5}',
        b'{"id": "A", "affected": {}}',
        b'{"id": "A", "aliases": [1]}',
        b'{"id": "\xff"}',
        b'{"id": "A", "affected": ' + b"[" * 100_000,
    ],
)
def test_what_is_no_record_is_an_error(raw: bytes) -> None:
    with pytest.raises(InvalidRecordError):
        parse_record(raw)
