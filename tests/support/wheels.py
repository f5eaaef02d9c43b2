"""An index of wheels on loopback, so that an engine's build steps need nothing of the world."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote

from support.abilities import BUILD_ENVIRONMENT

_DOWNLOAD_S = 300.0
# What the base images have.
_PYTHON = "3.11"


def download(requirements: Iterable[str]) -> Path:
    """A directory with the wheels of these pinned requirements and all that they need.

    It is filled once and kept beside the base images.
    """
    wanted = sorted(set(requirements))
    key = hashlib.sha256("\n".join((_PYTHON, *wanted)).encode()).hexdigest()[:16]
    root = Path(BUILD_ENVIRONMENT.get("JETTISON_BASES", "/var/cache/jettison-bases")) / "wheels"
    directory = root / key
    if directory.is_dir():
        return directory
    root.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(prefix=f".{key}-", dir=root))
    argv = [sys.executable, "-m", "pip", "download", "--quiet", "--dest", str(partial)]
    argv += ["--only-binary=:all:", f"--python-version={_PYTHON}", *wanted]
    done = subprocess.run(
        argv,
        env=BUILD_ENVIRONMENT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_DOWNLOAD_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    try:
        partial.rename(directory)
    except OSError:
        # Another worker was quicker; both have the same.
        shutil.rmtree(partial)
    return directory


@contextmanager
def served(directory: Path) -> Iterator[str]:
    """The address of a simple index of the wheels in a directory.

    Source: PEP 503, "Simple Repository API".
    """

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = re.fullmatch(r"/simple/([^/]+)/?", self.path)
            if asked is not None:
                names = sorted(file.name for file in directory.iterdir())
                links = "".join(
                    f'<a href="/files/{name}">{name}</a>\n'
                    for name in names
                    if _project(name) == asked[1]
                )
                self._answer(200 if links else 404, "text/html", links.encode())
                return
            file = directory / Path(unquote(self.path)).name
            found = file.read_bytes() if file.is_file() else None
            self._answer(200 if found is not None else 404, "application/zip", found or b"")

        def _answer(self, status: int, kind: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base's name
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/simple"
        finally:
            server.shutdown()
            thread.join()


def _project(file: str) -> str:
    return re.sub(r"[-_.]+", "-", file.partition("-")[0]).lower()
