from __future__ import annotations

import pytest

from jettison.analysis.requirements_file import (
    LineKind,
    decode_requirements,
    parse_requirements,
)


def pins(text: str) -> dict[str, str]:
    return {line.name: line.pin for line in parse_requirements(text) if line.name}


def kinds(text: str) -> list[tuple[int, LineKind, str]]:
    return [(line.number, line.kind, line.target) for line in parse_requirements(text)]


def test_pins_are_found_and_others_are_none() -> None:
    text = """
        flask==2.2.2
        Jinja2 == 3.1.2  # templating
        requests[socks,security]==2.19.0 ; python_version >= "3.8"
        ruamel.yaml===0.17
        numpy>=1.21
        click
        six==1.*
        attrs>=21,==21.4.0
        broken==1.0,==2.0
        wheel @ https://example.org/wheel-0.37.1-py2.py3-none-any.whl#sha256=ab
        tool @ git+https://example.org/tool@v1
    """
    assert pins(text) == {
        "flask": "2.2.2",
        "jinja2": "3.1.2",
        "requests": "2.19.0",
        "ruamel-yaml": "0.17",
        "numpy": "",
        "click": "",
        "six": "",
        "attrs": "21.4.0",
        "broken": "",
        "wheel": "0.37.1",
        "tool": "",
    }


def test_hashes_and_continued_lines() -> None:
    (line,) = parse_requirements(
        "# top\n\nflask==2.2.2 \\\n    --hash=sha256:aa11 \\\n    --hash=sha256:bb22\n"
    )
    assert (line.number, line.pin) == (3, "2.2.2")
    assert line.hashes == ("sha256:aa11", "sha256:bb22")


def test_options_and_files() -> None:
    text = "-r base.txt\n--requirement=more.txt\n-rshort.txt\n-c limits.txt\n-i https://x.example\n"
    assert kinds(text) == [
        (1, LineKind.INCLUDE, "base.txt"),
        (2, LineKind.INCLUDE, "more.txt"),
        (3, LineKind.INCLUDE, "short.txt"),
        (4, LineKind.CONSTRAINTS, "limits.txt"),
        (5, LineKind.OPTION, ""),
    ]


@pytest.mark.parametrize(
    "text",
    ["-e .", "-e git+https://x.example/y#egg=y", "./local", "/srv/x.whl", "x-1.0.tar.gz",
     "https://x.example/y.zip", "dist/flask-2.2.2-py3-none-any.whl"],
)  # fmt: skip
def test_what_comes_from_a_place_is_no_requirement(text: str) -> None:
    (line,) = parse_requirements(text)
    assert line.kind is LineKind.LOCATION
    assert line.name == ""


@pytest.mark.parametrize("text", ["flask=2.2.2", "==1.0", "-r 'open", "flask==2.2.2 ; os =="])
def test_what_pip_would_refuse_is_said(text: str) -> None:
    (line,) = parse_requirements(text)
    assert line.kind is LineKind.UNREADABLE


def test_a_comment_needs_a_space_before_it() -> None:
    lines = parse_requirements("a==1#egg\nb==2 #c\n#d==3\n")
    assert [line.text for line in lines] == ["a==1#egg", "b==2"]


def test_notes_of_who_needs_it() -> None:
    text = (
        "click==8.1.7\n    # via flask\nflask==2.2.2\n    # via\n    #   -r requirements.in\n"
        "    #   shop\nsix==1.16  # via a, b\nlast==1\n"
    )
    assert {line.name: line.via for line in parse_requirements(text)} == {
        "click": ("flask",),
        "flask": ("-r requirements.in", "shop"),
        "six": ("a", "b"),
        "last": (),
    }


def test_files_from_windows_are_read() -> None:
    text = "flask==2.2.2\r\nsix==1.16\r\n"
    for raw in (text.encode("utf-16"), text.encode("utf-8-sig"), text.encode()):
        assert pins(decode_requirements(raw)) == {"flask": "2.2.2", "six": "1.16"}
