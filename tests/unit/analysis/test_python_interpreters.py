"""Pythons and virtual environments found in literal trees."""

from jettison.analysis.python_interpreters import (
    Environment,
    find_environments,
    find_interpreters,
    find_started,
)
from jettison.filetree import MemoryRootFS
from support.layers import Content, Symlink
from support.pythons import make_python
from support.trees import make_rootfs

_SITE = "/usr/local/lib/python3.11/site-packages"


def environments(rootfs: MemoryRootFS, *python_path: str) -> tuple[Environment, ...]:
    return find_environments(rootfs, find_interpreters(rootfs.tree), python_path)


def test_an_installation_under_usr_local() -> None:
    rootfs = make_rootfs(make_python())
    (interpreter,) = find_interpreters(rootfs.tree)
    assert interpreter.version == (3, 11)
    assert interpreter.prefix == "/usr/local"
    assert interpreter.stdlib == "/usr/local/lib/python3.11"
    assert interpreter.programs == ("/usr/local/bin/python3.11",)
    (environment,) = environments(rootfs)
    assert environment.search_path == (
        "/usr/local/lib/python3.11",
        "/usr/local/lib/python3.11/lib-dynload",
        _SITE,
    )
    assert environment.site_dirs == (_SITE,)
    assert not environment.is_virtual


def test_a_directory_named_after_python_without_a_library_is_none() -> None:
    content: Content = {"/usr/local/lib/python3.9/dist-packages/x.py": b""}
    assert find_interpreters(make_rootfs(content).tree) == ()
    assert find_interpreters(make_rootfs(make_python(version="3.9")).tree) != ()


def test_debian_has_site_directories_of_its_own() -> None:
    rootfs = make_rootfs(
        make_python("/usr"),
        {
            "/usr/lib/python3/dist-packages/a.py": b"",
            "/usr/local/lib/python3.11/dist-packages/b.py": b"",
        },
    )
    (environment,) = environments(rootfs)
    assert {
        "/usr/lib/python3/dist-packages",
        "/usr/local/lib/python3.11/dist-packages",
    } <= set(environment.site_dirs)


def test_several_interpreters_and_conda_like_prefixes() -> None:
    rootfs = make_rootfs(make_python("/usr"), make_python("/opt/conda/envs/app", "3.12"))
    assert [
        (item.prefix, item.version, item.programs) for item in find_interpreters(rootfs.tree)
    ] == [
        ("/opt/conda/envs/app", (3, 12), ("/opt/conda/envs/app/bin/python3.12",)),
        ("/usr", (3, 11), ("/usr/bin/python3.11",)),
    ]


def _venv(config: str = "home = /usr/local/bin\nversion = 3.11.2\n") -> Content:
    return {
        "/venv/pyvenv.cfg": config.encode(),
        "/venv/bin/python": Symlink(target="/usr/local/bin/python3"),
        "/venv/bin/python3": Symlink(target="python"),
        "/venv/lib/python3.11/site-packages/flask.py": b"",
        "/venv/lib64": Symlink(target="lib"),
    }


def test_a_virtual_environment_uses_the_library_of_its_base_and_its_own_packages() -> None:
    own, virtual = environments(make_rootfs(make_python(), _venv()))
    assert virtual.is_virtual
    assert virtual.interpreter == own.interpreter
    assert virtual.site_dirs == ("/venv/lib/python3.11/site-packages",)
    assert "/usr/local/lib/python3.11" in virtual.search_path
    assert _SITE not in virtual.search_path


def test_system_site_packages_are_added_where_the_environment_says_so() -> None:
    config = "home = /usr/local/bin\ninclude-system-site-packages = true\nversion = 3.11.2\n"
    _, virtual = environments(make_rootfs(make_python(), _venv(config)))
    assert virtual.site_dirs == ("/venv/lib/python3.11/site-packages", _SITE)


def test_which_environment_a_program_starts_shows_in_the_path_that_was_executed() -> None:
    rootfs = make_rootfs(
        make_python(), _venv(), {"/usr/bin/py": Symlink(target="/usr/local/bin/python3")}
    )
    own, virtual = environments(rootfs)
    for path, expected in (
        ("/venv/bin/python", virtual),
        ("/venv/bin/python3", virtual),
        ("/usr/local/bin/python", own),
        ("/usr/local/bin/python3.11", own),
        ("/usr/bin/py", own),
        ("/venv/pyvenv.cfg", None),
        ("/bin/nothing", None),
    ):
        assert find_started(rootfs.tree, path, (own, virtual)) is expected, path


def test_pth_files_add_directories_and_code() -> None:
    rootfs = make_rootfs(
        make_python(),
        {
            f"{_SITE}/a.pth": b"# why\n/srv/lib\n../extra\nimport a_hook; a_hook.go()\n\nmissing\n",
            f"{_SITE}/.hidden.pth": b"/srv/hidden\n",
            "/srv/lib/x.py": b"",
            "/srv/hidden/x.py": b"",
            "/usr/local/lib/python3.11/extra/x.py": b"",
        },
    )
    (environment,) = environments(rootfs)
    assert environment.search_path[-2:] == ("/srv/lib", "/usr/local/lib/python3.11/extra")
    (found,) = environment.path_files
    assert found.path == f"{_SITE}/a.pth"
    assert found.code == b"import a_hook; a_hook.go()"


def test_an_editable_install_adds_the_directory_above_its_packages() -> None:
    finder = b"import sys\nMAPPING: dict[str, str] = {'app': '/srv/src/app'}\nNAMESPACES = {}\n"
    rootfs = make_rootfs(
        make_python(),
        {f"{_SITE}/__editable___app_1_0_finder.py": finder, "/srv/src/app/__init__.py": b""},
    )
    (environment,) = environments(rootfs)
    assert environment.search_path[-1] == "/srv/src"


def test_python_path_comes_first_and_archives_count() -> None:
    rootfs = make_rootfs(
        make_python(), {"/opt/x.py": b"", "/usr/local/lib/python311.zip": b"PK\5\6"}
    )
    (environment,) = environments(rootfs, "/opt", "/none", "relative")
    assert environment.search_path[:2] == ("/opt", "/usr/local/lib/python311.zip")
