"""Which CPython releases there are, and for how long each gets security fixes.

Source: devguide.python.org, "Status of Python versions".
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

# Wheels of most packages exist for a release only some months after it came out.
_SETTLED_AFTER: Final = timedelta(days=330)


@dataclass(frozen=True, slots=True, kw_only=True)
class PythonRelease:
    """A minor release: when it came out, and the last day of its security fixes."""

    version: tuple[int, int]
    released: date
    end_of_life: date

    def __str__(self) -> str:
        return f"{self.version[0]}.{self.version[1]}"


RELEASES: Final[tuple[PythonRelease, ...]] = tuple(
    PythonRelease(version=version, released=released, end_of_life=end)
    for version, released, end in (
        ((2, 7), date(2010, 7, 3), date(2020, 1, 1)),
        ((3, 6), date(2016, 12, 23), date(2021, 12, 23)),
        ((3, 7), date(2018, 6, 27), date(2023, 6, 27)),
        ((3, 8), date(2019, 10, 14), date(2024, 10, 7)),
        ((3, 9), date(2020, 10, 5), date(2025, 10, 31)),
        ((3, 10), date(2021, 10, 4), date(2026, 10, 31)),
        ((3, 11), date(2022, 10, 24), date(2027, 10, 31)),
        ((3, 12), date(2023, 10, 2), date(2028, 10, 31)),
        ((3, 13), date(2024, 10, 7), date(2029, 10, 31)),
        ((3, 14), date(2025, 10, 7), date(2030, 10, 31)),
        ((3, 15), date(2026, 10, 1), date(2031, 10, 31)),
    )
)


def find_release(version: tuple[int, int]) -> PythonRelease | None:
    """The release of that number, None for one that this table does not know."""
    return next((release for release in RELEASES if release.version == version), None)


def choose_release(
    today: date, is_allowed: Callable[[PythonRelease], bool]
) -> PythonRelease | None:
    """The newest allowed release that is out long enough and still gets fixes.

    Where the allowed ones are all too new or too old, the oldest new one or the newest old one.
    """
    allowed = [release for release in RELEASES if is_allowed(release) and release.released <= today]
    alive = [release for release in allowed if release.end_of_life >= today]
    settled = [release for release in alive if release.released + _SETTLED_AFTER <= today]
    if settled:
        return settled[-1]
    return alive[0] if alive else (allowed[-1] if allowed else None)
