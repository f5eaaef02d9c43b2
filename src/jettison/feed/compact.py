"""What is kept of a record: all that matching and reports use, and little of the rest."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec

from jettison.feed.names import belongs, package_key
from jettison.scan.osv import Affected, AffectedPackage, Record, Reference

_MOST_REFERENCES: Final = 3
_LONGEST_SUMMARY: Final = 160
# What a distribution rates a vulnerability with is a word; lists of binaries are megabytes.
_LONGEST_VALUE: Final = 64
# Versions of a distribution that a range holds anyway are enumerated by whoever exports the record,
# a hundred for each kernel's. Python's and npm's stay: there a list may say more than the range.
_LONGEST_LIST: Final = 32
_ENUMERATED: Final = frozenset({"Alpine", "Debian", "Ubuntu"})
_NOTHING: Final = b"{}"
_ORDER: Final = ("ADVISORY", "FIX", "PATCH", "REPORT", "WEB", "ARTICLE")

_encode: Final = msgspec.json.Encoder().encode
_decode_record: Final = msgspec.json.Decoder(Record).decode


def split_record(record: Record, ecosystem: str) -> Iterator[tuple[str, str, bytes]]:
    """Release, package and what is affected there, for each package of this ecosystem."""
    groups: dict[tuple[str, str], list[Affected]] = {}
    for affected in record.affected:
        package = affected.package
        if package is None or not package.name or not belongs(package.ecosystem, ecosystem):
            continue
        key = (package.ecosystem, package_key(package.ecosystem, package.name))
        groups.setdefault(key, []).append(_compact_affected(affected, ecosystem))
    for (release, package_name), found in groups.items():
        yield release, package_name, _encode(found)


def encode_common(record: Record) -> bytes:
    """The record without what it affects."""
    return _encode(
        msgspec.structs.replace(
            record,
            affected=(),
            summary=record.summary or _first_sentence(record.details),
            details="",
            references=_best(record.references),
            database_specific=_compact_object(record.database_specific),
        )
    )


def join_record(common: bytes, affected: bytes) -> Record:
    """The record again, with what it affects in one release and package."""
    return _decode_record(b'%b,"affected":%b}' % (common[:-1], affected))


def _first_sentence(text: str) -> str:
    """What stands for a summary where a distribution's record has none."""
    line = " ".join(text[: 4 * _LONGEST_SUMMARY].split("\n\n", 1)[0].split())
    sentence = line.partition(". ")[0].rstrip(".")
    if len(sentence) <= _LONGEST_SUMMARY:
        return sentence
    return sentence[: _LONGEST_SUMMARY - 1].rpartition(" ")[0] + "…"


def _compact_affected(affected: Affected, ecosystem: str) -> Affected:
    ranges = tuple(item for item in affected.ranges if item.type != "GIT")
    is_told = (
        ecosystem.partition(":")[0] in _ENUMERATED
        and len(affected.versions) > _LONGEST_LIST
        and any(item.type == "ECOSYSTEM" for item in ranges)
    )
    return msgspec.structs.replace(
        affected,
        package=_without_purl(affected.package),
        ranges=ranges,
        versions=() if is_told else affected.versions,
        ecosystem_specific=_compact_object(affected.ecosystem_specific),
        database_specific=_compact_object(affected.database_specific),
    )


def _without_purl(package: AffectedPackage | None) -> AffectedPackage | None:
    return None if package is None else msgspec.structs.replace(package, purl="")


def _compact_object(raw: msgspec.Raw) -> msgspec.Raw:
    """Short words, numbers and switches of an object."""
    if bytes(raw) == _NOTHING:
        return raw
    value = msgspec.json.decode(raw)
    if not isinstance(value, dict):
        return msgspec.Raw(_NOTHING)
    return msgspec.Raw(
        _encode(
            {
                key: item
                for key, item in value.items()
                if (isinstance(item, str) and len(item) <= _LONGEST_VALUE)
                or isinstance(item, bool | int | float)
            }
        )
    )


def _best(references: tuple[Reference, ...]) -> tuple[Reference, ...]:
    if len(references) <= _MOST_REFERENCES:
        return references
    ordered = sorted(
        references,
        key=lambda item: _ORDER.index(item.type) if item.type in _ORDER else len(_ORDER),
    )
    return tuple(ordered[:_MOST_REFERENCES])
