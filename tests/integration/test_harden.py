"""`jettison harden`: the whole way, on the reference app, and as the recipes for CI run it."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from support.advisories import make_export, make_record
from support.slimcase import PROGRAM, jettison
from support.wheels import download, served

REPOSITORY = Path(__file__).parents[2]
RECIPES = REPOSITORY / "docs/ci"
SCHEMA = json.loads((REPOSITORY / "docs/schemas/harden.schema.json").read_bytes())
MADE_BY_INIT = ("Dockerfile", ".dockerignore", "compose.yaml", "gunicorn.conf.py", "jettison.toml")

pytestmark = [
    pytest.mark.needs("runc", "root", "bases", "docker"),
    pytest.mark.usefixtures("warm_cache"),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a machine offers: an engine with a base, an index of wheels, advisories."""

    base: str
    index: str
    advisories: Path


@pytest.fixture(scope="module")
def surroundings(
    docker_base: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Surroundings]:
    lines = (REPOSITORY / "examples/flask-api/requirements.txt").read_text().splitlines()
    exports = tmp_path_factory.mktemp("osv")
    records = {
        "PyPI": [make_record("PYSEC-2026-1", "PyPI", "flask", fixed="99")],
        "Debian": [make_record("DEBIAN-CVE-2026-1", "Debian:12", "bash", fixed="99")],
        "Alpine": [make_record("ALPINE-1", "Alpine:v3.20", "x", fixed="2")],
        "Ubuntu": [make_record("UBUNTU-1", "Ubuntu:24.04:LTS", "x", fixed="2")],
    }
    for ecosystem, of_it in records.items():
        make_export(exports, ecosystem, of_it)
    with served(download([line.split()[0] for line in lines if "==" in line])) as index:
        yield Surroundings(base=docker_base, index=index, advisories=exports)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The reference app as it is before `init`."""
    directory = tmp_path / f"app-{secrets.token_hex(3)}"
    shutil.copytree(REPOSITORY / "examples/flask-api", directory)
    for name in MADE_BY_INIT:
        (directory / name).unlink()
    shutil.rmtree(directory / "deploy")
    return directory


@pytest.fixture(autouse=True)
def _no_image_stays(project: Path) -> Iterator[None]:
    yield
    for name in (project.name, f"{project.name}.slim"):
        subprocess.run(["docker", "image", "rm", "-f", name], capture_output=True, check=False)


def settings(around: Surroundings) -> str:
    return (
        f'[harden]\nbase = "{around.base}"\npin = false\nbuilder = "docker"\n'
        f'build-network = "host"\nbuild-arg = ["PIP_INDEX_URL={around.index}"]\n'
        f'osv-url = "{around.advisories}"\n'
    )


def test_one_command_from_sources_and_an_empty_cache(
    project: Path, surroundings: Surroundings, tmp_path: Path
) -> None:
    (tmp_path / "jettison.toml").write_text(settings(surroundings))
    gates = '[xray.gate]\nsize = "60MB"\nsetuid = 0\nsecrets = 0\n[slim]\nprobe = ["GET /health"]\n'
    (project / "jettison.toml").write_text(gates)
    # Advisories come from where the table of this directory says; layers may be cached already.
    done = jettison("harden", project, "--db", tmp_path / "a.db", "--format", "json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    jsonschema.validate(document, SCHEMA)
    steps = {step["name"]: step["outcome"] for step in document["steps"]}
    assert list(steps) == ["init", "lint", "build", "xray", "slim", "gates", "scan"]
    assert set(steps.values()) == {"passed"}
    assert document["slim"]["verification"]["verdict"] == "passed"
    assert {gate["name"]: gate["passed"] for gate in document["gates"]} == {
        "size": True,
        "setuid": True,
        "secrets": True,
    }
    outcomes = {row["id"]: row["outcome"] for row in document["compare"]["vulnerabilities"]}
    # Flask is still there and serves; bash is not.
    assert outcomes == {"PYSEC-2026-1": "remaining", "CVE-2026-1": "package-gone"}
    report = tmp_path / f"jettison-report/{project.name}-latest"
    assert b'id="vulnerabilities"' in (report / "index.html").read_bytes()
    assert json.loads((report / "harden.json").read_bytes())["passed"] is True
    for item in document["artifacts"]:
        assert (tmp_path / item["path"]).is_file(), item


def test_build_goes_on_to_slim_and_to_scan(
    project: Path, surroundings: Surroundings, tmp_path: Path
) -> None:
    (tmp_path / "jettison.toml").write_text(f'[db.update]\nosv-url = "{surroundings.advisories}"\n')
    assert jettison("db", "update", "--db", tmp_path / "a.db", cwd=tmp_path).returncode == 0
    words = ("--base", surroundings.base, "--no-pin")
    assert jettison("init", project, *words, cwd=tmp_path).returncode == 0
    with (project / "jettison.toml").open("a") as settings_file:
        settings_file.write(f'\n[scan]\ndb = "{tmp_path}/a.db"\nfail-on = "critical"\n')
    argument = f"PIP_INDEX_URL={surroundings.index}"
    engine = ("--builder", "docker", "--network", "host", "--build-arg", argument)
    done = jettison("build", project, *engine, "--slim", "--scan", "--format", "json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["slim"]["verification"]["verdict"] == "passed"
    slimmed = document["slim"]["outputs"][0]["reference"]
    assert (
        document["scan"]["target"]["reference"] == slimmed == f"docker:{project.name}.slim:latest"
    )
    assert [row["id"] for row in document["scan"]["findings"]] == ["PYSEC-2026-1"]


def test_what_fails_is_named_and_in_the_report(
    project: Path, surroundings: Surroundings, tmp_path: Path
) -> None:
    (tmp_path / "jettison.toml").write_text(settings(surroundings))
    (project / "jettison.toml").write_text('[xray.gate]\nsize = "1MB"\n')
    (project / "Dockerfile").write_text(
        f"FROM {surroundings.base}\nARG PIP_INDEX_URL\nWORKDIR /app\nCOPY . .\n"
        "RUN pip install -r requirements.txt\nEXPOSE 8000\n"
        'CMD ["gunicorn", "--bind", "0.0.0.0:8000", "app:app"]\n'
    )
    done = jettison("harden", project, "--no-scan", "--format", "json", cwd=tmp_path)
    assert done.returncode == 1
    document = json.loads(done.stdout)
    assert document["failed"] == ["lint", "gate size"]
    rules = {finding["rule"] for finding in document["lint"]["findings"]}
    assert {"JT2001", "JT4001", "JT5001"} <= rules
    steps = {step["name"]: step["outcome"] for step in document["steps"]}
    assert (steps["lint"], steps["gates"], steps["scan"]) == ("failed", "failed", "skipped")
    assert "failed: lint, gate size" in done.stderr
    # Somebody's own Dockerfile stays theirs, and gets what keeps secrets out of the build.
    assert sorted(item.name for item in project.iterdir() if item.name.startswith(".")) == [
        ".dockerignore"
    ]


def test_a_step_that_fails_ends_the_way(project: Path, tmp_path: Path) -> None:
    (project / "Dockerfile").write_text("FROM scratch\nCOPY nothing /\n")
    done = jettison("harden", project, "--no-scan", "--format", "json", cwd=tmp_path)
    assert done.returncode == 1
    document = json.loads(done.stdout)
    assert [step["name"] for step in document["steps"]] == ["init", "lint", "build"]
    assert "build" in document["failed"]
    assert (tmp_path / f"jettison-report/{project.name}-latest/index.html").is_file()


def script_of(recipe: str) -> list[str]:
    """What a recipe runs, without what prepares the machine and installs jettison itself."""
    value: dict[str, Any] = yaml.safe_load((RECIPES / recipe).read_text())
    if recipe.startswith("github"):
        steps = value["jobs"]["harden"]["steps"]
        lines = [line for step in steps for line in step.get("run", "").splitlines()]
    else:
        lines = value["harden"]["before_script"] + value["harden"]["script"]
    prepares = ("apt-get", "pip install", "sysctl")
    kept = [line for line in lines if not any(word in line for word in prepares)]
    assert any(line.startswith("jettison harden") for line in kept)
    return kept


@pytest.mark.parametrize("recipe", ["github-actions.yml", "gitlab-ci.yml"])
def test_the_recipes_run_as_they_stand(
    recipe: str, project: Path, surroundings: Surroundings, tmp_path: Path
) -> None:
    update = f'[db.update]\nosv-url = "{surroundings.advisories}"\n'
    (project / "jettison.toml").write_text(settings(surroundings) + update)
    script = "set -eu\n" + "\n".join(script_of(recipe))
    path = f"{PROGRAM.parent}:{os.environ['PATH']}"
    done = subprocess.run(
        ["sh", "-c", script],
        cwd=project,
        env={**os.environ, "PATH": path, "XDG_CACHE_HOME": str(tmp_path / "cache")},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    document = json.loads((project / "harden.json").read_bytes())
    assert document["passed"] is True
    assert {step["name"]: step["detail"] for step in document["steps"]}["gates"] == "none are set"
    assert list((project / "jettison-report").rglob("index.html"))
