"""The other verbs, and how a run is steered: options, platforms, endings, the store."""

from __future__ import annotations

import json
import re
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from support.images import make_image, make_index
from support.layers import Layer
from support.slimcase import Layout, jettison, started

pytestmark = [pytest.mark.needs("runc", "root"), pytest.mark.usefixtures("warm_cache")]

WORKER = ("--no-http", "--continue-after", "0.1")


@pytest.fixture
def target(small_layer: Layer, tmp_path: Path) -> str:
    built = make_image([small_layer, {"/srv/data": b"yes"}], {"Cmd": ["sleep", "600"]})
    return f"oci:{built.write_layout(tmp_path / 'image')}"


def test_profile_reports_and_writes_no_image(target: str, tmp_path: Path) -> None:
    done = jettison("profile", target, *WORKER, "--format", "json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["outputs"] == []
    names = {Path(item["path"]).name for item in document["artifacts"]}
    assert {"creport.json", "seccomp.json", "apparmor.profile", "trace.jsonl"} <= names
    assert sorted(item.name for item in tmp_path.iterdir()) == ["image", "jettison-report"]


def test_options_reach_the_container(target: str, tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir(mode=0o777)
    shared.chmod(0o777)
    settings = tmp_path / "settings.env"
    settings.write_text("# a comment\nFROM_FILE=one two\nBOTH=file\n")
    script = "(env; id -u; id -g; pwd; cat /proc/sys/kernel/hostname; stat -f -c %T /scratch)"
    done = jettison(
        *("profile", target, *WORKER, "--env", "GIVEN=a=b", "--env", "BOTH=option"),
        *("--env-file", str(settings), "--env", "HANDED_ON", "--env", "NOT_SET"),
        *("--user", "999:998", "--workdir", "/srv", "--hostname", "shop", "--tmpfs", "/scratch"),
        *("--volume", f"{shared}:/shared", "--volume", f"{settings}:/etc/settings:ro"),
        *("--entrypoint", "sh -c", "--cmd", f"'{script} > /shared/said; exec sleep 600'"),
        *("--continue-after", "0.5"),
        env={"HANDED_ON": "ours"},
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    said = (shared / "said").read_text().splitlines()
    for line in ("GIVEN=a=b", "BOTH=option", "FROM_FILE=one two", "HANDED_ON=ours"):
        assert line in said
    assert not [line for line in said if line.startswith("NOT_SET")]
    assert said[-5:] == ["999", "998", "/srv", "shop", "tmpfs"]


def test_a_signal_ends_the_watching(target: str, tmp_path: Path) -> None:
    out = ("-o", f"oci:{tmp_path}/out")
    arguments = ("slim", target, "--no-http", "--continue-after", "signal", *out)
    with started(*arguments, cwd=tmp_path) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if "SIGUSR1" in line:
                break
        # Once: the runs that prove it end by themselves.
        process.send_signal(signal.SIGUSR1)
        _, rest = process.communicate(timeout=60.0)
    assert process.returncode == 0, rest
    assert (tmp_path / "out").exists()


def test_verify_tells_two_images_apart(small_layer: Layer, tmp_path: Path) -> None:
    """The second lacks what the first one's command reads."""
    command = {"Cmd": ["sh", "-c", "cat /srv/data && exec sleep 600"]}
    whole = make_image([small_layer, {"/srv/data": b"yes"}], command)
    lacking = make_image([small_layer, {"/srv/other": b"yes"}], command)
    whole.write_layout(tmp_path / "whole")
    lacking.write_layout(tmp_path / "lacking")
    images = (f"oci:{tmp_path}/whole", f"oci:{tmp_path}/lacking")
    same = jettison("verify", images[0], images[0], *WORKER, cwd=tmp_path)
    assert same.returncode == 0, same.stderr
    other = jettison("verify", *images, *WORKER, "--format", "json", cwd=tmp_path)
    assert other.returncode == 1, other.stderr
    document = json.loads(other.stdout)
    assert document["verification"]["verdict"] == "failed"
    assert "/srv/data" in document["missed"]


def test_a_platform_is_chosen(small_layer: Layer, tmp_path: Path) -> None:
    config = {"Cmd": ["sleep", "600"]}
    ours = make_image([small_layer, {"/srv/ours": b""}], config, platform="linux/amd64")
    theirs = make_image([{"/srv/theirs": b""}], config, platform="linux/arm64")
    layout = make_index([theirs, ours]).write_layout(tmp_path / "image")
    out = ("-o", f"oci:{tmp_path}/out")
    done = jettison("slim", f"oci:{layout}", *WORKER, *out, "--format", "json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["original"]["digest"] == str(ours.digest)
    assert "/srv/ours" in Layout(tmp_path / "out").files
    missing = jettison("slim", f"oci:{layout}", "--platform", "linux/s390x", cwd=tmp_path)
    assert missing.returncode == 4
    assert "linux/s390x" in missing.stderr
    assert "linux/arm64" in missing.stderr


def test_prune_empties_the_store(
    target: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert jettison("profile", target, *WORKER, cwd=tmp_path).returncode == 0
    layers = tmp_path / "cache/jettison/layers"
    assert len(list(layers.iterdir())) == 2
    assert jettison("prune", "--max-size", "1t").stdout.startswith("0")
    assert len(list(layers.iterdir())) == 2
    done = jettison("prune")
    assert done.returncode == 0
    assert re.match(r"\d.*freed", done.stdout)
    assert list(layers.iterdir()) == []
    # And it fills again.
    assert jettison("profile", target, *WORKER, cwd=tmp_path).returncode == 0


def test_settings_come_from_a_file_and_options_win(target: str, tmp_path: Path) -> None:
    (tmp_path / "jettison.toml").write_text(
        '[slim]\npolicy = "observed"\nhttp = false\ncontinue-after = "0.1"\n'
        f'output = ["oci:{tmp_path}/out"]\n'
    )
    done = jettison("slim", target, "--format", "json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["policy"] == "observed"
    assert "/srv/data" not in Layout(tmp_path / "out").files
    over = ("--policy", "closure", "-o", f"oci:{tmp_path}/out2", "--format", "json")
    done = jettison("slim", target, *over, cwd=tmp_path)
    assert json.loads(done.stdout)["policy"] == "closure"
    assert "/srv/data" in Layout(tmp_path / "out2").files
    assert not (tmp_path / "jettison-report/image.tar").exists()


def test_a_file_that_is_dropped_by_name_is_gone(target: str, tmp_path: Path) -> None:
    out = ("-o", f"oci:{tmp_path}/out", "--drop-path", "/srv/d*", "--keep-path", "/usr/bin/wc")
    done = jettison("slim", target, *WORKER, *out, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    files = Layout(tmp_path / "out").files
    assert "/srv/data" not in files
    assert "/usr/bin/wc" in files
    assert "/usr/bin/sleep" in files
    assert "/usr/bin/ls" not in files


@pytest.mark.needs("bases")
def test_https_and_the_port_that_was_named(
    base_layout: Callable[[str], Path], tmp_path: Path
) -> None:
    server = (
        "import http.server as h, signal, ssl, sys\n"
        "signal.signal(15, lambda *_: sys.exit(0))\n"
        "class Handler(h.BaseHTTPRequestHandler):\n"
        "    def do_GET(self):\n"
        "        self.send_response(200); self.send_header('Content-Length', '2')\n"
        "        self.end_headers(); self.wfile.write(b'ok')\n"
        "context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)\n"
        "context.load_cert_chain('/tls/cert.pem', '/tls/key.pem')\n"
        "server = h.HTTPServer(('', 8443), Handler)\n"
        "server.socket = context.wrap_socket(server.socket, server_side=True)\n"
        "server.serve_forever()\n"
    )
    (tmp_path / "server.py").write_text(server)
    _make_certificate(tmp_path)
    done = jettison(
        *("slim", f"oci:{base_layout('slim')}", "--entrypoint", "python3 /tls/server.py"),
        *("--volume", f"{tmp_path}:/tls:ro", "--port", "8443", "-o", f"oci:{tmp_path}/out"),
        *("--report-dir", str(tmp_path / "report"), "--format", "json"),
    )
    assert done.returncode == 0, done.stderr
    report = json.loads((tmp_path / "report/creport.json").read_bytes())
    assert report["probes"][0]["status"] == 200
    assert "GET /" in report["probes"][0]["request"]


def _make_certificate(directory: Path) -> None:
    import subprocess

    argv = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    argv += ["-nodes", "-subj", "/CN=localhost", "-days", "2"]
    argv += ["-keyout", str(directory / "key.pem"), "-out", str(directory / "cert.pem")]
    subprocess.run(argv, capture_output=True, check=True)
    (directory / "key.pem").chmod(0o644)
