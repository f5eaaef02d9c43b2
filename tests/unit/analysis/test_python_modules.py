"""Look-ups of modules as importlib does them."""

import io
import zipfile

import pytest

from jettison.analysis.python_modules import ModuleFinder, ModuleKind
from jettison.paths import ImagePath
from support.layers import Content, Symlink
from support.trees import make_rootfs


def finder(content: Content, *path: str) -> ModuleFinder:
    return ModuleFinder(make_rootfs(content), [ImagePath(item) for item in path], (3, 11))


def paths_of(found: ModuleFinder, *names: str) -> list[str | None]:
    modules = [found.find(name) for name in names]
    return [str(module.path) if module else None for module in modules]


def test_modules_packages_and_what_is_in_them() -> None:
    found = finder({"/s/a.py": b"", "/s/p/__init__.py": b"", "/s/p/b.py": b""}, "/s")
    assert paths_of(found, "a", "p", "p.b", "p.c", "a.b", "q") == [
        "/s/a.py",
        "/s/p/__init__.py",
        "/s/p/b.py",
        None,
        None,
        None,
    ]


def test_an_extension_comes_before_a_source_and_knows_it() -> None:
    found = finder({"/s/a.py": b"", "/s/a.cpython-311-x86_64-linux-gnu.so": b""}, "/s").find("a")
    assert found is not None
    assert found.kind is ModuleKind.EXTENSION
    assert found.source == "/s/a.py"


@pytest.mark.parametrize(
    ("file", "is_found"),
    [
        ("a.cpython-311-x86_64-linux-gnu.so", True),
        ("a.abi3.so", True),
        ("a.so", True),
        ("a.cpython-310-x86_64-linux-gnu.so", False),
        ("a.cpython-311t-x86_64-linux-gnu.so", True),
        ("a.so.1", False),
        ("a.txt", False),
        ("a.pyc", True),
    ],
)
def test_which_files_are_modules_of_this_version(file: str, is_found: bool) -> None:
    assert (finder({f"/s/{file}": b""}, "/s").find("a") is not None) == is_found


def test_portions_of_a_namespace_package_are_joined() -> None:
    found = finder({"/s/google/a/__init__.py": b"", "/t/google/b/__init__.py": b""}, "/s", "/t")
    namespace = found.find("google")
    assert namespace is not None
    assert namespace.kind is ModuleKind.NAMESPACE
    assert paths_of(found, "google.a", "google.b") == [
        "/s/google/a/__init__.py",
        "/t/google/b/__init__.py",
    ]


def test_a_package_further_on_hides_a_namespace_portion_but_not_a_package_before() -> None:
    found = finder(
        {"/s/p/x.txt": b"", "/t/p/__init__.py": b"", "/t/q/__init__.py": b"", "/s/q.py": b""},
        "/s",
        "/t",
    )
    assert paths_of(found, "p", "q") == ["/t/p/__init__.py", "/s/q.py"]


def test_a_package_extended_along_the_path_is_searched_everywhere() -> None:
    found = finder({"/s/p/__init__.py": b"", "/t/p/more.py": b""}, "/s", "/t")
    assert paths_of(found, "p.more") == ["/t/p/more.py"]


def test_links_to_packages_and_modules_are_followed() -> None:
    content: Content = {
        "/s/p": Symlink(target="../share/p"),
        "/s/m.py": Symlink(target="../share/m.py"),
        "/s/broken.py": Symlink(target="nowhere"),
        "/share/p/__init__.py": b"",
        "/share/p/x.py": b"",
        "/share/m.py": b"",
    }
    assert paths_of(finder(content, "/s"), "p.x", "m", "broken") == [
        "/share/p/x.py",
        "/s/m.py",
        None,
    ]


def test_modules_in_an_archive() -> None:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("p/__init__.py", "import os\n")
        archive.writestr("p/sub/x.py", "import json\n")
    found = finder({"/app.pyz": data.getvalue()}, "/app.pyz")
    module = found.find("p")
    assert module is not None
    assert (module.path, module.member) == ("/app.pyz", "p/__init__.py")
    inner = found.find("p.sub.x")
    assert inner is not None
    assert found.read_member(inner.path, inner.member) == b"import json\n"


def test_a_damaged_archive_has_nothing_in_it() -> None:
    assert finder({"/app.pyz": b"PK not really"}, "/app.pyz").find("p") is None


def test_the_longest_part_of_a_dotted_name() -> None:
    found = finder({"/s/p/__init__.py": b"", "/s/p/m.py": b""}, "/s")
    module = found.find_longest("p.m.Class.attribute")
    assert module is not None
    assert module.name == "p.m"
    assert found.find_longest("q.m") is None


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/s/a.py", "a"),
        ("/s/p/__init__.py", "p"),
        ("/s/p/b.abi3.so", "p.b"),
        ("/s/p/__pycache__/b.cpython-311.pyc", "p.b"),
        ("/s/p/__pycache__/b.cpython-311.opt-1.pyc", "p.b"),
        ("/s/site/c.py", "c"),
        ("/s/p-1.0.dist-info/x.py", None),
        ("/s/p/data.txt", None),
        ("/other/a.py", None),
    ],
)
def test_name_of_a_file(path: str, name: str | None) -> None:
    assert finder({"/s/site/c.py": b""}, "/s", "/s/site").name_of(ImagePath(path)) == name
