"""A bare project by every builder: a compiler stays behind, Podman and Buildah, and none at all."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.apps import SampleApp, build_base, load_into
from support.docker_runs import docker, podman, serves_confined
from support.projects import PROJECTS
from support.slimcase import jettison

pytestmark = [
    pytest.mark.needs("runc", "root", "bases", "docker"),
    pytest.mark.usefixtures("warm_cache"),
]


def test_a_compiler_is_left_behind(docker_base: str, wheel_index: str, tmp_path: Path) -> None:
    directory = PROJECTS["wsgi"].write(tmp_path / "native")
    (directory / "fast.c").write_text(
        "#include <Python.h>\n"
        "static PyObject *answer(PyObject *s, PyObject *a) { return PyLong_FromLong(42); }\n"
        'static PyMethodDef m[] = {{"answer", answer, METH_NOARGS, ""}, {0}};\n'
        'static struct PyModuleDef d = {PyModuleDef_HEAD_INIT, "fast", "", -1, m};\n'
        "PyMODINIT_FUNC PyInit_fast(void) { return PyModule_Create(&d); }\n"
    )
    (directory / "setup.py").write_text(
        "from setuptools import Extension, setup\n"
        "code = [Extension('fast', ['fast.c'])]\n"
        "setup(name='fast', version='1', py_modules=[], ext_modules=code)\n"
    )
    (directory / "wsgi.py").write_text(
        "import fast\n\n\ndef application(environ, start_response):\n"
        "    start_response('200 OK', [('Content-Type', 'text/plain')])\n"
        "    return [b'hello %d' % fast.answer()]\n"
    )
    done = jettison("init", ".", "--base", docker_base, "--no-pin", cwd=directory)
    assert done.returncode == 0, done.stderr
    name = f"jt-{secrets.token_hex(4)}/native:1"
    arguments = ("--tag", name, "--builder", "docker", "--network", "host")
    try:
        argument = ("--build-arg", f"PIP_INDEX_URL={wheel_index}")
        done = jettison("build", ".", *arguments, *argument, cwd=directory)
        assert done.returncode == 0, done.stderr
        serves_confined(name, path="/", answer="hello 42")
        found = docker(
            "run", "--rm", "--entrypoint", "sh", name, "-c", "which gcc cc make python || true"
        )
        assert found.splitlines() == ["/opt/venv/bin/python"]
    finally:
        docker("image", "rm", "--force", name, check=False)


def test_a_step_that_fails_leaves_no_container_behind(docker_base: str, tmp_path: Path) -> None:
    token = secrets.token_hex(8)
    (tmp_path / "Dockerfile").write_text(f"FROM {docker_base}\nRUN echo {token} && exit 7\n")
    name = f"jt-{token}:1"
    done = jettison("build", ".", "--tag", name, "--builder", "docker", cwd=tmp_path)
    assert done.returncode == 4, done.stderr
    commands = docker("ps", "--all", "--no-trunc", "--format", "{{.Command}}")
    assert token not in commands


@pytest.fixture(scope="module")
def podman_base() -> Iterator[str]:
    """What Podman, and Buildah with it, has the base under."""
    layout = build_base("official")
    app = SampleApp(name="base", layout=layout, probes=None, unprobed=layout)
    name = f"localhost/jt-{secrets.token_hex(4)}/python:3.11-slim"
    yield load_into("podman", app, name)
    subprocess.run(["podman", "image", "rm", "--force", name], capture_output=True, check=False)


# One kind of each framework: each takes Podman more than 20 s of a core, and Docker has all kinds.
_BY_PODMAN = [kind for kind in PROJECTS if kind not in ("flask-factory", "wsgi", "asgi")]


@pytest.mark.needs("podman", "buildah")
@pytest.mark.parametrize(
    ("builder", "kind"), [*(("podman", kind) for kind in _BY_PODMAN), ("buildah", "flask")]
)
def test_others_build_the_same_project(
    builder: str,
    kind: str,
    podman_base: str,
    wheel_index: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Hosts differ in what a build may do; the chroot works everywhere.
    monkeypatch.setenv("BUILDAH_ISOLATION", "chroot")
    project = PROJECTS[kind]
    directory = project.write(tmp_path / "bare")
    name = f"localhost/jt-{secrets.token_hex(4)}/{kind}:1"
    try:
        done = jettison("init", ".", "--base", podman_base, "--no-pin", cwd=directory)
        assert done.returncode == 0, done.stderr
        lint = jettison("lint", ".", cwd=directory)
        assert lint.returncode == 0, lint.stdout
        arguments = ("--tag", name, "--builder", builder, "--network", "host")
        argument = ("--build-arg", f"PIP_INDEX_URL={wheel_index}")
        done = jettison("build", ".", *arguments, *argument, cwd=directory)
        assert done.returncode == 0, done.stderr
        assert f"podman:{name}" in done.stdout
        serves_confined(name, path=project.path, answer=project.answer, engine=podman)
        # The file of settings that a worker gets watches it for longer than a test has to.
        watching = () if project.path else ("--continue-after", "1")
        slim = jettison(
            *("slim", f"podman:{name}", "--output", f"oci-archive:{tmp_path}/s.tar"),
            *("--format", "json", *watching),
            cwd=directory,
        )
        assert slim.returncode == 0, slim.stderr
        assert json.loads(slim.stdout)["verification"]["verdict"] == "passed"
    finally:
        argv = ["podman", "image", "rm", "--force", name]
        subprocess.run(argv, capture_output=True, check=False)


def test_nothing_builds_where_no_builder_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory = PROJECTS["wsgi"].write(tmp_path / "bare")
    assert jettison("init", ".", "--no-pin", cwd=directory).returncode == 0
    programs = tmp_path / "bin"
    programs.mkdir()
    python = shutil.which("python3") or sys.executable
    (programs / "python3").symlink_to(os.path.realpath(python))
    monkeypatch.setenv("PATH", str(programs))
    done = jettison("build", ".", cwd=directory)
    assert done.returncode == 3
    assert "docker: not installed; podman: not installed; buildah: not installed" in done.stderr
    assert "Traceback" not in done.stderr
