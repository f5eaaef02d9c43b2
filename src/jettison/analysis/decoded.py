"""What is at a key of decoded TOML or JSON that others wrote: of the kind that is wanted, or empty.

For files that are read tolerantly; where a wrong kind is an error, a document's own types say so.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Table = Mapping[str, Any]


def table_at(table: Table, key: str) -> Table:
    """The table at a key."""
    value = table.get(key)
    return value if isinstance(value, dict) else {}


def tables_at(table: Table, key: str) -> list[Table]:
    """The tables of the list at a key; what is none is left out."""
    return [item for item in as_list(table.get(key)) if isinstance(item, dict)]


def text_at(table: Table, key: str) -> str:
    """The text at a key."""
    value = table.get(key)
    return value if isinstance(value, str) else ""


def as_list(value: Any) -> list[Any]:  # decoded
    """The value itself, if it is a list."""
    return value if isinstance(value, list) else []
