"""The Dockerfile that an image's history tells, against the one it was built from."""

from __future__ import annotations

import os
import platform
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from jettison.analysis.base_layers import find_last_base_layer
from jettison.dockerfile.parsing import parse
from jettison.edge.process import ProcessOptions, run
from jettison.events import EventSink, Silent
from jettison.filetree.tarstream import UnpackLimits
from jettison.image import Platform
from jettison.workflow.image_request import SourceRequest
from jettison.workflow.reading import ReadImage, read_image
from jettison.xray.instructions import Reconstruction, reconstruct
from support.abilities import REPOSITORY
from support.apps import SampleApp, build_app, build_base, load_into

APPS = ("django_app", "fastapi_app", "flask_gunicorn", "lazy_app", "shell_entrypoint", "worker")
DOCKERFILE = r"""
FROM BASE
ARG GREETING=hello
ENV GREETED="a b" PLAIN=1
LABEL org.example.title="two words"
WORKDIR /srv/app
COPY one.txt ./
COPY --chown=1:2 folder /srv/folder/
ADD one.txt folder/two.txt /srv/both/
RUN echo "$GREETING" > /srv/greeting && \
    mkdir /srv/made
RUN ["/bin/touch", "/srv/touched"]
EXPOSE 8000 9000/udp
VOLUME /data
USER 1:2
STOPSIGNAL SIGINT
HEALTHCHECK --interval=5s --retries=2 CMD echo ok || exit 1
ENTRYPOINT ["/bin/sh", "-c"]
CMD ["echo run"]
"""


def reconstructed(target: str, store: Path) -> Reconstruction:
    request = SourceRequest(
        target=target,
        platform=Platform.of_machine(platform.machine()),
        limits=UnpackLimits(),
        store=store,
    )

    def work(read: ReadImage, events: EventSink) -> Reconstruction:
        config = read.image.config
        return reconstruct(config, find_last_base_layer(read.rootfs.tree, config))

    return read_image(request, work, events=Silent())


def own_names(text: str) -> list[str]:
    final = parse(text).final_stage
    return ["FROM", *(item.name for item in final.instructions)]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One for all, so that a base is unpacked once."""
    return tmp_path_factory.mktemp("store")


@pytest.fixture
def context(tmp_path: Path) -> Path:
    directory = tmp_path / "context"
    (directory / "folder").mkdir(parents=True)
    (directory / "one.txt").write_text("1")
    (directory / "folder/two.txt").write_text("2")
    return directory


@pytest.fixture
def name() -> Iterator[str]:
    made = f"jettison-history-test-{secrets.token_hex(4)}"
    yield made
    for tag in (made, f"{made}-base:1"):
        run(("docker", "rmi", "--force", tag), timeout_s=60, options=ProcessOptions(check=False))


@pytest.mark.needs("bases")
@pytest.mark.parametrize("app", APPS)
def test_sample_apps_name_the_instructions_of_their_dockerfile(app: str, store: Path) -> None:
    written = (REPOSITORY / "tests/apps" / app / "Dockerfile").read_text()
    made = reconstructed(build_app(app).target, store)
    assert own_names(made.text) == own_names(written)
    own = [line for line in made.lines if not line.is_base]
    layers = [line.layer for line in own if line.layer is not None]
    assert layers == sorted(layers)
    assert layers


@pytest.mark.needs("docker", "bases")
def test_docker_s_own_build(context: Path, name: str, store: Path) -> None:
    base = _load_base(name)
    text = DOCKERFILE.replace("BASE", base)
    (context / "Dockerfile").write_text(text)
    environment = dict(os.environ) | {"DOCKER_BUILDKIT": "0"}
    argv = ("docker", "build", "--network=none", "--tag", name, str(context))
    run(argv, timeout_s=300, options=ProcessOptions(env=environment))
    made = reconstructed(f"docker:{name}", store)
    assert own_names(made.text) == own_names(text)
    by_name = {line.name: line for line in made.lines if not line.is_base}
    assert by_name["ENV"].text == 'ENV GREETED="a b" PLAIN=1'
    assert by_name["LABEL"].text == 'LABEL org.example.title="two words"'
    assert by_name["HEALTHCHECK"].text == (
        "HEALTHCHECK --interval=5s --retries=2 CMD echo ok || exit 1"
    )
    assert by_name["COPY"].is_guessed
    assert not by_name["USER"].is_guessed
    assert 'RUN echo "$GREETING" > /srv/greeting && \\\n    mkdir /srv/made' in made.text


@pytest.fixture(scope="module")
def buildah(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, ...]]:
    """Buildah with a storage of its own, by overlay: vfs would copy the base for each layer."""
    directory = tmp_path_factory.mktemp("buildah")
    places = ("--root", str(directory / "storage"), "--runroot", str(directory / "run"))
    argv = ("buildah", *places, "--storage-driver", "overlay")
    yield argv
    run((*argv, "rmi", "--all", "--force"), timeout_s=120, options=ProcessOptions(check=False))
    for place in ("storage/overlay", "storage", "run"):
        unmount = ("umount", str(directory / place))
        run(unmount, timeout_s=60, options=ProcessOptions(check=False))


@pytest.mark.needs("buildah", "bases", "root")
@pytest.mark.parametrize("layers", ["true", "false"])
def test_buildah_s_build(
    context: Path, layers: str, buildah: tuple[str, ...], store: Path, tmp_path: Path
) -> None:
    text = DOCKERFILE.replace("BASE", f"oci:{build_base('debian-slim')}")
    (context / "Dockerfile").write_text(text)
    out = tmp_path / "out"
    how = ("--isolation", "chroot", "--format", "docker", f"--layers={layers}")
    name = f"built-{layers}"
    run((*buildah, "bud", *how, "--tag", name, str(context)), timeout_s=300)
    run((*buildah, "push", name, f"docker-archive:{out}:built:1"), timeout_s=300)
    made = reconstructed(f"docker-archive:{out}", store)
    assert own_names(made.text) == own_names(text)
    runs = [line for line in made.lines if line.name == "RUN" and not line.is_base]
    assert all(line.layer is not None for line in runs)


def _load_base(name: str) -> str:
    tag = f"{name}-base:1"
    app = SampleApp(name="slim", layout=build_base("slim"), probes=None, unprobed=Path())
    return load_into("docker", app, tag)
