"""A generated filter really starts and serves the app it was made for, under runc and Docker."""

from __future__ import annotations

import contextlib
import dataclasses
import gzip
import json
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, cast

import pytest

from jettison.digest import Digest
from jettison.filetree import FileTree, merge_layers
from jettison.filetree.tarstream import UnpackLimits
from jettison.image import ImageConfig, Manifest
from jettison.linux.network import NetworkNamespace, create_network_namespace
from jettison.profile.apparmor import AppArmorInput, render_profile
from jettison.profile.capabilities import find_needed
from jettison.profile.seccomp import SeccompOptions, build_profile
from jettison.profile.writable import find_writable
from jettison.store.layers import LayerStore
from jettison.trace import Origin, SocketRole, TraceLog
from support.apps import SampleApp, build_app, load_into
from support.bundle import Bundle, BundleOptions, make_bundle
from support.tracing import machine, traced_bundle
from support.waiting import wait_until

pytestmark = pytest.mark.needs("runc", "root", "bases")

PORT = 5000
# Making a fifo is something that Docker's own filter allows and this app never does.
MAKE_FIFO = "import os; os.mkfifo('/tmp/fifo')"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Unpacked:
    app: SampleApp
    config: ImageConfig
    directories: tuple[Path, ...]
    tree: FileTree

    def options(self, network: NetworkNamespace, seccomp: dict[str, Any] | None) -> BundleOptions:
        return BundleOptions(
            seccomp=seccomp,
            uid=int(self.config.user),
            gid=int(self.config.user),
            cwd=self.config.working_dir,
            env=tuple("=".join(item) for item in self.config.env),
            lower=self.directories,
            network=network.path,
        )


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Unpacked:
    """Flask and gunicorn in a virtual environment, as user 999."""
    built = build_app("flask_gunicorn")
    store = LayerStore(tmp_path_factory.mktemp("layers"))

    def blob(digest: str) -> Path:
        return built.layout / "blobs" / digest.replace(":", "/")

    index = json.loads((built.layout / "index.json").read_bytes())
    manifest = Manifest.parse(blob(index["manifests"][0]["digest"]).read_bytes())
    config = ImageConfig.parse(blob(str(manifest.config.digest)).read_bytes())
    layers = []
    for number, (layer, diff_id) in enumerate(zip(manifest.layers, config.diff_ids, strict=True)):
        with gzip.open(blob(str(layer.digest))) as stream:
            layers.append(
                store.unpack(
                    cast(BinaryIO, stream), Digest.parse(str(diff_id)), layer=number,
                    limits=UnpackLimits(),
                )
            )  # fmt: skip
    return Unpacked(
        app=built,
        config=config,
        directories=tuple(layer.directory for layer in layers),
        tree=merge_layers([layer.tree for layer in layers]),
    )


def answers(network: NetworkNamespace, path: str = "/health") -> bytes:
    def ask() -> bytes:
        with urllib.request.urlopen(f"http://127.0.0.1:{PORT}{path}", timeout=5) as answer:
            return bytes(answer.read())

    try:
        return network.run(ask)
    except OSError:
        return b""


@contextlib.contextmanager
def running(bundle: Bundle, network: NetworkNamespace) -> Iterator[None]:
    """Started and answering; ended as `docker stop` does."""
    process = bundle.start()
    wait_until(lambda: process.poll() is not None or answers(network), deadline_s=60)
    assert process.poll() is None, bundle.output()
    yield
    bundle.kill("INT")
    assert process.wait(30) == 0, bundle.output()


@pytest.fixture(scope="module")
def trace(app: Unpacked) -> TraceLog:
    network = create_network_namespace()
    with traced_bundle(app.config.argv, app.options(network, None)) as (session, bundle):
        with running(bundle, network), session.expect(Origin.HEALTHCHECK):
            health = app.config.healthcheck
            assert health is not None
            assert bundle.exec(*health.test[1:]).returncode == 0
        log = session.finish()
    network.close()
    return log


@pytest.fixture(scope="module")
def profile(trace: TraceLog) -> dict[str, Any]:
    return build_profile(trace, machine())


def workers(bundle: Bundle) -> set[str]:
    done = subprocess.run(
        bundle._runc("state", bundle.name), capture_output=True, text=True, check=True
    )
    pid = json.loads(done.stdout)["pid"]
    return set(Path(f"/proc/{pid}/task/{pid}/children").read_text().split())


@pytest.mark.parametrize("no_new_privileges", [False, True])
@pytest.mark.parametrize("user", [999, 0])
def test_runc_starts_and_serves_under_it(
    app: Unpacked,
    profile: dict[str, Any],
    network: NetworkNamespace,
    tmp_path: Path,
    no_new_privileges: bool,  # a parameter of the test
    user: int,
) -> None:
    options = dataclasses.replace(
        app.options(network, profile), uid=user, gid=user, no_new_privileges=no_new_privileges
    )
    with (
        make_bundle(tmp_path / "bundle", app.config.argv, options) as bundle,
        running(bundle, network),
    ):
        assert answers(network, "/whoami").startswith(b'{"cwd":')
        wait_until(lambda: len(workers(bundle)) == 2, deadline_s=20)
        before = workers(bundle)
        # A worker that dies is replaced, although none died while the app was watched.
        killed = bundle.exec("python", "-c", f"import os; os.kill({inner(before)}, 9)")
        assert killed.returncode == 0, killed.stderr
        wait_until(lambda: len(workers(bundle) - before) == 1 == len(before - workers(bundle)))
        assert answers(network) == b"Healthy: OK"
        refused = bundle.exec("python", "-c", MAKE_FIFO)
        assert "PermissionError" in refused.stderr


def inner(pids: set[str]) -> str:
    status = Path(f"/proc/{min(pids)}/status").read_text()
    return next(line for line in status.splitlines() if line.startswith("NSpid")).split()[-1]


def test_without_the_filter_the_refused_call_works(
    app: Unpacked, network: NetworkNamespace, tmp_path: Path
) -> None:
    options = app.options(network, None)
    with make_bundle(tmp_path / "bundle", ("python", "-c", MAKE_FIFO), options) as bundle:
        assert bundle.run().returncode == 0


def test_the_traced_run_of_the_filter_sees_the_same_app(
    app: Unpacked, profile: dict[str, Any], trace: TraceLog, network: NetworkNamespace
) -> None:
    options = app.options(network, profile)
    with traced_bundle(app.config.argv, options) as (session, bundle):
        with running(bundle, network):
            pass
        again = session.finish()
    ports = [
        {use.port for use in log.sockets if use.role is SocketRole.LISTEN} for log in (trace, again)
    ]
    assert ports == [{PORT}, {PORT}]
    module = "/usr/app/manage.py"
    assert all(module in {access.path for access in log.accesses} for log in (trace, again))


def test_the_audit_variant_refuses_nothing(
    app: Unpacked, trace: TraceLog, network: NetworkNamespace, tmp_path: Path
) -> None:
    audit = build_profile(trace, machine(), SeccompOptions(audit=True))
    options = app.options(network, audit)
    with make_bundle(tmp_path / "bundle", ("python", "-c", MAKE_FIFO), options) as bundle:
        assert bundle.run().returncode == 0


def test_a_read_only_root_with_the_writable_paths_is_enough(
    app: Unpacked, trace: TraceLog, profile: dict[str, Any], network: NetworkNamespace,
    tmp_path: Path,
) -> None:  # fmt: skip
    writable = find_writable(trace, app.tree, app.config.volumes)
    assert [item.path for item in writable] == ["/tmp"]
    options = dataclasses.replace(app.options(network, profile), readonly=True)
    with (
        make_bundle(tmp_path / "bundle", app.config.argv, options) as bundle,
        running(bundle, network),
    ):
        assert answers(network) == b"Healthy: OK"


def test_an_ordinary_user_needs_no_capability(app: Unpacked, trace: TraceLog) -> None:
    assert find_needed(trace, app.tree) == ()


@pytest.mark.needs("apparmor")
def test_its_apparmor_profile_compiles(app: Unpacked, trace: TraceLog, tmp_path: Path) -> None:
    text = render_profile(
        AppArmorInput(
            name=app.app.name, tree=app.tree, trace=trace, writable=find_writable(trace, app.tree)
        )
    )
    source = tmp_path / "profile"
    source.write_text(text)
    done = subprocess.run(
        ("apparmor_parser", "-Q", "-K", str(source)), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "network inet stream," in text


@pytest.mark.needs("docker")
def test_docker_starts_and_serves_under_it(
    app: Unpacked, profile: dict[str, Any], tmp_path: Path
) -> None:
    name = f"jt-seccomp-{tmp_path.name.replace('_', '-')}"
    image = load_into("docker", app.app, f"{name}:test")
    file = tmp_path / "seccomp.json"
    file.write_text(json.dumps(profile))

    def docker(*argv: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ("docker", *argv), capture_output=True, text=True, timeout=120, check=False
        )

    try:
        started = docker(
            "run", "--detach", "--name", name, "--network", "none",
            "--security-opt", f"seccomp={file}", image,
        )  # fmt: skip
        assert started.returncode == 0, started.stderr
        wait_until(
            lambda: docker("exec", name, "python", "healthcheck.py").returncode == 0, deadline_s=60
        )
        refused = docker("exec", name, "python", "-c", MAKE_FIFO)
        assert "PermissionError" in refused.stderr
        assert docker("stop", "--time", "20", name).returncode == 0
        state = docker("inspect", "--format", "{{.State.ExitCode}}", name)
        assert state.stdout.strip() == "0"
    finally:
        docker("rm", "--force", name)
        docker("rmi", "--force", image)
