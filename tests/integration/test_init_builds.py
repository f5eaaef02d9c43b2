"""From a bare project to a verified image: init, build with an engine, serve confined, slim."""

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

from jettison.scaffold.servers import _PINS
from support.apps import SampleApp, build_base, load_into
from support.projects import PROJECTS, BareProject
from support.slimcase import jettison
from support.waiting import wait_until
from support.wheels import download, served

pytestmark = [
    pytest.mark.needs("runc", "root", "bases", "docker"),
    pytest.mark.usefixtures("warm_cache"),
]

_ASK = "import sys, urllib.request as r; print(r.urlopen(sys.argv[1], timeout=5).read().decode())"


@pytest.fixture(scope="module")
def index() -> Iterator[str]:
    pins = {pin for project in PROJECTS.values() for pin in project.pins}
    pins |= {f"{pin.name}=={pin.version}" for pin in _PINS.values()}
    with served(download(pins)) as address:
        yield address


@pytest.fixture(scope="module")
def base() -> Iterator[str]:
    """What Docker has the base laid out like the official images under."""
    layout = build_base("official")
    name = f"jt-{secrets.token_hex(4)}/python:3.11-slim"
    app = SampleApp(name="base", layout=layout, probes=None, unprobed=layout)
    yield load_into("docker", app, name)
    docker("image", "rm", "--force", name, check=False)


def docker(*arguments: str, check: bool = True) -> str:
    done = subprocess.run(
        ["docker", *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert not check or done.returncode == 0, f"docker {arguments}: {done.stderr}"
    return done.stdout.strip()


@pytest.mark.parametrize("kind", PROJECTS)
def test_a_bare_project_becomes_a_verified_image(
    kind: str, base: str, index: str, tmp_path: Path
) -> None:
    project = PROJECTS[kind]
    directory = project.write(tmp_path / f"bare-{kind}")
    done = jettison("init", ".", "--base", base, "--no-pin", cwd=directory)
    assert done.returncode == 0, done.stderr
    name = f"jt-{secrets.token_hex(4)}/{kind}:1"
    arguments = ("--tag", name, "--builder", "docker", "--network", "host")
    try:
        done = jettison(
            *("build", ".", *arguments, "--build-arg", f"PIP_INDEX_URL={index}"), cwd=directory
        )
        assert done.returncode == 0, done.stderr
        assert f"docker:{name}" in done.stdout
        serves_confined(name, project)
        output = f"oci-archive:{tmp_path}/slim.tar"
        slim = jettison(
            "slim", f"docker:{name}", "--output", output, "--format", "json", cwd=directory
        )
        assert slim.returncode == 0, slim.stderr
        assert json.loads(slim.stdout)["verification"]["verdict"] == "passed"
    finally:
        docker("image", "rm", "--force", name, check=False)


def serves_confined(name: str, project: BareProject) -> None:
    """As uid 999, without capabilities, on a root file system that nobody can write to."""
    run = ("run", "--detach", "--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL")
    confined = ("--security-opt", "no-new-privileges", "--network", "none")
    container = docker(*run, *confined, name)
    try:
        state = "{{.State.Running}} {{.State.Pid}}"
        running, pid = docker("inspect", "--format", state, container).split()
        assert running == "true", docker("logs", container)
        uids = Path(f"/proc/{pid}/status").read_text()
        assert "Uid:\t999\t999\t999\t999" in uids
        if project.path:
            port = next(iter(json.loads(docker("inspect", name))[0]["Config"]["ExposedPorts"]))
            url = f"http://127.0.0.1:{port.partition('/')[0]}"
            wait_until(lambda: project.answer in ask(pid, url + project.path), deadline_s=20)
            probe = json.loads(docker("inspect", name))[0]["Config"]["Healthcheck"]["Test"]
            assert probe[0] == "CMD"
            docker("exec", container, *probe[1:])
        else:
            wait_until(lambda: "working" in docker("logs", container), deadline_s=20)
        docker("stop", "--time", "10", container)
        assert docker("inspect", "--format", "{{.State.ExitCode}}", container) == "0"
    finally:
        docker("rm", "--force", container, check=False)


def ask(pid: str, url: str) -> str:
    argv = ["nsenter", "--net", "--target", pid, sys.executable, "-c", _ASK, url]
    return subprocess.run(argv, capture_output=True, text=True, timeout=30, check=False).stdout


def test_a_compiler_is_left_behind(base: str, index: str, tmp_path: Path) -> None:
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
    done = jettison("init", ".", "--base", base, "--no-pin", cwd=directory)
    assert done.returncode == 0, done.stderr
    name = f"jt-{secrets.token_hex(4)}/native:1"
    arguments = ("--tag", name, "--builder", "docker", "--network", "host")
    try:
        done = jettison(
            *("build", ".", *arguments, "--build-arg", f"PIP_INDEX_URL={index}"), cwd=directory
        )
        assert done.returncode == 0, done.stderr
        serves_confined(name, BareProject(files={}, pins=(), answer="hello 42"))
        found = docker(
            "run", "--rm", "--entrypoint", "sh", name, "-c", "which gcc cc make python || true"
        )
        assert found.splitlines() == ["/opt/venv/bin/python"]
    finally:
        docker("image", "rm", "--force", name, check=False)


@pytest.mark.needs("podman", "buildah")
@pytest.mark.parametrize("builder", ["podman", "buildah"])
def test_others_build_the_same_project(
    builder: str, index: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Hosts differ in what a build may do; the chroot works everywhere.
    monkeypatch.setenv("BUILDAH_ISOLATION", "chroot")
    layout = build_base("official")
    base = f"localhost/jt-{secrets.token_hex(4)}/python:3.11-slim"
    app = SampleApp(name="base", layout=layout, probes=None, unprobed=layout)
    load_into("podman", app, base)
    project = PROJECTS["flask"]
    directory = project.write(tmp_path / "bare")
    name = f"localhost/jt-{secrets.token_hex(4)}/flask:1"
    try:
        done = jettison("init", ".", "--base", base, "--no-pin", cwd=directory)
        assert done.returncode == 0, done.stderr
        arguments = ("--tag", name, "--builder", builder, "--network", "host")
        done = jettison(
            *("build", ".", *arguments, "--build-arg", f"PIP_INDEX_URL={index}"), cwd=directory
        )
        assert done.returncode == 0, done.stderr
        assert f"podman:{name}" in done.stdout
        slim = jettison(
            *("slim", f"podman:{name}", "--output", f"oci-archive:{tmp_path}/s.tar"),
            *("--format", "json"),
            cwd=directory,
        )
        assert slim.returncode == 0, slim.stderr
        assert json.loads(slim.stdout)["verification"]["verdict"] == "passed"
    finally:
        argv = ["podman", "image", "rm", "--force", name, base]
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
