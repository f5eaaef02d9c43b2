"""In which form modules stay: byte code, sources, records of distributions."""

from __future__ import annotations

import pytest

from jettison.paths import ImagePath
from jettison.selection import Bytecode, PythonSources, Selection, SelectionOptions
from jettison.trace import Operation
from support.layers import Content, File
from support.pythons import make_distribution, make_python
from support.selecting import select
from support.trees import make_config, make_rootfs

_LIB = "/usr/local/lib/python3.11"
_SITE = f"{_LIB}/site-packages"
_MAGIC = (3495).to_bytes(2, "little") + b"\r\n"
_UNCHECKED = _MAGIC + b"\1\0\0\0" + bytes(8) + b"code"


def decide(
    *layers: Content,
    sources: PythonSources = PythonSources.DROP_STDLIB,
    env: dict[str, str] | None = None,
) -> Selection:
    web = make_distribution(
        _SITE,
        "web",
        {"web/__init__.py": "", "web/x.py": "", "web/x.pyi": "", "web/data.txt": ""},
        requested=True,
    )
    return select(
        make_rootfs(make_python(), web, {"/app/app.py": b"", "/app/lib.py": b""}, *layers),
        {"/usr/local/bin/python": Operation.EXEC},
        config=make_config(
            cmd=("python", "app.py"), working_dir="/app", layers=3 + len(layers), env=env
        ),
        options=SelectionOptions(python_sources=sources),
    )


def plan_of(selection: Selection, source: str) -> Bytecode | None:
    return next((item for item in selection.bytecode if item.source == source), None)


@pytest.mark.parametrize(
    ("sources", "gone"),
    [
        (PythonSources.KEEP, set()),
        (PythonSources.DROP_STDLIB, {f"{_LIB}/os.py"}),
        (PythonSources.DROP, {f"{_LIB}/os.py", f"{_SITE}/web/x.py"}),
    ],
)
def test_whose_sources_go(sources: PythonSources, gone: set[str]) -> None:
    selection = decide(sources=sources)
    for source in (f"{_LIB}/os.py", f"{_SITE}/web/x.py", "/app/lib.py"):
        item = plan_of(selection, source)
        assert item is not None, source
        assert item.interpreter == "/usr/local/bin/python3.11"
        if source in gone:
            assert source not in selection.kept
            assert item.target == f"{source}c"
            assert item.reasons
        else:
            assert source in selection.kept
            assert "/__pycache__/" in item.target


def test_missing_byte_code_is_to_be_compiled() -> None:
    item = plan_of(decide(), f"{_LIB}/os.py")
    assert item is not None
    assert item.stored is None


def test_stored_byte_code_is_used_where_it_is_valid_for_the_source() -> None:
    good, stale = (
        f"{_LIB}/__pycache__/os.cpython-311.pyc",
        f"{_LIB}/__pycache__/site.cpython-311.pyc",
    )
    other = f"{_LIB}/__pycache__/abc.cpython-310.pyc"
    orphan = f"{_LIB}/__pycache__/gone.cpython-311.pyc"
    selection = decide(
        {
            good: _UNCHECKED,
            stale: _MAGIC + bytes(12) + b"code",
            other: _UNCHECKED,
            orphan: _UNCHECKED,
        }
    )
    stored = {
        name: item.stored
        for name in ("os", "site", "abc")
        if (item := plan_of(selection, f"{_LIB}/{name}.py")) is not None
    }
    assert stored == {"os": ImagePath(good), "site": None, "abc": None}
    assert not {good, stale, other, orphan} & set(selection.kept)


def test_byte_code_with_the_time_of_its_source() -> None:
    stamp = (1000).to_bytes(4, "little") + (3).to_bytes(4, "little")
    cached = f"{_LIB}/__pycache__/abc.cpython-311.pyc"
    for mtime, expected in ((1000, cached), (1001, None)):
        selection = decide(
            {
                f"{_LIB}/abc.py": File(data=b"a=1", mtime=mtime),
                cached: _MAGIC + bytes(4) + stamp + b"code",
            }
        )
        item = plan_of(selection, f"{_LIB}/abc.py")
        assert item is not None
        assert item.stored == expected


def test_optimized_byte_code_where_the_image_asks_for_it() -> None:
    item = plan_of(decide(env={"PYTHONOPTIMIZE": "2"}), f"{_SITE}/web/x.py")
    assert item is not None
    assert item.target == f"{_SITE}/web/__pycache__/x.cpython-311.opt-2.pyc"


def test_tests_of_the_app_are_not_compiled() -> None:
    selection = decide({"/app/tests/test_lib.py": b""})
    assert "/app/tests/test_lib.py" in selection.kept
    assert plan_of(selection, "/app/tests/test_lib.py") is None
    assert plan_of(selection, "/app/lib.py") is not None


def test_the_record_lists_what_stays() -> None:
    cached = f"{_SITE}/web/__pycache__/x.cpython-311.pyc"
    selection = decide({cached: _UNCHECKED})
    record = selection.rewritten[ImagePath(f"{_SITE}/web-1.0.dist-info/RECORD")].decode()
    rows = [row.split(",")[0] for row in record.splitlines()]
    assert {
        "web/x.py",
        "web/data.txt",
        "web/__pycache__/x.cpython-311.pyc",
        "web-1.0.dist-info/METADATA",
        "web-1.0.dist-info/RECORD",
    } <= set(rows)
    assert "web/x.pyi" not in rows
    assert len(rows) == len(set(rows))


def test_the_record_lists_byte_code_in_place_of_dropped_sources() -> None:
    selection = decide(sources=PythonSources.DROP)
    record = selection.rewritten[ImagePath(f"{_SITE}/web-1.0.dist-info/RECORD")].decode()
    assert "web/x.pyc,," in record.splitlines()
    assert "web/x.py,sha256=x,1" not in record.splitlines()


def test_a_distribution_of_which_nothing_stays_has_no_record() -> None:
    selection = decide(make_distribution(_SITE, "stray", {"stray.py": ""}))
    assert f"{_SITE}/web-1.0.dist-info/METADATA" in selection.kept
    assert f"{_SITE}/stray-1.0.dist-info/METADATA" not in selection.kept
    assert f"{_SITE}/stray-1.0.dist-info" not in selection.kept
