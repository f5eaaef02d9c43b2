"""What tests against real engines share: built apps, the referee, a cache that stays warm."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from jettison.linux.network import NetworkNamespace, create_network_namespace
from jettison.scaffold.servers import _PINS
from support.apps import SampleApp, build_app, build_base, load_into
from support.docker_runs import docker
from support.layers import Layer
from support.projects import PROJECTS
from support.referee import Ruling, judge
from support.slimcase import small_layer as make_small_layer
from support.wheels import download, served

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@pytest.fixture(scope="session")
def sample_app() -> Callable[..., SampleApp]:
    """`sample_app("django_app")` or `sample_app("lazy_app", base="official")`; needs `bases`."""
    return build_app


@pytest.fixture(scope="session")
def base_layout() -> Callable[[str], Path]:
    """`base_layout("slim")` gives the OCI layout of a base image; needs `bases`."""
    return build_base


@pytest.fixture(scope="session")
def referee() -> Callable[..., Ruling]:
    """`referee(layout, app.unprobed)`: run an image without jettison and check it."""
    return judge


@pytest.fixture(scope="session")
def docker_base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """What Docker has the base laid out like the official images under; needs `bases`, `docker`.

    What is built on it has its label too, so that the stages that are left behind can be removed.
    """
    token = secrets.token_hex(4)
    layout = build_base("official")
    app = SampleApp(name="base", layout=layout, probes=None, unprobed=layout)
    loaded = load_into("docker", app, f"jt-{token}/loaded:1")
    context = tmp_path_factory.mktemp("base")
    (context / "Dockerfile").write_text(f"FROM {loaded}\nLABEL org.example.tests={token}\n")
    name = f"jt-{token}/python:3.11-slim"
    docker("build", "--quiet", "--tag", name, str(context))
    yield name
    docker("image", "rm", "--force", name, loaded, check=False)
    docker("image", "prune", "--force", "--filter", f"label=org.example.tests={token}")


@pytest.fixture(scope="session")
def wheel_index() -> Iterator[str]:
    """The address of an index of what bare projects and `init` pin, and of what pip builds with."""
    pins = {pin for project in PROJECTS.values() for pin in project.pins}
    pins |= {"setuptools==80.9.0", "wheel==0.45.1"}
    pins |= {f"{pin.name}=={pin.version}" for pin in _PINS.values()}
    with served(download(pins)) as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser without a window; needs `chromium`."""
    # Imported here: most files open no page.
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        running = playwright.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=["--no-sandbox", "--disable-background-networking"],
        )
        yield running
        running.close()


@pytest.fixture
def network() -> Iterator[NetworkNamespace]:
    """A network of its own, with a loopback and nothing else; needs `root`."""
    made = create_network_namespace()
    yield made
    made.close()


@pytest.fixture
def small_layer(tmp_path_factory: pytest.TempPathFactory) -> Layer:
    """A shell and some tools of the host, as a layer; made once."""
    return make_small_layer(tmp_path_factory)


@pytest.fixture(scope="session")
def _warm_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("warm-cache")


@pytest.fixture
def warm_cache(_warm_cache: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """XDG_CACHE_HOME shared by the tests of one worker, so that a base is unpacked once."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(_warm_cache))
    return _warm_cache


@pytest.fixture
def leaves_nothing() -> Iterator[None]:
    """Fail the test if it leaves a mount, a process, a network namespace or a temporary file."""
    before = _traces()
    yield
    after = _traces()
    for kind, found in after.items():
        assert found - before[kind] == set(), f"{kind} left behind"


def _traces() -> dict[str, set[str]]:
    mounts = Path("/proc/self/mountinfo").read_text().splitlines()
    temporary = Path(os.environ["TMPDIR"])
    return {
        "mounts": {line.split()[4] for line in mounts},
        "temporary files": {str(path) for path in temporary.rglob("*")},
        "child processes": _children(),
        "network namespaces": {str(path) for path in Path("/run/netns").glob("*")},
        "containers of runc": {str(path) for path in Path("/run/runc").glob("*")},
    }


def _children() -> set[str]:
    """Processes whose parent is this one; an orphan of ours would have another."""
    argv = ["ps", "-o", "pid=,args=", "--ppid", str(os.getpid())]
    shown = subprocess.run(argv, capture_output=True, text=True, check=False).stdout
    return {line.strip() for line in shown.splitlines() if "ps -o pid=" not in line}
