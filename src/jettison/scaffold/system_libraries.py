"""Debian packages that Python distributions need beyond Python itself.

Only what their wheels do not bring: a wheel has to be built where there is none, and some load a
library of the system by name. Source: the installation pages of the projects named.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemNeeds:
    """Debian packages for the stage that installs, and for the image that runs; sorted."""

    build: tuple[str, ...] = ()
    run: tuple[str, ...] = ()


_COMPILER: Final = ("build-essential",)

# Distribution: what building it needs, what running it needs.
_NEEDS: Final[dict[str, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    "psycopg2": ((*_COMPILER, "libpq-dev"), ("libpq5",)),
    "psycopg-c": ((*_COMPILER, "libpq-dev"), ("libpq5",)),
    "mysqlclient": (
        (*_COMPILER, "default-libmysqlclient-dev", "pkg-config"),
        ("libmariadb3",),
    ),
    "pyodbc": ((), ("unixodbc",)),
    "python-ldap": ((*_COMPILER, "libldap-dev", "libsasl2-dev"), ("libldap2", "libsasl2-2")),
    "uwsgi": (_COMPILER, ()),
    "pycairo": ((*_COMPILER, "libcairo2-dev", "pkg-config"), ("libcairo2",)),
    "cairosvg": ((), ("libcairo2",)),
    "cairocffi": ((), ("libcairo2",)),
    "weasyprint": ((), ("libpango-1.0-0", "libpangoft2-1.0-0", "libharfbuzz-subset0")),
    "python-magic": ((), ("libmagic1",)),
    "pyzbar": ((), ("libzbar0",)),
    "pytesseract": ((), ("tesseract-ocr",)),
    "opencv-python": ((), ("libgl1", "libglib2.0-0")),
    "opencv-contrib-python": ((), ("libgl1", "libglib2.0-0")),
    "soundfile": ((), ("libsndfile1",)),
    "pydub": ((), ("ffmpeg",)),
    "xmlsec": ((*_COMPILER, "libxmlsec1-dev", "pkg-config"), ("libxmlsec1-openssl",)),
    "python3-saml": ((*_COMPILER, "libxmlsec1-dev", "pkg-config"), ("libxmlsec1-openssl",)),
    "pygraphviz": ((*_COMPILER, "libgraphviz-dev", "pkg-config"), ("graphviz",)),
    "graphviz": ((), ("graphviz",)),
    "gdal": ((*_COMPILER, "libgdal-dev"), ("libgdal36",)),
    "fiona": ((), ()),
    "pymssql": ((), ()),
    "python-snappy": ((), ()),
    "leveldb": (_COMPILER, ()),
    "dbus-python": ((*_COMPILER, "libdbus-1-dev", "libglib2.0-dev"), ("libdbus-1-3",)),
    "m2crypto": ((*_COMPILER, "libssl-dev", "swig"), ("libssl3",)),
    "pycurl": ((*_COMPILER, "libcurl4-openssl-dev", "libssl-dev"), ("libcurl4",)),
    "django-auth-ldap": (
        (*_COMPILER, "libldap-dev", "libsasl2-dev"),
        ("libldap2", "libsasl2-2"),
    ),
}


# What Debian 12 calls what Debian 13 calls otherwise, and has no second name for.
_OF_BOOKWORM: Final = {"libgdal36": "libgdal32", "libldap2": "libldap-2.5-0"}


def find_needs(
    names: Iterable[str],
    *,
    builds_itself: bool,
    clones: bool = False,
    is_bookworm: bool = False,
) -> SystemNeeds:
    """What distributions of these names need.

    Shape: `builds_itself` for a project with own C code; `clones` where something is installed from
    a Git repository; `is_bookworm` for a base of Debian 12, else packages are named as 13 does.
    """
    build: set[str] = set(_COMPILER) if builds_itself else set()
    run: set[str] = set()
    if clones:
        build.add("git")
    for name in names:
        to_build, to_run = _NEEDS.get(name, ((), ()))
        build.update(to_build)
        run.update(to_run)
    if is_bookworm:
        run = {_OF_BOOKWORM.get(name, name) for name in run}
    return SystemNeeds(build=tuple(sorted(build)), run=tuple(sorted(run)))
