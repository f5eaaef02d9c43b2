"""`jettison compare` as a command, on images written in code."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from jettison.scan.openvex import parse_vex
from support.advisories import make_database, make_record
from support.images import make_image
from support.layers import Content, File
from support.real_registry import real_registry
from support.slimcase import jettison

pytestmark = pytest.mark.needs("userns")

SCHEMA = Path(__file__).parents[2] / "docs/schemas/compare.schema.json"
OS_RELEASE: Content = {"/etc/os-release": b"ID=debian\nVERSION_ID=12\n"}
STATUS = (
    b"Package: openssl\nStatus: install ok installed\nVersion: 3.0.20-1\nArchitecture: amd64\n\n"
    b"Package: curl\nStatus: install ok installed\nVersion: 7.88-1\nArchitecture: amd64\n\n"
    b"Package: zlib1g\nSource: zlib\nStatus: install ok installed\nVersion: 1.2-1\n"
    b"Architecture: amd64\n\n"
    b"Package: expat\nStatus: install ok installed\nVersion: 2.5-1\nArchitecture: amd64\n\n"
    b"Package: git\nStatus: install ok installed\nVersion: 2.39-1\nArchitecture: amd64\n\n"
)
PROGRAM = File(data=b"\x7fELF" + b"x" * 200, mode=0o755)
ORIGINAL: Content = {
    **OS_RELEASE,
    "/var/lib/dpkg/status": STATUS,
    **{
        f"/var/lib/dpkg/info/{name}.list": f"/.\n/usr/bin/{name}\n/etc/{name}.conf\n".encode()
        for name in ("openssl", "curl", "expat", "git", "zlib1g")
    },
    **{f"/usr/bin/{name}": PROGRAM for name in ("openssl", "curl", "expat", "git", "zlib1g")},
    **{f"/etc/{name}.conf": b"a=1\n" for name in ("openssl", "curl", "expat", "git", "zlib1g")},
}


def record(name: str, version: str) -> bytes:
    return f"Package: {name}\nVersion: {version}\nArchitecture: amd64\n".encode()


# openssl stays, curl lost its record, zlib went, the program of expat went, git is another one.
SLIMMED: Content = {
    **OS_RELEASE,
    "/var/lib/dpkg/status.d/openssl": record("openssl", "3.0.20-1"),
    "/var/lib/dpkg/status.d/expat": record("expat", "2.5-1"),
    "/var/lib/dpkg/status.d/git": record("git", "2.40-1"),
    "/usr/bin/openssl": PROGRAM,
    "/usr/bin/curl": PROGRAM,
    "/usr/bin/git": PROGRAM,
    "/etc/expat.conf": b"a=1\n",
}
OUTCOMES = {
    "CVE-2026-1": "remaining",
    "CVE-2026-2": "unknown",
    "CVE-2026-3": "package-gone",
    "CVE-2026-4": "file-gone",
    "CVE-2026-5": "fixed",
}
Compare = Callable[..., Any]


@pytest.fixture
def compare(tmp_path: Path) -> Compare:
    """Compare two images of one layer each; gives exit code, stdout, stderr."""
    database = make_database(
        tmp_path / "advisories.db",
        {
            "Debian": [
                make_record(f"DEBIAN-CVE-2026-{number}", "Debian:12", name, fixed=fixed)
                for number, (name, fixed) in enumerate(
                    {
                        "openssl": "4",
                        "curl": "8",
                        "zlib": "2",
                        "expat": "3",
                        "git": "2.40-1",
                    }.items(),
                    start=1,
                )
            ]
        },
    )

    def run(original: Content, slimmed: Content, *words: str | Path) -> Any:
        layouts = [
            make_image([content]).write_layout(tmp_path / name)
            for name, content in (("original", original), ("slimmed", slimmed))
        ]
        return jettison("compare", *(f"oci:{path}" for path in layouts), "--db", database, *words)

    return run


def document(text: str) -> Any:
    value = json.loads(text)
    jsonschema.validate(value, json.loads(SCHEMA.read_text()))
    return value


def test_each_vulnerability_has_the_outcome_that_its_files_tell(
    compare: Compare, tmp_path: Path
) -> None:
    vex = tmp_path / "gone.vex.json"
    done = compare(ORIGINAL, SLIMMED, "--format", "json", "--vex", vex)
    assert done.returncode == 0
    value = document(done.stdout)
    assert {row["id"]: row["outcome"] for row in value["vulnerabilities"]} == OUTCOMES
    assert all(row["evidence"] for row in value["vulnerabilities"])
    assert value["slimmed"]["vulnerabilities"]["vulnerabilities"] == 2
    # By its records alone a scanner sees openssl and expat, and nothing of curl.
    assert value["slimmed"]["recorded"]["vulnerabilities"] == 2
    assert value["original"]["push"]["kind"] == "estimated"
    statements = parse_vex(vex.read_bytes(), what="vex").statements
    assert {item.vulnerability: item.status.value for item in statements} == {
        "CVE-2026-3": "not_affected",
        "CVE-2026-4": "not_affected",
        "CVE-2026-5": "fixed",
    }


def test_an_image_stripped_of_its_records_is_unknown_not_clean(compare: Compare) -> None:
    stripped: Content = {path: node for path, node in ORIGINAL.items() if "/dpkg" not in path}
    bare: Content = {path: node for path, node in stripped.items() if path != "/etc/os-release"}
    for content in (stripped, bare):
        done = compare(ORIGINAL, content, "--format", "json", "--fail-on", "any")
        assert done.returncode == 1
        value = document(done.stdout)
        assert {row["outcome"] for row in value["vulnerabilities"]} == {"unknown"}
        assert value["slimmed"]["vulnerabilities"]["vulnerabilities"] == 5
        assert value["slimmed"]["recorded"]["vulnerabilities"] == 0


def test_records_of_an_image_without_a_release_count(compare: Compare) -> None:
    nameless: Content = {path: node for path, node in SLIMMED.items() if path != "/etc/os-release"}
    value = document(compare(ORIGINAL, nameless, "--format", "json").stdout)
    assert {row["id"]: row["outcome"] for row in value["vulnerabilities"]} == OUTCOMES
    assert any("names no release" in notice for notice in value["notices"])


def test_a_release_that_nothing_is_known_of_fixes_nothing(compare: Compare) -> None:
    later: Content = {**SLIMMED, "/etc/os-release": b'ID=debian\nVERSION_ID="14"\n'}
    value = document(compare(ORIGINAL, later, "--format", "json").stdout)
    outcomes = {row["id"]: row["outcome"] for row in value["vulnerabilities"]}
    assert outcomes == {**OUTCOMES, "CVE-2026-5": "unknown"}
    assert [(row["where"], row["reason"]) for row in value["untested"]] == [
        ("slimmed", "the database has no advisories for Debian:14")
    ]


def test_text_and_what_cannot_be_compared(compare: Compare) -> None:
    done = compare(ORIGINAL, SLIMMED)
    assert "1 remaining, 1 unknown, 1 file gone, 1 package gone, 1 fixed" in done.stdout
    nothing = compare({"/app": b"x"}, SLIMMED)
    assert nothing.returncode == 3
    assert "nothing in it could be tested" in nothing.stderr
    odd = compare(ORIGINAL, SLIMMED, "--push-to", "docker:shop")
    assert odd.returncode == 2
    assert "no repository of a registry" in odd.stderr


@pytest.mark.needs("registry")
def test_a_push_is_measured_where_a_registry_is_named(compare: Compare, tmp_path: Path) -> None:
    (tmp_path / "registry").mkdir()
    with real_registry(tmp_path / "registry") as host:
        words = ("--format", "json", "--push-to", f"registry:{host}/shop")
        value = document(compare(ORIGINAL, SLIMMED, *words).stdout)
        for side in ("original", "slimmed"):
            push = value[side]["push"]
            assert (push["kind"], push["note"]) == ("measured", f"to registry:{host}/shop:{side}")
        again = document(compare(ORIGINAL, SLIMMED, *words).stdout)
    assert any("there before" in notice for notice in again["notices"])
    assert not any("there before" in notice for notice in value["notices"])
