"""`jettison lint` as a user runs it: what it fixes is built by Docker, images, hadolint itself."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from jettison.edge.process import ProcessOptions, run
from support.apps import SampleApp, build_app, build_base, load_into
from support.images import make_image
from support.registry import fake_registry

JETTISON = str(Path(sys.executable).with_name("jettison"))
DOCKERFILE = """\
# A base of our own.
FROM BASE
RUN python3 -m venv --without-pip /opt/first

FROM BASE
ENV FLASK_DEBUG=1
WORKDIR /srv/app
# All of it, before what it needs.
COPY . .
RUN pip install -r requirements.txt
COPY --from=0   /opt/first /opt/first
USER 1000
COPY main.py /srv/more.py
HEALTHCHECK CMD false
HEALTHCHECK --interval=1s --timeout=5s --start-period=60s CMD curl -f http://localhost:8000/
# Nothing a shell would be needed for.
CMD python3 -m http.server --bind 0.0.0.0 8000
"""


def lint(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    argv = [JETTISON, "lint", *arguments]
    return subprocess.run(
        argv,
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "NO_COLOR": "1"},
    )


def found(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    value = json.loads(done.stdout)
    assert isinstance(value, dict)
    return value


def codes(document: dict[str, Any]) -> set[str]:
    return {row["rule"] for row in document["findings"]}


@pytest.fixture
def name() -> Iterator[str]:
    made = f"jettison-lint-test-{secrets.token_hex(4)}"
    yield made
    for tag in (f"{made}:1", f"{made}:base-slim"):
        run(("docker", "rmi", "--force", tag), timeout_s=60, options=ProcessOptions(check=False))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    directory = tmp_path / "project"
    directory.mkdir()
    (directory / "requirements.txt").write_text("toy==1.0\n")
    (directory / "main.py").write_text("import toy\n")
    return directory


def _wheel(path: Path) -> None:
    info = "toy-1.0.dist-info"
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr("toy.py", "ANSWER = 42\n")
        wheel.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: toy\nVersion: 1.0\n")
        wheel.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr(f"{info}/RECORD", f"toy.py,,\n{info}/METADATA,,\n{info}/WHEEL,,\n")


@pytest.mark.needs("docker", "bases")
def test_what_was_fixed_is_clean_of_it_and_is_built(project: Path, name: str) -> None:
    base = SampleApp(name="b", layout=build_base("official"), probes=None, unprobed=Path())
    tag = load_into("docker", base, f"{name}:base-slim")
    text = DOCKERFILE.replace("BASE", tag).replace(
        "WORKDIR /srv/app\n",
        # The wheel comes from the base, so that nothing is fetched.
        "ENV PIP_NO_INDEX=1 PIP_FIND_LINKS=/wheels\nCOPY toy-1.0-py3-none-any.whl /wheels/\n"
        "WORKDIR /srv/app\n",
        1,
    )
    (project / "Dockerfile").write_text(text)
    _wheel(project / "toy-1.0-py3-none-any.whl")
    before = found(lint("--no-hadolint", "--format", "json", cwd=project))
    fixable = {row["rule"] for row in before["findings"] if row["fixable"]}
    assert {
        "JT2001",
        "JT2002",
        "JT2006",
        "JT2010",
        "JT3002",
        "JT5004",
        "JT5006",
    } <= fixable
    # Whose the files shall be is for people to say.
    assert "JT4003" in codes(before) - fixable
    after = found(lint("--fix", "--no-hadolint", "--format", "json", cwd=project))
    assert codes(after) & fixable == set()
    assert "JT4003" in codes(after)
    assert after["totals"]["fixed"] == len([r for r in before["findings"] if r["fixable"]])
    changed = (project / "Dockerfile").read_text()
    comments = [line for line in text.splitlines() if line.startswith("#")]
    assert [line for line in changed.splitlines() if line.startswith("#")] == comments
    environment = dict(os.environ) | {"DOCKER_BUILDKIT": "0"}
    argv = ("docker", "build", "--network=none", "--tag", f"{name}:1", str(project))
    run(argv, timeout_s=300, options=ProcessOptions(env=environment))
    ran = ("docker", "run", "--rm", "--network=none", f"{name}:1", "python3", "-c")
    answer = run((*ran, "import toy; print(toy.ANSWER)"), timeout_s=60).stdout
    assert answer.strip() == b"42"
    image = found(lint(f"docker:{name}:1", "--format", "json", cwd=project))
    assert codes(image) & {"JT3002", "JT4001", "JT4002", "JT5001", "JT5006"} == set()
    assert "JT3001" in codes(image)


@pytest.mark.needs("bases")
@pytest.mark.usefixtures("warm_cache")
def test_an_image_is_linted_by_what_it_has(tmp_path: Path) -> None:
    done = lint(build_app("shell_entrypoint").target, "--format", "json", cwd=tmp_path)
    assert done.returncode == 1, done.stderr
    assert {"JT4001", "JT5001"} <= codes(found(done))
    clean = lint(build_app("flask_gunicorn").target, "--format", "json", cwd=tmp_path)
    assert codes(found(clean)) & {"JT3001", "JT3002", "JT4001", "JT4002", "JT5001"} == set()


def test_digests_come_from_the_registry_that_is_asked(project: Path) -> None:
    first, second = (make_image(layers=[{"/x": text}]) for text in (b"1", b"2"))
    with fake_registry() as registry:
        registry.put("python", first, "3.13-slim")
        name = f"{registry.web.host}/python:3.13-slim"
        (project / "Dockerfile").write_text(f"FROM {name}\nUSER 1\n")
        offline = found(lint("--no-hadolint", "--fix", "--format", "json", cwd=project))
        assert [row["severity"] for row in offline["findings"]] == ["info"]
        assert registry.paths() == []
        online = ("--no-hadolint", "--online", "--fix", "--format", "json")
        assert found(lint(*online, cwd=project))["totals"]["fixed"] == 1
        pinned = f"FROM {name}@{first.digest}\nUSER 1\n"
        assert (project / "Dockerfile").read_text() == pinned
        registry.put("python", second, "3.13-slim")
        moved = found(lint("--no-hadolint", "--online", "--format", "json", cwd=project))
        assert codes(moved) == {"JT1007"}
    gone = lint("--no-hadolint", "--online", cwd=project)
    assert gone.returncode == 0
    assert "no digest could be had" in gone.stderr


def test_hadolint_s_findings_stand_beside_ours(project: Path) -> None:
    (project / "Dockerfile").write_text("FROM debian:12-slim\nRUN cd /x && make\nUSER 1\n")
    document = found(lint("--hadolint", "--format", "json", cwd=project))
    assert document["hadolint"]
    assert {"DL3003", "JT1003"} <= codes(document)
    assert codes(found(lint("--no-hadolint", "--format", "json", cwd=project))) == {"JT1003"}


def test_exit_codes_and_streams(project: Path) -> None:
    (project / "Dockerfile").write_text("FROM debian:12-slim\nUSER 1\n")
    clean = lint("--no-hadolint", cwd=project)
    assert (clean.returncode, clean.stderr) == (0, "")
    assert "1 remark found in 1 file" in clean.stdout
    strict = lint("--no-hadolint", "--fail-on", "info", cwd=project)
    assert strict.returncode == 1
    assert strict.stderr.startswith("error: lint: 1 remark found")
    (project / "Dockerfile").write_text("FROM debian:12-slim\nFOO\n")
    broken = lint("--no-hadolint", cwd=project)
    assert broken.returncode == 1
    assert "Dockerfile:2:1  error JT0001" in broken.stdout
    assert "unknown instruction: FOO" in broken.stdout
    assert lint("./nowhere", cwd=project).returncode == 2
    assert lint("--fix", "docker:x", cwd=project).returncode == 2
    assert "an image is linted by itself" in lint("Dockerfile", "docker:x", cwd=project).stderr


def test_settings_come_from_jettison_toml(project: Path) -> None:
    (project / "Dockerfile").write_text('FROM debian:12-slim\nCMD ["x"]\n')
    ignore = '[[lint.ignore]]\nrule = "JT4001"\nreason = "the platform sets it"\n'
    (project / "jettison.toml").write_text(f'{ignore}[lint]\nfail-on = "error"\n')
    done = lint("--no-hadolint", cwd=project)
    assert done.returncode == 0, done.stderr
    assert "1 suppressed" in done.stdout
    (project / "jettison.toml").write_text('[[lint.ignore]]\nrule = "JT4001"\n')
    refused = lint(cwd=project)
    assert refused.returncode == 2
    assert "it has no reason" in refused.stderr
