"""Go's way of printing values, in which builders leave lists and strings in a history."""

from __future__ import annotations

import json
import re
from typing import Final

_STRING: Final = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_ESCAPE: Final = re.compile(r"\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|.)", re.DOTALL)
_LETTERS: Final = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_MAP: Final = re.compile(r"map\[(.*)\]\Z", re.DOTALL)


def read_strings(text: str) -> list[str]:
    """The strings of `["a" "b"]`, or of anything that has strings in double quotes."""
    return [unescape(match[1]) for match in _STRING.finditer(text)]


def read_words(text: str) -> list[str]:
    """`[a b]`, `map[a:{} b:{}]`, `["a", "b"]` or `a b`; a space within a word is not told apart."""
    in_map = _MAP.match(text)
    if in_map is not None:
        return [word.removesuffix(":{}") for word in in_map[1].split()]
    listed = read_json_list(text)
    if listed is not None:
        return listed
    if text.startswith("[") and text.endswith("]"):
        return text[1:-1].split()
    return text.split()


def read_json_list(text: str) -> list[str] | None:
    """A JSON list of strings, or None."""
    if not text.startswith("["):
        return None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        return None
    return value


def unescape(text: str) -> str:
    """What stands between Go's quotes, as it is meant."""

    def replace(match: re.Match[str]) -> str:
        code = match[1]
        if len(code) > 1:
            number = int(code[1:], 16)
            return chr(number) if number <= 0x10FFFF else "\N{REPLACEMENT CHARACTER}"
        return _LETTERS.get(code, code)

    return _ESCAPE.sub(replace, text)
