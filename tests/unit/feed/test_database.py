from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from jettison.errors import AdvisoryDataError
from jettison.feed.archive import DamagedArchiveError
from jettison.feed.database import AdvisoryDatabase
from jettison.feed.writer import DatabaseWriter, Origin
from support.advisories import counted, make_database, make_export, make_record, silent

ORIGIN = Origin(ecosystem="Debian", url="https://osv.example/Debian/all.zip", fetched_at="now")


def ids(database: AdvisoryDatabase, ecosystem: str, release: str, name: str) -> list[str]:
    found = database.find(ecosystem, release, [name])
    return [record.id for record in found.get(name, ())]


def test_records_are_found_by_release_and_package(tmp_path: Path) -> None:
    both = make_record("D-3", "Debian:12", "expat", fixed="3")
    both["affected"] += make_record("x", "Debian:11", "expat", fixed="2")["affected"]
    both["affected"] += make_record("x", "Debian:12", "openssl", fixed="1")["affected"]
    path = make_database(
        tmp_path / "a.db",
        {
            "Debian": [
                make_record("D-1", "Debian:12", "openssl", fixed="2"),
                make_record("D-2", "Debian:11", "openssl"),
                both,
            ],
            "PyPI": [make_record("P-1", "PyPI", "Jinja2", fixed="3.1.6")],
        },
    )
    with AdvisoryDatabase.open(path) as database:
        found = database.find("Debian", "12", ["expat", "openssl", "nothing"])
        assert {name: [record.id for record in found[name]] for name in found} == {
            "expat": ["D-3"],
            "openssl": ["D-1", "D-3"],
        }
        (expat,) = found["expat"]
        assert [item.package.name for item in expat.affected if item.package] == ["expat"]
        assert [event.fixed for event in expat.affected[0].ranges[0].events] == ["", "3"]
        assert ids(database, "Debian", "11", "openssl") == ["D-2"]
        assert ids(database, "Debian", "10", "openssl") == []
        assert ids(database, "PyPI", "", "jinja2") == ["P-1"]
        assert ids(database, "PyPI", "", "JINJA2") == ["P-1"]
        assert database.has_release("Debian", "12")
        assert not database.has_release("Debian", "13")


@pytest.mark.parametrize(
    ("ecosystem", "written", "release"),
    [
        ("Alpine", "Alpine:v3.19", "3.19.1"),
        ("Alpine", "Alpine:v3.19", "v3.19"),
        ("Ubuntu", "Ubuntu:22.04:LTS", "22.04"),
        ("Ubuntu", "Ubuntu:25.10", "25.10"),
        ("Debian", "Debian:12", "12.4"),
        ("Debian", "Debian", "12"),
        ("Rocky Linux", "Rocky Linux:9", "9"),
    ],
)
def test_releases_are_named_as_their_ecosystem_does(
    tmp_path: Path, ecosystem: str, written: str, release: str
) -> None:
    path = make_database(tmp_path / "a.db", {ecosystem: [make_record("A", written, "musl")]})
    with AdvisoryDatabase.open(path) as database:
        assert ids(database, ecosystem, release, "musl") == ["A"]
        assert ids(database, ecosystem, "1.1", "musl") == (["A"] if written == "Debian" else [])


def test_what_is_fixed_for_subscribers_alone_is_of_the_release_too(tmp_path: Path) -> None:
    records = [
        make_record("A", "Ubuntu:Pro:22.04:LTS", "curl"),
        make_record("B", "Ubuntu:Pro:FIPS-updates:22.04:LTS", "curl"),
        make_record("C", "Ubuntu:Pro:24.04:LTS", "curl"),
    ]
    path = make_database(tmp_path / "a.db", {"Ubuntu": records})
    with AdvisoryDatabase.open(path) as database:
        assert ids(database, "Ubuntu", "22.04", "curl") == ["A"]
        assert ids(database, "Ubuntu", "22.04:LTS", "curl") == ["A"]
        assert ids(database, "Ubuntu", "Pro:22.04:LTS", "curl") == ["A"]
        assert database.has_release("Ubuntu", "24.04:LTS")
        assert not database.has_release("Ubuntu", "26.04:LTS")


def test_other_ecosystems_in_a_record_are_left_out(tmp_path: Path) -> None:
    record = make_record("G-1", "npm", "jquery")
    record["affected"] += make_record("x", "PyPI", "jquery-py")["affected"]
    record["affected"].append({"ranges": [{"type": "GIT", "events": [{"introduced": "0"}]}]})
    path = make_database(tmp_path / "a.db", {"PyPI": [record]})
    with AdvisoryDatabase.open(path) as database:
        assert ids(database, "PyPI", "", "jquery-py") == ["G-1"]
        assert ids(database, "npm", "", "jquery") == []


def test_a_record_of_two_exports_comes_once_in_its_newest_form(tmp_path: Path) -> None:
    old = make_record("A", "Debian:12", "curl", fixed="1")
    new = make_record("A", "Debian:12", "curl", fixed="2", modified="2026-09-01T00:00:00Z")
    path = make_database(tmp_path / "a.db", {"Debian": [new], "Debian:12": [old]})
    with AdvisoryDatabase.open(path) as database:
        (record,) = database.find("Debian", "12", ["curl"])["curl"]
        assert record.affected[0].ranges[0].events[1].fixed == "2"


def test_a_release_under_two_names_in_one_record_has_what_is_said_of_both(tmp_path: Path) -> None:
    record = make_record("A", "Debian", "curl", fixed="1")
    record["affected"] += make_record("A", "Debian:12", "curl", fixed="2")["affected"]
    path = make_database(tmp_path / "a.db", {"Debian": [record], "Debian:12": [record]})
    with AdvisoryDatabase.open(path) as database:
        (found,) = database.find("Debian", "12", ["curl"])["curl"]
        assert [item.ranges[0].events[1].fixed for item in found.affected] == ["1", "2"]
        (found,) = database.find("Debian", "11", ["curl"])["curl"]
        assert [item.ranges[0].events[1].fixed for item in found.affected] == ["1"]


def test_what_reports_use_of_a_record_is_kept(tmp_path: Path) -> None:
    details = "An overflow in parse() of expat. More of it.\n\nAnd more."
    record = make_record(
        "A",
        "Debian:12",
        "expat",
        aliases=["CVE-1"],
        upstream=["CVE-2"],
        details=details,
        severity=[{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N"}],
        withdrawn="2026-02-01T00:00:00Z",
        database_specific={"severity": "HIGH", "cwes": [{"id": 1}]},
        references=[
            *({"type": "WEB", "url": f"https://w.example/{n}"} for n in range(20)),
            {"type": "ADVISORY", "url": "https://a.example"},
        ],
    )
    record["affected"][0]["ecosystem_specific"] = {"urgency": "low", "binaries": ["x"] * 1000}
    path = make_database(tmp_path / "a.db", {"Debian": [record]})
    with AdvisoryDatabase.open(path) as database:
        (kept,) = database.find("Debian", "12", ["expat"])["expat"]
    assert (kept.aliases, kept.upstream, kept.withdrawn[:4]) == (("CVE-1",), ("CVE-2",), "2026")
    assert kept.summary == "An overflow in parse() of expat"
    assert kept.severity[0].score == "CVSS:3.1/AV:N"
    assert kept.references[0].url == "https://a.example"
    assert bytes(kept.database_specific) == b'{"severity":"HIGH"}'
    assert bytes(kept.affected[0].ecosystem_specific) == b'{"urgency":"low"}'


def test_versions_that_a_distribution_enumerates_go_and_others_stay(tmp_path: Path) -> None:
    versions = [f"1.{n}" for n in range(100)]
    debian = make_record("D", "Debian:12", "a", fixed="2")
    listed = make_record("L", "Debian:12", "a")
    listed["affected"][0].pop("ranges")
    python = make_record("P", "PyPI", "a", fixed="2")
    for record in (debian, listed, python):
        record["affected"][0]["versions"] = versions
    path = make_database(tmp_path / "a.db", {"Debian": [debian, listed], "PyPI": [python]})
    with AdvisoryDatabase.open(path) as database:
        kept = {record.id: record for record in database.find("Debian", "12", ["a"])["a"]}
        assert kept["D"].affected[0].versions == ()
        assert list(kept["L"].affected[0].versions) == versions
        (kept_python,) = database.find("PyPI", "", ["a"])["a"]
        assert list(kept_python.affected[0].versions) == versions


def test_damaged_records_are_skipped_counted_and_named(tmp_path: Path) -> None:
    good = make_record("A", "Debian:12", "curl")
    wrong = {"id": "B", "affected": "none"}
    archive = make_export(tmp_path, "Debian", [good, wrong, {**wrong, "id": "C"}])
    writer = DatabaseWriter(tmp_path / "a.db", None)
    seen: list[tuple[int, int]] = []
    imported = writer.add_export(archive, ORIGIN, counted(seen))
    writer.finish()
    assert (imported.records, imported.skipped) == (1, 2)
    assert [item.name for item in imported.named] == ["B.json", "C.json"]
    assert seen[-1] == (3, 3)
    with AdvisoryDatabase.open(tmp_path / "a.db") as database:
        info = database.meta["Debian"]
        assert (info.records, info.skipped, info.named) == (1, 2, imported.named)
        assert info.newest_modified == "2026-01-02T03:04:05Z"
        assert info.releases == ("Debian:12",)
        assert ids(database, "Debian", "12", "curl") == ["A"]


def test_what_was_not_fetched_again_is_taken_over(tmp_path: Path) -> None:
    former = make_database(
        tmp_path / "a.db",
        {
            "PyPI": [make_record("P", "PyPI", "flask"), {"id": "X", "affected": 1}],
            "Debian": [make_record("D-1", "Debian:12", "curl")],
        },
    )
    archive = make_export(tmp_path / "new", "Debian", [make_record("D-2", "Debian:12", "curl")])
    writer = DatabaseWriter(tmp_path / "b.db", former)
    writer.take_over("PyPI")
    writer.take_over("Alpine")
    writer.add_export(archive, ORIGIN, silent)
    writer.finish()
    with AdvisoryDatabase.open(tmp_path / "b.db") as database:
        assert ids(database, "PyPI", "", "flask") == ["P"]
        assert ids(database, "Debian", "12", "curl") == ["D-2"]
        assert {name: info.fetched_at for name, info in database.meta.items()} == {
            "Debian": "now",
            "PyPI": "2026-01-03T12:00:00Z",
        }
        assert database.meta["PyPI"].named[0].name == "X.json"


def test_a_damaged_archive_leaves_the_rest_usable(tmp_path: Path) -> None:
    writer = DatabaseWriter(tmp_path / "a.db", None)
    bad = tmp_path / "bad.zip"
    bad.write_bytes(b"PK\x03\x04 and no end")
    with pytest.raises(DamagedArchiveError):
        writer.add_export(bad, ORIGIN, silent)
    good = make_export(tmp_path, "Debian", [make_record("A", "Debian:12", "curl")])
    writer.add_export(good, ORIGIN, silent)
    writer.finish()
    with AdvisoryDatabase.open(tmp_path / "a.db") as database:
        assert ids(database, "Debian", "12", "curl") == ["A"]


def test_scores_and_known_uses(tmp_path: Path) -> None:
    writer = DatabaseWriter(tmp_path / "a.db", None)
    assert writer.add_enrichment("epss", [("CVE-1", 0.5, 0.9), ("CVE-2", 0.1, 0.2)]) == 2
    writer.note_enrichment("epss", url="epss.csv", fetched_at="now", dated="2026-01-01")
    writer.add_enrichment("kev", [("CVE-1", "2026-01-01", "2026-02-01", "Overflow", 1)])
    writer.note_enrichment("kev", url="kev.json", fetched_at="now", dated="2026-01-02")
    writer.finish()
    second = DatabaseWriter(tmp_path / "b.db", tmp_path / "a.db")
    second.take_over_enrichment("epss")
    second.finish()
    with AdvisoryDatabase.open(tmp_path / "a.db") as database:
        score, entry = database.epss("CVE-1"), database.kev("CVE-1")
        assert score is not None
        assert (score.score, score.percentile) == (0.5, 0.9)
        assert entry is not None
        assert (entry.due, entry.is_ransomware) == ("2026-02-01", True)
        assert database.kev("CVE-2") is None
        assert {kind: info.records for kind, info in database.enrichments.items()} == {
            "epss": 2,
            "kev": 1,
        }
    with AdvisoryDatabase.open(tmp_path / "b.db") as database:
        assert database.epss("CVE-2") is not None
        assert database.kev("CVE-1") is None
        assert list(database.enrichments) == ["epss"]


def test_no_database_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(AdvisoryDataError, match="no database") as caught:
        AdvisoryDatabase.open(tmp_path / "none.db")
    assert "jettison db update" in caught.value.hint
    assert caught.value.exit_code == 3


def test_another_file_is_no_database(tmp_path: Path) -> None:
    text = tmp_path / "text"
    text.write_text("no database at all" * 100)
    other = tmp_path / "other.db"
    with sqlite3.connect(other) as connection:
        connection.execute("CREATE TABLE a (b)")
    connection.close()
    for path in (text, other):
        with pytest.raises(AdvisoryDataError):
            AdvisoryDatabase.open(path)


def test_a_record_that_was_damaged_is_said_so(tmp_path: Path) -> None:
    path = make_database(tmp_path / "a.db", {"PyPI": [make_record("P", "PyPI", "flask")]})
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE advisory SET body = x'7b22'")
    connection.close()
    with AdvisoryDatabase.open(path) as database:
        assert ids(database, "PyPI", "", "click") == []
        with pytest.raises(AdvisoryDataError, match="no record"):
            ids(database, "PyPI", "", "flask")


def test_a_path_may_hold_any_character(tmp_path: Path) -> None:
    folder = tmp_path / "a?b#c %41"
    folder.mkdir()
    path = make_database(folder / "x y.db", {"PyPI": [make_record("P", "PyPI", "flask")]})
    second = DatabaseWriter(folder / "z?.db", path)
    second.take_over("PyPI")
    second.finish()
    with AdvisoryDatabase.open(folder / "z?.db") as database:
        assert ids(database, "PyPI", "", "flask") == ["P"]
