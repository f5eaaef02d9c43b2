"""Debian's docker-registry on a loopback port, its data below a directory of the test's."""

from __future__ import annotations

import http.client
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from support.waiting import wait_until

LOGIN: Final = ("me", "pass:word")
# The line of htpasswd(1) for LOGIN: crypt.crypt("pass:word", crypt.mksalt(METHOD_BLOWFISH, 16)).
_HTPASSWD: Final = "me:$2b$04$K23JBtrK9uRBhKuE/NQo7ecttBS.u6l27uurJ2RJzaT.MrfED29Ce\n"

_CONFIG: Final = """\
version: 0.1
log: {{accesslog: {{disabled: true}}, level: error}}
storage: {{filesystem: {{rootdirectory: "{data}"}}, delete: {{enabled: true}}}}
http: {{addr: "127.0.0.1:{port}"}}
"""


@contextmanager
def real_registry(directory: Path, *, with_login: bool = False) -> Iterator[str]:
    """Host and port of an empty registry, until the block ends."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    text = _CONFIG.format(data=directory / "data", port=port)
    if with_login:
        htpasswd = directory / "htpasswd"
        htpasswd.write_text(_HTPASSWD)
        text += f'auth: {{htpasswd: {{realm: test, path: "{htpasswd}"}}}}\n'
    config = directory / "config.yml"
    config.write_text(text)
    with (directory / "log").open("wb") as log:
        process = subprocess.Popen(
            ["docker-registry", "serve", str(config)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        wait_until(lambda: _answers(port, process), deadline_s=20)
        yield f"127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=20)


def _answers(port: int, process: subprocess.Popen[bytes]) -> bool:
    assert process.poll() is None, "docker-registry ended at once; its log says why"
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/v2/")
        return connection.getresponse().status in (200, 401)
    except OSError:
        return False
    finally:
        connection.close()
