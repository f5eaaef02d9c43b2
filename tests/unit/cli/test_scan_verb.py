"""`jettison scan` on projects and bills of materials; images are for the integration tests."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from jettison.cli import main
from jettison.cli.scan_requests import find_path
from jettison.errors import UsageError
from support.advisories import make_database, make_record

SCHEMA = Path(__file__).parents[3] / "docs/schemas/scan.schema.json"
HIGH = [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N"}]
Scan = Callable[..., tuple[int, str, str]]


@pytest.fixture
def scan(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Scan:
    """Run it in a directory of its own; gives exit code, stdout, stderr."""
    database = make_database(
        tmp_path / "advisories.db",
        {
            "PyPI": [
                make_record("PYSEC-1", "PyPI", "flask", fixed="2.2.5", aliases=["CVE-2026-1"]),
                make_record("GHSA-1", "PyPI", "Flask", fixed="2.2.5", aliases=["CVE-2026-1"],
                            severity=HIGH),
                make_record("GHSA-2", "PyPI", "jinja2", fixed="3.1.3"),
            ],
            "Debian": [make_record("DEBIAN-CVE-2026-7", "Debian:12", "openssl", fixed="3.0.22-1")],
        },
    )  # fmt: skip
    project = tmp_path / "project"
    project.mkdir()
    monkeypatch.chdir(project)

    def run(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["jettison", "scan", "--db", str(database), *words])
        code = main._run()
        told = capsys.readouterr()
        return code, told.out, told.err

    return run


def write(**files: str) -> None:
    for name, text in files.items():
        Path(name.replace("__", ".")).write_text(text)


def document(out: str) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(out)
    jsonschema.validate(value, json.loads(SCHEMA.read_text()))
    return value


def test_findings_end_with_1_and_are_told_by_package(scan: Scan) -> None:
    write(requirements__txt="Flask==2.2.2\nsix==1.16\nnumpy>1\n")
    code, out, err = scan("requirements.txt")
    assert code == 1
    assert "Flask 2.2.2  python\n  from requirements.txt:1\n  fixed in 2.2.5\n" in out
    assert "HIGH      CVE-2026-1  CVSS 3.1 7.5\n            GHSA-1, PYSEC-1\n" in out
    assert "numpy>1 (requirements.txt:3): not pinned to one version" in out
    totals = "0 critical, 1 high, 0 medium, 0 low, 0 unknown"
    assert f"2 packages tested, 1 vulnerability:\n  {totals}\n" in out
    assert "vulnerabilities were found" in err


def test_the_document_has_what_is_promised(scan: Scan) -> None:
    write(requirements__txt="flask==2.2.2\njinja2==3.1.2\n")
    code, out, _ = scan("requirements.txt", "--format", "json")
    value = document(out)
    assert code == 1
    first, second = value["findings"]
    assert first["id"] == "CVE-2026-1"
    assert first["aliases"] == ["GHSA-1", "PYSEC-1"]
    assert first["severity"] == "high"
    assert first["package"]["name"] == "flask"
    assert first["package"]["type"] == "python"
    assert first["package"]["purl"] == "pkg:pypi/flask@2.2.2"
    assert first["fixed_version"] == "2.2.5"
    assert first["layer"] is None
    assert first["introduced_through"] == [["flask 2.2.2"]]
    assert (second["id"], second["severity"]) == ("GHSA-2", "unknown")
    assert value["packages_tested"] == 2
    assert value["totals"]["vulnerabilities"] == 2
    assert value["passed"] is False


def test_nothing_found_ends_with_0(scan: Scan) -> None:
    write(requirements__txt="flask==2.2.5\n")
    code, out, err = scan("requirements.txt")
    assert code == 0
    assert "1 package tested, 0 vulnerabilities" in out
    assert "error" not in err


@pytest.mark.parametrize(
    ("threshold", "code"),
    [("any", 1), ("low", 1), ("high", 1), ("critical", 0), ("never", 0)],
)
def test_the_threshold(scan: Scan, threshold: str, code: int) -> None:
    write(requirements__txt="flask==2.2.2\n")
    assert scan("requirements.txt", "--fail-on", threshold)[0] == code


def test_an_unrated_one_fails_by_default_and_not_a_named_threshold(scan: Scan) -> None:
    write(requirements__txt="jinja2==3.1.2\n")
    assert scan("requirements.txt")[0] == 1
    code, out, _ = scan("requirements.txt", "--fail-on", "low")
    assert code == 0
    assert "1 unknown" in out


@pytest.mark.parametrize(
    ("text", "hint"),
    [("numpy>1\n", "not pinned to one version"), ("# nothing\n", "no packages, requirements")],
)
def test_nothing_to_scan_ends_with_3(scan: Scan, text: str, hint: str) -> None:
    write(requirements__txt=text)
    code, out, err = scan("requirements.txt")
    assert code == 3
    assert "0 packages tested" in out
    assert "nothing in it could be tested" in err
    assert hint in err


def test_an_empty_directory_has_nothing_to_scan(scan: Scan) -> None:
    assert scan(".")[0] == 3


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("missing.txt",), "there is no such file or directory"),
        (("odd.bin",), "its name does not tell"),
        (("image.tar",), "docker-archive:image.tar"),
        (("bad.json",), "neither CycloneDX nor SPDX"),
        (("uv.lock",), "uv.lock: "),
        (("lost.txt",), "lost.txt:1: -r gone.txt: there is no such file"),
        (("requirements.txt", "--python", "4"), "no Python version"),
        (("requirements.txt", "--vex", "gone.json"), "gone.json: No such file"),
        (("requirements.txt", "--ignores", "gone.toml"), "gone.toml: No such file"),
    ],
)
def test_bad_input_ends_with_2(scan: Scan, words: tuple[str, ...], says: str) -> None:
    write(odd__bin="", image__tar="", bad__json="{}", uv__lock="[[", lost__txt="-r gone.txt\n",
          requirements__txt="flask==2.2.2\n")  # fmt: skip
    code, _, err = scan(*words)
    assert code == 2
    assert says in " ".join(err.split())


def test_no_database_ends_with_3(scan: Scan) -> None:
    write(requirements__txt="flask==2.2.2\n")
    code, _, err = scan("requirements.txt", "--db", "gone.db")
    assert code == 3
    assert "jettison db update" in err


def test_files_that_include_each_other(scan: Scan) -> None:
    write(
        requirements__txt="-r more.txt\n-c limits.txt\nflask\n",
        more__txt="-r requirements.txt\njinja2==3.1.3\n",
        limits__txt="flask==2.2.2\n",
    )
    code, out, _ = scan(".", "--format", "json")
    value = document(out)
    assert code == 1
    assert value["target"]["files"] == ["requirements.txt", "more.txt", "limits.txt"]
    assert value["packages_tested"] == 2
    assert value["findings"][0]["packages"][0]["location"] == "requirements.txt:3"


def test_a_directory_takes_locks_and_requirements(scan: Scan) -> None:
    write(
        pyproject__toml='[project]\nname = "shop"\ndependencies = ["flask"]\n',
        poetry__lock='[[package]]\nname = "flask"\nversion = "2.2.2"\n[package.dependencies]\n'
        'jinja2 = "*"\n[[package]]\nname = "jinja2"\nversion = "3.1.2"\n',
    )
    _, out, _ = scan(".", "--format", "json")
    value = document(out)
    assert {row["id"]: row["introduced_through"] for row in value["findings"]} == {
        "CVE-2026-1": [["flask 2.2.2"]],
        "GHSA-2": [["flask 2.2.2", "jinja2 3.1.2"]],
    }
    _, out, _ = scan(".")
    assert "introduced through flask 2.2.2 > jinja2 3.1.2" in out


def test_a_project_without_a_lock(scan: Scan) -> None:
    write(
        pyproject__toml='[project]\nname = "shop"\ndependencies = ["flask==2.2.2", "numpy"]\n'
        '[tool.poetry.dependencies]\npython = "^3.11"\njinja2 = "3.1.2"\nsix = "^1.0"\n'
    )
    _, out, _ = scan("pyproject.toml", "--format", "json")
    value = document(out)
    assert [row["id"] for row in value["findings"]] == ["CVE-2026-1", "GHSA-2"]
    assert [row["what"] for row in value["untested"]] == ["numpy", "six"]


def test_a_bill_of_materials(scan: Scan) -> None:
    purl = "pkg:deb/debian/libssl3@3.0.20-1?distro=debian-12&upstream=openssl"
    bill = {
        "bomFormat": "CycloneDX",
        "components": [
            {"name": "libssl3", "version": "3.0.20-1", "purl": purl},
            {"name": "x", "version": "1", "purl": "pkg:deb/debian/x@1?distro=debian-77"},
            {"name": "y", "version": "1", "purl": "pkg:npm/y@1"},
        ],
    }
    write(sbom__json=json.dumps(bill))
    code, out, _ = scan("sbom.json", "--format", "json")
    value = document(out)
    assert code == 1
    assert value["target"]["kind"] == "sbom"
    (row,) = value["findings"]
    assert (row["id"], row["package"]["source"]) == ("CVE-2026-7", "openssl")
    assert row["package"]["purl"] == purl
    assert [item["reason"] for item in value["untested"]] == [
        "the database has no advisories for Debian:77",
        "the database has no advisories for npm",
    ]


def test_ignores_of_the_configuration(scan: Scan) -> None:
    write(
        requirements__txt="flask==2.2.2\n",
        jettison__toml='[scan]\nfail-on = "high"\n[[scan.ignore]]\nid = "PYSEC-1"\n'
        'reason = "not reached"\nexpires = 2999-12-31\n',
        old__toml='[[scan.ignore]]\nid = "PYSEC-1"\nreason = "r"\nexpires = 2020-01-01\n',
    )
    code, out, _ = scan("requirements.txt")
    assert code == 0
    assert "CVE-2026-1 in flask 2.2.2: not reached (jettison.toml, until 2999-12-31)" in out
    code, out, _ = scan("requirements.txt", "--ignores", "old.toml")
    assert code == 1
    assert "the ignore of PYSEC-1 expired on 2020-01-01" in out
    write(jettison__toml='[[scan.ignore]]\nid = "PYSEC-1"\n')
    code, _, err = scan("requirements.txt")
    assert code == 2
    assert "it has no reason" in err


def test_vex_statements(scan: Scan) -> None:
    write(
        requirements__txt="flask==2.2.2\n",
        vex__json=json.dumps(
            {
                "@context": "https://openvex.dev/ns/v0.2.0",
                "@id": "https://example.org/vex",
                "author": "me",
                "timestamp": "2026-01-01T00:00:00Z",
                "version": 1,
                "statements": [
                    {
                        "vulnerability": {"name": "CVE-2026-1"},
                        "products": [{"@id": "pkg:pypi/flask@2.2.2"}],
                        "status": "not_affected",
                        "justification": "vulnerable_code_not_present",
                    }
                ],
            }
        ),
    )
    code, out, _ = scan("requirements.txt", "--vex", "vex.json")
    assert code == 0
    assert "vulnerable_code_not_present (VEX)" in out


def test_what_is_there_goes_before_an_image_of_that_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "shop").mkdir()
    assert find_path("shop") == Path("shop")
    assert find_path("docker:shop") is None
    assert find_path("nginx") is None
    assert find_path("ghcr.io/acme/shop:1.0") is None
    (tmp_path / "shop/oci-layout").write_text("{}")
    assert find_path("shop") is None
    with pytest.raises(UsageError, match="no such file"):
        find_path("./gone")
