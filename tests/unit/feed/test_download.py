from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from jettison.edge.http import HttpClient, HttpOptions
from jettison.errors import AdvisoryDataError
from jettison.feed.download import Answer, Download, Downloads, Known
from jettison.feed.places import export_place, file_place
from support.advisories import silent
from support.osv_server import OsvServer, osv_server

DATA = random.Random(1).randbytes(3_000_000)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[OsvServer]:
    archive = tmp_path / "exports/Debian:12/all.zip"
    archive.parent.mkdir(parents=True)
    archive.write_bytes(DATA)
    with osv_server(tmp_path / "exports") as server:
        yield server


@pytest.fixture
def client() -> Iterator[HttpClient]:
    with HttpClient(HttpOptions(first_pause_s=0, attempts=2)) as client:
        yield client


@pytest.fixture
def downloads(tmp_path: Path, client: HttpClient) -> Downloads:
    return Downloads(tmp_path / "parts", client)


def fetch(downloads: Downloads, server: OsvServer, known: Known | None = None) -> Download:
    place = export_place(server.url, "Debian:12")
    return downloads.fetch("Debian:12", place, known or Known(), silent)


def content(download: Download) -> bytes:
    assert download.path is not None
    return download.path.read_bytes()


def test_a_file_comes_whole_with_its_tag(downloads: Downloads, server: OsvServer) -> None:
    seen: list[tuple[int, int]] = []
    place = export_place(server.url, "Debian:12")
    done = downloads.fetch("x", place, Known(), lambda *now: seen.append(now))
    assert content(done) == DATA
    assert done.etag.startswith('"')
    assert (seen[0], seen[-1]) == ((0, len(DATA)), (len(DATA), len(DATA)))
    assert server.web.paths() == ["GET /osv/Debian%3A12/all.zip"]


def test_what_is_known_is_not_fetched_again(downloads: Downloads, server: OsvServer) -> None:
    first = fetch(downloads, server)
    downloads.discard_all()
    known = Known(url=export_place(server.url, "Debian:12").url, etag=first.etag)
    assert fetch(downloads, server, known).answer is Answer.UNCHANGED
    elsewhere = Known(url="https://elsewhere.example/all.zip", etag=first.etag)
    assert fetch(downloads, server, elsewhere).answer is Answer.FETCHED


def test_what_is_not_there_is_said_so(downloads: Downloads, server: OsvServer) -> None:
    place = export_place(server.url, "Ubuntu")
    assert downloads.fetch("Ubuntu", place, Known(), silent).answer is Answer.MISSING


def test_a_broken_line_is_taken_up_where_it_broke(downloads: Downloads, server: OsvServer) -> None:
    server.breaks = [1_000_000, 500_000]
    assert content(fetch(downloads, server)) == DATA
    assert server.ranges() == ["", "bytes=1000000-", "bytes=1500000-"]


def test_a_later_run_goes_on_where_the_former_gave_up(
    downloads: Downloads, server: OsvServer
) -> None:
    server.breaks = [1_000_000, *[0] * 20]
    with pytest.raises(AdvisoryDataError) as caught:
        fetch(downloads, server)
    assert "go on from there" in caught.value.hint
    assert caught.value.exit_code == 3
    server.breaks.clear()
    assert content(fetch(downloads, server)) == DATA
    assert server.ranges()[-1] == "bytes=1000000-"


def test_a_file_that_changed_meanwhile_is_fetched_anew(
    downloads: Downloads, server: OsvServer
) -> None:
    server.breaks = [1_000_000, *[0] * 20]
    with pytest.raises(AdvisoryDataError):
        fetch(downloads, server)
    server.breaks.clear()
    (server.base / "Debian:12/all.zip").write_bytes(b"another file")
    assert content(fetch(downloads, server)) == b"another file"


def test_a_whole_file_that_was_not_used_yet_is_asked_about(
    downloads: Downloads, server: OsvServer
) -> None:
    fetch(downloads, server)
    assert content(fetch(downloads, server)) == DATA
    assert server.ranges() == ["", ""]
    assert "if-none-match" in server.web.asked[-1].headers
    (server.base / "Debian:12/all.zip").write_bytes(b"another file")
    assert content(fetch(downloads, server)) == b"another file"


def test_a_server_without_ranges_starts_anew(downloads: Downloads, server: OsvServer) -> None:
    server.has_ranges = False
    server.breaks = [1_000_000]
    assert content(fetch(downloads, server)) == DATA


def test_without_a_tag_or_date_nothing_is_pieced_together(
    downloads: Downloads, server: OsvServer
) -> None:
    server.has_etag = False
    server.breaks = [1_000_000]
    assert content(fetch(downloads, server)) == DATA
    assert server.ranges() == ["", ""]


def test_a_server_that_always_breaks_off_is_given_up(
    downloads: Downloads, server: OsvServer
) -> None:
    server.has_ranges = False
    server.breaks = [1_000_000] * 50
    with pytest.raises(AdvisoryDataError):
        fetch(downloads, server)
    assert 4 < len(server.web.asked) < 10


@pytest.mark.parametrize("status", [403, 500])
def test_other_answers_fail(downloads: Downloads, server: OsvServer, status: int) -> None:
    server.status = status
    with pytest.raises(AdvisoryDataError, match=str(status)):
        fetch(downloads, server)


def test_no_server_at_all(downloads: Downloads) -> None:
    place = export_place("http://127.0.0.1:1/osv", "Debian")
    with pytest.raises(AdvisoryDataError) as caught:
        downloads.fetch("Debian", place, Known(), silent)
    assert "--osv-url" in caught.value.hint


def test_files_of_this_host_are_read_in_place(downloads: Downloads, tmp_path: Path) -> None:
    folder = tmp_path / "ex ports"
    (folder / "Debian:12").mkdir(parents=True)
    (folder / "Debian:12/all.zip").write_bytes(DATA)
    for base in (str(folder), folder.as_uri()):
        place = export_place(base, "Debian:12")
        done = downloads.fetch("x", place, Known(), silent)
        assert done.path == folder / "Debian:12/all.zip"
        known = Known(url=place.url, etag=done.etag)
        assert downloads.fetch("x", place, known, silent).answer is Answer.UNCHANGED
    place = export_place(str(folder), "Debian")
    assert downloads.fetch("x", place, Known(), silent).answer is Answer.MISSING
    (folder / "Debian:12").rename(folder / "Debian%3A12")
    assert export_place(str(folder), "Debian:12").path == folder / "Debian%3A12/all.zip"
    assert file_place(str(folder), "--kev").path == folder
