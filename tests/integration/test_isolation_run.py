"""What a function finds and what comes back when it runs isolated."""

from __future__ import annotations

import errno
import os
import pickle
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import pytest

from jettison.errors import ContainerError, HostError, JettisonError
from jettison.events import Event, EventSink, Notice, Recorded, Silent
from jettison.linux import isolation, libc
from jettison.linux.abilities import Abilities, detect, find_switch
from jettison.linux.idmap import IdRange, read_current_mapping, single_mapping
from jettison.linux.isolation import IsolationOptions, run_isolated
from jettison.linux.libc import Namespace
from jettison.linux.memory import mount_in_memory
from jettison.linux.network import (
    NetworkNamespace,
    current_network_namespace,
)
from jettison.linux.threads import run_in_thread
from jettison.linux.userns import fork_mapped, run_mapped
from support.accounts import Account
from support.waiting import wait_until

pytestmark = pytest.mark.needs("root")


@pytest.fixture
def workdir(tmp_path: Path) -> Path:
    directory = tmp_path / "work"
    directory.mkdir()
    return directory


def run(function: object, workdir: Path, sink: EventSink | None = None) -> object:
    assert callable(function)
    return run_isolated(lambda events: function(), events=sink or Silent(), workdir=workdir)


def test_value_comes_back_also_a_big_one(workdir: Path) -> None:
    assert run(lambda: {"a": (1, 2)}, workdir) == {"a": (1, 2)}
    assert run(lambda: bytes(20 << 20), workdir) == bytes(20 << 20)


def test_errors_come_back_as_they_were(workdir: Path) -> None:
    def fail() -> None:
        raise ContainerError("it ended", hint="look", log_tail="Traceback")

    with pytest.raises(ContainerError) as raised:
        run(fail, workdir)
    assert (raised.value.message, raised.value.hint, raised.value.log_tail) == (
        "it ended",
        "look",
        "Traceback",
    )


def test_a_bug_brings_its_traceback_along(workdir: Path) -> None:
    def culprit() -> None:
        raise KeyError("missing")

    with pytest.raises(KeyError) as raised:
        run(culprit, workdir)
    assert "in culprit" in "".join(raised.value.__notes__)


def test_a_full_disk_is_the_hosts_and_its_place_is_named(workdir: Path) -> None:
    def fail() -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(
        HostError, match=re.escape(f"write below {tempfile.gettempdir()}: No space left")
    ) as raised:
        run(fail, workdir)
    assert "TMPDIR" in raised.value.hint


class StubbornError(Exception):
    """Cannot be made again from what it was pickled to."""

    def __init__(self, one: str, two: str) -> None:
        super().__init__(one)


def test_what_cannot_travel_is_described(workdir: Path) -> None:
    def fail() -> None:
        raise StubbornError("really", "bad")

    with pytest.raises(JettisonError, match="really"):
        run(fail, workdir)
    with pytest.raises((pickle.PicklingError, AttributeError, TypeError, JettisonError)):
        run(threading.Lock, workdir)


def test_a_killed_worker_is_an_error(workdir: Path) -> None:
    with pytest.raises(JettisonError, match="ended with status 3 and no result") as raised:
        run(lambda: os._exit(3), workdir)
    assert "memory" in raised.value.hint


def test_events_arrive_while_it_runs(workdir: Path) -> None:
    class Answering:
        def emit(self, event: Event) -> None:
            assert isinstance(event, Notice)
            (workdir / event.message).touch()

    def ask(events: EventSink) -> str:
        events.emit(Notice(message="question"))
        wait_until((workdir / "question").exists)
        return "answered"

    assert run_isolated(ask, events=Answering(), workdir=workdir) == "answered"


def test_events_of_many_threads_do_not_mix(workdir: Path) -> None:
    sink = Recorded()

    def emit_all(events: EventSink) -> None:
        def many(name: str) -> None:
            for index in range(200):
                events.emit(Notice(message=f"{name}{index}" * 100))

        threads = [threading.Thread(target=many, args=(name,)) for name in "abcd"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    run_isolated(emit_all, events=sink, workdir=workdir)
    found = [event.message for event in sink.events if isinstance(event, Notice)]
    assert sorted(found) == sorted(f"{n}{i}" * 100 for n in "abcd" for i in range(200))


def test_processes_and_mounts_are_its_own(workdir: Path) -> None:
    def look() -> tuple[int, list[str], str]:
        libc.mount("tmpfs", workdir, "tmpfs")
        (workdir / "unseen").write_text("x")
        return (
            os.getpid(),
            sorted(item.name for item in Path("/proc").glob("[0-9]*")),
            str(Path("/proc/self/fd/0").readlink()),
        )

    assert run(look, workdir) == (1, ["1"], "/dev/null")
    assert list(workdir.iterdir()) == []
    assert str(workdir) not in Path("/proc/self/mountinfo").read_text()


def test_daemons_end_with_it(workdir: Path) -> None:
    def leave_behind() -> None:
        child = os.fork()
        if child == 0:
            os.setsid()
            if os.fork() == 0:
                os.close(1)
                os.execvp("sleep", ("sleep", "3600.1"))
            os._exit(0)
        os.waitpid(child, 0)

    run(leave_behind, workdir)
    found = subprocess.run(("pgrep", "-f", "sleep 3600[.]1"), capture_output=True, check=False)
    assert found.stdout == b""


def test_a_listener_of_the_caller_keeps_its_state(workdir: Path) -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    descriptors = {item.name for item in Path("/proc/self/fd").iterdir()}
    run(lambda: None, workdir)
    with pytest.raises(ZeroDivisionError):
        run(lambda: 1 // 0, workdir)
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before
    assert {item.name for item in Path("/proc/self/fd").iterdir()} == descriptors


def test_a_failing_sink_ends_the_run(workdir: Path) -> None:
    class Broken:
        def emit(self, event: Event) -> None:
            raise RuntimeError("sink")

    def talk_and_wait(events: EventSink) -> None:
        events.emit(Notice(message="x"))
        time.sleep(3600)

    with pytest.raises(RuntimeError, match="sink"):
        run_isolated(talk_and_wait, events=Broken(), workdir=workdir)


def test_programs_started_inside_do_not_inherit_ignored_signals(workdir: Path) -> None:
    def ignored() -> str:
        shown = subprocess.run(
            ("grep", "SigIgn", "/proc/self/status"), capture_output=True, text=True, check=True
        )
        return shown.stdout.split()[1]

    # What whoever runs the tests ignores is inherited; nothing of ours may come to it.
    assert run(ignored, workdir) == ignored()


def test_other_signals_are_handed_on_when_asked(workdir: Path) -> None:
    class Sending:
        def emit(self, event: Event) -> None:
            os.kill(os.getpid(), signal.SIGUSR1)

    def wait_for_signal(events: EventSink) -> bool:
        arrived: list[int] = []
        signal.signal(signal.SIGUSR1, lambda number, _frame: arrived.append(number))
        events.emit(Notice(message="ready"))
        return bool(wait_until(lambda: arrived))

    options = IsolationOptions(forwarded=(signal.SIGUSR1,))
    assert run_isolated(wait_for_signal, events=Sending(), workdir=workdir, options=options)


def test_it_can_be_used_from_another_thread(workdir: Path) -> None:
    found: list[object] = []
    thread = threading.Thread(target=lambda: found.append(run(os.getpid, workdir)))
    thread.start()
    thread.join()
    assert found == [1]


def test_a_host_that_cannot_says_what_to_change(
    workdir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    able = detect()
    values = {name: getattr(able, name) for name in Abilities.__slots__}
    unable = Abilities(**{**values, "isolation_failure": "unshare USER: Operation not permitted"})
    monkeypatch.setattr(isolation, "detect", lambda: unable)
    monkeypatch.setattr(isolation, "find_switch", lambda: "user.max_user_namespaces=0")
    with pytest.raises(HostError, match="Operation not permitted") as raised:
        run(lambda: None, workdir)
    assert "user.max_user_namespaces=0" in raised.value.hint


# ---- user namespaces -------------------------------------------------------------------------


@pytest.mark.needs("userns")
def test_a_child_can_be_root_of_a_namespace_of_one() -> None:
    mapping = single_mapping(os.geteuid(), os.getegid())

    def look() -> int:
        found = read_current_mapping()
        return 0 if found.uids == mapping.uids and Path("/proc/self/setgroups").read_text() else 1

    assert run_mapped(mapping, look) == 0


@pytest.mark.needs("userns")
def test_a_mapping_that_is_refused_leaves_no_child() -> None:
    mapping = single_mapping(4_000_000_000, 4_000_000_000)
    with pytest.raises(OSError, match=r"denied|permitted"):
        fork_mapped(
            type(mapping)(uids=(IdRange(inside=0, outside=7, count=0),), gids=mapping.gids),
            lambda: 0,
        )
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def test_a_child_that_fails_says_so_and_never_returns(capfd: pytest.CaptureFixture[str]) -> None:
    assert run_mapped(None, lambda: 1 // 0) == 70
    assert "ZeroDivisionError" in capfd.readouterr().err
    assert run_mapped(None, lambda: 5) == 5


ABILITIES = """
from jettison.linux.abilities import detect
found = detect()
print(found.is_root, found.can_isolate, found.mapping.id_count,
      bool(found.mapping_failure), found.limits)
"""


@pytest.mark.needs("userns")
@pytest.mark.parametrize(
    ("who", "expected"),
    [
        ("account", "False True 65537 False frozenset()"),
        ("account_without_subids", "False True 1 False frozenset()"),
    ],
)
def test_an_ordinary_user_s_abilities_are_found(
    request: pytest.FixtureRequest, who: str, expected: str
) -> None:
    account: Account = request.getfixturevalue(who)
    assert account.run([account.python, "-c", ABILITIES]).stdout.strip() == expected


@pytest.mark.needs("userns")
def test_subordinate_ids_that_cannot_be_used_leave_the_single_one(
    account: Account, tmp_path: Path
) -> None:
    helpers = account.home / "helpers-that-fail"
    helpers.mkdir()
    for name in ("newuidmap", "newgidmap"):
        (helpers / name).write_text("#!/bin/sh\necho not today >&2\nexit 1\n")
        (helpers / name).chmod(0o755)
    env = {"PATH": f"{helpers}:{os.environ['PATH']}"}
    program = ABILITIES + "print(found.mapping_failure)"
    lines = account.run([account.python, "-c", program], env=env).stdout.splitlines()
    assert lines == ["False True 1 True frozenset()", "newuidmap: not today"]


@pytest.mark.needs("userns")
def test_root_of_somebody_s_user_namespace_is_told_from_the_host_s() -> None:
    def look() -> int:
        detect.cache_clear()
        found = detect()
        assert found.is_root, found
        assert found.can_isolate, found
        assert found.in_user_namespace, found
        assert found.mapping is None, found
        assert read_current_mapping().is_single
        return 0

    assert run_mapped(single_mapping(os.geteuid(), os.getegid()), look) == 0


def test_root_s_abilities_are_found() -> None:
    found = detect()
    assert found.is_root
    assert not found.in_user_namespace
    assert found.mapping is None
    assert found.can_isolate, found.isolation_failure
    assert found.seccomp_notify
    assert find_switch() == "" or "=" in find_switch()


# ---- networks --------------------------------------------------------------------------------


def test_a_network_of_its_own_has_an_open_loopback(network: NetworkNamespace) -> None:
    def talk() -> bytes:
        address = ("127.0.0.1", 80)
        with (
            socket.create_server(address) as server,
            socket.create_connection(address, timeout=5) as client,
        ):
            accepted, _ = server.accept()
            with accepted:
                accepted.sendall(b"hello")
                return client.recv(5)

    assert network.run(talk) == b"hello"
    devices = network.run(lambda: Path("/proc/thread-self/net/dev").read_text()).splitlines()
    assert [line.split(":")[0].strip() for line in devices[2:]] == ["lo"]


def test_a_socket_made_inside_stays_there(network: NetworkNamespace) -> None:
    server = network.run(lambda: socket.create_server(("127.0.0.1", 0)))
    with server:
        port = server.getsockname()[1]
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), timeout=5)
        client = network.run(lambda: socket.create_connection(("127.0.0.1", port), timeout=5))
        client.close()


def test_errors_inside_come_out_and_the_caller_stays_where_it_was(
    network: NetworkNamespace,
) -> None:
    before = str(Path("/proc/self/ns/net").readlink())
    with pytest.raises(ZeroDivisionError):
        network.run(lambda: 1 // 0)
    assert str(Path("/proc/self/ns/net").readlink()) == before
    assert network.run(lambda: str(Path("/proc/thread-self/ns/net").readlink())) != before
    here = current_network_namespace()
    assert here.run(lambda: str(Path("/proc/thread-self/ns/net").readlink())) == before
    here.close()


def test_a_path_names_it_for_others(network: NetworkNamespace) -> None:
    inside = network.run(lambda: str(Path("/proc/thread-self/ns/net").readlink()))
    with Path(network.path).open() as found:
        assert str(Path(f"/proc/self/fd/{found.fileno()}").readlink()) == inside


def test_a_thread_may_leave_its_directory_alone(workdir: Path) -> None:
    before = Path.cwd()

    def wander() -> Path:
        libc.unshare(Namespace.FILES_OF_THREAD)
        os.chdir(workdir)
        return Path.cwd()

    assert run_in_thread(wander) == workdir
    assert Path.cwd() == before


def test_files_in_memory_go_with_the_process_and_large_ones_stay_on_disk(workdir: Path) -> None:
    small, large = workdir / "small", workdir / "large"

    def inside() -> tuple[bool, bool, bool, bool]:
        for directory in (small, large):
            directory.mkdir()
        done = (
            mount_in_memory(small, size_bytes=1 << 20),
            mount_in_memory(large, size_bytes=1 << 50),
        )
        for directory in (small, large):
            (directory / "x").write_bytes(b"x" * (1 << 20))
        return done[0], done[1], small.is_mount(), large.is_mount()

    assert run(inside, workdir) == (True, False, True, False)
    assert not (small / "x").exists()
    assert (large / "x").stat().st_size == 1 << 20


# Python drops what is raised while its own hooks run after a fork.
_TOLD_WHILE_LOOKING = """
import os, signal
from jettison.linux.abilities import detect
told = []
def tell():
    if not told:
        told.append(signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)
os.register_at_fork(after_in_parent=tell)
try:
    detect()
except KeyboardInterrupt:
    print("told")
"""


def test_an_interruption_while_abilities_are_found_is_not_lost() -> None:
    argv = [sys.executable, "-c", _TOLD_WHILE_LOOKING]
    done = subprocess.run(argv, capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("told\n", "")


# The worker is pid 1 of its namespace; until it has been told it stays where it has no handler.
_TOLD_TOO_SOON = """
import os, signal, sys, threading, time
from pathlib import Path
from jettison.events import Silent
from jettison.linux.abilities import detect
from jettison.linux.isolation import IsolationOptions, run_isolated
detect()
def wait():
    if os.getpid() == 1:
        print("forked", flush=True)
        end = time.monotonic() + 3
        while signal.SIGTERM not in signal.sigpending() and time.monotonic() < end:
            time.sleep(0.01)
def work(events):
    Path(sys.argv[1]).write_text("it ran")
    threading.Event().wait(30)
os.register_at_fork(after_in_child=wait)
options = IsolationOptions(grace_s=6)
run_isolated(work, events=Silent(), workdir=Path(sys.argv[2]), options=options)
"""


def test_an_order_that_comes_before_the_worker_has_a_handler_is_kept(
    workdir: Path, tmp_path: Path
) -> None:
    argv = [sys.executable, "-c", _TOLD_TOO_SOON, str(tmp_path / "ran"), str(workdir)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "forked\n"
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) != 0
    assert not (tmp_path / "ran").exists()
