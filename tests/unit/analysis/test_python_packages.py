"""Distributions read from literal records."""

from collections.abc import Sequence

import pytest

from jettison.analysis.python_conditions import Target
from jettison.analysis.python_packages import Distributions, normalize, read_distributions
from jettison.paths import ImagePath
from support.layers import Content
from support.pythons import make_distribution
from support.trees import make_rootfs

_SITE = "/site"
_TARGET = Target((3, 11))


def read(*contents: Content) -> Distributions:
    return read_distributions(make_rootfs(*contents), [ImagePath(_SITE)])


def required(found: Distributions, name: str, target: Target = _TARGET) -> Sequence[str]:
    item = found.find(name)
    assert item is not None
    return [other.name for other in found.required_by(item, target)]


def test_a_wheel_as_pip_installs_it() -> None:
    found = read(
        make_distribution(
            _SITE,
            "Flask_Thing",
            {"flask_thing/__init__.py": "", "../bin/flask-thing": "#!/usr/bin/python\n"},
            requested=True,
            entry_points="[console_scripts]\nflask-thing = flask_thing:main\n\n"
            "[app.plugins]\none = flask_thing.one:Plugin [extra]\n",
        )
    )
    item = found.find("flask.thing")
    assert item is not None
    assert (item.name, item.title, item.version) == ("flask-thing", "Flask_Thing", "1.0")
    assert item.is_requested
    assert item.installer == "pip"
    assert {"/site/flask_thing/__init__.py", "/bin/flask-thing"} <= set(item.files)
    assert found.owner("/bin/flask-thing") is item
    assert [(point.group, point.name, point.module) for point in item.entry_points] == [
        ("console_scripts", "flask-thing", "flask_thing"),
        ("app.plugins", "one", "flask_thing.one"),
    ]


def test_names_are_normalized() -> None:
    assert normalize("Zope.Interface__x") == "zope-interface-x"


def test_files_that_a_record_lists_and_are_gone_do_not_count() -> None:
    content = make_distribution(_SITE, "a", {"a.py": "", "b.py": ""})
    del content["/site/b.py"]
    item = read(content).find("a")
    assert item is not None
    assert "/site/a.py" in item.files
    assert "/site/b.py" not in item.files


def test_an_egg_info_without_a_record_owns_its_top_level_names() -> None:
    found = read(
        {
            "/site/Foo-2.1.egg-info/PKG-INFO": b"Name: Foo\nVersion: 2.1\n",
            "/site/Foo-2.1.egg-info/top_level.txt": b"foo\n_foo\n",
            "/site/Foo-2.1.egg-info/requires.txt": b"bar>=1\n\n[:python_version<'3']\nold\n"
            b"\n[fast]\nquick\n",
            "/site/foo/__init__.py": b"",
            "/site/_foo.cpython-311-x86_64-linux-gnu.so": b"",
            "/site/other.py": b"",
        },
        make_distribution(_SITE, "bar", {"bar.py": ""}),
        make_distribution(_SITE, "old", {"old.py": ""}),
    )
    item = found.find("foo")
    assert item is not None
    assert not item.has_record
    assert {"/site/foo/__init__.py", "/site/_foo.cpython-311-x86_64-linux-gnu.so"} <= set(
        item.files
    )
    assert "/site/other.py" not in item.files
    assert required(found, "foo") == ["bar"]


def test_requirements_by_marker() -> None:
    metadata = (
        "Requires-Dist: always>=1\n"
        'Requires-Dist: old; python_version < "3.9"\n'
        'Requires-Dist: windows; sys_platform == "win32"\n'
        'Requires-Dist: micro; python_full_version < "3.11.3"\n'
        "Requires-Dist: absent\n"
        "Requires-Dist: not a requirement at all\n"
    )
    names = ("always", "old", "windows", "micro")
    found = read(
        make_distribution(_SITE, "app", {"app.py": ""}, metadata=metadata),
        *(make_distribution(_SITE, name, {f"{name}.py": ""}) for name in names),
    )
    assert required(found, "app") == ["always", "micro"]
    assert required(found, "app", Target((3, 8))) == ["always", "micro", "old"]


def test_an_extra_counts_if_all_of_it_is_installed_and_it_is_not_for_developers() -> None:
    metadata = (
        'Requires-Dist: uvloop; extra == "standard"\n'
        'Requires-Dist: httptools; extra == "standard"\n'
        'Requires-Dist: half; extra == "other"\n'
        'Requires-Dist: missing; extra == "other"\n'
        'Requires-Dist: pytest; extra == "test"\n'
    )
    names = ("uvloop", "httptools", "half", "pytest")
    found = read(
        make_distribution(_SITE, "app", {"app.py": ""}, metadata=metadata),
        *(make_distribution(_SITE, name, {f"{name}.py": ""}) for name in names),
    )
    assert required(found, "app") == ["httptools", "uvloop"]


def test_roots_are_what_was_asked_for_by_name() -> None:
    needs = "Requires-Dist: needed\n"
    found = read(
        make_distribution(_SITE, "app", {"app.py": ""}, metadata=needs, requested=True),
        make_distribution(_SITE, "needed", {"needed.py": ""}),
        make_distribution(_SITE, "stray", {"stray.py": ""}),
    )
    assert [item.name for item in found.roots()] == ["app"]


@pytest.mark.parametrize(("installer", "roots"), [("Poetry 2.1", ["app"]), ("pip", [])])
def test_without_any_marker_roots_are_what_nothing_else_requires(
    installer: str, roots: list[str]
) -> None:
    needs = "Requires-Dist: needed\n"
    found = read(
        make_distribution(_SITE, "app", {"app.py": ""}, metadata=needs, installer=installer),
        make_distribution(_SITE, "needed", {"needed.py": ""}, installer=installer),
        {"/site/debian-1.0.egg-info": b"Name: debian\nVersion: 1.0\n", "/site/debian.py": b""},
    )
    assert [item.name for item in found.roots()] == roots
    assert found.owner("/site/debian.py") is not None
