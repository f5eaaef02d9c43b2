"""The tables about the standard library agree with the documentation and with this Python."""

import re
import sys
from pathlib import Path

from jettison.selection.python_stdlib import (
    DEVELOPER_PARTS,
    FALLBACKS,
    LOADED_BY_NAME,
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
    rows = dict(re.findall(r"^\| `(\w+)` \| (.+) \|$", section, re.MULTILINE))
    assert rows == DEVELOPER_PARTS


def test_every_part_is_one_of_the_standard_library() -> None:
    known = sys.stdlib_module_names | _OTHERS | {"test"}
    assert set(DEVELOPER_PARTS) <= known
    assert set(FALLBACKS) <= known
    assert set(PROMPTS) <= set(DEVELOPER_PARTS)
    assert {name.partition(".")[0] for name in STARTUP} <= known | _OPTIONAL
    assert {name.partition(".")[0] for name in LOADED_BY_NAME} <= known


def test_what_starts_with_an_interpreter_is_for_everybody() -> None:
    assert [name for name in STARTUP if developer_part(name)] == []
    assert developer_part("pydoc_data.topics") == "texts of pydoc"
    assert developer_part("json") == ""
