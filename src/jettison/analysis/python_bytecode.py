"""What an image's stored byte code is worth, and the names in it. Compiling is build's work."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from jettison.filetree import Entry
from jettison.paths import ImagePath

# The magic number of each released version: CPython, Include/internal/pycore_magic_number.h
# (before 3.14 Lib/importlib/_bootstrap_external.py).
_MAGIC: Final = {
    (3, 7): 3394,
    (3, 8): 3413,
    (3, 9): 3425,
    (3, 10): 3439,
    (3, 11): 3495,
    (3, 12): 3531,
    (3, 13): 3571,
    (3, 14): 3627,
}
HEADER_BYTES: Final = 16
_CACHED: Final = re.compile(r"(.+)\.(?:cpython|pypy)-?\d+t?(?:\.opt-[12s])?\.pyc")
# Short ASCII strings, plain and interned, with and without the flag for references:
# CPython, Python/marshal.c, TYPE_SHORT_ASCII and TYPE_SHORT_ASCII_INTERNED.
_SHORT_STRING: Final = re.compile(rb"[zZ\xfa\xda]([\x01-\xff])", re.DOTALL)
_DOTTED: Final = re.compile(rb"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*")


def cached_path(source: ImagePath, version: tuple[int, int], *, optimize: int = 0) -> ImagePath:
    """Where CPython looks for the byte code of a source.

    Source: PEP 3147, PEP 488.
    """
    tag = f"cpython-{version[0]}{version[1]}" + (f".opt-{optimize}" if optimize else "")
    stem = source.name.removesuffix(".py")
    return source.parent / "__pycache__" / f"{stem}.{tag}.pyc"


def source_of(cached: ImagePath) -> ImagePath | None:
    """The source whose byte code a file in `__pycache__` is; None for any other file."""
    match = _CACHED.fullmatch(cached.name)
    if match is None or cached.parent.name != "__pycache__":
        return None
    return cached.parent.parent / f"{match[1]}.py"


def is_valid_header(header: bytes, source: Entry, version: tuple[int, int]) -> bool:
    """Whether the interpreter would load byte code with this header for this source.

    Byte code with the hash of its source is trusted. A version whose magic number is not known
    has no valid byte code.
    Source: PEP 552.
    """
    magic = _MAGIC.get(version)
    if magic is None or len(header) < HEADER_BYTES:
        return False
    if header[:4] != magic.to_bytes(2, "little") + b"\r\n":
        return False
    flags = int.from_bytes(header[4:8], "little")
    if flags & ~0b11:
        return False
    if flags & 0b1:
        return True
    mtime = int.from_bytes(header[8:12], "little")
    size = int.from_bytes(header[12:16], "little")
    return mtime == source.mtime & 0xFFFFFFFF and size == source.size_bytes & 0xFFFFFFFF


def names_in(code: bytes) -> Iterator[str]:
    """Names in byte code that has no source, imported modules among them."""
    for match in _SHORT_STRING.finditer(code):
        start = match.end()
        text = code[start : start + match[1][0]]
        if _DOTTED.fullmatch(text):
            yield text.decode("ascii")
