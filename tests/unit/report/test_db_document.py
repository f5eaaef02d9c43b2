from __future__ import annotations

import msgspec

from jettison.report.db_document import render_status_text, render_update_text
from support.advisories import db_status_document, db_update_document


def test_the_status_tells_ages_and_what_was_skipped() -> None:
    text = render_status_text(db_status_document(), width=80)
    assert "12.8MB" in text
    debian = next(line for line in text.splitlines() if line.lstrip().startswith("Debian"))
    assert debian.split()[:7] == ["Debian", "1,234", "1", "2026-01-02", "17", "days", "old"]
    scores = next(line for line in text.splitlines() if "EPSS" in line)
    assert "300,000" in scores
    assert "1 day old" in scores
    assert "Debian: 1 record skipped\n  D-1.json: Expected `object`\n" in text
    assert max(len(line) for line in text.splitlines()) <= 80


def test_an_update_tells_what_became_of_each_export() -> None:
    lines = render_update_text(db_update_document()).splitlines()
    assert lines[:3] == ["Alpine: unchanged", "Debian: 1,234 records", "Debian: 12 records skipped"]
    assert "  and 2 more" in lines
    assert "PyPI: damaged, and not used: no zip archive, or its end is missing" in lines
    assert "Ubuntu: not there" in lines


def test_names_out_of_an_archive_cannot_act_on_the_terminal() -> None:
    document = db_status_document()
    (source,) = document.sources
    (record,) = source.skipped_records
    hostile = msgspec.structs.replace(record, name="\x1b[2J.json")
    changed = msgspec.structs.replace(
        document, sources=(msgspec.structs.replace(source, skipped_records=(hostile,)),)
    )
    text = render_status_text(changed)
    assert "\x1b" not in text
    assert r"\x1b[2J.json" in text
