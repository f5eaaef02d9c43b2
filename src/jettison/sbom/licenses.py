"""Licences as package managers name them, in the words of SPDX where these have one."""

from __future__ import annotations

import re
from functools import cache
from typing import Final

from cyclonedx.spdx import fixup_id, is_expression

_MAX_CHARS: Final = 200
_GNU: Final = re.compile(r"(A|L|)GPL[- ]?v?(\d)(?:\.(\d))?(\+|-or-later)?", re.IGNORECASE)
# Debian's short names and the names of Python's classifiers, where SPDX has others.
_SPDX: Final = {
    "apache license": "Apache-2.0",
    "apache 2.0": "Apache-2.0",
    "apache software license": "Apache-2.0",
    "bsd-2-clause license": "BSD-2-Clause",
    "bsd-3-clause license": "BSD-3-Clause",
    "expat": "MIT",
    "isc license (iscl)": "ISC",
    "mit license": "MIT",
    "mozilla public license 2.0 (mpl 2.0)": "MPL-2.0",
    "public-domain": "",
    "python software foundation license": "PSF-2.0",
    "the unlicense (unlicense)": "Unlicense",
    "zlib/libpng license": "Zlib",
}


@cache
def spdx_expression(text: str) -> str:
    """The same licence as an SPDX expression; empty where SPDX has no word for it."""
    known = _SPDX.get(text.lower())
    if known is not None:
        return known
    gnu = _GNU.fullmatch(text)
    if gnu is not None:
        later = "or-later" if gnu[4] else "only"
        return f"{gnu[1].upper()}GPL-{gnu[2]}.{gnu[3] or 0}-{later}"
    if (found := fixup_id(text)) is not None:
        return found
    return text if len(text) <= _MAX_CHARS and is_expression(text) else ""


def short_name(text: str) -> str:
    """A licence's name for people: some packages have the whole text in its place."""
    line = " ".join(text.split())
    return line if len(line) <= _MAX_CHARS else f"{line[: _MAX_CHARS - 1]}…"
