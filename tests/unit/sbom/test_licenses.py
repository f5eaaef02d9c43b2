"""Licences in the words of SPDX."""

from __future__ import annotations

import pytest

from jettison.analysis.debian_licenses import parse_copyright, read_debian_licenses
from jettison.sbom.licenses import short_name, spdx_expression
from support.trees import make_rootfs

_COPYRIGHT = """\
Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Files: *
Copyright: someone
License: GPL-2+ or Expat
 text
  License: not a field

Files: x
License: BSD-3-clause
"""


@pytest.mark.parametrize(
    ("text", "expression"),
    [
        ("MIT", "MIT"),
        ("mit", "MIT"),
        ("Expat", "MIT"),
        ("GPL-2+", "GPL-2.0-or-later"),
        ("LGPL-2.1", "LGPL-2.1-only"),
        ("GPLv3+", "GPL-3.0-or-later"),
        ("BSD-3-clause", "BSD-3-Clause"),
        ("MIT OR Apache-2.0", "MIT OR Apache-2.0"),
        ("public-domain", ""),
        ("Some licence of our own", ""),
        ("", ""),
    ],
)
def test_expressions(text: str, expression: str) -> None:
    assert spdx_expression(text) == expression


def test_a_whole_text_in_the_place_of_a_name_is_cut() -> None:
    assert len(short_name("word " * 500)) == 200
    assert short_name("BSD\n License") == "BSD License"


def test_licences_of_a_copyright_file_that_a_machine_can_read() -> None:
    assert parse_copyright(_COPYRIGHT) == ("BSD-3-clause", "GPL-2+ or Expat")
    assert parse_copyright("This is free software.\nLicense: GPL\n") == ()


def test_copyright_files_are_found_by_package() -> None:
    rootfs = make_rootfs({"/usr/share/doc/x/copyright": _COPYRIGHT.encode()})
    assert read_debian_licenses(rootfs, "x") == ("BSD-3-clause", "GPL-2+ or Expat")
    assert read_debian_licenses(rootfs, "y") == ()
