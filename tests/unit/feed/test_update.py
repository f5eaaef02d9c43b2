from __future__ import annotations

import gzip
import json
import os
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from jettison.edge.http import HttpClient, HttpOptions
from jettison.errors import AdvisoryDataError, UsageError
from jettison.events import EventSink, Recorded, Silent, StageProgress
from jettison.feed import update as module
from jettison.feed.database import AdvisoryDatabase
from jettison.feed.update import Outcome, UpdateRequest, UpdateResult, update
from jettison.feed.writer import DatabaseWriter
from support.advisories import make_export, make_record
from support.osv_server import OsvServer, osv_server

FIRST, LATER = "2026-01-03T12:00:00+00:00", "2026-01-04T12:00:00+00:00"


@pytest.fixture
def exports(tmp_path: Path) -> Path:
    base = tmp_path / "exports"
    make_export(base, "Alpine", [make_record("A-1", "Alpine:v3.19", "musl")])
    make_export(base, "Debian", [make_record(f"D-{n}", "Debian:12", f"p{n}") for n in range(300)])
    make_export(base, "PyPI", [make_record("P-1", "PyPI", "flask")])
    make_export(base, "Ubuntu", [make_record("U-1", "Ubuntu:22.04:LTS", "curl")])
    return base


@pytest.fixture
def server(exports: Path) -> Iterator[OsvServer]:
    with osv_server(exports) as server:
        yield server


@pytest.fixture
def request_(tmp_path: Path, server: OsvServer) -> UpdateRequest:
    return UpdateRequest(database=tmp_path / "cache/advisories.db", base=server.url)


def run(request: UpdateRequest, now: str = FIRST, events: EventSink | None = None) -> UpdateResult:
    with HttpClient(HttpOptions(first_pause_s=0, attempts=2)) as client:
        return update(request, client, now=now, events=events or Silent())


def outcomes(result: UpdateResult) -> dict[str, str]:
    return {item.ecosystem: item.outcome.value for item in result.outcomes}


def find(request: UpdateRequest, ecosystem: str, release: str, name: str) -> list[str]:
    with AdvisoryDatabase.open(request.database) as database:
        found = database.find(ecosystem, release, [name])
        return [record.id for record in found.get(name, ())]


def files(request: UpdateRequest) -> list[str]:
    return sorted(path.name for path in request.database.parent.iterdir())


def test_the_usual_ecosystems_are_fetched_once(request_: UpdateRequest, server: OsvServer) -> None:
    recorded = Recorded()
    result = run(request_, events=recorded)
    names = ("Alpine", "Debian", "PyPI", "Ubuntu")
    assert outcomes(result) == dict.fromkeys(names, "updated")
    assert result.failures == ()
    assert find(request_, "Debian", "12", "p7") == ["D-7"]
    assert find(request_, "Ubuntu", "22.04", "curl") == ["U-1"]
    progress = [item for item in recorded.events if isinstance(item, StageProgress)]
    assert {item.unit for item in progress} == {"bytes", "records"}
    before = request_.database.stat().st_ino
    assert outcomes(run(request_, LATER)) == dict.fromkeys(names, "unchanged")
    assert request_.database.stat().st_ino == before
    with AdvisoryDatabase.open(request_.database) as database:
        info = database.meta["Debian"]
        assert (info.fetched_at, info.checked_at) == (FIRST, LATER)
    assert files(request_) == ["advisories.db", "advisories.db.lock"]
    assert len(server.web.asked) == 8


def test_what_changed_is_fetched_and_the_rest_is_taken_over(
    request_: UpdateRequest, exports: Path
) -> None:
    run(request_)
    make_export(exports, "PyPI", [make_record("P-2", "PyPI", "flask")])
    result = run(request_, LATER)
    assert outcomes(result) == {
        "Alpine": "unchanged",
        "Debian": "unchanged",
        "PyPI": "updated",
        "Ubuntu": "unchanged",
    }
    assert find(request_, "PyPI", "", "flask") == ["P-2"]
    assert find(request_, "Debian", "12", "p7") == ["D-7"]
    with AdvisoryDatabase.open(request_.database) as database:
        assert {info.checked_at for info in database.meta.values()} == {LATER}
        assert database.meta["Debian"].fetched_at == FIRST


def test_others_come_on_request_and_stay(request_: UpdateRequest, exports: Path) -> None:
    make_export(exports, "npm", [make_record("N-1", "npm", "left-pad")])
    make_export(exports, "Debian:12", [make_record("D-x", "Debian:12", "p7")])
    asked = replace(request_, ecosystems=("npm", "Debian:12"))
    assert outcomes(run(asked)) == {"npm": "updated", "Debian:12": "updated"}
    assert set(outcomes(run(request_, LATER))) == {
        *("Alpine", "Debian", "Debian:12", "PyPI", "Ubuntu", "npm")
    }
    assert find(request_, "npm", "", "left-pad") == ["N-1"]
    assert find(request_, "Debian", "12", "p7") == ["D-x", "D-7"]


def test_a_broken_line_leaves_the_former_database_and_costs_no_work(
    request_: UpdateRequest, server: OsvServer, exports: Path
) -> None:
    run(request_)
    before = request_.database.read_bytes()
    make_export(exports, "Alpine", [make_record("A-2", "Alpine:v3.19", "musl")])
    make_export(exports, "Debian", [make_record(f"E-{n}", "Debian:12", "p7") for n in range(400)])
    whole = (exports / "Alpine/all.zip").stat().st_size
    server.breaks = [whole, 2000, *[0] * 30]
    with pytest.raises(AdvisoryDataError):
        run(request_, LATER)
    assert request_.database.read_bytes() == before
    server.breaks.clear()
    server.web.asked.clear()
    assert outcomes(run(request_, LATER))["Debian"] == "updated"
    assert "bytes=2000-" in server.ranges()
    assert find(request_, "Alpine", "3.19", "musl") == ["A-2"]
    assert len(find(request_, "Debian", "12", "p7")) == 400
    assert files(request_) == ["advisories.db", "advisories.db.lock"]


def test_a_usual_ecosystem_that_is_not_there_is_passed_over(
    request_: UpdateRequest, exports: Path
) -> None:
    run(request_)
    (exports / "Ubuntu/all.zip").unlink()
    make_export(exports, "PyPI", [make_record("P-2", "PyPI", "flask")])
    result = run(request_, LATER)
    assert outcomes(result)["Ubuntu"] == "missing"
    assert result.failures == ()
    assert find(request_, "Ubuntu", "22.04", "curl") == ["U-1"]


def test_what_was_asked_for_by_name_and_is_not_there_is_a_failure(
    request_: UpdateRequest,
) -> None:
    result = run(replace(request_, ecosystems=("PyPI", "Haskell")))
    assert outcomes(result) == {"PyPI": "updated", "Haskell": "missing"}
    assert len(result.failures) == 1
    assert "Haskell" in result.failures[0]
    assert find(request_, "PyPI", "", "flask") == ["P-1"]


def test_a_place_without_exports_makes_no_database(request_: UpdateRequest, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    result = run(replace(request_, base=str(tmp_path / "empty")))
    assert result.failures
    assert not request_.database.exists()


def test_a_damaged_archive_is_skipped_and_its_former_records_stay(
    request_: UpdateRequest, exports: Path
) -> None:
    run(request_)
    (exports / "PyPI/all.zip").write_bytes(b"PK\x03\x04 no end")
    make_export(exports, "Alpine", [make_record("A-2", "Alpine:v3.19", "musl")])
    result = run(request_, LATER)
    assert (outcomes(result)["PyPI"], outcomes(result)["Alpine"]) == ("damaged", "updated")
    assert len(result.failures) == 1
    assert find(request_, "PyPI", "", "flask") == ["P-1"]
    assert find(request_, "Alpine", "3.19", "musl") == ["A-2"]
    # It is not taken for known: it is fetched again, and good once it is.
    make_export(exports, "PyPI", [make_record("P-2", "PyPI", "flask")])
    assert outcomes(run(request_, LATER))["PyPI"] == "updated"


def test_nothing_but_damage_changes_nothing(request_: UpdateRequest, exports: Path) -> None:
    run(request_)
    before = request_.database.read_bytes()
    for archive in exports.glob("*/all.zip"):
        archive.write_bytes(b"no zip")
    assert len(run(request_, LATER).failures) == 4
    assert request_.database.read_bytes() == before


def test_killed_half_way_the_former_database_stays(
    request_: UpdateRequest, exports: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(request_)
    before = request_.database.read_bytes()
    make_export(exports, "Debian", [make_record("D-new", "Debian:12", "p7")])
    local = replace(request_, base=str(exports))
    child = os.fork()
    if child == 0:
        # Records are written, and nothing is swapped yet.
        monkeypatch.setattr(
            DatabaseWriter, "finish", lambda _: os.kill(os.getpid(), signal.SIGKILL)
        )
        try:
            run(local, LATER)
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status)
    assert "advisories.db.building" in files(request_)
    assert request_.database.read_bytes() == before
    assert outcomes(run(local, LATER))["Debian"] == "updated"
    assert find(request_, "Debian", "12", "p7") == ["D-new"]
    assert files(request_) == ["advisories.db", "advisories.db.lock"]


def test_one_update_at_a_time(request_: UpdateRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    original = module._swap

    def swap(building: Path, path: Path) -> None:
        with pytest.raises(AdvisoryDataError, match="under way"):
            run(request_)
        original(building, path)

    monkeypatch.setattr(module, "_swap", swap)
    assert outcomes(run(request_))["Debian"] == "updated"


def test_a_file_of_somebody_elses_is_not_replaced(request_: UpdateRequest) -> None:
    request_.database.parent.mkdir()
    request_.database.write_text("my diary")
    with pytest.raises(AdvisoryDataError, match="is no database of advisories"):
        run(request_)
    assert request_.database.read_text() == "my diary"


def test_a_damaged_database_of_ours_is_made_anew(request_: UpdateRequest) -> None:
    run(request_)
    raw = bytearray(request_.database.read_bytes())
    raw[100:8192] = bytes(8092)
    request_.database.write_bytes(bytes(raw))
    recorded = Recorded()
    assert set(outcomes(run(request_, events=recorded)).values()) == {"updated"}
    assert find(request_, "PyPI", "", "flask") == ["P-1"]


def test_a_database_that_is_damaged_further_inside_is_made_anew(
    request_: UpdateRequest, exports: Path
) -> None:
    run(request_)
    raw = bytearray(request_.database.read_bytes())
    pages = range(8192 * 8, len(raw), 8192)
    for at in pages:
        raw[at : at + 4096] = b"\xa5" * 4096
    request_.database.write_bytes(bytes(raw))
    make_export(exports, "PyPI", [make_record("P-2", "PyPI", "flask")])
    recorded = Recorded()
    assert set(outcomes(run(request_, LATER, recorded)).values()) == {"updated"}
    assert any("fetched anew" in str(event) for event in recorded.events)
    assert find(request_, "PyPI", "", "flask") == ["P-2"]
    assert find(request_, "Debian", "12", "p7") == ["D-7"]


@pytest.mark.parametrize("name", ["../etc", "a/b", "", "Debian:", "..", "x" + chr(0)])
def test_names_that_are_no_ecosystems(request_: UpdateRequest, name: str) -> None:
    with pytest.raises(UsageError, match="cannot be one"):
        run(replace(request_, ecosystems=(name,)))


@pytest.mark.parametrize("base", ["/no/such/directory", "ftp://example.org", "file://host/x"])
def test_places_that_cannot_be_meant(request_: UpdateRequest, base: str) -> None:
    with pytest.raises(UsageError):
        run(replace(request_, base=base))


def test_scores_and_known_uses_are_fetched_too(
    request_: UpdateRequest, exports: Path, server: OsvServer
) -> None:
    scores = "#model_version:v2025.03.14,score_date:2026-01-02T00:00:00+0000\ncve,epss,percentile\n"
    scores += "CVE-2023-1,0.5,0.9\nCVE-2023-2,0.00042,0.05\n"
    (exports / "epss.csv.gz").write_bytes(gzip.compress(scores.encode()))
    entry = {
        "cveID": "CVE-2023-1",
        "dateAdded": "2023-05-01",
        "dueDate": "2023-05-22",
        "vulnerabilityName": "Overflow",
        "knownRansomwareCampaignUse": "Known",
        "product": "X",
    }
    (exports / "kev.json").write_text(
        json.dumps({"dateReleased": "2026-01-01T10:00:00.0Z", "vulnerabilities": [entry]})
    )
    run(replace(request_, epss=f"{server.url}/epss.csv.gz", kev=str(exports / "kev.json")))
    make_export(exports, "PyPI", [make_record("P-2", "PyPI", "flask")])
    run(request_, LATER)
    with AdvisoryDatabase.open(request_.database) as database:
        score, known = database.epss("CVE-2023-2"), database.kev("CVE-2023-1")
        assert score is not None
        assert score.score == 0.00042
        assert known is not None
        assert (known.added, known.is_ransomware) == ("2023-05-01", True)
        assert {kind: info.dated for kind, info in database.enrichments.items()} == {
            "epss": "2026-01-02",
            "kev": "2026-01-01",
        }


@pytest.mark.parametrize(
    ("option", "content"),
    [
        ("epss", b"not,a,score\n1,2,3\n"),
        ("epss", b"cve,epss,percentile\nCVE-1,much,more\n"),
        ("epss", gzip.compress(b"cve,epss,percentile\n" + b"CVE-1,0.1,0.2\n" * 999)[:40]),
        ("epss", b"\xff\xfe" * 100),
        ("kev", b"{}"),
        ("kev", b"<html>"),
    ],
    ids=["columns", "numbers", "cut off", "no text", "no entries", "no JSON"],
)
def test_other_files_are_refused_and_nothing_changes(
    request_: UpdateRequest, exports: Path, option: str, content: bytes
) -> None:
    run(request_)
    before = request_.database.read_bytes()
    (exports / "file").write_bytes(content)
    make_export(exports, "PyPI", [make_record("P-2", "PyPI", "flask")])
    wrong = replace(request_, **{option: str(exports / "file")})  # type: ignore[arg-type]  # one of two fields
    with pytest.raises(AdvisoryDataError, match=r"file:///.*: not "):
        run(wrong, LATER)
    assert request_.database.read_bytes() == before


def test_the_outcomes_are_those_of_the_answers() -> None:
    assert {item.value for item in Outcome} == {"updated", "unchanged", "missing", "damaged"}
