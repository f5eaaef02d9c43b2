from __future__ import annotations

import json
from pathlib import Path

import pytest

from jettison.cli import main
from jettison.cli.db_verbs import database_path
from support.advisories import make_export, make_record


@pytest.fixture
def exports(tmp_path: Path) -> Path:
    for name, release in (
        ("Alpine", "Alpine:v3.19"),
        ("Debian", "Debian:12"),
        ("PyPI", "PyPI"),
        ("Ubuntu", "Ubuntu:22.04:LTS"),
    ):
        make_export(tmp_path, name, [make_record(f"{name}-1", release, "curl")])
    return tmp_path


def run(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    monkeypatch.setattr("sys.argv", ["jettison", *words])
    return main._run()


def test_update_then_status(
    exports: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "db", "update", "--osv-url", str(exports)) == 0
    assert "Debian: 1 record\n" in capsys.readouterr().out
    assert run(monkeypatch, "db", "status", "--format", "json") == 0
    status = json.loads(capsys.readouterr().out)
    assert [source["ecosystem"] for source in status["sources"]] == [
        *("Alpine", "Debian", "PyPI", "Ubuntu")
    ]
    assert {source["age_days"] for source in status["sources"]} == {0}
    assert status["path"] == str(database_path(None))
    assert run(monkeypatch, "db", "status") == 0
    assert "today" in capsys.readouterr().out


def test_no_database_is_told_with_the_way_to_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "db", "status") == 3
    told = capsys.readouterr()
    assert told.out == ""
    assert "jettison db update" in told.err


def test_what_failed_is_in_the_document_and_in_the_exit_code(
    exports: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (exports / "PyPI/all.zip").write_bytes(b"no zip")
    words = ("db", "update", "--osv-url", str(exports), "--format", "json")
    assert run(monkeypatch, *words) == 3
    told = capsys.readouterr()
    document = json.loads(told.out)
    assert [item["outcome"] for item in document["exports"]] == [
        *("updated", "updated", "damaged", "updated")
    ]
    assert document["failures"][0] in told.err


@pytest.mark.parametrize(
    "words",
    [
        ("db", "update", "--ecosystem", "../x"),
        ("db", "update", "--osv-url", "/no/such/directory"),
        ("db", "update", "--osv-url", "gopher://x"),
        ("db", "frobnicate"),
    ],
)
def test_wrong_usage(monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]) -> None:
    assert run(monkeypatch, *words) == 2


def test_another_file_and_defaults_from_the_configuration(
    exports: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "jettison.toml"
    config.write_text(f'["db update"]\nosv-url = "{exports}"\necosystem = ["PyPI"]\n')
    wanted = tmp_path / "other/a.db"
    words = ("--config", str(config), "db", "update", "--db", str(wanted))
    assert run(monkeypatch, *words) == 0
    assert wanted.exists()
    assert not database_path(None).exists()
