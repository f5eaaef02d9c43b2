"""Which records speak of the same vulnerability, and what it is called.

Records are one where they name each other, directly or over a third, in `aliases`; where the id
of one is the other's with a distribution's name before it (`DEBIAN-CVE-2026-1`); and where one
passes on (`upstream`) a single vulnerability. A record that passes on several, as `DSA-5369-1`
does, is an advisory on each of them and no synonym of any; `related` ones are no synonyms either.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

from jettison.scan.osv import Record

CVE_ID: Final = re.compile(r"CVE-(\d{4})-(\d{1,19})")
_PREFIXED_CVE: Final = re.compile(r"[A-Z]+-(CVE-\d{4}-\d+)")
_PREFERRED: Final = ("CVE", "GHSA", "PYSEC")
# Real advisories name some hundred; more than this is no advisory.
_MOST_UPSTREAM: Final = 1024


class AliasGroups:
    """Ids, joined where they mean one vulnerability."""

    def __init__(self, records: Iterable[Record]) -> None:
        self._parents: dict[str, str] = {}
        records = tuple(records)
        for record in records:
            for alias in record.aliases:
                self._join(record.id, alias)
            for name in (record.id, *record.aliases, *record.upstream):
                if fits := _PREFIXED_CVE.fullmatch(name):
                    self._join(name, fits[1])
        for record in records:
            if len({self._root(name) for name in record.upstream}) == 1:
                self._join(record.id, record.upstream[0])
        self._members: dict[str, set[str]] = {}
        for name in self._parents:
            self._members.setdefault(self._root(name), set()).add(name)

    def groups_of(self, record: Record) -> Mapping[str, frozenset[str]]:
        """The vulnerabilities that a record speaks of: all names of each, by the one it goes by.

        Shape: one entry for most; several for an advisory on several.
        """
        own = self._names(record.id)
        roots = {self._root(name) for name in record.upstream[:_MOST_UPSTREAM]}
        if len(roots) < 2 or any(CVE_ID.fullmatch(name) for name in own):
            return {self._root(record.id): own}
        return {root: self._names(root) | own for root in sorted(roots)}

    def _names(self, name: str) -> frozenset[str]:
        return frozenset(self._members.get(self._root(name), ())) | {name}

    def _join(self, first: str, second: str) -> None:
        one, other = sorted((self._root(first), self._root(second)))
        self._parents[other] = one
        self._parents.setdefault(one, one)

    def _root(self, name: str) -> str:
        while (parent := self._parents.get(name, name)) != name:
            self._parents[name] = self._parents.get(parent, parent)
            name = parent
        return name


def preferred_id(names: Iterable[str]) -> str:
    """What to call a vulnerability: by its CVE, the oldest of several, else by a known database."""
    return min(names, key=_order)


def ordered_ids(names: Iterable[str]) -> tuple[str, ...]:
    """All names in the order of preference."""
    return tuple(sorted(names, key=_order))


def _order(name: str) -> tuple[int, int, int, str]:
    if fits := CVE_ID.fullmatch(name):
        return 0, int(fits[1]), int(fits[2]), name
    prefix = name.partition("-")[0]
    place = _PREFERRED.index(prefix) if prefix in _PREFERRED else len(_PREFERRED)
    return place, 0, 0, name
