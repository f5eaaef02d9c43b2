"""From a bare project to a verified image: init, build with Docker, serve confined, slim."""

from __future__ import annotations

import json
import secrets
from pathlib import Path

import pytest

from support.docker_runs import docker, serves_confined
from support.projects import PROJECTS
from support.slimcase import jettison

pytestmark = [
    pytest.mark.needs("runc", "root", "bases", "docker"),
    pytest.mark.usefixtures("warm_cache"),
]


@pytest.mark.parametrize("kind", PROJECTS)
def test_a_bare_project_becomes_a_verified_image(
    kind: str, docker_base: str, wheel_index: str, tmp_path: Path
) -> None:
    project = PROJECTS[kind]
    directory = project.write(tmp_path / f"bare-{kind}")
    done = jettison("init", ".", "--base", docker_base, "--no-pin", cwd=directory)
    assert done.returncode == 0, done.stderr
    name = f"jt-{secrets.token_hex(4)}/{kind}:1"
    arguments = ("--tag", name, "--builder", "docker", "--network", "host")
    try:
        argument = ("--build-arg", f"PIP_INDEX_URL={wheel_index}")
        done = jettison("build", ".", *arguments, *argument, cwd=directory)
        assert done.returncode == 0, done.stderr
        assert f"docker:{name}" in done.stdout
        serves_confined(name, path=project.path, answer=project.answer)
        # The file of settings that a worker gets watches it for longer than a test has to.
        watching = () if project.path else ("--continue-after", "1")
        slim = jettison(
            *("slim", f"docker:{name}", "--output", f"oci-archive:{tmp_path}/slim.tar"),
            *("--format", "json", *watching),
            cwd=directory,
        )
        assert slim.returncode == 0, slim.stderr
        assert json.loads(slim.stdout)["verification"]["verdict"] == "passed"
    finally:
        docker("image", "rm", "--force", name, check=False)
