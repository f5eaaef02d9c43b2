from __future__ import annotations

import pytest

from jettison.analysis.requirements_edit import NewPin, add_pins, set_pins


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("flask==2.2.2\n", "flask==2.2.5\n"),
        ("Flask == 2.2.2   # ==2.0 was too old\n", "Flask == 2.2.5   # ==2.0 was too old\n"),
        ("flask[async]==2.2.2;python_version>'3'", "flask[async]==2.2.5;python_version>'3'"),
        ("flask===2.2.2\r\n", "flask===2.2.5\r\n"),
        ("# a\n\nflask==2.2.2 \\\n    # why\n", "# a\n\nflask==2.2.5 \\\n    # why\n"),
        ("\tflask==2.2.2\n", "\tflask==2.2.5\n"),
        ("flask (==2.2.2)\n", "flask (==2.2.5)\n"),
        ("flask (>=2, ==2.2.2) ; python_version>'3'", "flask (>=2, ==2.2.5) ; python_version>'3'"),
    ],
)
def test_only_the_version_changes(before: str, after: str) -> None:
    number = 3 if before.startswith("# a") else 1
    assert set_pins(before, [NewPin(number=number, version="2.2.5")]) == after


def test_hashes_are_replaced_where_there_are_some() -> None:
    before = (
        "click==8.0 \\\n    --hash=sha256:0a\n"
        "flask==2.2.2 \\\n    --hash=sha256:01 \\\n    --hash=sha256:02\n    # via shop\n"
        "six==1.0 --hash=sha256:0b\n"
    )
    after = (
        "click==8.0 \\\n    --hash=sha256:0a\n"
        "flask==2.2.5 \\\n    --hash=sha256:11 \\\n    --hash=sha256:12 \\\n    --hash=sha256:13\n"
        "    # via shop\n"
        "six==1.1 --hash=sha256:21\n"
    )
    pins = [
        NewPin(number=3, version="2.2.5", hashes=("sha256:11", "sha256:12", "sha256:13")),
        NewPin(number=7, version="1.1", hashes=("sha256:21",)),
    ]
    assert set_pins(before, pins) == after


def test_a_line_that_pins_nothing_is_not_changed_silently() -> None:
    with pytest.raises(ValueError, match="line 1 pins nothing"):
        set_pins("flask>=2\n", [NewPin(number=1, version="3")])


def test_what_is_needed_anew_comes_to_the_end() -> None:
    added = [("blinker", "1.9", ("sha256:01", "sha256:02"))]
    assert add_pins("flask==3", added) == (
        "flask==3\nblinker==1.9 \\\n    --hash=sha256:01 \\\n    --hash=sha256:02\n"
    )
    assert add_pins("a==1\r\n", [("b", "2", ())]) == "a==1\r\nb==2\r\n"
