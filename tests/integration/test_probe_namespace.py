"""Probing inside a network namespace: the app is reached, and the host has no port open."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from jettison.errors import ContainerError, NotReadyError
from jettison.linux.network import NetworkNamespace
from jettison.probe.expect import require_success
from jettison.probe.model import ProbePlan, ProbeResults
from jettison.probe.ready import ReadyOptions, wait_until_ready
from jettison.probe.session import replay, run_probes
from jettison.verify.compare import compare, learn

pytestmark = pytest.mark.needs("root")

PORT = 8000
APP = """
import http.server, secrets, sys, time

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        pages = {
            "/": f'<a href="/about">x</a><input name=csrf value="{secrets.token_urlsafe()}">',
            "/about": sys.argv[2],
        }
        body = pages.get(self.path)
        self.send_response(404 if body is None else 200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write((body or "no").encode())

if sys.argv[2] == "broken":
    sys.exit("cannot import name 'missing'")
http.server.HTTPServer(("0.0.0.0", int(sys.argv[1])), Handler).serve_forever()
"""


class App:
    """A process in a network namespace, as the probes watch one."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self._process = process
        self._log = log

    def ports(self) -> tuple[int, ...]:
        lines = Path(f"/proc/{self._process.pid}/net/tcp").read_text().splitlines()[1:]
        fields = [line.split() for line in lines]
        return tuple(int(item[1].partition(":")[2], 16) for item in fields if item[3] == "0A")

    def exit_status(self) -> int | None:
        return self._process.poll()

    def log_tail(self) -> str:
        return self._log.read_text()


@contextmanager
def running(network: NetworkNamespace, directory: Path, text: str) -> Iterator[App]:
    script, log = directory / "app.py", directory / "log"
    script.write_text(APP)
    with log.open("wb") as output:
        # A child process is born into the namespace of the thread that starts it.
        process = network.run(
            lambda: subprocess.Popen(
                [sys.executable, str(script), str(PORT), text], stdout=output, stderr=output
            )
        )
    try:
        yield App(process, log)
    finally:
        process.kill()
        process.wait()


def ask(network: NetworkNamespace, app: App, recorded: ProbeResults | None) -> ProbeResults:
    plan = ProbePlan()

    def inside() -> ProbeResults:
        ready = wait_until_ready(app, ReadyOptions(exposed=(f"{PORT}/tcp",), timeout_s=20))
        if recorded is None:
            return run_probes(plan, ready, app)
        return replay(recorded, plan, ready=ready, watched=app)

    return network.run(inside)


def test_app_is_asked_in_its_namespace_and_the_answers_compared(
    network: NetworkNamespace, tmp_path: Path
) -> None:
    with running(network, tmp_path, "the same") as app:
        first = ask(network, app, None)
        with socket.socket() as host, pytest.raises(ConnectionRefusedError):
            host.connect(("127.0.0.1", PORT))
    require_success(first, log_tail="")
    assert [answer.status for answer in first.answers if answer.target == "/about"] == [200]
    with running(network, tmp_path, "the same") as app:
        second = ask(network, app, first)
    with running(network, tmp_path, "the same") as app:
        same = ask(network, app, first)
    with running(network, tmp_path, "another") as app:
        other = ask(network, app, first)
    volatile = learn(first, second)
    assert [item.request for item in volatile.answers] == ["GET /"]
    assert compare(first, same, volatile) == ()
    (difference,) = compare(first, other, volatile)
    assert difference.describe() == "GET /about: body line 1: the same → another"


def test_app_that_cannot_start_is_named_with_its_log(
    network: NetworkNamespace, tmp_path: Path
) -> None:
    with (
        running(network, tmp_path, "broken") as app,
        pytest.raises(ContainerError, match="ended with status 1") as caught,
    ):
        ask(network, app, None)
    assert not isinstance(caught.value, NotReadyError)
    assert "cannot import name 'missing'" in caught.value.log_tail
