"""The files around the image: nginx serves the reference app, a compose tool takes the services."""

from __future__ import annotations

import contextlib
import json
import secrets
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from jettison.scaffold.render import NGINX
from support.apps import SampleApp, build_directory, load_into
from support.slimcase import jettison
from support.waiting import wait_until
from support.wheels import download, served

REPOSITORY = Path(__file__).parents[2]
EXAMPLES = REPOSITORY / "examples"
MADE_BY_INIT = ("Dockerfile", ".dockerignore", "compose.yaml", "gunicorn.conf.py", "jettison.toml")
_ASK = """
import sys, urllib.error, urllib.request
request = urllib.request.Request(sys.argv[1], headers={"Host": "shop.example"})
try:
    answer = urllib.request.urlopen(request, timeout=5)
except urllib.error.HTTPError as err:
    answer = err
print(answer.status, answer.headers["X-Content-Type-Options"], answer.read().decode())
"""


@pytest.mark.needs("compose")
@pytest.mark.parametrize("name", ["flask-api", "django-app", "fastapi-app", "worker"])
def test_a_compose_tool_takes_the_services(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    argv = ["docker-compose", "--file", str(EXAMPLES / name / "compose.yaml"), "config"]
    if name == "django-app":
        refused = subprocess.run(argv, capture_output=True, text=True, check=False)
        assert "SECRET_KEY" in refused.stderr
        monkeypatch.setenv("SECRET_KEY", "something")
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "read_only: true" in done.stdout


@pytest.mark.needs("runc", "root", "bases", "docker", "nginx", "compose")
@pytest.mark.usefixtures("warm_cache")
def test_nginx_and_compose_serve_the_reference_app(docker_base: str, tmp_path: Path) -> None:
    directory = tmp_path / "flask-api"
    shutil.copytree(EXAMPLES / "flask-api", directory)
    for name in MADE_BY_INIT:
        (directory / name).unlink()
    shutil.rmtree(directory / "deploy")
    image = f"jt-{secrets.token_hex(4)}/flask-api:1"
    try:
        done = jettison("init", ".", "--base", docker_base, "--no-pin", cwd=directory)
        assert done.returncode == 0, done.stderr
        with served(download(pins(directory / "requirements.txt"))) as index:
            arguments = ("--tag", image, "--builder", "docker", "--network", "host")
            argument = ("--build-arg", f"PIP_INDEX_URL={index}")
            done = jettison("build", ".", *arguments, *argument, cwd=directory)
            assert done.returncode == 0, done.stderr
        with container(image) as pid, nginx(directory, tmp_path, pid):
            wait_until(lambda: ask(pid, "/health").startswith("200"), deadline_s=20)
            status, sniffing, body = ask(pid, "/").split(maxsplit=2)
            assert (status, sniffing) == ("200", "nosniff")
            assert json.loads(body) == {"message": "Success!"}
            assert ask(pid, "/nothing").startswith("404 nosniff")
        composed(directory, image)
    finally:
        subprocess.run(["docker", "image", "rm", "-f", image], capture_output=True, check=False)


def composed(directory: Path, image: str) -> None:
    """The compose file as it was written, but for the names of images and the port on the host."""
    file = directory / "compose.yaml"
    web = f"jt-{secrets.token_hex(4)}/nginx:1"
    layout = build_directory(REPOSITORY / "tests/apps/nginx")
    load_into("docker", SampleApp(name="n", layout=layout, probes=None, unprobed=layout), web)
    text = file.read_text()
    for written, here in (
        ("flask-api:0.1.0", image),
        (NGINX, web),
        ('"8080:8080"', '"127.0.0.1::8080"'),
    ):
        assert written in text
        text = text.replace(written, here)
    file.write_text(text)
    argv = ["docker-compose", "--project-name", f"jt{secrets.token_hex(4)}", "--file", str(file)]

    def compose(*words: str) -> str:
        done = subprocess.run([*argv, *words], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    try:
        # nginx is started only once the app is healthy.
        compose("up", "--detach", "--no-build")
        url = f"http://{compose('port', 'nginx', '8080')}/health"

        def answers() -> bool:
            with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=5) as answer:
                return bool(json.loads(answer.read()) == {"status": "healthy"})
            return False

        wait_until(answers, deadline_s=30)
    finally:
        compose("down", "--volumes", "--timeout", "5")
        subprocess.run(["docker", "image", "rm", "-f", web], capture_output=True, check=False)


def pins(requirements: Path) -> list[str]:
    lines = requirements.read_text().splitlines()
    return [line.split()[0] for line in lines if "==" in line]


@contextmanager
def container(image: str) -> Iterator[str]:
    """The reference app, confined; gives its process."""
    argv = ["docker", "run", "--detach", "--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL"]
    started = subprocess.run(
        [*argv, "--network", "none", image], capture_output=True, text=True, check=False
    )
    assert started.returncode == 0, started.stderr
    name = started.stdout.strip()
    try:
        asked = ["docker", "inspect", "--format", "{{.State.Pid}}", name]
        yield subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()
    finally:
        subprocess.run(["docker", "rm", "--force", name], capture_output=True, check=False)


@contextmanager
def nginx(directory: Path, tmp_path: Path, pid: str) -> Iterator[None]:
    """Debian's nginx with the configuration as it was written, beside the app.

    Only the two names are other ones that a compose file would bring: the app's and `/tmp`.
    """
    scratch = tmp_path / "nginx"
    scratch.mkdir(mode=0o777)
    scratch.chmod(0o777)
    text = (directory / "deploy/nginx.conf").read_text()
    assert "server app:8000;" in text
    text = text.replace("server app:8000;", "server 127.0.0.1:8000;").replace(
        "/tmp/", f"{scratch}/"
    )
    (scratch / "nginx.conf").write_text(text)
    argv = ["nsenter", "--net", "--target", pid, "nginx", "-c", str(scratch / "nginx.conf")]
    with (tmp_path / "nginx.log").open("wb") as log:
        server = subprocess.Popen([*argv, "-g", "daemon off;"], stdout=log, stderr=log)
    try:
        yield
    finally:
        server.terminate()
        server.wait(10)


def ask(pid: str, path: str) -> str:
    url = f"http://127.0.0.1:8080{path}"
    argv = ["nsenter", "--net", "--target", pid, sys.executable, "-c", _ASK, url]
    return subprocess.run(argv, capture_output=True, text=True, timeout=30, check=False).stdout
