"""Validity of stored byte code, and names in byte code without a source."""

import importlib.util
import marshal
import sys
from pathlib import Path

import pytest

from jettison.analysis.python_bytecode import cached_path, is_valid_header, names_in, source_of
from jettison.filetree import Entry, FileKind
from jettison.paths import ImagePath

_SOURCE = Entry(
    path=ImagePath("/s/a.py"), kind=FileKind.FILE, mode=0o644, size_bytes=10, mtime=1700000000
)
_MAGIC = (3495).to_bytes(2, "little") + b"\r\n"
_STAMP = (1700000000).to_bytes(4, "little") + (10).to_bytes(4, "little")


def test_the_table_agrees_with_this_interpreter() -> None:
    header = importlib.util.MAGIC_NUMBER + b"\1\0\0\0" + bytes(8)
    assert is_valid_header(header, _SOURCE, (sys.version_info.major, sys.version_info.minor))


@pytest.mark.parametrize(
    ("header", "is_valid"),
    [
        (_MAGIC + bytes(4) + _STAMP, True),
        (_MAGIC + b"\1\0\0\0" + b"whatever", True),
        (_MAGIC + b"\3\0\0\0" + b"whatever", True),
        (_MAGIC + bytes(4) + _STAMP[:4] + (11).to_bytes(4, "little"), False),
        (_MAGIC + bytes(4) + bytes(4) + _STAMP[4:], False),
        (b"\xa7\x0d\r\n"[::-1] + bytes(4) + _STAMP, False),
        (_MAGIC + b"\4\0\0\0" + _STAMP, False),
        (_MAGIC, False),
        (b"", False),
    ],
)
def test_header(header: bytes, is_valid: bool) -> None:
    assert is_valid_header(header, _SOURCE, (3, 11)) == is_valid


def test_an_unknown_version_has_no_valid_byte_code() -> None:
    assert not is_valid_header(_MAGIC + bytes(4) + _STAMP, _SOURCE, (3, 99))


def test_places() -> None:
    source = ImagePath("/s/a.py")
    assert cached_path(source, (3, 11)) == "/s/__pycache__/a.cpython-311.pyc"
    optimized = cached_path(source, (3, 11), optimize=2)
    assert optimized == "/s/__pycache__/a.cpython-311.opt-2.pyc"
    assert source_of(optimized) == source
    assert source_of(ImagePath("/s/a.pyc")) is None
    assert source_of(ImagePath("/s/__pycache__/notes.txt")) is None


def test_names_of_imported_modules_are_found(tmp_path: Path) -> None:
    code = compile("def f():\n    import os.path\n    from a.b import c", "x.py", "exec")
    assert {"os.path", "a.b", "c"} <= set(names_in(marshal.dumps(code)))
