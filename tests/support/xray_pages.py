"""A document of an X-ray that fills its page, hostile names among the ordinary ones."""

from __future__ import annotations

from typing import Final

import msgspec

from jettison.report.xray_document import (
    DirectoryRow,
    EnvRow,
    FileRow,
    PackageRow,
    RiskRow,
    XrayDocument,
)
from support.xray_documents import xray_document

HOSTILE: Final = "</script><img src=x onerror=document.title='taken'><!--"
"""A name that would run if any part of a page took it for markup."""

_DIRECTORIES: Final = (
    ("/", 110, 5000),
    ("/app", 2, 12),
    ("/usr", 107, 4900),
    ("/usr/bin", 30, 400),
    ("/usr/lib", 60, 3000),
    ("/usr/lib/gcc", 25, 90),
    ("/usr/lib/python3", 20, 1800),
    ("/usr/share", 12, 1000),
)
_FILES: Final = (
    ("/usr/bin/perl", 39),
    ("/usr/bin/git", 37),
    ("/usr/lib/gcc/cc1plus", 150),
    ("/usr/lib/gcc/cc1", 90),
    ("/usr/lib/python3/big.so", 45),
    ("/usr/share/magic", 80),
    ("/app/big.bin", 20),
)


def page_document() -> XrayDocument:
    """Two layers with a tree three levels deep, forty packages and a risk of each severity."""
    small = xray_document()
    assert small.config is not None
    assert small.packages is not None
    assert small.risks is not None
    return msgspec.structs.replace(
        small,
        directories=tuple(
            DirectoryRow(path=path, size_bytes=size * 1_000_000, file_count=count)
            for path, size, count in (*_DIRECTORIES, (f"/app/{HOSTILE}", 1, 2))
        ),
        files=tuple(
            FileRow(path=path, size_bytes=size * 100_000, layer=int(path.startswith("/app")))
            for path, size in (*_FILES, (f"/app/{HOSTILE}", 9))
        ),
        packages=(*small.packages, *(_package(number, small) for number in range(40))),
        risks=(
            *small.risks,
            _risk("info", "/bin/sh"),
            _risk("low", f"/app/{HOSTILE}"),
            _risk("medium", ""),
        ),
        config=msgspec.structs.replace(
            small.config,
            env=(*small.config.env, EnvRow(name="NOTE", value=HOSTILE)),
            labels={HOSTILE: HOSTILE},
            cmd=(HOSTILE,),
        ),
    )


def _package(number: int, document: XrayDocument) -> PackageRow:
    assert document.packages
    return msgspec.structs.replace(
        document.packages[0],
        name=f"lib{number}",
        title=f"lib{number}",
        size_bytes=100_000 * (number + 1),
        location=f"/records/{number}",
        licenses=(HOSTILE,),
    )


def _risk(severity: str, path: str) -> RiskRow:
    return msgspec.convert(
        {
            "kind": "shell",
            "severity": severity,
            "path": path,
            "layer": 1 if path else None,
            "is_hidden": False,
            "detail": f"of severity {severity} {HOSTILE}",
        },
        RiskRow,
    )
