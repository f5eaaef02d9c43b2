"""The tables about the standard library agree with the documentation and with this Python."""

import _imp
import importlib.util
import re
import sys
from pathlib import Path

import pytest

from jettison.analysis.python_imports import runs_when_imported
from jettison.selection.python_stdlib import (
    DEVELOPER_PARTS,
    FALLBACKS,
    FROZEN_LIBRARY,
    FROZEN_SINCE,
    LOADED_BY_NAME,
    ONLY_FOR,
    PROMPTS,
    STARTUP,
    developer_part,
)

_PAGE = Path(__file__).resolve().parents[3] / "docs/python.md"
# Modules of other versions than the one that runs the tests.
_OTHERS = {"_bootlocale", "_pydatetime", "_pylong", "_pyrepl", "cgitb", "distutils", "lib2to3"}
_OPTIONAL = {"sitecustomize", "usercustomize"}


def test_the_page_has_the_table() -> None:
    section = _PAGE.read_text().partition("## Parts of the standard library")[2]
    rows = dict(re.findall(r"^\| `(\w+)` \| ([^|`]+) \|$", section, re.MULTILINE))
    assert rows == DEVELOPER_PARTS


def test_the_page_has_what_waits_for_a_name() -> None:
    section = _PAGE.read_text().partition("## Parts of the standard library")[2]
    rows = re.findall(r"^\| `([\w.]+)` \| `([\w.]+)` \| (.+) \|$", section, re.MULTILINE)
    named = {(part, loads): tuple(re.findall(r"`(\w+)`", names)) for part, loads, names in rows}
    assert named == ONLY_FOR


def test_every_part_is_one_of_the_standard_library() -> None:
    known = sys.stdlib_module_names | _OTHERS | {"test"}
    assert set(DEVELOPER_PARTS) <= known
    assert set(FALLBACKS) <= known
    assert set(PROMPTS) <= set(DEVELOPER_PARTS)
    assert {name.partition(".")[0] for name in STARTUP} <= known | _OPTIONAL
    assert {name.partition(".")[0] for name in LOADED_BY_NAME} <= known


@pytest.mark.skipif(sys.version_info < FROZEN_SINCE, reason="this Python has none frozen")
def test_frozen_modules_are_frozen_in_this_python_too() -> None:
    for name in FROZEN_LIBRARY:
        assert _imp.is_frozen(name), name
    assert _imp.is_frozen("os")
    assert not _imp.is_frozen("json")


@pytest.mark.parametrize(("importer", "imported"), ONLY_FOR)
def test_an_import_that_waits_stands_in_functions_and_the_names_beside_it(
    importer: str, imported: str
) -> None:
    spec = importlib.util.find_spec(importer)
    assert spec is not None
    source = Path(spec.origin or "").read_bytes()
    spellings = (imported, f".{imported.rpartition('.')[2]}")
    either = "|".join(map(re.escape, spellings))
    assert re.search(rf"\n[ \t]+(?:from|import)[ \t]+(?:{either})\b".encode(), source)
    assert not any(runs_when_imported(source, name) for name in spellings)
    for name in ONLY_FOR[importer, imported]:
        assert re.search(rf"\b{name}\b".encode(), source), name


def test_what_starts_with_an_interpreter_is_for_everybody() -> None:
    assert [name for name in STARTUP if developer_part(name)] == []
    assert developer_part("pydoc_data.topics") == "texts of pydoc"
    assert developer_part("json") == ""
