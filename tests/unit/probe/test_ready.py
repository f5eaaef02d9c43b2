import socket
import struct
import threading
import time
from pathlib import Path

import pytest

from jettison.errors import ContainerError, NotReadyError
from jettison.probe.model import Skipped
from jettison.probe.ready import ReadyOptions, exposed_ports, wait_until_ready
from support.probe_apps import (
    Call,
    Reply,
    Running,
    free_port,
    listen,
    make_certificate,
    pages,
    serve,
)
from support.waiting import wait_until

HOME = pages({"/": "<p>hello</p>"})


class Both:
    """Several ports seen as one app's."""

    def __init__(self, *apps: Running, more: tuple[int, ...] = ()) -> None:
        self._apps = apps
        self._more = more

    def ports(self) -> tuple[int, ...]:
        return (*self._more, *(app.port for app in self._apps))

    def exit_status(self) -> int | None:
        return None

    def log_tail(self) -> str:
        return "tail"


def reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def test_a_listening_app_is_ready_at_once() -> None:
    with serve(HOME) as app:
        ready = wait_until_ready(app, ReadyOptions())
    (endpoint,) = ready.endpoints
    assert (endpoint.host, endpoint.port, endpoint.scheme) == ("127.0.0.1", app.port, "http")
    assert ready.seconds < 2


def test_exposed_port_that_is_not_reported_as_listening_is_asked_as_well() -> None:
    with serve(HOME) as app:
        exposed = (f"{app.port}/tcp",)
        ready = wait_until_ready(Both(), ReadyOptions(exposed=exposed))
    assert ready.endpoints[0].port == app.port


def test_slow_start_is_waited_for_and_seen_soon() -> None:
    port = free_port()
    waiting = Running(port=port)
    started: list[float] = []

    def start_late() -> None:
        # The app is slow on purpose: readiness must be noticed, however late it comes.
        threading.Event().wait(0.3)
        with serve(HOME, port=port):
            started.append(time.monotonic())
            done.wait(10)

    done = threading.Event()
    thread = threading.Thread(target=start_late)
    thread.start()
    try:
        wait_until_ready(waiting, ReadyOptions(ports=(port,), timeout_s=10))
        # The app answers a moment before its own thread gets to say so.
        wait_until(lambda: started)
        assert time.monotonic() - started[0] < 2
    finally:
        done.set()
        thread.join()


def test_tls_with_an_unsigned_certificate_is_https(tmp_path: Path) -> None:
    with serve(HOME, tls=make_certificate(tmp_path)) as app:
        ready = wait_until_ready(app, ReadyOptions(timeout_s=10))
    assert [endpoint.scheme for endpoint in ready.endpoints] == ["https"]
    assert ready.seconds < 5


def test_first_choice_is_the_exposed_port() -> None:
    with serve(HOME) as main, serve(HOME) as metrics:
        ready = wait_until_ready(
            Both(metrics, main), ReadyOptions(exposed=("9/udp", f"{main.port}/tcp"))
        )
    assert [endpoint.port for endpoint in ready.endpoints] == [main.port, metrics.port]
    assert ready.skipped == (Skipped(item="EXPOSE 9/udp", reason="udp is not probed"),)


def test_port_with_another_protocol_is_tcp_only() -> None:
    def redis(connection: socket.socket) -> None:
        connection.recv(100)
        connection.sendall(b"-ERR unknown command\r\n")

    with listen(redis) as other, serve(HOME) as app:
        ready = wait_until_ready(Both(other, app), ReadyOptions())
    assert ready.tcp_only == (other.port,)
    assert [endpoint.port for endpoint in ready.endpoints] == [app.port]


def test_silent_port_does_not_hold_up_for_long() -> None:
    silence = threading.Event()

    def say_nothing(_: socket.socket) -> None:
        silence.wait(8)

    with listen(say_nothing) as other, serve(HOME) as app:
        ready = wait_until_ready(Both(other, app), ReadyOptions())
        silence.set()
    assert ready.tcp_only == (other.port,)
    assert ready.seconds < 6


def test_port_that_resets_connections_is_tried_again() -> None:
    with listen(reset) as other, serve(HOME) as app:
        ready = wait_until_ready(Both(other, app), ReadyOptions())
        assert ready.tcp_only == (other.port,)
        with pytest.raises(NotReadyError, match="closes every connection unanswered"):
            wait_until_ready(other, ReadyOptions(timeout_s=0.3))


def test_gateway_whose_app_is_still_starting_is_waited_for() -> None:
    answers = iter([502, 503, 503])

    def app(_: Call) -> Reply:
        return Reply(next(answers, 200), b"x")

    with serve(app) as running:
        wait_until_ready(running, ReadyOptions(timeout_s=10))
    assert len(running.calls) == 4


def test_server_error_is_an_answer() -> None:
    with serve(lambda _: Reply(500, b"boom")) as app:
        assert wait_until_ready(app, ReadyOptions(timeout_s=10)).endpoints[0].port == app.port


def test_slow_first_answer_is_not_mistaken_for_another_protocol() -> None:
    slow = threading.Event()

    def app(_: Call) -> Reply:
        slow.wait(0.6)
        return Reply(200, b"at last")

    with serve(app) as running:
        ready = wait_until_ready(running, ReadyOptions(timeout_s=10))
    assert ready.endpoints[0].port == running.port
    assert len(running.calls) == 1


def test_never_listening_names_the_ports_and_the_ways_out() -> None:
    port = free_port()
    with pytest.raises(NotReadyError) as caught:
        wait_until_ready(Both(), ReadyOptions(exposed=(f"{port}/tcp",), timeout_s=0.2))
    assert f"nothing listens on port {port}" in caught.value.message
    assert "--ready-timeout" in caught.value.hint
    assert "--port" in caught.value.hint
    assert caught.value.log_tail == "tail"


def test_a_given_port_must_answer_even_if_another_one_does() -> None:
    port = free_port()
    with serve(HOME) as app, pytest.raises(NotReadyError, match=f"nothing listens on port {port}"):
        wait_until_ready(app, ReadyOptions(ports=(port,), timeout_s=0.3))


def test_app_that_ends_first_is_named_with_status_and_log() -> None:
    app = Running(port=free_port(), status=3, log="Traceback: no database")
    with pytest.raises(ContainerError, match="ended with status 3") as caught:
        wait_until_ready(app, ReadyOptions())
    assert not isinstance(caught.value, NotReadyError)
    assert caught.value.log_tail == "Traceback: no database"
    assert "--continue-after" in caught.value.hint


def test_app_on_ipv6_loopback_alone_is_found() -> None:
    try:
        server = socket.create_server(("::1", 0), family=socket.AF_INET6)
    except OSError:
        pytest.skip("no IPv6 loopback")

    def answer() -> None:
        connection, _ = server.accept()
        with connection:
            connection.recv(4096)
            connection.sendall(b"HTTP/1.0 200 OK\r\n\r\nhi")

    with server:
        thread = threading.Thread(target=answer)
        thread.start()
        ready = wait_until_ready(Running(port=server.getsockname()[1]), ReadyOptions(timeout_s=5))
        thread.join()
    assert ready.endpoints[0].host == "::1"


@pytest.mark.parametrize(
    ("exposed", "ports", "skipped"),
    [
        (("8000/tcp", "80"), (8000, 80), 0),
        (("53/udp",), (), 1),
        (("8000-8002/tcp",), (8000, 8001, 8002), 0),
        (("nonsense", "0/tcp", "70000"), (), 1),
        (("80/tcp", "80"), (80,), 0),
    ],
)
def test_exposed_ports(exposed: tuple[str, ...], ports: tuple[int, ...], skipped: int) -> None:
    found, left_out = exposed_ports(exposed)
    assert found == ports
    assert len(left_out) == skipped
