"""What no regular expression of ours may use, as some interpreters that we support get it wrong."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator
from typing import Any

import pytest

import jettison

# The parser is private, but nothing else tells a group from a character.
_parse = importlib.import_module("re._parser").parse
_SINGLE = {"ANY", "CATEGORY", "IN", "LITERAL", "NOT_LITERAL"}


def patterns() -> Iterator[tuple[str, re.Pattern[Any]]]:
    for found in pkgutil.walk_packages(jettison.__path__, "jettison."):
        module = importlib.import_module(found.name)
        for name, value in vars(module).items():
            if isinstance(value, re.Pattern):
                yield f"{found.name}.{name}", value


def broken(node: Any) -> Iterator[str]:
    """Possessive repeats of more than one character, and atomic groups, wherever they stand.

    CPython before 3.11.5 matches them wrongly, and may do so for ever: gh-106052.
    """
    for operation, argument in node:
        name = str(operation)
        if name == "ATOMIC_GROUP":
            yield name
        if name == "POSSESSIVE_REPEAT":
            inner = [str(item) for item, _ in argument[2]]
            if len(inner) != 1 or inner[0] not in _SINGLE:
                yield f"{name} of {inner}"
        for part in _parts(argument):
            yield from broken(part)


def _parts(argument: Any) -> Iterator[Any]:
    if type(argument).__name__ == "SubPattern":
        yield argument
    elif isinstance(argument, tuple | list):
        for item in argument:
            yield from _parts(item)


@pytest.mark.parametrize(
    ("text", "is_broken"),
    [
        (r"[^a]++b*+", False),
        (r"(?:[^a]++|\\.)*", False),
        (r"(?:[^a]++|\\.)*+", True),
        (r"x(?:ab)++", True),
        (r"x(y|(?>ab|a)c)", True),
    ],
)
def test_the_broken_construct_is_recognized(text: str, is_broken: bool) -> None:
    assert bool(list(broken(_parse(text)))) == is_broken


def test_no_pattern_is_possessive_about_groups() -> None:
    found = dict(patterns())
    assert len(found) > 50
    assert {
        name: why
        for name, value in found.items()
        if (why := list(broken(_parse(value.pattern, value.flags))))
    } == {}
