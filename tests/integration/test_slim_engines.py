"""Docker, Podman and archives as places of images, and that what was slimmed serves there."""

from __future__ import annotations

import json
import secrets
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from support.apps import SampleApp, build_app, load_into
from support.referee import judge
from support.slimcase import check_document, jettison
from support.waiting import wait_until

pytestmark = [pytest.mark.needs("runc", "root", "bases"), pytest.mark.usefixtures("warm_cache")]

# Asks as the host would that has no bridge to the container.
_ASK = """
import sys, urllib.error, urllib.request
try:
    answer = urllib.request.urlopen(sys.argv[1], timeout=10)
except urllib.error.HTTPError as err:
    answer = err
print(answer.status, answer.read().decode())
"""


def engine(name: str, *arguments: str | Path) -> str:
    done = subprocess.run(
        [name, *map(str, arguments)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, f"{name} {arguments}: {done.stderr}"
    return done.stdout.strip()


def slim(target: str, *arguments: str | Path, cwd: Path) -> dict[str, Any]:
    done = jettison("slim", target, *arguments, "--format", "json", cwd=cwd)
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    check_document(document, "slim")
    assert document["verification"]["verdict"] == "passed"
    return dict(document)


def ask(pid: str, port: int, path: str) -> str:
    """The status and the body, asked from inside the network namespace of `pid`."""
    argv = ["nsenter", "--net", "--target", pid, sys.executable, "-c", _ASK]
    url = f"http://127.0.0.1:{port}{path}"
    done = subprocess.run([*argv, url], capture_output=True, text=True, timeout=30, check=False)
    return done.stdout


def layout_of(name: str) -> str:
    return f"oci:{build_app(name).layout}"


def slimmed_name(name: str) -> str:
    repository, _, tag = name.rpartition(":")
    return f"{repository}.slim:{tag}"


@pytest.fixture(scope="module")
def name() -> Iterator[str]:
    """What Docker has the app under."""
    made = load_into("docker", build_app("flask_gunicorn"), f"jt-{secrets.token_hex(4)}:1")
    yield made
    for image in (made, slimmed_name(made)):
        subprocess.run(["docker", "image", "rm", "-f", image], capture_output=True, check=False)


class TestDocker:
    pytestmark = pytest.mark.needs("docker")

    def test_in_place_and_back(self, name: str, tmp_path: Path) -> None:
        document = slim(f"docker:{name}", cwd=tmp_path)
        assert document["original"]["reference"] == f"docker:{name}"
        assert [item["reference"] for item in document["outputs"]] == [
            f"docker:{slimmed_name(name)}"
        ]
        (before,) = json.loads(engine("docker", "image", "inspect", name))
        (after,) = json.loads(engine("docker", "image", "inspect", slimmed_name(name)))
        # `Image` and `Hostname` are the builder's notes, which engines fill in by themselves.
        for field in before["Config"].keys() - {"Image", "Hostname"}:
            assert after["Config"][field] == before["Config"][field], field
        assert after["Size"] * 3 < before["Size"]
        # Now serve from it as its user would, under the filter.
        (seccomp,) = (tmp_path / "jettison-report").glob("*/seccomp.json")
        container = engine(
            *("docker", "run", "--detach", "--rm", "--network=none", "--health-interval=1s"),
            *(f"--security-opt=seccomp={seccomp}", slimmed_name(name)),
        )
        try:
            pid = engine("docker", "inspect", "--format={{.State.Pid}}", container)
            wait_until(lambda: ask(pid, 5000, "/whoami"), 30.0)
            assert '"uid":999' in ask(pid, 5000, "/whoami").replace(" ", "")
            assert ask(pid, 5000, "/nowhere").startswith("404")
            assert "<svg" in ask(pid, 5000, "/static/logo.svg")
            health = ("inspect", "--format={{.State.Health.Status}}", container)
            wait_until(lambda: engine("docker", *health) == "healthy", 30.0)
        finally:
            engine("docker", "stop", container)

    def test_an_archive_of_the_same_image_gives_the_same_digest(
        self, name: str, tmp_path: Path
    ) -> None:
        archive = tmp_path / "saved.tar"
        engine("docker", "save", "--output", archive, name)
        out = tmp_path / "out.tar"
        from_archive = slim(f"docker-archive:{archive}", "-o", f"oci-archive:{out}", cwd=tmp_path)
        in_place = slim(f"docker:{name}", "-o", f"oci:{tmp_path / 'layout'}", cwd=tmp_path)
        assert in_place["slimmed"]["digest"] == from_archive["slimmed"]["digest"]
        assert in_place["outputs"][0]["digest"] == from_archive["outputs"][0]["digest"]

    def test_a_tag_that_somebody_else_made_stays(self, name: str, tmp_path: Path) -> None:
        taken = name.replace(":", "-taken:")
        engine("docker", "tag", name, taken)
        try:
            arguments = ("slim", f"docker:{name}", "--tag", taken)
            done = jettison(*arguments, cwd=tmp_path)
            assert done.returncode == 4
            assert taken in done.stderr
            same = ("image", "inspect", "--format={{.Id}}")
            assert engine("docker", *same, taken) == engine("docker", *same, name)
            assert not (tmp_path / "jettison-report").exists()
        finally:
            engine("docker", "image", "rm", taken)


class TestPodman:
    pytestmark = pytest.mark.needs("podman")

    @pytest.fixture(autouse=True)
    def _own_store(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        conf = tmp_path / "storage.conf"
        conf.write_text(
            '[storage]\ndriver = "overlay"\n'
            f'graphroot = "{tmp_path}/root"\nrunroot = "{tmp_path}/run"\n'
        )
        monkeypatch.setenv("CONTAINERS_STORAGE_CONF", str(conf))
        yield
        engine("podman", "image", "rm", "--all", "--force")
        subprocess.run(["umount", f"{tmp_path}/root/overlay"], capture_output=True, check=False)

    def test_there_and_back(self, tmp_path: Path) -> None:
        image = engine("podman", "pull", "--quiet", layout_of("shell_entrypoint"))
        name = f"localhost/shop-{secrets.token_hex(4)}:2"
        engine("podman", "tag", image, name)
        document = slim(f"podman:{name}", cwd=tmp_path)
        slimmed = slimmed_name(name)
        assert [item["reference"] for item in document["outputs"]] == [f"podman:{slimmed}"]
        before, after = (
            json.loads(engine("podman", "image", "inspect", item))[0] for item in (name, slimmed)
        )
        assert after["Config"] == before["Config"]
        self._serve(slimmed, next((tmp_path / "jettison-report").glob("*/seccomp.json")))

    def _serve(self, slimmed: str, seccomp: Path) -> None:
        podman = ("podman", "--runtime=runc", "--cgroup-manager=cgroupfs")
        container = engine(
            *(*podman, "run", "--detach", "--network=none", "--ulimit=nofile=512:512"),
            *("--ulimit=nproc=512:512",),
            *(f"--security-opt=seccomp={seccomp}", slimmed),
        )
        try:
            pid = engine("podman", "inspect", "--format={{.State.Pid}}", container)
            wait_until(lambda: ask(pid, 7000, "/"), 30.0)
            assert "Entrypoint" in ask(pid, 7000, "/")
            assert "config.ini.old.gz" in ask(pid, 7000, "/rotate")
        finally:
            engine(*podman, "rm", "--force", "--time=5", container)


class TestArchives:
    @pytest.fixture
    def app(self) -> SampleApp:
        return build_app("shell_entrypoint")

    def test_every_kind_at_once_is_one_image(self, app: SampleApp, tmp_path: Path) -> None:
        document = slim(
            app.target,
            *("-o", f"oci:{tmp_path}/layout:shop:1"),
            *("-o", f"oci-archive:{tmp_path}/oci.tar"),
            *("-o", f"docker-archive:{tmp_path}/docker.tar:shop:1"),
            *("--report-dir", tmp_path / "report"),
            cwd=tmp_path,
        )
        assert len(document["outputs"]) == 3
        assert {item["digest"] for item in document["outputs"]} == {document["slimmed"]["digest"]}
        (tmp_path / "unpacked").mkdir()
        engine("tar", "-xf", tmp_path / "oci.tar", "-C", tmp_path / "unpacked")
        for layout in (tmp_path / "layout", tmp_path / "unpacked"):
            ruling = judge(layout, app.unprobed, seccomp=tmp_path / "report/seccomp.json")
            assert ruling.problems == ()

    @pytest.mark.needs("skopeo")
    def test_other_tools_read_what_was_written(self, app: SampleApp, tmp_path: Path) -> None:
        docker, oci = tmp_path / "docker.tar", tmp_path / "oci.tar"
        slim(
            app.target,
            *("-o", f"docker-archive:{docker}:shop:1", "-o", f"oci-archive:{oci}"),
            cwd=tmp_path,
        )
        configs = [
            json.loads(engine("skopeo", "inspect", "--config", "--raw", f"{kind}:{path}"))
            for kind, path in (("docker-archive", docker), ("oci-archive", oci))
        ]
        assert configs[0] == configs[1]
        original = json.loads(engine("skopeo", "inspect", "--config", "--raw", app.target))
        assert configs[0]["config"] == original["config"]

    def test_what_was_slimmed_can_be_slimmed_again(
        self, app: SampleApp, tmp_path: Path, referee: Callable[..., Any]
    ) -> None:
        first = slim(app.target, "-o", f"docker-archive:{tmp_path}/one.tar:a:1", cwd=tmp_path)
        again = ("-o", f"oci:{tmp_path}/two", "--report-dir", tmp_path / "report")
        second = slim(f"docker-archive:{tmp_path}/one.tar", *again, cwd=tmp_path)
        assert second["slimmed"]["size_bytes"] <= first["slimmed"]["size_bytes"] * 1.01
        ruling = referee(tmp_path / "two", app.unprobed, seccomp=tmp_path / "report/seccomp.json")
        assert ruling.problems == ()
