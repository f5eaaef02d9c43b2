"""The tables of the database of advisories, and how a file of them is opened.

Shape: `source` is one row an export, named as its folder is (`Debian`, `PyPI`); `release` one row
for each name that its records give to an ecosystem (`Debian:12`); `advisory.body` is a record
without what it affects, `affected.body` the list of what it affects in one release and package,
both as JSON.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec

from jettison.errors import AdvisoryDataError

# "jtav", so that a file of ours can be told from any other.
APPLICATION_ID: Final = 0x6A746176
SCHEMA_VERSION: Final = 1
_DAMAGED: Final = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
UPDATE_HINT: Final = "fetch the advisories with: jettison db update"

TABLES: Final = """
CREATE TABLE source (
  id INTEGER PRIMARY KEY, ecosystem TEXT NOT NULL UNIQUE, url TEXT NOT NULL, etag TEXT NOT NULL,
  last_modified TEXT NOT NULL, fetched_at TEXT NOT NULL, checked_at TEXT NOT NULL,
  records INTEGER NOT NULL, skipped INTEGER NOT NULL, newest_modified TEXT NOT NULL,
  size_bytes INTEGER NOT NULL);
CREATE TABLE skipped (source INTEGER NOT NULL, name TEXT NOT NULL, reason TEXT NOT NULL);
CREATE TABLE release (
  id INTEGER PRIMARY KEY, source INTEGER NOT NULL, name TEXT NOT NULL, records INTEGER NOT NULL);
CREATE TABLE advisory (id INTEGER PRIMARY KEY, source INTEGER NOT NULL, body BLOB NOT NULL);
CREATE TABLE affected (
  release INTEGER NOT NULL, package TEXT NOT NULL, advisory INTEGER NOT NULL, body BLOB NOT NULL,
  PRIMARY KEY (release, package, advisory)) WITHOUT ROWID;
CREATE TABLE enrichment (
  kind TEXT PRIMARY KEY, url TEXT NOT NULL, fetched_at TEXT NOT NULL, dated TEXT NOT NULL,
  records INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE epss (
  cve TEXT PRIMARY KEY, score REAL NOT NULL, percentile REAL NOT NULL) WITHOUT ROWID;
CREATE TABLE kev (
  cve TEXT PRIMARY KEY, added TEXT NOT NULL, due TEXT NOT NULL, title TEXT NOT NULL,
  ransomware INTEGER NOT NULL) WITHOUT ROWID;
"""


def open_database(path: Path, *, writable: bool = False) -> sqlite3.Connection:
    """Connect to a database of ours that exists.

    Raises: AdvisoryDataError if there is none, or the file is something else.
    """
    if not path.is_file():
        raise AdvisoryDataError(f"there is no database of advisories at {path}", hint=UPDATE_HINT)
    mode = "rw" if writable else "ro"
    with translated(path, "open"):
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode={mode}",
            uri=True,
            isolation_level=None,
            # The portal's requests run in worker threads, one at a time.
            check_same_thread=False,
        )
    try:
        with translated(path, "read"):
            _check(connection, path)
            # Half of the time of a look-up would be copies out of the kernel's cache.
            connection.execute("PRAGMA mmap_size = 1073741824")
    except BaseException:
        connection.close()
        raise
    return connection


def is_ours(path: Path) -> bool:
    """Whether a file is a database of advisories, of whatever version, or nothing at all yet."""
    with translated(path, "read"), path.open("rb") as file:
        head = file.read(72)
    return not head or (
        head.startswith(b"SQLite format 3\0")
        and int.from_bytes(head[68:72], "big") == APPLICATION_ID
    )


def _check(connection: sqlite3.Connection, path: Path) -> None:
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if application != APPLICATION_ID:
        raise AdvisoryDataError(
            f"{path} is no database of advisories", hint="name another file with --db"
        )
    if version != SCHEMA_VERSION:
        raise AdvisoryDataError(
            f"{path}: its schema version is {version}, and this jettison reads {SCHEMA_VERSION}",
            hint=UPDATE_HINT,
        )


def create_database(path: Path) -> sqlite3.Connection:
    """Make an empty database that is written once and then renamed into place.

    Nothing is journaled: whoever is interrupted leaves a file that nobody has read yet.
    """
    with translated(path, "create"):
        connection = sqlite3.connect(path.absolute().as_uri(), uri=True, isolation_level=None)
        connection.executescript(
            f"PRAGMA page_size = 8192; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;"
            f"PRAGMA cache_size = -32768; PRAGMA temp_store = FILE;"
            f"PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {SCHEMA_VERSION};"
            f"{TABLES}"
        )
    return connection


class DamagedDatabaseError(AdvisoryDataError):
    """A database of ours whose pages contradict each other."""


@contextmanager
def translated(path: Path, what: str) -> Iterator[None]:
    """Turn SQLite's and the system's errors into ours.

    Raises: AdvisoryDataError.
    """
    try:
        yield
    except sqlite3.DatabaseError as err:
        # Extended codes have the plain one in their lowest byte: sqlite.org/rescode.html.
        if getattr(err, "sqlite_errorcode", 0) & 0xFF in _DAMAGED:
            raise DamagedDatabaseError(f"{what} {path}: {err}", hint=UPDATE_HINT) from err
        hint = "is there room on the disk?" if what == "write" else UPDATE_HINT
        raise AdvisoryDataError(f"{what} {path}: {err}", hint=hint) from err
    except msgspec.DecodeError as err:
        told = f"{what} {path}: what is in it is no record: {err}"
        raise DamagedDatabaseError(told, hint=UPDATE_HINT) from err
    except OSError as err:
        raise AdvisoryDataError(f"{what} {path}: {err.strerror}") from err
