"""Records of the OSV schema as values: what matching and its reports use of them.

Keeping records is the work of `feed`; which of them fit a package is matching's.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Final

import msgspec

_NO_OBJECT: Final = msgspec.Raw(b"{}")


class InvalidRecordError(ValueError):
    """Bytes that are no record of the OSV schema; the message names what is wrong with them."""


class RangeType(StrEnum):
    """Whose order the versions of a range follow."""

    ECOSYSTEM = "ECOSYSTEM"
    SEMVER = "SEMVER"
    GIT = "GIT"


class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One turn in the life of a vulnerability; the schema has one of the four set."""

    introduced: str = ""
    fixed: str = ""
    last_affected: str = ""
    limit: str = ""


class Range(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A stretch of versions, as events in any order; `type` is a `RangeType` or unheard of."""

    type: str
    events: tuple[Event, ...] = ()
    repo: str = ""


class Severity(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One rating: `type` is CVSS_V2, CVSS_V3, CVSS_V4 or a distribution's name."""

    type: str = ""
    score: str = ""


class AffectedPackage(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Which package: its ecosystem with the release (`Debian:12`) and its name there."""

    ecosystem: str = ""
    name: str = ""
    purl: str = ""


class Affected(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One package that a record is about; records about commits alone have none.

    Shape: the two `specific` objects are whatever their database puts there, as JSON.
    """

    package: AffectedPackage | None = None
    ranges: tuple[Range, ...] = ()
    versions: tuple[str, ...] = ()
    severity: tuple[Severity, ...] = ()
    ecosystem_specific: msgspec.Raw = _NO_OBJECT
    database_specific: msgspec.Raw = _NO_OBJECT


class Reference(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A link and what it leads to: ADVISORY, FIX, WEB, ..."""

    type: str = ""
    url: str = ""


class Record(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One record of a vulnerability database.

    Shape: dates as written, RFC 3339 in UTC; `withdrawn` is empty for a record that still stands;
    `upstream` are vulnerabilities of others' that this one passes on, `related` are no synonyms.
    Source: OSV schema 1.7.
    """

    id: str
    modified: str = ""
    published: str = ""
    withdrawn: str = ""
    aliases: tuple[str, ...] = ()
    related: tuple[str, ...] = ()
    upstream: tuple[str, ...] = ()
    summary: str = ""
    details: str = ""
    severity: tuple[Severity, ...] = ()
    affected: tuple[Affected, ...] = ()
    references: tuple[Reference, ...] = ()
    database_specific: msgspec.Raw = _NO_OBJECT


_DECODER: Final = msgspec.json.Decoder(Record)
_ENCODER: Final = msgspec.json.Encoder()


def parse_record(raw: bytes) -> Record:
    """Read one record; fields that nothing here uses are left out, nulls count as absent.

    Raises: InvalidRecordError.
    """
    try:
        record = _DECODER.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        record = _parse_with_nulls(raw)
    if not record.id:
        raise InvalidRecordError("the record has no id")
    return record


def render_record(record: Record) -> bytes:
    """The record as compact JSON that `parse_record` reads again."""
    return _ENCODER.encode(record)


def find_text(raw: msgspec.Raw, key: str) -> str:
    """The text under a key of one of the `specific` objects, empty where it has none."""
    if raw is _NO_OBJECT:
        return ""
    value = msgspec.json.decode(raw)
    found = value.get(key) if isinstance(value, dict) else None
    return found if isinstance(found, str) else ""


def _parse_with_nulls(raw: bytes) -> Record:
    try:
        cleaned = msgspec.json.encode(_without_nulls(msgspec.json.decode(raw)))
        return _DECODER.decode(cleaned)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as err:
        raise InvalidRecordError(str(err)) from err


def _without_nulls(value: Any) -> Any:  # decoded JSON
    if isinstance(value, dict):
        return {key: _without_nulls(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_without_nulls(item) for item in value if item is not None]
    return value
