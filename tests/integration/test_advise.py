"""`jettison advise` as a command: layouts, a Dockerfile, a registry with tags."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from support.advisories import make_database, make_record
from support.base_images import ALPINE, make_app, make_base
from support.images import BuiltImage, make_index
from support.layers import make_layer
from support.real_registry import real_registry
from support.registry import FakeRegistry, fake_registry
from support.slimcase import jettison

pytestmark = pytest.mark.needs("userns")

SCHEMA = Path(__file__).parents[2] / "docs/schemas/advise.schema.json"
CRITICAL = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"
RECORDS = (
    make_record(
        "DEBIAN-CVE-2024-1", "Debian:12", "openssl", fixed="3.0.12", upstream=["CVE-2024-1"],
        severity=[{"type": "CVSS_V3", "score": CRITICAL}],
    ),
    make_record("DEBIAN-CVE-2024-2", "Debian:12", "zlib", upstream=["CVE-2024-2"]),
)  # fmt: skip
OLD, NEW = {"openssl": "3.0.9", "zlib": "1.2"}, {"openssl": "3.0.15", "zlib": "1.2"}
PROJECT = '[project]\nname = "shop"\nrequires-python = ">=3.10,<3.14"\n'
LOCK = """
[[package]]
name = "cffi"
version = "1.16.0"
source = { registry = "https://index.example/simple" }
wheels = [{ url = "https://files.example/cffi-1.16.0-cp311-cp311-manylinux_2_17_x86_64.whl" }]
"""
Advise = Callable[..., dict[str, Any]]


@pytest.fixture
def advise(tmp_path: Path) -> Advise:
    """Run the verb; gives its document, which is valid."""
    database = make_database(tmp_path / "advisories.db", {"Debian": RECORDS})

    def run(*words: str, code: int = 0) -> dict[str, Any]:
        done = jettison("advise", *words, "--db", str(database), "--format", "json")
        assert done.returncode == code, done.stderr
        if code:
            return {"stderr": done.stderr}
        document: dict[str, Any] = json.loads(done.stdout)
        jsonschema.validate(document, json.loads(SCHEMA.read_bytes()))
        return document

    return run


@pytest.fixture
def registry() -> Iterator[FakeRegistry]:
    with fake_registry() as registry:
        yield registry


def names(rows: list[dict[str, Any]]) -> list[str]:
    return [row["from"].partition("@")[0].rpartition(":")[2] or row["name"] for row in rows]


def layout(directory: Path, image: BuiltImage, tag: str) -> str:
    image.write_layout(directory / tag, tag)
    return f"oci:{directory / tag}:{tag}"


def test_candidates_of_any_place_without_a_network(advise: Advise, tmp_path: Path) -> None:
    base = make_base(OLD, python="3.11.4", ballast=3000)
    target = layout(tmp_path, make_app(base), "shop")
    given = [
        layout(tmp_path, base, "3.11.4-slim"),
        layout(tmp_path, make_base(NEW, python="3.11.9"), "3.11.9-slim"),
        layout(tmp_path, make_base(NEW, python="3.14.0a2"), "tip"),
        layout(tmp_path, make_base({}, python="3.11.9", os_release=ALPINE), "3.11.9-alpine"),
        layout(tmp_path, make_base({}, python="3.13.0"), "3.13.0rc1-slim"),
        f"oci:{tmp_path / 'nowhere'}",
    ]
    words = [word for name in given for word in ("--candidate", name)]
    document = advise(target, "--offline", *words)
    assert (document["base"], document["base_known_by"]) == (given[0], "layers")
    current = document["current"]
    assert current["vulnerabilities"] == {
        **dict.fromkeys(("high", "medium", "low"), 0),
        "critical": 1,
        "unknown": 1,
        "total": 2,
    }
    assert (current["python"], current["os_packages"]) == ("3.11.4", 3)
    assert current["size_bytes"] > 3000
    assert names(document["candidates"]) == [given[1], given[3]]
    better, alpine = document["candidates"]
    assert (better["change"], better["vulnerabilities"]["total"]) == ("patch", 1)
    assert alpine["vulnerabilities"] is None
    assert document["recommended"] == given[1]
    reasons = {row["name"]: row["reason"] for row in document["excluded"]}
    assert "pre-release" in reasons[given[2]]
    assert "pre-release" in reasons[given[4]]
    assert "not read" in reasons[given[5]]


def test_a_dockerfile_against_the_tags_of_its_registry(
    advise: Advise, tmp_path: Path, registry: FakeRegistry
) -> None:
    for tag, packages, python in (
        ("3.11.4-slim", OLD, "3.11.4"),
        ("3.11.9-slim", NEW, "3.11.9"),
        ("3.12.7-slim", {}, "3.12.7"),
        ("3.14.1-slim", {}, "3.14.1"),
        ("3.15.0a1-slim", {}, "3.15.0a1"),
    ):
        registry.put("library/python", make_base(packages, python=python), tag)
    name = f"{registry.web.host}/library/python"
    (tmp_path / "Dockerfile").write_text(f"FROM {name}:3.11.4-slim AS build\nFROM build\n")
    (tmp_path / "pyproject.toml").write_text(PROJECT)
    (tmp_path / "uv.lock").write_text(LOCK)
    document = advise(str(tmp_path))
    assert (document["base"], document["base_known_by"]) == (f"{name}:3.11.4-slim", "from")
    assert names(document["candidates"]) == ["3.11.9-slim"]
    digest = make_base(NEW, python="3.11.9").digest
    assert document["candidates"][0]["from"] == f"{name}:3.11.9-slim@{digest}"
    assert document["recommended"] == f"registry:{name}:3.11.9-slim"
    reasons = {row["name"].rpartition(":")[2]: row["reason"] for row in document["excluded"]}
    assert set(reasons) == {"3.12.7-slim", "3.14.1-slim"}
    assert "cffi 1.16.0" in reasons["3.12.7-slim"]
    assert "requires-python" in reasons["3.14.1-slim"]
    assert not [path for path in registry.paths() if "3.15" in path or "3.14" in path]


def test_a_tag_that_has_moved_since_the_build(
    advise: Advise, tmp_path: Path, registry: FakeRegistry
) -> None:
    base = make_base(OLD, python="3.11.4")
    name = f"{registry.web.host}/python:3.11-slim"
    labels = {"org.opencontainers.image.base.name": name}
    target = layout(tmp_path, make_app(base, labels=labels), "shop")
    registry.put("python", base, "3.11-slim")
    same = advise(target)
    assert (same["base_known_by"], same["moved"], same["candidates"]) == ("label", False, [])
    registry.put("python", make_base(NEW, python="3.11.9"), "3.11-slim")
    moved = advise(target)
    assert moved["moved"] is True
    (row,) = moved["candidates"]
    assert (row["change"], row["is_better"]) == ("rebuild", True)
    assert moved["recommended"] == f"registry:{name}"


def test_a_pinned_digest_that_is_not_what_the_tag_is_now(
    advise: Advise, tmp_path: Path, registry: FakeRegistry
) -> None:
    former = make_base(OLD, python="3.11.4")
    registry.put("python", former, "3.11-slim")
    registry.put("python", make_base(NEW, python="3.11.9"), "3.11-slim")
    name = f"{registry.web.host}/python:3.11-slim"
    (tmp_path / "Dockerfile").write_text(f"FROM {name}@{former.digest}\n")
    document = advise(str(tmp_path / "Dockerfile"))
    assert document["current"]["from"] == f"{name}@{former.digest}"
    assert document["moved"] is True
    (row,) = document["candidates"]
    assert row["change"] == "rebuild"
    assert row["from"] == f"{name}@{make_base(NEW, python='3.11.9').digest}"


def test_an_image_tells_itself_which_wheels_it_needs(advise: Advise, tmp_path: Path) -> None:
    base = make_base(OLD, python="3.11.4")
    site = "/usr/local/lib/python3.11/site-packages"
    app = make_layer(
        {
            f"{site}/{name}-1.dist-info/{file}": text
            for name, tag in (("pure", "py3-none-any"), ("fast", "cp311-cp311-linux_x86_64"))
            for file, text in (
                ("METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n".encode()),
                ("WHEEL", f"Wheel-Version: 1.0\nTag: {tag}\n".encode()),
                ("RECORD", b""),
            )
        }
    )
    labels = {"org.opencontainers.image.base.name": "nobody.invalid/python:3.11.4-slim"}
    target = layout(tmp_path, make_app(base, labels=labels, layers=(app,)), "shop")
    given = [
        layout(tmp_path, make_base({}, python="3.12.1"), "3.12.1-slim"),
        layout(tmp_path, make_base(NEW, python="3.11.9"), "3.11.9-slim"),
    ]
    words = [word for name in given for word in ("--candidate", name)]
    document = advise(target, "--offline", *words)
    assert document["base_known_by"] == "label"
    minor, patch = document["candidates"]
    assert (minor["wheels"], minor["notes"]) == ("unknown", ["wheels not known: fast 1"])
    assert patch["wheels"] == "all"
    assert document["recommended"] == given[1]


@pytest.mark.needs("registry")
def test_a_real_registry_and_the_digest_of_an_index(advise: Advise, tmp_path: Path) -> None:
    with real_registry(tmp_path) as place:
        digests = {}
        for tag, packages, python in (
            ("3.11.4-slim", OLD, "3.11.4"),
            ("3.11.9-slim", NEW, "3.11.9"),
            ("3.12.0rc2-slim", {}, "3.12.0rc2"),
        ):
            index = make_index([make_base(packages, python=python)])
            index.write_layout(tmp_path / tag, tag)
            done = jettison("copy", f"oci:{tmp_path / tag}:{tag}", f"registry:{place}/python:{tag}")
            assert done.returncode == 0, done.stderr
            digests[tag] = index.digest
        (tmp_path / "Dockerfile").write_text(f"FROM {place}/python:3.11.4-slim\n")
        document = advise(str(tmp_path), "--project", str(tmp_path))
    (row,) = document["candidates"]
    assert row["from"] == f"{place}/python:3.11.9-slim@{digests['3.11.9-slim']}"
    assert document["recommended"] == f"registry:{place}/python:3.11.9-slim"
    assert document["current"]["from"].endswith(digests["3.11.4-slim"])


def test_what_cannot_be_advised_on(advise: Advise, tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM scratch\nCOPY x /\n")
    assert "builds on nothing" in advise(str(tmp_path / "Dockerfile"), code=2)["stderr"]
    (tmp_path / "empty").mkdir()
    assert "no Dockerfile" in advise(str(tmp_path / "empty"), code=2)["stderr"]
    (tmp_path / "Dockerfile").write_text("FROM nobody.invalid/python:3.12\n")
    told = advise(str(tmp_path / "Dockerfile"), "--offline", code=3)["stderr"]
    assert "--candidate" in told
    target = layout(tmp_path, make_app(make_base({})), "shop")
    assert "no such" in advise(target, "--project", str(tmp_path / "x"), code=2)["stderr"]
