"""A whole export and its EXPECTED.json, where JETTISON_OSV_EXPORT names the folder."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path
from typing import Final

from jettison.scan.osv import parse_record, render_record

FOLDER: Final = Path(os.environ["JETTISON_OSV_EXPORT"])


def test_every_record_is_read_and_survives_being_written() -> None:
    count = 0
    for archive in sorted(FOLDER.glob("*/all.zip")):
        with zipfile.ZipFile(archive) as opened:
            for name in opened.namelist():
                record = parse_record(opened.read(name))
                assert f"{record.id}.json" == name
                assert parse_record(render_record(record)) == record
                count += 1
    assert count > 10_000
