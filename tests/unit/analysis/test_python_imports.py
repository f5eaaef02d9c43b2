"""The lexical scan, on literals and against the syntax tree of the whole standard library."""

import ast
import sysconfig
import warnings
from collections.abc import Iterable
from pathlib import Path

import pytest

from jettison.analysis.python_conditions import Target, truth
from jettison.analysis.python_imports import Import, absolute_names, scan_shell, scan_source

TARGET = Target((3, 11))


def imports(source: str) -> list[Import]:
    return list(scan_source(source.encode(), TARGET).imports)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import os", [Import("os")]),
        ("import os, sys as s, a.b.c as d  # why", [Import("os"), Import("sys"), Import("a.b.c")]),
        (
            "import os; import sys;from a import b",
            [Import("os"), Import("sys"), Import("a", ("b",))],
        ),
        ("try: import json5\nexcept ImportError: import json", [Import("json5"), Import("json")]),
        ("from a.b import (\n  c,  # ) not yet\n  d as e,\n)", [Import("a.b", ("c", "d"))]),
        ("from . import x", [Import("", ("x",), 1)]),
        ("from ..a.b import *", [Import("a.b", ("*",), 2)]),
        ("from.import x", [Import("", ("x",), 1)]),
        ("from .a import\\\n  b, \\\n  c", [Import("a", ("b", "c"), 1)]),
        ("import \\\n  os", [Import("os")]),
        ("def f():\n\timport lazy\n", [Import("lazy")]),
        ("if x: from a import b", [Import("a", ("b",))]),
        ("\ufeffimport bom", [Import("bom")]),
        ("import os\r\nfrom a import b\r\n", [Import("os"), Import("a", ("b",))]),
        ("print 'python 2'\nimport urllib2\n", [Import("urllib2")]),
        ("match x:\n  case 1: import a\n", [Import("a")]),
        ("x = yield from gen\nraise E from e\n", []),
        ("importer = 1\nfromage = 2\n", []),
    ],
)
def test_statement_is_found(source: str, expected: list[Import]) -> None:
    assert imports(source) == expected


@pytest.mark.parametrize(
    "source",
    [
        '"""\nimport no\n"""\nimport yes',
        "'''it's \"\"\"\nimport no\n'''\nimport yes",
        "x = '\\'  #'\n# import no\nimport yes",
        'x = "#"\nr"""\\"""\nimport yes',
        'x = """a\\"""\nimport no\n"""\nimport yes',
        "f'{a[\"b\"]}'\nimport yes",
        "x = ''\ny = \"\"\nimport yes",
    ],
)
def test_strings_and_comments_hide_imports(source: str) -> None:
    assert imports(source) == [Import("yes")]


@pytest.mark.parametrize(
    "source",
    [
        "if TYPE_CHECKING:\n    import no\nimport yes",
        "if t.TYPE_CHECKING:  # pragma: no cover\n    import no\n\n# x\n    import no2\nimport yes",
        "if typing.TYPE_CHECKING: import no\nimport yes",
        "if not TYPE_CHECKING:\n    import yes\nelse:\n    import no",
        "if sys.platform == 'win32':\n    import no\nelse:\n    import yes",
        "if sys.platform.startswith('win'):\n  import no\nelif os.name == 'posix':\n  import yes",
        "if os.name != 'nt':\n    import yes\nelif x:\n    import no\nelse:\n    import no",
        "if sys.version_info >= (3, 8):\n    import yes\nelse:\n    import no",
        "if sys.version_info[:2] < (3, 8) and x:\n    import no\nelse:\n    import yes",
        "if sys.version_info[0] == 2:\n    import no\nelse:\n    import yes",
        "if six.PY2:\n    import no\nelse:\n    import yes",
        "if platform.system() == 'Windows':\n    import no\nimport yes",
        "if False:\n    import no\nimport yes",
        "if 0:\n    import no\nimport yes",
        "def f():\n    if TYPE_CHECKING:\n        import no\n    import yes",
    ],
)
def test_branch_that_never_runs_is_left_out(source: str) -> None:
    assert imports(source) == [Import("yes")]


@pytest.mark.parametrize(
    "condition",
    ["DEBUG", "TYPE_CHECKING or DEBUG", "sys.platform in PLATFORMS", "sys.version_info", "x < 1"],
)
def test_condition_that_cannot_be_known_keeps_both_branches(condition: str) -> None:
    source = f"if {condition}:\n    import one\nelse:\n    import two"
    found = imports(source)
    assert Import("one") in found
    assert (Import("two") in found) == (condition != "sys.version_info")


def test_dynamic_import_of_a_literal_is_an_import() -> None:
    source = """
import importlib
importlib.import_module("a.b")
import_module(
    name='c.d')
import_module(".e", __package__)
import_module(".f", package="g.h")
__import__("i")
importlib.util.find_spec("uvloop")
import_module(f"j.backends.{name}")
import_module("k.%s" % name)
import_module(name)
call("not.this")
# import_module("nor.this")
"""
    assert imports(source) == [
        Import("importlib"),
        Import("a.b"),
        Import("c.d"),
        Import("", ("e",), 1),
        Import("g.h.f"),
        Import("i"),
        Import("uvloop"),
        Import("j.backends"),
        Import("k"),
    ]


def test_names_of_distributions_libraries_and_groups() -> None:
    scan = scan_source(
        b"import ctypes, importlib.metadata\n"
        b"importlib.metadata.version('flask')\nctypes.util.find_library('magic')\n"
        b"ctypes.CDLL('libz.so.1')\nentry_points(group='app.plugins')\n",
        TARGET,
    )
    assert scan.distributions == {"flask"}
    assert scan.libraries == {"magic", "libz.so.1"}
    assert scan.groups == {"app.plugins"}


def test_string_literals_only_where_asked_for() -> None:
    source = b"APPS = ['django.contrib.admin', u'rest_framework']  # 'no'\n"
    assert scan_source(source, TARGET).strings == frozenset()
    found = scan_source(source, TARGET, strings=True).strings
    assert found == {"django.contrib.admin", "rest_framework"}


@pytest.mark.parametrize(
    "source",
    [
        "run([sys.executable, '-c', 'import yes'])",
        "run(['python', '-c', 'x = 1; import yes; yes.do()'])",
        "code = 'import yes\\nyes.do()'\nrun(['python', '-c', code])",
        "os.system('python3 -c \"import yes\"')",
        "exec('import yes')",
        'exec("""\nif x:\n    import yes\n""")',
    ],
)
def test_code_in_literals_counts_where_they_were_asked_for(source: str) -> None:
    assert scan_source(source.encode(), TARGET, strings=True).imports == (Import("yes"),)
    assert scan_source(source.encode(), TARGET).imports == ()
    usage = source.replace("-c", "-d").replace("exec", "show")
    assert scan_source(usage.encode(), TARGET, strings=True).imports == ()


@pytest.mark.parametrize(
    "script",
    [
        "until python -c 'import yes'; do sleep 1; done",
        'python3 -c "import os, yes; print(yes.x)"',
        "python - <<PY\nprint('don\\'t')\nimport yes\nPY\n",
        "python3.11 -c '\nfrom yes import (\n  a, b)\n'",
    ],
)
def test_python_in_a_shell_script_is_found(script: str) -> None:
    assert "yes" in {found.module for found in scan_shell(script.encode(), TARGET)}
    assert scan_shell(script.replace("python", "perl").encode(), TARGET) == ()


@pytest.mark.parametrize(
    ("found", "module", "is_package", "expected"),
    [
        (Import("a.b"), "m", False, ("a.b",)),
        (Import("a", ("b", "*")), "m", False, ("a", "a.b")),
        (Import("", ("x",), 1), "p.m", False, ("p", "p.x")),
        (Import("", ("x",), 1), "p", True, ("p", "p.x")),
        (Import("y", ("x",), 2), "p.q.m", False, ("p.y", "p.y.x")),
        (Import("y", ("x",), 3), "p.m", False, ()),
        (Import("y", ("x",), 1), "m", False, ("y", "y.x")),
    ],
)
def test_absolute_names(
    found: Import, module: str, is_package: bool, expected: tuple[str, ...]
) -> None:
    assert absolute_names(found, module, is_package=is_package) == expected


def test_nothing_is_missed_in_the_standard_library_and_installed_packages() -> None:
    roots = {sysconfig.get_path("stdlib"), sysconfig.get_path("purelib")}
    found = sorted(path for root in roots for path in Path(root).rglob("*.py"))
    # Every file takes some fifteen seconds; a fixed sample finds the same kinds of statement.
    paths = [path for path in found if not {"test", "tests", "idlelib"} & set(path.parts)][::12]
    for path in paths:
        source = path.read_bytes()
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                tree = ast.parse(source)
        except (SyntaxError, ValueError):
            continue
        expected: set[Import] = set()
        _collect([tree], expected)
        assert expected <= set(scan_source(source, TARGET).imports), path
    assert len(paths) > 60


def _collect(nodes: Iterable[ast.AST], found: set[Import]) -> None:
    for node in nodes:
        match node:
            case ast.Import():
                found.update(Import(item.name) for item in node.names)
            case ast.ImportFrom():
                names = tuple(item.name for item in node.names)
                found.add(Import(node.module or "", names, node.level))
            case ast.If():
                verdict = truth(ast.unparse(node.test).encode(), TARGET)
                if verdict is not False:
                    _collect(node.body, found)
                if verdict is not True:
                    _collect(node.orelse, found)
            case _:
                _collect(ast.iter_child_nodes(node), found)
