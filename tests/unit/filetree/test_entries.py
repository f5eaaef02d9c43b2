from __future__ import annotations

import inspect
from dataclasses import MISSING, FrozenInstanceError, fields, replace

import pytest

from jettison.filetree import Entry, FileKind
from jettison.paths import ImagePath

ENTRY = Entry(path=ImagePath("/a"), kind=FileKind.FILE, mode=0o644)


def test_each_argument_becomes_the_field_of_its_name() -> None:
    values = {item.name: object() for item in fields(Entry)}
    made = Entry(**values)  # type: ignore[arg-type]  # what they are does not matter
    assert {name: getattr(made, name) for name in values} == values


def test_what_is_left_out_is_as_declared() -> None:
    given = inspect.signature(Entry).parameters
    assert list(given) == [item.name for item in fields(Entry)]
    for item in fields(Entry):
        declared = item.default
        if item.default_factory is not MISSING:
            declared = item.default_factory()
        if declared is not MISSING:
            assert given[item.name].default == declared
            assert getattr(ENTRY, item.name) == declared


def test_it_stays_as_it_is() -> None:
    with pytest.raises(FrozenInstanceError):
        ENTRY.mode = 0o755  # type: ignore[misc]  # that is the point
    assert replace(ENTRY, mode=0o755) != ENTRY == replace(ENTRY)
