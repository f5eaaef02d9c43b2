"""Other programs' eyes on what `build` writes: skopeo, Docker, Podman, GNU tar."""

from __future__ import annotations

import json
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from jettison.build.image import BuildOptions, BuiltImage, build_image
from jettison.edge.process import Completed, ProcessOptions, run
from jettison.filetree import FileKind
from jettison.image import Compression
from jettison.paths import ImagePath
from jettison.selection import LayerRole
from support.slimming import file, original, other, rootfs, selection

NAME = "localhost/jettison-build-test:1"
# cap_net_bind_service=ep, revision 2: linux/capability.h, struct vfs_cap_data.
CAPABILITY = bytes.fromhex("0100000200040000000000000000000000000000")
FIRST = ImagePath("/usr/bin/first")
LONG = "/opt/" + "/".join(["deep-directory-name-" + "x" * 60] * 3) + "/file-" + "y" * 120
BYTES_NAME = str(ImagePath.parse(b"/opt/caf\xe9"))
LONG_BYTES_NAME = str(ImagePath.parse(b"/opt/" + b"\xe9" * 150))

CONFIG: dict[str, Any] = {
    "created": "2024-05-01T10:00:00Z",
    "author": "A. Author",
    "history": [{"created_by": "RUN /bin/sh -c true # buildkit"}],
    "config": {
        "User": "10001:10001",
        "ExposedPorts": {"8000/tcp": {}},
        "Env": ["PATH=/usr/bin", "A=b=c"],
        "Entrypoint": ["/usr/bin/first"],
        "Cmd": ["app.py"],
        "Volumes": {"/data": {}},
        "WorkingDir": "/app",
        "Labels": {"k": "v"},
        "StopSignal": "SIGQUIT",
        "Healthcheck": {
            "Test": ["CMD", "true"],
            "Interval": 5000000000,
            "Timeout": 1000000000,
            "StartPeriod": 2000000000,
            "Retries": 9,
        },
        "Shell": ["/bin/bash", "-c"],
        "OnBuild": ["RUN echo"],
    },
}


def build(out: Path, compression: Compression = Compression.GZIP) -> BuiltImage:
    made = rootfs(
        other("/lib", FileKind.SYMLINK, mode=0o777, link_target="usr/lib"),
        other("/tmp", FileKind.DIRECTORY, mode=0o1777),
        other("/data", FileKind.DIRECTORY, mode=0o700, uid=10001, gid=10002, mtime=1_600_000_000),
        file("/usr/bin/first", b"#!x" * 500_000, mode=0o4755, hardlink=FIRST, mtime=1_500_000_000),
        file("/usr/bin/second", b"#!x" * 500_000, mode=0o4755, hardlink=FIRST, mtime=1_500_000_000),
        file("/usr/bin/ping", b"x", mode=0o755, xattrs={"security.capability": CAPABILITY}),
        file(LONG, b"long"),
        file(BYTES_NAME, b"latin"),
        file(LONG_BYTES_NAME, b"latin"),
        file("/opt/日本語", b"utf-8"),
        other("/opt/pipe", FileKind.FIFO, mode=0o600),
        file("/app/app.py", b"print()", uid=10001, gid=10001),
        file("/site/flask.py", b"flask"),
    )
    chosen = selection(
        made.tree,
        [path for path, entry in made.tree.items() if path != "/"],
        roles={"/app/app.py": LayerRole.APP, "/site/flask.py": LayerRole.DEPENDENCIES},
    )
    return build_image(
        made,
        original(CONFIG),
        chosen,
        out=out,
        options=BuildOptions(compression=compression),
    )


def command(*argv: str, stdout: Any = None) -> Completed:
    return run(argv, timeout_s=120, options=ProcessOptions(stdout=stdout))


def check_tree(members: dict[str, tarfile.TarInfo]) -> None:
    """What a flat tar of the whole image must hold, whoever made it."""
    first, second = members["usr/bin/first"], members["usr/bin/second"]
    assert {first.type, second.type} == {tarfile.REGTYPE, tarfile.LNKTYPE}
    # Docker's exports have the kind of file among the mode's bits.
    assert (first.mode & 0o7777, first.mtime) == (0o4755, 1_500_000_000)
    data = members["data"]
    assert (data.mode & 0o7777, data.uid, data.gid) == (0o700, 10001, 10002)
    assert data.mtime == 1_600_000_000
    assert members["tmp"].mode & 0o7777 == 0o1777
    assert members["lib"].linkname == "usr/lib"
    assert members["opt/pipe"].isfifo()
    assert (members["app/app.py"].uid, members["app/app.py"].size) == (10001, 7)
    for path in (LONG, BYTES_NAME, LONG_BYTES_NAME, "/opt/日本語"):
        assert members[path[1:]].isreg()


def members_of(path: Path) -> dict[str, tarfile.TarInfo]:
    with tarfile.open(path, encoding="utf-8", errors="surrogateescape") as tar:
        return {member.name.removeprefix("./").rstrip("/"): member for member in tar.getmembers()}


@pytest.mark.needs("skopeo")
@pytest.mark.parametrize("compression", list(Compression))
def test_skopeo_takes_every_compression(tmp_path: Path, compression: Compression) -> None:
    built = build(tmp_path / "layout", compression)
    seen = json.loads(command("skopeo", "inspect", f"oci:{built.layout}").stdout)
    assert seen["Digest"] == built.digest
    assert len(seen["Layers"]) == 3
    command("skopeo", "copy", f"oci:{built.layout}", f"dir:{tmp_path / 'copy'}")
    config = (tmp_path / "copy" / built.image.manifest.config.digest.hex).read_bytes()
    assert config == built.image.raw_config


@pytest.mark.needs("root")
def test_gnu_tar_unpacks_the_layers_as_one_tree(tmp_path: Path) -> None:
    built = build(tmp_path / "layout")
    root = tmp_path / "root"
    root.mkdir()
    for index in range(len(built.layers)):
        with built.open_layer(index) as blob:
            done = run(
                ("tar", "-xzpC", str(root), "--numeric-owner", "--xattrs", "--xattrs-include=*"),
                timeout_s=60,
                options=ProcessOptions(stdin=blob),
            )
        # POSIX wants the record before names that are not UTF-8; GNU tar keeps their bytes anyway.
        warnings = [line for line in done.stderr.splitlines() if b"hdrcharset" not in line]
        assert warnings == []
    command("tar", "-cC", str(root), "--format=pax", "--xattrs", "-f", str(tmp_path / "again"), ".")
    again = members_of(tmp_path / "again")
    check_tree(again)
    assert (root / "usr/bin/first").stat().st_ino == (root / "usr/bin/second").stat().st_ino
    assert b"security.capability=" + CAPABILITY in (tmp_path / "again").read_bytes()


@pytest.fixture
def docker_image(tmp_path: Path) -> Iterator[BuiltImage]:
    built = build(tmp_path / "layout")
    archive = tmp_path / "image.tar"
    command("skopeo", "copy", f"oci:{built.layout}", f"docker-archive:{archive}:{NAME}")
    command("docker", "load", "-i", str(archive))
    yield built
    command("docker", "image", "rm", "-f", NAME)


@pytest.mark.needs("docker", "skopeo")
def test_docker_loads_it_with_its_whole_config(docker_image: BuiltImage, tmp_path: Path) -> None:
    (seen,) = json.loads(command("docker", "image", "inspect", NAME).stdout)
    assert seen["RootFS"]["Layers"] == [layer.diff_id for layer in docker_image.layers]
    assert seen["Created"] == CONFIG["created"]
    assert seen["Author"] == CONFIG["author"]
    for field, value in CONFIG["config"].items():
        assert seen["Config"][field] == value, field
    history = command("docker", "history", "--no-trunc", "-q", NAME).text.splitlines()
    assert len(history) == 4
    container = command("docker", "create", NAME).text.strip()
    try:
        command("docker", "export", "-o", str(tmp_path / "flat.tar"), container)
    finally:
        command("docker", "rm", "-v", container)
    check_tree(members_of(tmp_path / "flat.tar"))


@pytest.fixture
def podman(tmp_path: Path) -> Iterator[tuple[str, ...]]:
    """A Podman with storage of its own."""
    found = (
        # Podman refuses a longer path here than pytest's directories have.
        *("podman", "--root", str(tmp_path / "storage"), "--runroot", f"{tempfile.gettempdir()}/r"),
        *("--storage-driver", "vfs"),
    )
    yield found
    command(*found, "system", "reset", "--force")


@pytest.mark.needs("podman", "root")
def test_podman_pulls_the_layout_and_shows_the_tree(
    podman: tuple[str, ...], tmp_path: Path
) -> None:
    built = build(tmp_path / "layout")
    image = command(*podman, "pull", "-q", f"oci:{built.layout}").text.strip()
    assert image == built.image.manifest.config.digest.hex
    (seen,) = json.loads(command(*podman, "image", "inspect", image).stdout)
    assert seen["Digest"] == built.digest
    for field in ("User", "ExposedPorts", "Env", "Entrypoint", "Cmd", "Volumes", "StopSignal"):
        assert seen["Config"][field] == CONFIG["config"][field], field
    mounted = command(*podman, "image", "mount", image).text.strip()
    command("tar", "-cC", mounted, "--format=pax", "-f", str(tmp_path / "flat.tar"), ".")
    command(*podman, "image", "unmount", image)
    check_tree(members_of(tmp_path / "flat.tar"))


@pytest.mark.needs("podman", "skopeo", "root")
def test_podman_sees_the_health_check_of_a_docker_archive(
    podman: tuple[str, ...], tmp_path: Path
) -> None:
    # Of OCI images Podman reads no health check: that format does not have the field.
    built = build(tmp_path / "layout")
    archive = tmp_path / "image.tar"
    command("skopeo", "copy", f"oci:{built.layout}", f"docker-archive:{archive}:{NAME}")
    command(*podman, "load", "-q", "-i", str(archive))
    (seen,) = json.loads(command(*podman, "image", "inspect", NAME).stdout)
    assert seen["Id"] == built.image.manifest.config.digest.hex
    assert seen["Healthcheck"]["Retries"] == 9
