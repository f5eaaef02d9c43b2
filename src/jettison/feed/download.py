"""Fetch one file: not at all if it did not change, and from where it broke off if it did.

A part that was fetched waits beside what its server said of it, so that a later run goes on with
it too. What is inside is the importer's business.

Source: RFC 9110, sections 13 (conditional requests) and 14 (range requests).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final
from urllib.parse import quote

import msgspec

from jettison.edge.files import atomic_write
from jettison.edge.http import HttpClient, HttpError, Request, Response, pause
from jettison.edge.urls import shown_url
from jettison.errors import AdvisoryDataError
from jettison.feed.places import Place

_CHUNK: Final = 1 << 18
_LARGEST: Final = 16 << 30
# Attempts that bring nothing, one after the other.
_MOST_FRUITLESS: Final = 4
_CONTENT_RANGE: Final = re.compile(r"bytes (\d+)-(\d+)/(\d+)")

Progress = Callable[[int, int], None]


class Answer(StrEnum):
    """What there is to fetch."""

    FETCHED = "fetched"
    UNCHANGED = "unchanged"
    MISSING = "missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What a server said of the copy that we have; empty where it said nothing."""

    url: str = ""
    etag: str = ""
    last_modified: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Download:
    """What came of it; `path` is the whole file, and none where nothing was fetched."""

    answer: Answer
    etag: str = ""
    last_modified: str = ""
    path: Path | None = None


class _PartState(msgspec.Struct, frozen=True, kw_only=True):
    url: str
    etag: str
    last_modified: str
    total: int

    @property
    def validator(self) -> str:
        """What a server recognizes the same bytes by: a strong tag, or else a date."""
        is_strong = self.etag.startswith('"')
        return self.etag if is_strong else self.last_modified


class Downloads:
    """A directory of files on their way in."""

    def __init__(self, directory: Path, client: HttpClient) -> None:
        self._directory = directory
        self._client = client

    def fetch(self, name: str, place: Place, known: Known, progress: Progress) -> Download:
        """Fetch a file under a name of ours, or say that it is as known or not there.

        `progress` is told bytes so far and in all, 0 where that is not known.
        Raises: AdvisoryDataError if it could not be fetched whole; what was is kept.
        """
        if place.path is not None:
            return _look_at(place, place.path, known)
        try:
            self._directory.mkdir(parents=True, exist_ok=True)
            return self._fetch(name, place.url, known, progress)
        except OSError as err:
            raise AdvisoryDataError(f"write to {self._directory}: {err.strerror}") from err

    def discard(self, name: str) -> None:
        """Forget what was fetched under a name."""
        for path in (self._part(name), self._state(name)):
            path.unlink(missing_ok=True)

    def discard_all(self) -> None:
        """Forget everything, and the directory."""
        if self._directory.is_dir():
            for path in self._directory.iterdir():
                path.unlink()
            self._directory.rmdir()

    def _part(self, name: str) -> Path:
        return self._directory / f"{quote(name, safe='')}.part"

    def _state(self, name: str) -> Path:
        return self._directory / f"{quote(name, safe='')}.json"

    def _fetch(self, name: str, url: str, known: Known, progress: Progress) -> Download:
        fruitless = 0
        while True:
            before = self._size(name, url)
            try:
                done = self._attempt(name, url, known, progress)
                failure = HttpError(
                    f"{shown_url(url)}: the parts that it sends do not fit together"
                )
            except HttpError as err:
                done, failure = None, err
            if done is not None:
                return done
            size = self._size(name, url)
            fruitless = 0 if size > before else fruitless + 1
            if fruitless > _MOST_FRUITLESS:
                raise AdvisoryDataError(failure.message, hint=_hint(self._part(name))) from failure
            pause(self._client.options.first_pause_s * 2**fruitless)

    def _attempt(self, name: str, url: str, known: Known, progress: Progress) -> Download | None:
        """One request; None if what it brought is of no use."""
        state = self._read_state(name, url)
        size = self._size(name, url)
        headers = _ask_for(state, size) if state is not None else _ask_if_changed(url, known)
        try:
            response = self._client.open(Request(method="GET", url=url, headers=headers))
        except HttpError as err:
            # The client has tried more than once.
            hint = err.hint or _hint(self._part(name))
            raise AdvisoryDataError(err.message, hint=hint) from err
        with response:
            match response.status:
                case 200:
                    state = self._start(name, url, response)
                    self._take_body(name, response, state, progress)
                    return _whole(self._part(name), state)
                case 206 if state is not None and _continues(response, state, size):
                    self._take_body(name, response, state, progress)
                    return _whole(self._part(name), state)
                case 304 if state is not None:
                    return _whole(self._part(name), state)
                case 304:
                    return Download(answer=Answer.UNCHANGED)
                case 404 | 410:
                    return Download(answer=Answer.MISSING)
                case 206 | 412 | 416:
                    self.discard(name)
                    return None
                case status:
                    raise AdvisoryDataError(
                        f"{shown_url(url)}: the server answers {status}",
                        hint="name another server with --osv-url, or try again later",
                    )

    def _start(self, name: str, url: str, response: Response) -> _PartState:
        """Forget the part that is there and note what is coming."""
        self.discard(name)
        headers = response.headers
        length = headers.get("Content-Length", "")
        state = _PartState(
            url=url,
            etag=headers.get("ETag", ""),
            last_modified=headers.get("Last-Modified", ""),
            total=int(length) if length.isdecimal() else 0,
        )
        if state.total > _LARGEST:
            raise AdvisoryDataError(f"{shown_url(url)}: {state.total} bytes are too many")
        with atomic_write(self._state(name)) as out:
            out.write(msgspec.json.encode(state))
        return state

    def _take_body(
        self, name: str, response: Response, state: _PartState, progress: Progress
    ) -> None:
        with self._part(name).open("ab") as out:
            done = out.tell()
            progress(done, state.total)
            while chunk := response.read(_CHUNK):
                out.write(chunk)
                done += len(chunk)
                if done > (state.total or _LARGEST):
                    raise AdvisoryDataError(f"{shown_url(state.url)}: more bytes than announced")
                progress(done, state.total)
        if state.total and done != state.total:
            raise HttpError(
                f"{shown_url(state.url)}: broke off after {done} of {state.total} bytes"
            )

    def _size(self, name: str, url: str) -> int:
        if self._read_state(name, url) is None:
            return 0
        return self._part(name).stat().st_size

    def _read_state(self, name: str, url: str) -> _PartState | None:
        """What is known of the part that is there; a part of something else is thrown away."""
        try:
            state = msgspec.json.decode(self._state(name).read_bytes(), type=_PartState)
            size = self._part(name).stat().st_size
        except (OSError, msgspec.DecodeError):
            state, size = None, 0
        if state is None or state.url != url or not state.validator or not 0 < size <= state.total:
            self.discard(name)
            return None
        return state


def _whole(part: Path, state: _PartState) -> Download:
    return Download(
        answer=Answer.FETCHED, etag=state.etag, last_modified=state.last_modified, path=part
    )


def _continues(response: Response, state: _PartState, size: int) -> bool:
    """Whether an answer is the rest of the part that we have."""
    fits = _CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", ""))
    etag = response.headers.get("ETag", "")
    return (
        fits is not None
        and (int(fits[1]), int(fits[3])) == (size, state.total)
        and etag in ("", state.etag)
    )


def _ask_for(state: _PartState, size: int) -> dict[str, str]:
    """The rest of a part, or whether a whole one is still what the server has."""
    if size < state.total:
        return {"Range": f"bytes={size}-", "If-Range": state.validator}
    return _conditions(state.etag, state.last_modified)


def _ask_if_changed(url: str, known: Known) -> dict[str, str]:
    return _conditions(known.etag, known.last_modified) if known.url == url else {}


def _conditions(etag: str, last_modified: str) -> dict[str, str]:
    # A tag says more than a date; a server that is given both heeds the tag.
    if etag:
        return {"If-None-Match": etag}
    return {"If-Modified-Since": last_modified} if last_modified else {}


def _look_at(place: Place, path: Path, known: Known) -> Download:
    try:
        stat = path.stat()
    except FileNotFoundError:
        return Download(answer=Answer.MISSING)
    except OSError as err:
        raise AdvisoryDataError(f"{path}: {err.strerror}") from err
    etag = f'"{stat.st_size:x}-{stat.st_mtime_ns:x}"'
    if known.url == place.url and known.etag == etag:
        return Download(answer=Answer.UNCHANGED)
    return Download(answer=Answer.FETCHED, etag=etag, path=path)


def _hint(part: Path) -> str:
    if part.exists():
        return "what was fetched is kept; run it again to go on from there"
    return "is this machine online? --osv-url takes a mirror or a directory"
