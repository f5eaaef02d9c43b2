"""Text of an image as documents may hold it."""

from __future__ import annotations


def printable(text: str) -> str:
    r"""Bytes that are not UTF-8 as people write them: `\xff`."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
