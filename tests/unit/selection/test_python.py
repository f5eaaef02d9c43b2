"""Rule 3 on literal images: what stays so that imports which nobody exercised still work."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence

import pytest

from jettison.paths import ImagePath
from jettison.selection import Policy, Reason, Selection, SelectionOptions
from jettison.trace import Operation
from support.elf import make_elf
from support.layers import Content, File, Symlink
from support.pythons import make_distribution, make_python
from support.selecting import details_of, reason_of, select
from support.trees import make_config, make_rootfs

_LIB = "/usr/local/lib/python3.11"
_SITE = f"{_LIB}/site-packages"
_PYTHON = "/usr/local/bin/python3.11"


def decide(
    app: str | Content,
    *installed: Content,
    env: Mapping[str, str] | None = None,
    cmd: Sequence[str] = ("python", "app.py"),
    options: SelectionOptions | None = None,
    opened: Sequence[str] = (),
) -> Selection:
    """An app in /app on a Python of its own, whose interpreter was seen to run."""
    files: Content = {"/app/app.py": app.encode()} if isinstance(app, str) else app
    return select(
        make_rootfs(make_python(), *installed, files),
        {"/usr/local/bin/python": Operation.EXEC, **dict.fromkeys(opened, Operation.OPEN)},
        config=make_config(cmd=cmd, env=env, working_dir="/app", layers=2 + len(installed)),
        options=options,
    )


def modules(selection: Selection) -> set[str]:
    """Sources that stay, as such or as byte code, and extensions."""
    kept = {path for path in selection.kept if path.endswith((".py", ".so"))}
    return {str(path) for path in kept | {item.source for item in selection.bytecode}}


def stdlib(selection: Selection) -> set[str]:
    start = f"{_LIB}/"
    return {path[len(start) :] for path in modules(selection) if path.startswith(start)}


def test_static_imports_are_followed_through_the_library() -> None:
    found = stdlib(decide("def later():\n    from json import tool\n"))
    assert {"json/__init__.py", "json/decoder.py", "json/tool.py", "argparse.py"} <= found
    assert "lib-dynload/_json.cpython-311-x86_64-linux-gnu.so" in found
    assert "sqlite3/__init__.py" not in found
    assert "lib-dynload/_unused.cpython-311-x86_64-linux-gnu.so" not in found


def test_what_is_loaded_by_name_comes_too() -> None:
    found = stdlib(decide("import sqlite3, sysconfig"))
    assert {"sqlite3/dump.py", "_sysconfigdata__linux_x86_64-linux-gnu.py"} <= found
    assert "sqlite3/dump.py" not in stdlib(decide("import os"))


def test_all_codecs_stay() -> None:
    found = stdlib(decide(""))
    assert {"encodings/shift_jis.py", "encodings/utf_8.py"} <= found
    assert "lib-dynload/_codecs_jp.cpython-311-x86_64-linux-gnu.so" in found


def test_parts_for_developers_go_unless_somebody_outside_imports_them() -> None:
    selection = decide("import heapq")
    assert "heapq.py" in stdlib(selection)
    assert not {"doctest.py", "rlcompleter.py", "test/__init__.py"} & stdlib(selection)
    why = selection.dropped[ImagePath(f"{_LIB}/doctest.py")]
    assert "only developers" in why
    assert {"doctest.py", "pdb.py", "unittest/case.py"} <= stdlib(decide("import doctest"))


def test_a_part_for_developers_that_a_kept_module_imports_at_once_stays() -> None:
    assert "pydoc.py" in stdlib(decide("import xmlrpc.server"))
    assert "pydoc.py" not in stdlib(decide("import xmlrpc"))


def test_imports_of_self_tests_and_frozen_modules_are_not_followed() -> None:
    selection = decide("import random, importlib")
    assert "random.py" in stdlib(selection)
    assert not {"statistics.py", "importlib/_bootstrap.py"} & stdlib(selection)
    assert "self-test" in selection.dropped[ImagePath(f"{_LIB}/statistics.py")]
    assert "statistics.py" in stdlib(decide("import statistics"))


def test_what_serves_a_certain_name_waits_until_kept_code_spells_it() -> None:
    selection = decide("import shutil\nshutil.copy('a', 'b')")
    assert "shutil.py" in stdlib(selection)
    assert not {"tarfile.py", "gzip.py"} & stdlib(selection)
    why = selection.dropped[ImagePath(f"{_LIB}/tarfile.py")]
    assert why == "only for make_archive and unpack_archive, which nothing names"
    named = "import shutil\ndef later(path):\n    return shutil.unpack_archive(path)"
    assert {"tarfile.py", "gzip.py"} <= stdlib(decide(named))
    # The library's other modules count as well, and imports by others do anyway.
    assert "tarfile.py" in stdlib(decide("import zipapp"))
    assert "tarfile.py" in stdlib(decide("import tarfile"))


@pytest.mark.parametrize(
    ("files", "cmd"),
    [
        ({"/app/pools.py": b"from concurrent.futures import ProcessPoolExecutor\n"}, ("python",)),
        ({"/app/pools.yaml": b"class: concurrent.futures.ProcessPoolExecutor\n"}, ("python",)),
        ({}, ("python", "-c", "from concurrent.futures import ProcessPoolExecutor")),
    ],
)
def test_a_name_may_be_spelled_anywhere(files: Content, cmd: Sequence[str]) -> None:
    name = "concurrent/futures/process.py"
    app: Content = {"/app/app.py": b"import concurrent.futures\n"}
    found = stdlib(decide({**app, **files}, cmd=cmd))
    assert {name, "concurrent/futures/thread.py"} <= found
    assert name not in stdlib(decide(app))
    assert "concurrent/futures/thread.py" in stdlib(decide(app))
    listed = stdlib(decide("import concurrent.futures, _compat_pickle"))
    assert "_compat_pickle.py" in listed
    assert name not in listed


def test_a_name_in_an_extension_counts() -> None:
    fast = make_distribution(
        _SITE, "fast", {"fast.so": make_elf(constants=("ProcessPoolExecutor",))}
    )
    name = "concurrent/futures/process.py"
    assert name in stdlib(decide("import fast, concurrent.futures", fast))
    assert name not in stdlib(decide("import concurrent.futures", fast))


def _started(*found: str, **more: object) -> set[str]:
    """What stays of the library where an interpreter looked these up at its start."""
    looked_up = [f"{_LIB}/{name}" for name in ("encodings/__init__.py", *found)]
    return stdlib(decide("import stat, json", opened=looked_up, **more))  # type: ignore[arg-type]


def test_modules_that_the_interpreter_has_in_itself_go_where_it_uses_them() -> None:
    frozen = {"abc.py", "codecs.py", "site.py", "stat.py"}
    assert not frozen & _started("os.py")
    assert {"os.py", "json/__init__.py", "encodings/__init__.py"} <= _started("os.py")
    assert "site.py" not in _started("collections/abc.py")
    # It looked for one on disk, so it uses none of its own; or nobody saw it start.
    assert frozen <= _started("abc.py")
    assert frozen <= _started("__pycache__/abc.cpython-311.pyc")
    assert frozen <= stdlib(decide("import stat"))


def test_frozen_modules_that_are_asked_for_stay() -> None:
    options = SelectionOptions(keep_modules=("stat",))
    assert "stat.py" in _started(options=options)
    assert "abc.py" not in _started(options=options)
    assert "stat.py" in _started("stat.py")


def test_stand_ins_for_c_modules_go() -> None:
    found = stdlib(decide("import abc"))
    assert "abc.py" in found
    assert "_py_abc.py" not in found


def test_line_editing_goes_where_code_says_it_does_without() -> None:
    source = "def run():\n    try:\n        import readline\n    except ImportError: pass\n"
    optional = make_distribution(_SITE, "shell", {"shell.py": source})
    name = "lib-dynload/readline.cpython-311-x86_64-linux-gnu.so"
    assert name not in stdlib(decide("import shell", optional))
    assert name in stdlib(decide("import readline", optional))


def _web(requested: bool = False) -> Content:
    return {
        **make_distribution(
            _SITE,
            "web",
            {
                "web/__init__.py": "",
                "web/views.py": "import json\n",
                "web/static/x.css": "a {}",
                "web/py.typed": "",
                "web/views.pyi": "",
                "web/_speed.c": "",
                "web/tests/__init__.py": "",
                "web/tests/test_x.py": "import unittest\n",
                "web/testing/__init__.py": "import unittest\n",
                "../../../bin/web": "#!/usr/local/bin/python\nimport web\n",
                "../../../share/man/man1/web.1": "",
                "../../../share/web/data.bin": "",
            },
            metadata="Requires-Dist: needed\n",
            requested=requested,
        ),
        **make_distribution(_SITE, "needed", {"needed.py": "import sqlite3\n"}),
        **make_distribution(_SITE, "stray", {"stray.py": ""}),
    }


def test_an_import_keeps_the_distribution_and_its_requirements_without_ballast() -> None:
    selection = decide("import web", _web())
    kept = {str(path) for path in selection.kept}
    assert {
        f"{_SITE}/web/views.py",
        f"{_SITE}/web/static/x.css",
        f"{_SITE}/web/py.typed",
        f"{_SITE}/web/testing/__init__.py",
        f"{_SITE}/needed.py",
        "/usr/local/share/web/data.bin",
    } <= kept
    assert (
        not {
            f"{_SITE}/web/views.pyi",
            f"{_SITE}/web/_speed.c",
            f"{_SITE}/web/tests/test_x.py",
            f"{_SITE}/stray.py",
            "/usr/local/share/man/man1/web.1",
            "/usr/local/bin/web",
        }
        & kept
    )
    assert {"sqlite3/__init__.py", "unittest/case.py"} <= stdlib(selection)
    assert selection.dropped[ImagePath(f"{_SITE}/web/views.pyi")] == "types for checkers of web"


def test_reasons_form_a_chain_from_a_required_module_to_the_app() -> None:
    selection = decide("import web", _web())
    path: ImagePath | None = ImagePath(f"{_SITE}/needed.py")
    chain: list[str] = []
    while path is not None:
        reason: Reason = reason_of(selection, path)
        chain.append(reason.detail)
        path = reason.because
    assert chain == [
        "required by web",
        "distribution web",
        "imported by app",
        "added by your layers",
    ]


def test_what_pip_was_asked_for_by_name_stays_with_its_commands_installers_aside() -> None:
    pip = make_distribution(_SITE, "pip", {"pip/__init__.py": ""}, requested=True)
    kept = {str(path) for path in decide("", _web(requested=True), pip).kept}
    assert {f"{_SITE}/web/views.py", "/usr/local/bin/web"} <= kept
    assert f"{_SITE}/stray.py" not in kept
    assert f"{_SITE}/pip/__init__.py" not in kept


def test_a_test_package_that_other_code_imports_stays() -> None:
    web = make_distribution(
        _SITE,
        "web",
        {
            "web/__init__.py": "from web.tests.data import VALUE\n",
            "web/tests/__init__.py": "",
            "web/tests/data.py": "",
            "web/tests/test_x.py": "",
        },
    )
    kept = modules(decide("import web", web))
    assert {f"{_SITE}/web/tests/data.py", f"{_SITE}/web/tests/__init__.py"} <= kept
    assert f"{_SITE}/web/tests/test_x.py" not in kept


@pytest.mark.parametrize(
    "app",
    [
        "INSTALLED_APPS = ['web']",
        "MIDDLEWARE = ['web.views.Middleware']",
        "import importlib\nimportlib.import_module('web.views')",
        "__import__('web')",
        "URL = 'postgresql+web://db/x'",
        "import importlib.metadata\nimportlib.metadata.version('web')",
    ],
)
def test_names_in_the_apps_code_keep_a_distribution(app: str) -> None:
    assert f"{_SITE}/web/views.py" in modules(decide(app, _web()))
    assert f"{_SITE}/web/views.py" not in modules(decide("NAME = 'cobweb'", _web()))


@pytest.mark.parametrize(
    ("files", "env", "cmd"),
    [
        ({"/app/log.yaml": b"class: web.views.Handler\n"}, {}, ("python",)),
        ({"/app/start.sh": b"#!/bin/sh\npython -m web\n"}, {}, ("python",)),
        (
            {"/app/start": File(data=b"#!/bin/sh\nexec python -m web\n", mode=0o755)},
            {},
            ("python",),
        ),
        ({"/app/start.sh": b"#!/bin/sh\npython -c 'import web.views'\n"}, {}, ("python",)),
        ({}, {"SETTINGS": "web.settings"}, ("python",)),
        ({}, {"DATABASE_URL": "mysql+web://db"}, ("python",)),
        ({}, {}, ("python", "-m", "web")),
        ({}, {}, ("python", "-k", "web.workers.Worker")),
    ],
)
def test_names_in_settings_and_commands_keep_a_distribution(
    files: Content, env: Mapping[str, str], cmd: Sequence[str]
) -> None:
    app: Content = {"/app/app.py": b"", **files}
    assert f"{_SITE}/web/views.py" in modules(decide(app, _web(), env=env, cmd=cmd))


def test_what_a_shell_script_has_python_run_stays() -> None:
    script = b"#!/usr/bin/env bash\npython3 -c 'import sqlite3'\npython -u -m json.tool <x\n"
    app: Content = {"/app/app.py": b"", "/app/check": File(data=script, mode=0o755)}
    assert {"sqlite3/__init__.py", "json/tool.py"} <= stdlib(decide(app))
    app = {"/app/app.py": b"", "/app/check": File(data=b"#!/usr/bin/perl\n" + script, mode=0o755)}
    assert "sqlite3/__init__.py" not in stdlib(decide(app))


def test_plug_ins_of_a_group_that_kept_code_names_stay() -> None:
    plug_in = make_distribution(
        _SITE, "web_gzip", {"web_gzip.py": ""}, entry_points="[web.plugins]\ngzip = web_gzip:X\n"
    )
    tool = make_distribution(
        _SITE, "lint", {"lint.py": ""}, entry_points="[console_scripts]\nlint = lint:main\n"
    )
    app = "from importlib.metadata import entry_points\nGROUP = 'web.plugins'\n"
    kept = modules(decide(app + "# console_scripts\n", plug_in, tool))
    assert f"{_SITE}/web_gzip.py" in kept
    assert f"{_SITE}/lint.py" not in kept
    assert f"{_SITE}/web_gzip.py" not in modules(decide("", plug_in, tool))


def test_tests_of_the_app_keep_nothing() -> None:
    app: Content = {"/app/app.py": b"", "/app/tests/test_app.py": b"import stray\n"}
    selection = decide(app, _web())
    assert "/app/tests/test_app.py" in selection.kept
    assert f"{_SITE}/stray.py" not in modules(selection)


def _setuptools() -> Content:
    return make_distribution(
        _SITE,
        "setuptools",
        {
            "setuptools/__init__.py": "",
            "setuptools/_vendor/packaging/__init__.py": "",
            "pkg_resources/__init__.py": "import zipfile\n",
            "pkg_resources/extern/__init__.py": "",
            "_distutils_hack/__init__.py": "import sys\n__import__('setuptools._distutils')\n",
            "distutils-precedence.pth": "import os; __import__('_distutils_hack')\n",
        },
        requested=True,
    )


def test_installers_go_unless_code_counts_on_them() -> None:
    start = f"{_SITE}/setuptools/__init__.py"
    optional = (
        "def f():\n    try:\n        import pkg_resources\n    except ImportError:\n        pass\n"
    )
    for source, metadata, expected in (
        ("import setuptools\n", "", set()),
        ("import setuptools\n", "Requires-Dist: setuptools\n", {"setuptools", "pkg_resources"}),
        ("import pkg_resources\n", "", {"pkg_resources"}),
        (optional, "", set()),
    ):
        lib = make_distribution(_SITE, "lib", {"lib.py": source}, metadata=metadata)
        kept = modules(decide("import lib", lib, _setuptools()))
        found = {
            name
            for name in ("setuptools", "pkg_resources")
            if f"{_SITE}/{name}/__init__.py" in kept
        }
        assert found == expected, (source, metadata)
    assert start in modules(decide("import setuptools", _setuptools()))


def test_pkg_resources_brings_the_libraries_it_finds_in_setuptools() -> None:
    kept = modules(decide("import pkg_resources", _setuptools()))
    assert f"{_SITE}/pkg_resources/extern/__init__.py" in kept


def test_the_hook_for_distutils_is_kept_where_it_ran_and_brings_nothing() -> None:
    opened = [f"{_SITE}/distutils-precedence.pth", f"{_SITE}/_distutils_hack/__init__.py"]
    kept = modules(decide("", _setuptools(), opened=opened))
    assert f"{_SITE}/_distutils_hack/__init__.py" in kept
    assert f"{_SITE}/setuptools/__init__.py" not in kept


def test_files_that_run_at_each_start_keep_what_they_import() -> None:
    site: Content = {
        f"{_SITE}/hook.pth": b"import hook; hook.go()\n",
        f"{_SITE}/hook.py": b"import sqlite3\n",
        f"{_SITE}/other.py": b"",
        f"{_LIB}/sitecustomize.py": b"import json\n",
    }
    selection = decide("", site)
    assert {f"{_SITE}/hook.pth"} <= set(selection.kept)
    assert f"{_SITE}/hook.py" in modules(selection)
    assert f"{_SITE}/other.py" not in modules(selection)
    assert {"sqlite3/__init__.py", "sitecustomize.py", "json/__init__.py"} <= stdlib(selection)


def test_a_virtual_environment_is_told_by_the_program_that_ran() -> None:
    site = "/venv/lib/python3.11/site-packages"
    venv: Content = {
        "/venv/pyvenv.cfg": b"home = /usr/local/bin\nversion = 3.11.2\n",
        "/venv/bin/python": Symlink(target="/usr/local/bin/python3"),
        "/venv/bin/serve": b"#!/venv/bin/python\nfrom web import main\n",
        **make_distribution(site, "web", {"web.py": "import json\n"}),
    }
    rootfs = make_rootfs(
        make_python(), make_distribution(_SITE, "web", {"web.py": ""}, requested=True), venv
    )
    selection = select(
        rootfs,
        {"/venv/bin/serve": Operation.EXEC},
        config=make_config(cmd=("/venv/bin/serve",), layers=3),
    )
    assert f"{site}/web.py" in modules(selection)
    assert f"{_SITE}/web.py" not in modules(selection)
    assert {"/venv/pyvenv.cfg", "/venv/bin/python", _PYTHON} <= set(selection.kept)
    assert "json/decoder.py" in stdlib(selection)


def test_all_names_of_an_interpreter_stay() -> None:
    link = Symlink(target="/usr/local/bin/python3")
    rootfs = make_rootfs({**make_python(), "/usr/bin/python": link, "/usr/bin/x": b""})
    accesses = {_PYTHON: Operation.EXEC}
    kept = set(select(rootfs, accesses).kept)
    assert {"/usr/local/bin/python", "/usr/local/bin/python3", "/usr/bin/python"} <= kept
    assert "/usr/bin/x" not in kept
    observed = SelectionOptions(policy=Policy.OBSERVED)
    assert "/usr/bin/python" not in select(rootfs, accesses, options=observed).kept


def test_a_server_that_embeds_python_is_seen_by_what_it_opens() -> None:
    rootfs = make_rootfs(make_python(), _web(requested=True))
    seen = select(rootfs, {f"{_LIB}/os.py": Operation.OPEN}, config=make_config())
    assert f"{_SITE}/web/views.py" in modules(seen)
    unseen = select(rootfs, {"/etc/passwd": Operation.OPEN}, config=make_config())
    assert f"{_SITE}/web/views.py" not in modules(unseen)


def test_a_command_line_alone_is_enough() -> None:
    rootfs = make_rootfs(make_python(), _web(requested=True))
    selection = select(rootfs, config=make_config(cmd=("python3", "-m", "web")))
    assert f"{_SITE}/web/views.py" in modules(selection)


def test_the_user_may_ask_for_modules_and_distributions() -> None:
    options = SelectionOptions(
        keep_modules=("sqlite3", "no.such"), keep_packages=("Stray", "nothing")
    )
    selection = decide("", _web(), options=options)
    assert f"{_SITE}/stray.py" in modules(selection)
    assert "sqlite3/dump.py" in stdlib(selection)
    assert details_of(selection, f"{_SITE}/stray.py") >= {"--keep-package Stray"}
    notices = " ".join(selection.notices)
    assert "no.such" in notices
    assert "nothing" in notices
    assert "Stray" not in notices


def test_observed_keeps_only_what_was_observed() -> None:
    options = SelectionOptions(policy=Policy.OBSERVED)
    opened = [f"{_SITE}/web/__init__.py", f"{_LIB}/os.py"]
    selection = decide("import web", _web(requested=True), options=options, opened=opened)
    assert {f"{_SITE}/web/__init__.py", f"{_LIB}/os.py"} <= modules(selection)
    assert f"{_SITE}/web/views.py" not in modules(selection)
    assert "stat.py" not in stdlib(selection)


def test_package_keeps_whole_distributions_and_the_whole_library() -> None:
    options = SelectionOptions(policy=Policy.PACKAGE)
    selection = decide("import web", _web(), options=options)
    assert f"{_SITE}/web/tests/test_x.py" in modules(selection)
    assert f"{_SITE}/stray.py" not in modules(selection)
    assert "doctest.py" in stdlib(selection)
    assert "test/test_os.py" not in stdlib(selection)


def test_the_same_image_gives_the_same_selection() -> None:
    first, second = (repr(decide("import web", _web())) for _ in range(2))
    assert first == second


@pytest.mark.parametrize(
    ("name", "head", "cmd", "env"),
    [
        ("app.pyz", b"", ("python", "app.pyz"), {}),
        ("serve", b"#!/usr/bin/env python3\n", ("/app/serve",), {}),
        ("lib.zip", b"", ("python", "-m", "serve"), {"PYTHONPATH": "/app/lib.zip"}),
    ],
)
def test_an_archive_that_is_run_counts_with_what_is_in_it(
    name: str, head: bytes, cmd: Sequence[str], env: Mapping[str, str]
) -> None:
    data = io.BytesIO(head)
    with zipfile.ZipFile(data, "a") as archive:
        archive.writestr("__main__.py", "import serve\n")
        archive.writestr("serve/__init__.py", "import sqlite3\nimport web\n")
    selection = decide({f"/app/{name}": data.getvalue()}, _web(), env=env, cmd=cmd)
    assert f"{_SITE}/web/views.py" in modules(selection)
    assert "sqlite3/dump.py" in stdlib(selection)


def test_libraries_that_code_opens_with_ctypes_stay_with_what_finds_them() -> None:
    system: Content = {
        "/usr/lib/x86_64-linux-gnu/libmagic.so.1": make_elf(),
        "/usr/lib/x86_64-linux-gnu/libother.so.1": make_elf(),
        "/etc/ld.so.conf": b"/usr/lib/x86_64-linux-gnu\n",
        "/sbin/ldconfig": make_elf(),
    }
    files: Content = {"/app/app.py": b"import ctypes.util\nctypes.util.find_library('magic')\n"}
    selection = select(
        make_rootfs({**make_python(), **system}, files),
        {"/usr/local/bin/python": Operation.EXEC},
        config=make_config(cmd=("python", "app.py"), working_dir="/app"),
    )
    assert {"/usr/lib/x86_64-linux-gnu/libmagic.so.1", "/sbin/ldconfig"} <= set(selection.kept)
    assert "/usr/lib/x86_64-linux-gnu/libother.so.1" not in selection.kept
