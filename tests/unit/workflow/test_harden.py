"""What `harden` leaves behind where it does not come far."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from support.slimcase import jettison

OLD = ("xray.json", "creport.json", "removed.json", "seccomp.json", "apparmor.profile")


def harden(project: Path, reports: Path) -> None:
    arguments = ("--no-pin", "--builder", "docker", "--report-dir", reports)
    env = {"DOCKER_HOST": "tcp://127.0.0.1:9"}
    done = jettison("harden", project, *arguments, cwd=project.parent, env=env)
    assert done.returncode == 1, done.stderr


@pytest.fixture
def project(tmp_path: Path) -> Path:
    directory = tmp_path / "shop"
    directory.mkdir()
    (directory / "app.py").write_text("from flask import Flask\napp = Flask(__name__)\n")
    (directory / "requirements.txt").write_text("flask==3.1.0\n")
    return directory


def test_what_an_earlier_run_left_is_not_taken_for_this_runs(project: Path, tmp_path: Path) -> None:
    reports = tmp_path / "reports"
    reports.mkdir()
    for name in (*OLD, "harden.json", "index.html", "notes.txt"):
        (reports / name).write_text("old")
    harden(project, reports)
    assert sorted(path.name for path in reports.iterdir()) == [
        *("harden.json", "index.html", "notes.txt"),
    ]
    assert json.loads((reports / "harden.json").read_bytes())["passed"] is False


def test_a_directory_that_is_no_report_loses_nothing(project: Path, tmp_path: Path) -> None:
    (tmp_path / "seccomp.json").write_text("mine")
    harden(project, tmp_path)
    assert (tmp_path / "seccomp.json").read_text() == "mine"
