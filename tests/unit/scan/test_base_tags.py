from __future__ import annotations

from dataclasses import replace

from jettison.scan.advise import Project
from jettison.scan.base_tags import TagChoice, choose_base_tags
from support.advise_documents import PROJECT, base_image, counts

TAGS = (
    *("slim", "3-slim", "3.10-slim", "3.11-slim", "3.12-slim", "3.13-slim", "3.14-slim"),
    *("3.15-rc-slim", "3.15.0a2-slim", "3.12-alpine", "13-slim"),
)


def choose(name: str, python: str, project: Project, *, most: int = 4) -> TagChoice:
    tag = name.rpartition(":")[2]
    image = replace(base_image(tag, counts(), repository=name.rpartition(":")[0]), python=python)
    place = base_image("3.11", counts()).place
    return choose_base_tags(TAGS, name, replace(image, place=place), project, most=most)


def test_what_the_app_excludes_is_told_and_not_looked_at() -> None:
    choice = choose("python:3.11-slim", "3.11.4", PROJECT)
    assert choice.tags == ("3.12-slim",)
    assert dict(choice.excluded) == {
        "3.13-slim": "no wheel for Python 3.13 there: cffi 1.16.0",
        "3.14-slim": "Python 3.14 is not in requires-python >=3.10,<3.14",
    }


def test_a_tag_without_a_minor_version_is_of_the_python_in_it() -> None:
    unbound = Project(is_known=True)
    for name in ("python:3-slim", "python:slim", "registry.example/a/python:slim"):
        assert choose(name, "3.12.1", unbound).tags == ("3.12-slim", "3.14-slim", "3.13-slim")


def test_versions_of_something_else_are_no_pythons() -> None:
    """Debian 13 is not Python 13."""
    choice = choose_base_tags(
        ("12-slim", "13-slim", "14-rc-slim"),
        "debian:12-slim",
        base_image("12-slim", counts(), repository="debian", python="3.11.2"),
        PROJECT,
        most=4,
    )
    assert choice.excluded == ()


def test_nothing_is_known_of_a_base_without_an_image() -> None:
    choice = choose_base_tags(TAGS, "python:3.11-slim", None, PROJECT, most=2)
    assert choice.tags == ("3.14-slim", "3.13-slim")
