"""Numbers with units, as people read them."""

from __future__ import annotations

from typing import Final

_UNITS: Final = ("B", "kB", "MB", "GB", "TB")


def human_size(size_bytes: int) -> str:
    """Three digits and a decimal unit, as Docker shows sizes: `125MB`, `9.7MB`, `0B`."""
    value = float(size_bytes)
    for unit in _UNITS:
        if value < 999.5 or unit == _UNITS[-1]:
            return f"{value:.3g}{unit}"
        value /= 1000
    raise AssertionError("the last unit takes everything")


def count_of(number: int, noun: str, plural: str = "") -> str:
    """A number and what is counted: `1 file`, `1,204 files`; `plural` where it is no mere s."""
    return f"{number:,} {noun if number == 1 else plural or f'{noun}s'}"
