from __future__ import annotations

import msgspec

from jettison.report.advise_document import AdviseDocument
from jettison.report.advise_text import render_advise_text
from jettison.scan.advise import Change, Wheels
from support.advise_documents import advise_document

DOCUMENT = advise_document()


def lines(document: AdviseDocument = DOCUMENT, *, width: int = 80) -> list[str]:
    return render_advise_text(document, width=width).splitlines()


def test_the_table_has_groups_and_fits_the_terminal() -> None:
    shown = lines()
    table = shown[3:10]
    assert max(len(line) for line in table) <= 80
    assert table[0].split()[:4] == ["base", "image", "total", "crit"]
    assert [line.strip() for line in table if line.endswith(":")] == [
        "in use:",
        "the same Python, newer:",
        "another minor version of Python:",
    ]
    (own,) = [line for line in table if "3.11.4-slim" in line]
    assert own.split()[1:] == ["87", "2", "10", "30", "5", "40", "130MB", "100", "3.11.4"]


def test_the_recommendation_is_ready_to_paste() -> None:
    shown = lines()
    at = shown.index("recommended: python:3.12.7-slim")
    assert shown[at + 1].startswith("  FROM python:3.12.7-slim@sha256:")
    assert shown[at + 2] == (
        "  31 fewer vulnerabilities (critical 2 to 0, high 10 to 1), 40MB smaller"
    )


def test_what_is_not_offered_is_told_with_the_reason() -> None:
    shown = lines()
    rest = shown[shown.index("not offered:") :]
    assert "  registry:python:3.15.0a2-slim: a pre-release" in rest
    assert "note: tags of elsewhere were not listed" in rest


def test_nothing_better_still_tells_what_to_pin() -> None:
    shown = lines(msgspec.structs.replace(DOCUMENT, recommended=None))
    assert "recommended: none of them is known to be better" in shown
    assert any("pinned: FROM python:3.11.4-slim@sha256:" in line for line in shown)


def test_what_is_not_known_is_a_question_mark() -> None:
    row = msgspec.structs.replace(
        DOCUMENT.candidates[0],
        vulnerabilities=None,
        wheels=Wheels.UNKNOWN,
        change=Change.ALTERNATIVE,
        notes=("vulnerabilities not known: no advisories",),
    )
    shown = lines(msgspec.structs.replace(DOCUMENT, candidates=(row,), current=None))
    (line,) = [line for line in shown if "3.12.7-slim" in line and "?" in line]
    assert line.split()[1:7] == ["?"] * 6
    assert line.endswith("3.12.7 *")
    assert any(line.startswith("* whether all") for line in shown)


def test_names_cannot_act_on_the_terminal() -> None:
    hostile = msgspec.structs.replace(DOCUMENT, base="x\x1b[2J", requires_python="\x07")
    assert "\x1b" not in "\n".join(lines(hostile))
    assert "\x07" not in "\n".join(lines(hostile))
