from __future__ import annotations

import msgspec
import pytest

from jettison.report.compare_document import CompareDocument
from jettison.report.compare_markdown import render_compare_markdown
from jettison.report.compare_rows import comparison_rows
from jettison.report.compare_text import render_compare_text
from support.compare_documents import compare_document, measured_document

TEXT = """\
                              docker:shop  docker:shop.slim
size                                980MB              30MB  32.7x less
compressed size                     327MB              10MB  32.7x less
files                              98,000             3,000  32.7x less
OS packages                           196                 6  32.7x less
Python packages                        20                20        same
vulnerabilities                         4                 4        same
  critical                              1                 1        same
  high                                  1                 1        same
  medium                                0                 0
  low                                   1                 1        same
  unknown                               1                 1        same
push (estimated, 100 Mbit/s)       26.1 s             0.8 s  32.7x less
time to scan                       0.98 s            0.03 s  32.7x less

remaining: 2
  LOW       CVE-2026-42767  openssl 3.0.20-1~deb12u2
            libssl3: its record and 1 of 1 files of code are there, such as /x/…
  UNKNOWN   CVE-2026-35189  openssl 3.0.20-1~deb12u2
            libssl3: its record and 1 of 1 files of code are there, such as /x/…

unknown: 1
  CRITICAL  CVE-2023-30861  flask 2.2.2
            flask: its record is gone, but 1 of 1 files of code are there, such…

package gone: 1
  HIGH      CVE-2024-22195  jinja2 3.1.2
            Jinja2: neither its record nor any of its 1 files of code is there

added: 1
  HIGH      CVE-2024-22195  jinja2 3.1.2
not tested: python 3.12.1: OSV has no advisories
note: the slimmed image names no release
4 vulnerabilities of the original:
  2 remaining, 1 unknown, 0 file gone, 1 package gone, 0 fixed
by its records alone a scanner finds 0 in docker:shop.slim
"""


def test_a_comparison_as_text() -> None:
    assert render_compare_text(compare_document(), width=80) == TEXT


def test_long_lists_are_cut_unless_all_are_asked_for() -> None:
    document = compare_document()
    row = document.vulnerabilities[0]
    many = msgspec.structs.replace(document, vulnerabilities=(row,) * 30)
    assert "… and 10 more; --all and --format json have them all" in render_compare_text(many)
    assert render_compare_text(many, is_full=True).count(row.id) == 30


def values(document: CompareDocument, label: str) -> tuple[str, str, str]:
    (row,) = (row for row in comparison_rows(document) if row.label.startswith(label))
    return row.original, row.slimmed, row.change


def test_an_engine_s_packed_size_is_not_known_and_measured_times_are_not_called_estimated() -> None:
    document = measured_document()
    assert values(document, "compressed") == ("-", "-", "-")
    assert values(document, "time to push") == ("21.5 s", "0.8 s", "26.9x less")
    assert [row.label for row in comparison_rows(document) if "push" in row.label] == [
        "time to push"
    ]


def test_without_any_time_there_is_no_line() -> None:
    document = compare_document()
    bare = msgspec.structs.replace(
        document,
        original=msgspec.structs.replace(document.original, push=None),
        slimmed=msgspec.structs.replace(document.slimmed, push=None),
    )
    assert not any("push" in row.label for row in comparison_rows(bare))
    half = msgspec.structs.replace(
        document, original=msgspec.structs.replace(document.original, push=None)
    )
    assert values(half, "push")[0] == "-"


@pytest.mark.parametrize(
    ("before", "after", "change"),
    [(10, 0, "all gone"), (0, 0, ""), (0, 5, "more"), (5, 10, "2x more"), (7, 7, "same")],
)
def test_changes_in_words(before: int, after: int, change: str) -> None:
    document = compare_document()
    images = [
        msgspec.structs.replace(
            image, facts=msgspec.structs.replace(image.facts, python_package_count=count)
        )
        for image, count in ((document.original, before), (document.slimmed, after))
    ]
    changed = msgspec.structs.replace(document, original=images[0], slimmed=images[1])
    assert values(changed, "Python packages")[2] == change


def test_a_comparison_as_markdown() -> None:
    text = render_compare_markdown(compare_document())
    assert "| size | 980MB | 30MB | 32.7x less |\n" in text
    left, gone = text.split("<details>")
    assert "| low | [CVE-2026-42767](https://osv.dev/vulnerability/CVE-2026-42767) | " in left
    assert "openssl 3.0.20-1\\~deb12u2 | remaining | libssl3: its record and 1 of 1" in left
    assert "| package-gone | Jinja2: neither its record" in gone
    assert "- added: high [CVE-2024-22195]" in text
    assert "2 remaining, 1 unknown, 0 file gone, 1 package gone, 0 fixed." in text
