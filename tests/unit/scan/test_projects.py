from __future__ import annotations

from packaging.requirements import Requirement

from jettison.analysis.lock_files import parse_lock
from jettison.analysis.requirements_file import parse_requirements
from jettison.scan.inputs import Inputs
from jettison.scan.projects import (
    FileLine,
    lock_inputs,
    project_inputs,
    requirements_inputs,
)


def lines(file: str, text: str, *, is_constraint: bool = False) -> list[FileLine]:
    return [
        FileLine(file=file, line=line, is_constraint=is_constraint)
        for line in parse_requirements(text)
    ]


def shown(inputs: Inputs) -> list[str]:
    return [str(component) for component in inputs.components]


def untested(inputs: Inputs) -> list[str]:
    return [f"{item.what} ({item.where}): {item.reason}" for item in inputs.untested]


def test_only_what_is_pinned_is_tested() -> None:
    inputs = requirements_inputs(lines("r.txt", "flask==2.2.2\nnumpy>=1\n-e .\nx=1\na==1,==2\n"))
    assert shown(inputs) == ["flask 2.2.2"]
    assert untested(inputs) == [
        "numpy>=1 (r.txt:2): not pinned to one version",
        "-e . (r.txt:3): installed from a path or an address, not from an index",
        "x=1 (r.txt:4): not a requirement that pip reads",
        "a==1,==2 (r.txt:5): no version satisfies it",
    ]
    assert inputs.components[0].record == "r.txt:1"


def test_a_file_s_name_tells_name_and_version_wherever_it_lies() -> None:
    inputs = requirements_inputs(
        lines(
            "r.txt",
            "https://x.example/lxml-4.9.0-cp310-cp310-manylinux_2_12_x86_64.whl#sha256=ab\n"
            "./wheels/Flask-2.2.2-py3-none-any.whl --hash=sha256:ab\n"
            "django-4.0.tar.gz\n"
            "idna @ https://x.example/idna-3.6.tar.gz\n"
            "./wheels/odd.whl\n",
        )
    )
    assert shown(inputs) == ["lxml 4.9.0", "flask 2.2.2", "django 4.0", "idna 3.6"]
    assert untested(inputs) == [
        "./wheels/odd.whl (r.txt:5): installed from a path or an address, not from an index"
    ]


def test_constraints_pin_what_is_asked_for_and_install_nothing() -> None:
    inputs = requirements_inputs(
        [
            *lines("r.txt", "Flask\njinja2<3\n"),
            *lines("c.txt", "flask==2.2.2\njinja2==3.1.2\nsix==1.16\n", is_constraint=True),
        ]
    )
    assert shown(inputs) == ["Flask 2.2.2"]
    assert untested(inputs) == [
        "jinja2<3 (r.txt:2): the constraint 3.1.2 contradicts it",
        "six==1.16 (c.txt:3): a constraint, and nothing here asks for the package itself",
    ]


def test_markers_that_cannot_hold_on_linux_leave_a_line_out() -> None:
    text = (
        'pywin32==300 ; sys_platform == "win32"\n'
        'a==1 ; python_version < "3.9"\n'
        'a==2 ; python_version >= "3.9"\n'
    )
    inputs = requirements_inputs(lines("r.txt", text))
    assert shown(inputs) == ["a 1", "a 2"]
    assert untested(inputs)[0].endswith("its marker is false for Linux")
    assert inputs.notices == ("a is pinned to 1 (r.txt:2) and 2 (r.txt:3); all of them are tested",)
    known = requirements_inputs(lines("r.txt", text), python="3.12")
    assert shown(known) == ["a 2"]
    assert known.notices == ()


def test_contradicting_pins_are_said() -> None:
    inputs = requirements_inputs([*lines("a.txt", "six==1.0"), *lines("b.txt", "six==2.0")])
    assert shown(inputs) == ["six 1.0", "six 2.0"]
    assert "six is pinned to 1.0 (a.txt:1) and 2.0 (b.txt:1)" in inputs.notices[0]


def test_each_of_two_pins_of_one_package_has_its_own_version_in_its_chain() -> None:
    text = 'a==1 ; python_version < "3.9"\na==2 ; python_version >= "3.9"\n'
    inputs = requirements_inputs(lines("r.txt", text))
    assert [component.introduced_through for component in inputs.components] == [
        (("a 1",),),
        (("a 2",),),
    ]


def test_notes_of_pip_compile_give_chains() -> None:
    text = "flask==2.2.2\n    # via -r requirements.in\njinja2==3.1.2\n    # via flask\nsix==1.16\n"
    inputs = requirements_inputs(lines("r.txt", text))
    assert {item.name: item.introduced_through for item in inputs.components} == {
        "flask": (("flask 2.2.2",),),
        "jinja2": (("flask 2.2.2", "jinja2 3.1.2"),),
        "six": (("six 1.16",),),
    }


LOCK = b"""
[[package]]
name = "flask"
version = "2.2.2"
[package.dependencies]
Jinja2 = "*"
[[package]]
name = "jinja2"
version = "3.1.2"
[[package]]
name = "own"
version = "1.0"
[package.source]
type = "git"
url = "https://git.example/own"
"""


def test_locks_give_versions_and_chains() -> None:
    inputs = lock_inputs("poetry.lock", parse_lock("poetry.lock", LOCK))
    assert shown(inputs) == ["flask 2.2.2", "jinja2 3.1.2"]
    assert inputs.components[1].introduced_through == (("flask 2.2.2", "jinja2 3.1.2"),)
    assert untested(inputs) == [
        "own 1.0 (poetry.lock): comes from https://git.example/own, not from an index"
    ]
    asked = lock_inputs("poetry.lock", parse_lock("poetry.lock", LOCK), [Requirement("JINJA2")])
    assert asked.components[1].introduced_through == (("jinja2 3.1.2",),)


def test_the_project_of_a_lock_is_not_a_package_of_it() -> None:
    text = b"""
[[package]]
name = "shop"
version = "1"
source = { virtual = "." }
dependencies = [{ name = "six" }]
[[package]]
name = "six"
version = "1.16"
"""
    inputs = lock_inputs("uv.lock", parse_lock("uv.lock", text))
    assert shown(inputs) == ["six 1.16"]
    assert inputs.components[0].introduced_through == (("six 1.16",),)


def test_a_project_pins_some_of_its_own_requirements() -> None:
    asked = [Requirement("flask==2.2.2"), Requirement("six>1"), Requirement("w==1; os_name=='nt'")]
    inputs = project_inputs("pyproject.toml", asked)
    assert shown(inputs) == ["flask 2.2.2"]
    assert untested(inputs) == ["six>1 (pyproject.toml): not pinned to one version"]
