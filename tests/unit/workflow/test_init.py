from __future__ import annotations

import errno
from pathlib import Path

import pytest

from jettison.errors import HostError, TransportError, UsageError
from jettison.scaffold.plan import Wishes
from jettison.workflow.init import InitRequest, init

DIGEST = f"sha256:{'ab' * 32}"


def request(directory: Path, **fields: object) -> InitRequest:
    given = {"wishes": Wishes(), "resolve": lambda reference: DIGEST, **fields}
    return InitRequest(directory=directory, **given)  # type: ignore[arg-type]  # a builder


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    directory = tmp_path / "shop"
    directory.mkdir()
    (directory / "app.py").write_text("from flask import Flask\napp = Flask(__name__)\n")
    (directory / "requirements.txt").write_text("flask==3.1.0\ngunicorn==23.0.0\n")
    return directory


def test_everything_is_written_once_and_is_stable(shop: Path) -> None:
    first = init(request(shop))
    assert set(first.written) == set(first.files)
    assert f"FROM python:3.14-slim-trixie@{DIGEST} AS build" in (shop / "Dockerfile").read_text()
    again = init(request(shop))
    assert (again.written, again.diff) == ((), "")


def test_a_dry_run_shows_and_writes_nothing(shop: Path) -> None:
    before = sorted(shop.rglob("*"))
    result = init(request(shop, dry_run=True))
    assert "+++ b/Dockerfile" in result.diff
    assert sorted(shop.rglob("*")) == before


def test_what_is_there_is_replaced_only_by_force(shop: Path) -> None:
    (shop / "compose.yaml").write_text("services: {}\n")
    with pytest.raises(UsageError, match=r"compose\.yaml is there already; nothing was written"):
        init(request(shop))
    assert not (shop / "Dockerfile").exists()
    init(request(shop, force=True))
    assert "read_only: true" in (shop / "compose.yaml").read_text()


def test_a_digest_that_cannot_be_had_is_not_invented(shop: Path) -> None:
    def unreachable(reference: str) -> str:
        raise TransportError("no route")

    result = init(request(shop, resolve=unreachable))
    assert "@sha256" not in (shop / "Dockerfile").read_text()
    assert any("python:3.14-slim-trixie is not pinned" in notice for notice in result.notices)


def test_what_is_not_written_is_not_talked_of(shop: Path) -> None:
    def asked(reference: str) -> str:
        raise AssertionError(reference)

    (shop / "Dockerfile").write_text("FROM hub.example/own:1\n")
    result = init(request(shop, only_missing=True, resolve=asked))
    assert (result.written, result.notices) == ((".dockerignore",), ())


def test_a_place_that_cannot_be_written_to_leaves_nothing_half_made(shop: Path) -> None:
    (shop / "deploy").write_text("a file where a directory is needed")
    with pytest.raises(HostError, match="nothing was written"):
        init(request(shop))
    assert sorted(path.name for path in shop.iterdir()) == ["app.py", "deploy", "requirements.txt"]


def test_a_full_disk_is_not_made_out_to_be_a_matter_of_modes(
    shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_path: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("jettison.workflow.init.atomic_write", full)
    with pytest.raises(HostError, match="nothing was written") as caught:
        init(request(shop))
    assert "free some space" in caught.value.hint


def test_virtual_environments_are_no_part_of_the_project(shop: Path) -> None:
    inside = shop / "envdir/lib"
    inside.mkdir(parents=True)
    (shop / "envdir/pyvenv.cfg").write_text("")
    (inside / "other.py").write_text("import flask\napp = flask.Flask('x')\n")
    assert init(request(shop, dry_run=True)).plan.app.path == "app.py"
