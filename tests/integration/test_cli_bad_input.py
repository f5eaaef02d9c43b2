"""Bad input: an exit code of its kind, a message that names the thing, nothing half-made."""

from __future__ import annotations

import gzip
import io
import json
import os
import shutil
import subprocess
import tarfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from jettison.cli.main import run
from jettison.linux.abilities import detect
from support.images import (
    Device,
    Directory,
    HardLink,
    Layer,
    Symlink,
    layer_from_tar,
    make_image,
)
from support.layers import Content
from support.slimcase import PROGRAM, find_leftovers, jettison

pytestmark = [
    pytest.mark.needs("runc", "root"),
    pytest.mark.usefixtures("warm_cache", "nothing_left"),
]

# Nothing is asked of it, and it is stopped soon.
WORKER = ("--no-http", "--continue-after", "0.1")


@pytest.fixture
def nothing_left() -> Iterator[None]:
    yield
    assert find_leftovers() == {}


@pytest.fixture
def image(small_layer: Layer, tmp_path: Path) -> Callable[..., str]:
    """Write an image of the small layer and others, and give what `jettison slim` takes."""

    def write(*contents: Content | Layer, **config: object) -> str:
        built = make_image([small_layer, *contents], {"Cmd": ["sleep", "600"], **config})
        return f"oci:{built.write_layout(tmp_path / 'image')}"

    return write


class Refusal:
    """Run `jettison slim` with outputs that must not come to be."""

    def __init__(self, directory: Path) -> None:
        self.out = directory / "slimmed.tar"
        self.report = directory / "report"

    def __call__(
        self,
        code: int,
        target: str | Path,
        *arguments: str,
        env: Mapping[str, str | None] | None = None,
    ) -> str:
        """Its stderr, once all that every refusal has in common has been checked."""
        outputs = ("-o", f"oci-archive:{self.out}", "--report-dir", str(self.report))
        done = jettison("slim", target, *outputs, "--format", "json", *arguments, env=env)
        assert (done.returncode, done.stdout) == (code, ""), done.stderr
        assert "error: " in done.stderr
        assert "Traceback" not in done.stderr
        assert "\x1b" not in done.stderr
        assert not self.out.exists()
        assert not self.report.exists()
        assert [item.name for item in self.out.parent.iterdir() if "part" in item.name] == []
        return done.stderr


@pytest.fixture
def refused(tmp_path: Path) -> Refusal:
    directory = tmp_path / "out"
    directory.mkdir()
    return Refusal(directory)


def test_the_small_image_is_slimmed_where_nothing_is_wrong(
    image: Callable[..., str], tmp_path: Path
) -> None:
    out = tmp_path / "out.tar"
    done = jettison("slim", image(), *WORKER, "-o", f"oci-archive:{out}", "--format", "json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["verification"]["verdict"] == "passed"
    assert out.exists()


# -- no image -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "target", ["oci:{}", "oci-archive:{}/a.tar", "docker-archive:{}/a.tar"], ids=lambda t: t[:8]
)
def test_no_such_file(target: str, refused: Refusal, tmp_path: Path) -> None:
    place = tmp_path / "nowhere"
    assert str(place) in refused(4, target.format(place))


def test_no_such_tag_and_what_there_is(refused: Refusal, tmp_path: Path) -> None:
    layout = make_image().write_layout(tmp_path / "image", tag="shop:1.2")
    said = refused(4, f"oci:{layout}:shop:1.3")
    assert "shop:1.3" in said
    assert "shop:1.2" in said


def test_a_name_where_there_is_no_engine(refused: Refusal) -> None:
    nobody = {"DOCKER_HOST": "unix:///nowhere/docker.sock", "PATH": "/nowhere"}
    assert "no-such-image" in refused(3, "no-such-image", env=nobody)


@pytest.mark.needs("podman")
def test_a_name_that_no_engine_knows(refused: Refusal) -> None:
    nobody = {"DOCKER_HOST": "unix:///nowhere/docker.sock"}
    assert "no-such-image" in refused(4, "no-such-image", env=nobody)


def test_an_engine_that_does_not_answer(refused: Refusal) -> None:
    said = refused(3, "docker:shop", env={"DOCKER_HOST": "unix:///nowhere/docker.sock"})
    assert "/nowhere/docker.sock" in said
    assert "docker save" in said


@pytest.mark.needs("docker")
def test_an_image_that_docker_lacks(refused: Refusal) -> None:
    assert "no-such-image" in refused(4, "docker:no-such-image")


@pytest.mark.needs("podman")
def test_an_image_that_podman_lacks(refused: Refusal) -> None:
    assert "no-such-image" in refused(4, "podman:no-such-image")


# -- damaged images -----------------------------------------------------------------------------


@pytest.mark.parametrize("share", [0.1, 0.5, 0.95])
def test_a_truncated_archive(
    share: float, refused: Refusal, small_layer: Layer, tmp_path: Path
) -> None:
    archive = make_image([small_layer]).write_archive(tmp_path / "whole.tar")
    data = archive.read_bytes()
    cut = tmp_path / "cut.tar"
    cut.write_bytes(data[: int(len(data) * share)])
    assert str(cut) in refused(4, f"oci-archive:{cut}")


@pytest.mark.parametrize("packing", ["none", "gzip", "zstd"])
def test_a_layer_that_was_tampered_with(
    packing: str,
    refused: Refusal,
    tmp_path: Path,
    small_layer: Layer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # A layer that is in the store would not be read at all.
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    layer = layer_from_tar(small_layer.tar, compression=packing)
    built = make_image([layer], {"Cmd": ["sleep", "600"]})
    layout = built.write_layout(tmp_path / "image")
    other = layer_from_tar(
        small_layer.tar.replace(b"root:x:0:0", b"root::0:0:"), compression=packing
    )
    blob = layout / "blobs/sha256" / layer.digest.hex
    blob.write_bytes(other.blob[: len(layer.blob)].ljust(len(layer.blob), b"\0"))
    said = refused(4, f"oci:{layout}", *WORKER)
    assert "layer 0" in said
    assert "digest" in said or "damaged" in said
    assert [item.name for item in (tmp_path / "cache/jettison/layers").iterdir()] == []


def test_a_manifest_that_was_tampered_with(refused: Refusal, tmp_path: Path) -> None:
    built = make_image()
    layout = built.write_layout(tmp_path / "image")
    blob = layout / "blobs/sha256" / built.digest.hex
    blob.write_bytes(blob.read_bytes().replace(b'"schemaVersion":2', b'"schemaVersion":3'))
    assert built.digest.hex[:12] in refused(4, f"oci:{layout}")


def test_a_layout_that_is_something_else(refused: Refusal, tmp_path: Path) -> None:
    (tmp_path / "notes").mkdir()
    assert str(tmp_path / "notes") in refused(4, f"oci:{tmp_path / 'notes'}")
    file = tmp_path / "notes/notes.txt"
    file.write_text("not a tar")
    assert str(file) in refused(4, f"oci-archive:{file}")
    assert str(file) in refused(4, f"docker-archive:{file}")


# -- hostile layers -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        {"../../canary": b"x"},
        {"/up": Symlink(target="../../../../../.."), "/up/canary": b"x"},
        {"/abs": Symlink(target="/"), "/abs/canary": b"x"},
        {"/hard": HardLink(target="../../../../etc/passwd")},
        {"/hard": HardLink(target="/nowhere/at/all")},
    ],
    ids=["dots", "relative link", "absolute link", "hard link", "hard link to nothing"],
)
def test_entries_that_would_climb_out(
    content: Content, image: Callable[..., str], tmp_path: Path
) -> None:
    canaries = [Path("/canary"), tmp_path / "canary", tmp_path.parent / "canary"]
    done = jettison("profile", image(content), *WORKER, cwd=tmp_path)
    assert not any(canary.exists() for canary in canaries)
    assert done.returncode in (0, 4), done.stderr
    assert "Traceback" not in done.stderr
    if done.returncode == 4:
        assert "layer 1" in done.stderr


def test_absolute_links_and_devices_are_nothing_bad(
    image: Callable[..., str], tmp_path: Path
) -> None:
    content: Content = {
        "/srv/link": Symlink(target="/etc/passwd"),
        "/srv/loop": Symlink(target="/srv/loop"),
        "/srv/null": Device(major=1, minor=3, mode=0o666),
        "/srv/disk": Device(major=8, minor=0, block=True),
        "/srv/empty": Directory(mode=0o1777),
    }
    out = tmp_path / "out.tar"
    done = jettison("slim", image(content), *WORKER, "-o", f"oci-archive:{out}", cwd=tmp_path)
    assert done.returncode == 0, done.stderr


def test_more_entries_than_allowed(refused: Refusal, image: Callable[..., str]) -> None:
    many: Content = {f"/srv/{number}": b"" for number in range(500)}
    assert "--max-entries" in refused(4, image(many), "--max-entries", "300", *WORKER)
    # The layers are in the store now, and must be counted all the same.
    assert jettison("profile", image(many), *WORKER).returncode == 0
    assert "--max-entries" in refused(4, image(many), "--max-entries", "300", *WORKER)


def test_a_bomb(
    refused: Refusal, small_layer: Layer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    out = io.BytesIO()
    size = 300 << 20
    with gzip.GzipFile(fileobj=out, mode="wb", compresslevel=1, mtime=0) as packed:
        header = tarfile.TarInfo("zeros")
        header.size = size
        packed.write(header.tobuf())
        for _ in range(size >> 20):
            packed.write(bytes(1 << 20))
        packed.write(bytes(1024))
    bomb = Layer(tar=b"", blob=out.getvalue(), media_type=small_layer.media_type)
    layout = make_image([small_layer, bomb]).write_layout(tmp_path / "image")
    said = refused(4, f"oci:{layout}", "--max-unpacked-size", "50m")
    assert "--max-unpacked-size" in said
    on_disk = sum(item.lstat().st_size for item in (tmp_path / "cache").rglob("*"))
    assert on_disk < 50 << 20


# -- what the image runs ------------------------------------------------------------------------


def test_a_config_without_a_command(refused: Refusal, image: Callable[..., str]) -> None:
    said = refused(4, image(Cmd=None))
    assert "--cmd" in said


def test_a_program_that_is_not_there(refused: Refusal, image: Callable[..., str]) -> None:
    assert "no-such-program" in refused(4, image(Cmd=["no-such-program"]))


def test_a_user_that_is_not_there(refused: Refusal, image: Callable[..., str]) -> None:
    assert "'nosuch'" in refused(4, image(User="nosuch"))


def test_an_app_that_exits_at_once(refused: Refusal, image: Callable[..., str]) -> None:
    said = refused(4, image(Cmd=["sh", "-c", "echo no database >&2; exit 3"]))
    assert "status 3" in said
    assert "no database" in said


def test_a_worker_that_fails(refused: Refusal, image: Callable[..., str]) -> None:
    said = refused(4, image(Cmd=["sh", "-c", "echo no queue; exit 5"]), *WORKER)
    assert "status 5" in said
    assert "no queue" in said


def test_an_app_that_never_listens(refused: Refusal, image: Callable[..., str]) -> None:
    said = refused(4, image(ExposedPorts={"8000/tcp": {}}), "--ready-timeout", "0.5")
    assert "0.5 s" in said
    assert "--ready-timeout" in said


def test_a_health_check_that_fails(refused: Refusal, image: Callable[..., str]) -> None:
    check = {"Test": ["CMD-SHELL", "echo sick; false"], "Interval": 10_000_000, "Retries": 2}
    said = refused(4, image(Healthcheck=check), *WORKER, "--ready-timeout", "1")
    assert "HEALTHCHECK" in said
    assert "sick" in said


def test_a_command_to_run_inside_that_fails(refused: Refusal, image: Callable[..., str]) -> None:
    said = refused(4, image(), *WORKER, "--exec", "sh -c 'echo inside; exit 9'")
    assert "status 9" in said
    assert "inside" in said


@pytest.mark.needs("bases")
def test_an_app_that_answers_nothing_but_errors(
    refused: Refusal, base_layout: Callable[[str], Path]
) -> None:
    app = (
        "import http.server as h, signal, sys\n"
        "signal.signal(15, lambda *_: sys.exit(0))\n"
        "h.HTTPServer(('', 80), h.BaseHTTPRequestHandler).serve_forever()"
    )
    said = refused(4, f"oci:{base_layout('slim')}", "--entrypoint", f'python3 -c "{app}"')
    assert "501" in said
    assert "GET /" in said


# -- the host -----------------------------------------------------------------------------------


def test_no_runtime_under_the_name_given(refused: Refusal, image: Callable[..., str]) -> None:
    assert "/nowhere/runc" in refused(3, image(), "--runc", "/nowhere/runc")


def test_no_runtime_at_all(image: Callable[..., str], tmp_path: Path) -> None:
    hidden = " && ".join(
        f"mount --bind /dev/null {found}"
        for name in ("runc", "crun")
        if (found := shutil.which(name)) is not None
    )
    done = _in_private_mounts(f"{hidden} && exec {PROGRAM} slim {image()}", tmp_path)
    assert done.returncode == 3, done.stderr
    assert "runc was not found" in done.stderr
    assert "--runc" in done.stderr


def test_a_kernel_that_cannot_notify(
    image: Callable[..., str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    lacking = replace(detect(), seccomp_notify=False)
    monkeypatch.setattr("jettison.workflow.hosts.detect", lambda: lacking)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["jettison", "slim", image(), *WORKER])
    with pytest.raises(SystemExit) as ended:
        run()
    said = capsys.readouterr().err
    assert ended.value.code == 3
    assert "seccomp user notification" in said
    assert "5.6" in said


def _in_private_mounts(script: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["unshare", "--mount", "--propagation", "private", "sh", "-c", script],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        cwd=cwd,
        check=False,
    )


@pytest.mark.parametrize("full", ["XDG_CACHE_HOME", "TMPDIR"])
def test_no_space_left(full: str, image: Callable[..., str], tmp_path: Path) -> None:
    target = image({"/srv/large": os.urandom(6 << 20)})
    place = tmp_path / "full"
    place.mkdir()
    arguments = f"slim {target} {' '.join(WORKER)} -o oci-archive:{tmp_path}/out.tar"
    script = (
        f"mount -t tmpfs -o size=4m tmpfs {place} && "
        f"{full}={place} {PROGRAM} {arguments}; status=$?; "
        f"find {place} -type f -size +0 | sed 's/^/left: /'; exit $status"
    )
    done = _in_private_mounts(script, tmp_path)
    assert done.returncode == 3, done.stderr
    assert "No space left on device" in done.stderr
    assert "hint: " in done.stderr
    assert "Traceback" not in done.stderr
    assert "left: " not in done.stdout
    assert not (tmp_path / "out.tar").exists()


# -- outputs ------------------------------------------------------------------------------------


def test_a_tag_that_exists_is_refused_before_any_work(
    image: Callable[..., str], tmp_path: Path
) -> None:
    taken = make_image().write_layout(tmp_path / "taken", tag="shop:1")
    before = (taken / "index.json").read_bytes()
    outputs = (*WORKER, "-o", f"oci:{taken}:shop:1")
    done = jettison("slim", image(), *outputs, cwd=tmp_path)
    assert done.returncode == 4
    assert "shop:1" in done.stderr
    assert "--force" in done.stderr
    assert "run " not in done.stderr
    assert (taken / "index.json").read_bytes() == before
    forced = jettison("slim", image(), *outputs, "--force", cwd=tmp_path)
    assert forced.returncode == 0, forced.stderr
    assert (taken / "index.json").read_bytes() != before


def test_a_file_that_exists_is_refused(image: Callable[..., str], tmp_path: Path) -> None:
    taken = tmp_path / "thesis.tar"
    taken.write_text("ten years of work")
    done = jettison("slim", image(), *WORKER, "-o", f"oci-archive:{taken}", cwd=tmp_path)
    assert done.returncode == 4
    assert str(taken) in done.stderr
    assert taken.read_text() == "ten years of work"


def test_the_same_command_twice_replaces_its_own_output(
    image: Callable[..., str], tmp_path: Path
) -> None:
    arguments = ("slim", image(), *WORKER, "-o", f"oci-archive:{tmp_path / 'out.tar'}")
    assert jettison(*arguments, cwd=tmp_path).returncode == 0
    first = (tmp_path / "out.tar").read_bytes()
    assert jettison(*arguments, cwd=tmp_path).returncode == 0
    assert (tmp_path / "out.tar").read_bytes() == first


def test_an_output_without_a_directory(
    image: Callable[..., str], tmp_path: Path, refused: Refusal
) -> None:
    nowhere = tmp_path / "nowhere"
    assert str(nowhere) in refused(4, image(), *WORKER, "-o", f"docker-archive:{nowhere}/x.tar")
    assert not nowhere.exists()


def test_a_report_that_cannot_be_written(image: Callable[..., str], tmp_path: Path) -> None:
    blocked = tmp_path / "blocked"
    blocked.write_text("a file")
    out = tmp_path / "out.tar"
    arguments = ("-o", f"oci-archive:{out}", "--report-dir", f"{blocked}/report")
    done = jettison("slim", image(), *WORKER, *arguments, cwd=tmp_path)
    assert done.returncode == 3
    assert str(blocked) in done.stderr
    assert not out.exists()


# -- usage --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("--no-such-option",), "--no-such-option"),
        (("--policy", "most"), "most"),
        (("--platform", "amiga"), "amiga"),
        (("--probe", "GET"), "GET"),
        (("--probe-file", "/nowhere.yaml"), "/nowhere.yaml"),
        (("--continue-after", "soon"), "soon"),
        (("--network", "moon"), "moon"),
        (("--network", "container:no-such"), "no-such"),
        (("--volume", "nowhere"), "nowhere"),
        (("--env-file", "/nowhere.env"), "/nowhere.env"),
        (("--env", "A B=c"), "A B"),
        (("--port", "99999"), "99999"),
        (("--max-unpacked-size", "lots"), "lots"),
        (("--memory", "-1"), "-1"),
        (("--entrypoint", "'unclosed"), "unclosed"),
        (("--tag", "NOT A NAME"), "NOT A NAME"),
        (("-o", "bogus"), "bogus"),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_wrong_usage(
    arguments: tuple[str, ...],
    named: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    target = f"oci:{make_image().write_layout(tmp_path / 'image')}"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["jettison", "slim", target, *arguments])
    with pytest.raises(SystemExit) as ended:
        run()
    said = capsys.readouterr()
    assert (ended.value.code, said.out) == (2, ""), said.err
    assert named in said.err
    assert "Traceback" not in said.err
    assert [item.name for item in tmp_path.iterdir()] == ["image"]


def test_a_probe_file_that_is_none(image: Callable[..., str], tmp_path: Path) -> None:
    steps = tmp_path / "steps.yaml"
    steps.write_text("steps:\n  - {path: /, expcet: {status: 200}}\n")
    done = jettison("slim", image(), "--probe-file", steps, cwd=tmp_path)
    assert done.returncode == 2
    assert str(steps) in done.stderr
    assert "expcet" in done.stderr


def test_a_configuration_that_is_none(image: Callable[..., str], tmp_path: Path) -> None:
    (tmp_path / "jettison.toml").write_text("[slim]\npolcy = 'closure'\n")
    done = jettison("slim", image(), cwd=tmp_path)
    assert done.returncode == 2
    assert "polcy" in done.stderr
    assert "policy" in done.stderr
