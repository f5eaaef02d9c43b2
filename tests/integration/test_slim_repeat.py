"""Same input, same bytes; what verification misses is repaired; what cannot be is not written."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from support.slimcase import archive_of, check_document, jettison, slim_app, slim_arguments

pytestmark = pytest.mark.needs("runc", "root", "bases")

# A file of the base image that nothing observes, and no rule keeps.
EXTRA = "/usr/share/base-files/motd"
# Reads it from its second run on, which a mounted directory makes it remember.
SERVER = f"""
import http.server as h, os, signal, sys
class Handler(h.BaseHTTPRequestHandler):
    def do_GET(self):
        is_there = not os.path.exists('/state/ran') or os.path.exists('{EXTRA}')
        body = b'welcome' if is_there else b'the message of the day is missing'
        self.send_response(200 if is_there else 500)
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)
def stop(*_):
    open('/state/ran', 'w').close()
    sys.exit(0)
signal.signal(signal.SIGTERM, stop)
h.HTTPServer(('', 80), Handler).serve_forever()
"""


def test_the_same_input_gives_the_same_digest(
    tmp_path_factory: pytest.TempPathFactory, tmp_path: Path
) -> None:
    # On the official base, so that byte code is compiled on the way.
    case = slim_app("flask_gunicorn", "official", tmp_path_factory)
    archive = archive_of(case.app.layout, tmp_path / "image.tar")
    (tmp_path / "tmp").mkdir()
    done = jettison(
        *slim_arguments(case.app, f"oci:{tmp_path}/layout", f"oci-archive:{archive}"),
        *("--format", "json"),
        # Nothing of the first run: another store, another place for all that is temporary.
        env={"XDG_CACHE_HOME": str(tmp_path / "cache"), "TMPDIR": str(tmp_path / "tmp")},
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    again = json.loads(done.stdout)
    first = case.document
    assert again["slimmed"]["digest"] == first["slimmed"]["digest"]
    varying = {"reference"}
    for image in ("original", "slimmed"):
        for field in first[image].keys() - varying:
            assert again[image][field] == first[image][field], field
    (report,) = (tmp_path / "jettison-report").iterdir()
    for name in ("seccomp.json", "apparmor.profile"):
        assert (report / name).read_text().replace("image", "flask-gunicorn") == (
            case.report / name
        ).read_text().replace("image", "flask-gunicorn"), name
    kept = [
        json.loads((place / "creport.json").read_bytes())["kept"] for place in (report, case.report)
    ]
    assert kept[0] == kept[1]


@pytest.fixture
def slim_server(
    base_layout: Callable[[str], Path], tmp_path: Path, warm_cache: Path
) -> Callable[..., tuple[int, dict[str, Any], str]]:
    state = tmp_path / "state"
    state.mkdir(mode=0o777)
    state.chmod(0o777)
    program = tmp_path / "server.py"
    program.write_text(SERVER)

    def slim(*arguments: str) -> tuple[int, dict[str, Any], str]:
        done = jettison(
            *("slim", f"oci:{base_layout('slim')}", "--entrypoint", "python3 /srv/server.py"),
            *("--volume", f"{program}:/srv/server.py:ro", "--volume", f"{state}:/state"),
            *("--no-crawl", "-o", f"oci:{tmp_path}/layout", "--format", "json", *arguments),
            cwd=tmp_path,
        )
        document = json.loads(done.stdout)
        check_document(document, "slim")
        return done.returncode, document, done.stderr

    return slim


def test_what_was_missed_is_repaired(
    slim_server: Callable[..., tuple[int, dict[str, Any], str]], tmp_path: Path
) -> None:
    code, document, _ = slim_server("--policy", "observed")
    assert code == 0
    assert document["verification"]["verdict"] == "passed"
    assert document["verification"]["rounds"] == 2
    report = json.loads((tmp_path / "jettison-report/slim/creport.json").read_bytes())
    (kept,) = [item for item in report["kept"] if item["path"] == EXTRA]
    assert "repair" in {reason["rule"] for reason in kept["reasons"]}


def test_what_does_not_pass_is_not_written(
    slim_server: Callable[..., tuple[int, dict[str, Any], str]], tmp_path: Path
) -> None:
    code, document, said = slim_server("--drop-path", EXTRA)
    assert code == 1
    assert document["verification"]["verdict"] == "failed"
    assert document["verification"]["rounds"] == 1
    (difference,) = document["verification"]["differences"]
    assert "GET /" in difference
    assert document["outputs"] == []
    assert not (tmp_path / "layout").exists()
    assert "nothing was written" in said
    assert "Traceback" not in said
    # Why it failed can be looked at all the same.
    (report,) = (tmp_path / "jettison-report").iterdir()
    removed = json.loads((report / "removed.json").read_bytes())
    assert EXTRA in {path for group in removed["groups"] for path, _ in group["files"]}


def test_without_verification_the_verdict_says_so(
    slim_server: Callable[..., tuple[int, dict[str, Any], str]], tmp_path: Path
) -> None:
    code, document, _ = slim_server("--drop-path", EXTRA, "--no-verify")
    assert code == 0
    assert document["verification"]["verdict"] == "skipped"
    assert (tmp_path / "layout/index.json").exists()
