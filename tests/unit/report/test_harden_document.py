from __future__ import annotations

import re

import msgspec

from jettison.report.fix_document import render_fix_text, render_message
from jettison.report.harden_document import render_harden_text
from jettison.report.html.harden_page import render_harden_page
from jettison.report.init_document import render_init_text
from support.source_documents import fix_document, harden_document, init_document
from support.xray_documents import xray_document


def test_the_text_says_what_failed_and_what_became_smaller() -> None:
    text = render_harden_text(harden_document())
    lines = text.splitlines()
    assert lines[:3] == [
        "ok      init      wrote Dockerfile",
        "FAILED  lint      1 error",
        "skipped scan      not asked for",
    ]
    assert "gate size: 112MB, allowed 100MB: FAILED" in lines
    assert any(re.match(r"vulnerabilities +\d+ +\d+", line) for line in lines)
    assert all(line == line.rstrip() for line in lines)


def test_what_lint_found_stands_in_the_log_with_its_place() -> None:
    lines = render_harden_text(harden_document()).splitlines()
    found = [line for line in lines if line.startswith("Dockerfile:")]
    assert [line.split()[:3] for line in found] == [
        ["Dockerfile:3:1", "error", "JT4001"],
        ["Dockerfile:3:1", "warning", "JT5001"],
        ["Dockerfile:3:1", "warning", "JT5006"],
    ]
    assert "there is no USER: the app runs as root" in found[0]
    # What failed nothing is no reason to read on.
    calm = msgspec.structs.replace(harden_document(), failed=())
    assert [line for line in render_harden_text(calm).splitlines() if line in found] == found[:1]


def test_a_log_of_many_findings_ends() -> None:
    document = harden_document()
    assert document.lint is not None
    many = msgspec.structs.replace(document.lint, findings=document.lint.findings[:1] * 30)
    text = render_harden_text(msgspec.structs.replace(document, lint=many))
    assert text.count("JT4001") == 20
    assert "10 more are in the report\n" in text


def test_without_advisories_the_table_has_what_slim_counted() -> None:
    document = msgspec.structs.replace(harden_document(), compare=None)
    text = render_harden_text(document)
    assert "vulnerabilities" not in text
    assert re.search(r"^setuid files +\d+ +\d+", text, re.MULTILINE)


def test_a_run_that_ended_early_has_a_page_too() -> None:
    nothing = msgspec.structs.replace(
        harden_document(), lint=None, slim=None, compare=None, gates=(), slimmed="", original=""
    )
    page = render_harden_page(nothing, None).decode()
    assert '<h1 class="image-name">shop</h1>' in page
    assert 'id="steps"' in page
    assert 'id="vulnerabilities"' not in page


def test_the_whole_page_has_everything_and_the_x_ray() -> None:
    page = render_harden_page(harden_document(), xray_document()).decode()
    for section in ("steps", "results", "vulnerabilities", "lint", "artifacts", "weight", "risks"):
        assert f'<section class="section" id="{section}"' in page, section
    assert re.search(r"\b1 (?:errors|warnings|requests)\b", page) is None
    hostile = msgspec.structs.replace(harden_document(), project="</script><img src=x>")
    assert "</script><img" not in render_harden_page(hostile, xray_document()).decode()


def test_fix_tells_what_it_changed_and_what_it_could_not() -> None:
    text = render_fix_text(fix_document(), is_dry=False)
    assert "  Flask 2.2.2  -> 2.2.5      fixes CVE-2026-1\n" in text
    assert "  old 1.0      stays: CVE-2026-2 has no fix here\n" in text
    rows = [
        msgspec.structs.replace(row, available="2.0") if row.after is None else row
        for row in fix_document().upgrades
    ]
    text = render_fix_text(
        msgspec.structs.replace(fix_document(), upgrades=tuple(rows)), is_dry=False
    )
    assert "  old 1.0      stays: CVE-2026-2 could go with 2.0, but see below\n" in text
    assert "  click -> 8.1 has to move with them\n" in text
    assert "not done: poetry.lock: poetry is not installed" in text
    subject, body = render_message(fix_document())
    assert subject == "Upgrade 1 package and base image to fix 1 vulnerability"
    assert "- Flask: 2.2.2 to 2.2.5 (CVE-2026-1)" in body.splitlines()


def test_init_tells_what_it_found_and_why() -> None:
    text = render_init_text(init_document(), is_dry=True)
    assert "Python           3.14 (pyproject.toml: >=3.12)\n" in text
    assert "health           /health (answered by the server's configuration)\n" in text
    assert "would write: Dockerfile\n" in text


def test_what_init_and_fix_tell_fits_the_terminal() -> None:
    notice = "a base image is not pinned, no digest could be had: " + "a word " * 12
    made = msgspec.structs.replace(init_document(), notices=(notice,))
    failed = msgspec.structs.replace(fix_document(), base="", failures=(notice,))
    for text in (render_init_text(made, is_dry=False), render_fix_text(failed, is_dry=False)):
        assert "a base image is not pinned" in text
        assert max(map(len, text.splitlines())) <= 80
