"""Processes, origins, sockets, signals; and that a loss is an error."""

from __future__ import annotations

import os
import select
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from jettison.errors import TraceLossError
from jettison.trace import Operation, Origin, SocketRole, TraceLog
from jettison.tracer import session as session_module
from jettison.tracer.session import TracerSession
from support.bundle import BundleOptions
from support.tracing import counts, run_traced, seen, traced_bundle
from support.waiting import wait_until

pytestmark = pytest.mark.needs("runc", "root")

PYTHON = "/usr/bin/python3"


def programs(log: TraceLog, *origins: Origin) -> set[str]:
    pids = log.pids(*origins)
    return {path for item in log.processes if item.pid in pids for path, _ in item.programs}


def test_threads_count_with_their_process() -> None:
    code = """
import os, threading
def work(number):
    for turn in range(50):
        os.access(f"/usr/thread-{number}", os.F_OK)
threads = [threading.Thread(target=work, args=(number,)) for number in range(16)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
"""
    done, log = run_traced((PYTHON, "-c", code))
    assert done.returncode == 0, done.stderr
    assert len(log.processes) == 1
    found = {a.path: (a.count, a.pid) for a in log.accesses if "/usr/thread-" in a.path}
    pid = log.processes[0].pid
    assert found == {f"/usr/thread-{number}": (50, pid) for number in range(16)}


def test_forks_multiprocessing_and_exec_chains() -> None:
    code = """
import multiprocessing, os, subprocess
def work(number):
    os.chdir("/usr" if number % 2 else "/etc")
    try:
        open(f"child-{number}")
    except FileNotFoundError:
        pass
if __name__ == "__main__":
    with multiprocessing.get_context("fork").Pool(4) as pool:
        pool.map(work, range(8), chunksize=1)
    subprocess.run("exec /bin/sh -c 'exec id -u'", shell=True, stdout=subprocess.DEVNULL)
"""
    done, log = run_traced((PYTHON, "-c", code))
    assert done.returncode == 0, done.stderr
    paths = {str(a.path) for a in log.accesses if "child-" in a.path}
    assert paths == {f"/{'usr' if n % 2 else 'etc'}/child-{n}" for n in range(8)}
    root = next(item for item in log.processes if item.parent == 0)
    chain = next(item for item in log.processes if len(item.programs) == 3)
    assert chain.parent == root.pid
    assert [path for path, _ in chain.programs] == ["/bin/sh", "/bin/sh", "/usr/bin/id"]
    assert chain.programs[-1][1] == ("id", "-u")
    assert len(log.processes) >= 6


def test_the_runtime_counts_in_system_calls_and_not_in_accesses() -> None:
    done, log = run_traced(("/bin/true",))
    assert done.returncode == 0, done.stderr
    by_runtime = {use.name for use in log.syscalls if use.by_runtime}
    own = counts(log)
    assert {"execve", "capset", "setgroups"} <= by_runtime
    assert "capset" not in own
    assert "brk" in own
    assert (Operation.EXEC, "/bin/true") in seen(log)
    assert not any("/proc/self" in path for _, path in seen(log))
    assert log.capabilities == ()


def test_sockets_with_the_port_that_was_really_bound() -> None:
    code = """
import os, socket
server = socket.socket()
server.bind(("127.0.0.1", 0))
if os.fork() == 0:
    server.listen()
    os._exit(0)
os.wait()
fixed = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
fixed.bind(("::", 5353))
local = socket.socket(socket.AF_UNIX)
os.chdir("/tmp"); local.bind("app.sock"); local.listen()
for address in ("/run/none.sock", "\\0hidden"):
    try:
        socket.socket(socket.AF_UNIX).connect(address)
    except OSError:
        pass
socket.socket(socket.AF_INET, socket.SOCK_DGRAM).connect(("127.0.0.1", 9))
print(server.getsockname()[1])
"""
    done, log = run_traced((PYTHON, "-c", code))
    assert done.returncode == 0, done.stderr
    port = int(done.stdout)
    found = {(use.role, use.family, use.address, use.port, use.protocol) for use in log.sockets}
    assert found == {
        (SocketRole.BIND, "inet", "127.0.0.1", 0, "tcp"),
        (SocketRole.LISTEN, "inet", "127.0.0.1", port, "tcp"),
        (SocketRole.BIND, "inet6", "::", 5353, "udp"),
        (SocketRole.BIND, "unix", "/tmp/app.sock", 0, ""),
        (SocketRole.LISTEN, "unix", "app.sock", 0, ""),
        (SocketRole.CONNECT, "unix", "/run/none.sock", 0, ""),
        (SocketRole.CONNECT, "unix", "@hidden", 0, ""),
        (SocketRole.CONNECT, "inet", "127.0.0.1", 9, "udp"),
    }
    assert {(Operation.WRITE, "/tmp/app.sock"), (Operation.OPEN, "/run/none.sock")} <= seen(log)


def test_capabilities_with_their_evidence() -> None:
    code = """
import os, signal, socket, time
path = "/tmp/owned"
open(path, "w").close()
os.chown(path, 33, 33); os.chmod(path, 0o600)
socket.socket().bind(("127.0.0.1", 81))
read, write = os.pipe()
child = os.fork()
if child == 0:
    os.setgroups([]); os.setgid(33); os.setuid(33)
    os.stat("/"); os.write(write, b"x"); time.sleep(60)
os.read(read, 1); os.kill(child, signal.SIGKILL); os.wait()
os.setuid(0); os.kill(os.getpid(), 0)
"""
    done, log = run_traced((PYTHON, "-c", code))
    assert done.returncode == 0, done.stderr
    found = {(use.name, use.evidence) for use in log.capabilities}
    assert found == {
        ("CHOWN", "chown to 33:33 as 0:0"),
        ("FOWNER", "chmod of a file of user 33 as 0"),
        ("NET_BIND_SERVICE", "bind to port 81"),
        ("SETGID", "setgroups"),
        ("SETGID", "setgid(33) as 0"),
        ("SETUID", "setuid(33) as 0"),
        ("KILL", "kill of a process of user 33 as 0"),
    }
    user = {access.uid for access in log.accesses if access.path == "/" and access.uid}
    assert user == {33}


def test_without_the_capability_none_is_inferred() -> None:
    code = "import os\ntry: os.chown('/tmp', 1, 1)\nexcept PermissionError: print('refused')"
    done, log = run_traced((PYTHON, "-c", code), BundleOptions(uid=33, gid=33))
    assert done.stdout == "refused\n"
    assert (Operation.WRITE, "/tmp") in seen(log)
    assert log.capabilities == ()


def test_paths_that_climb_follow_links_before_they_climb() -> None:
    code = """
import os
os.makedirs("/tmp/deep/inside"); os.symlink("deep/inside", "/tmp/link")
for path in ("/tmp/link/../found", "/tmp/gone/../never", "/tmp/./plain//path"):
    try:
        os.stat(path)
    except FileNotFoundError:
        pass
"""
    done, log = run_traced((PYTHON, "-c", code))
    assert done.returncode == 0, done.stderr
    found = {path for operation, path in seen(log) if operation is Operation.STAT}
    assert {"/tmp/link", "/tmp/deep/found", "/tmp/gone", "/tmp/plain/path"} <= found
    assert not {"/tmp/found", "/tmp/never"} & found


def test_a_bad_pointer_fails_the_call_and_not_the_trace() -> None:
    code = """
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
for address in (None, ctypes.c_void_p(1), ctypes.c_void_p(2**63)):
    assert libc.access(address, 0) == -1 and ctypes.get_errno() == 14
"""
    done, log = run_traced((PYTHON, "-c", code))
    assert done.returncode == 0, done.stderr
    assert counts(log)["access"] >= 3


def test_strings_at_the_edge_of_memory_are_read_whole() -> None:
    code = """
import ctypes, mmap
libc = ctypes.CDLL(None)
memory = mmap.mmap(-1, 3 * 4096)
base = ctypes.addressof(ctypes.c_char.from_buffer(memory))
libc.mprotect(ctypes.c_void_p(base + 2 * 4096), 4096, 0)
for end, name in ((2 * 4096, b"/edge/of-memory\\0"), (4096 + 9, b"/over/two-pages\\0")):
    memory[end - len(name):end] = name
    libc.access(ctypes.c_void_p(base + end - len(name)), 0)
"""
    done, log = run_traced((PYTHON, "-c", code))
    assert done.returncode == 0, done.stderr
    assert {"/edge/of-memory", "/over/two-pages"} <= {path for _, path in seen(log)}


# An interval timer that fires while most calls wait for their answer, and a thread that keeps
# signalling another as Go's scheduler does with SIGURG.
STORM = """
import os, signal, sys, threading
signal.signal(signal.SIGALRM, lambda *_: None)
signal.signal(signal.SIGURG, lambda *_: None)
signal.siginterrupt(signal.SIGALRM, False); signal.siginterrupt(signal.SIGURG, False)
signal.setitimer(signal.ITIMER_REAL, 0.0002, 0.0002)
stop = threading.Event()
target = threading.main_thread().ident
def pester():
    while not stop.wait(0.0001):
        signal.pthread_kill(target, signal.SIGURG)
thread = threading.Thread(target=pester); thread.start()
for number in range(2000):
    os.access(f"/usr/storm-{number}", os.F_OK)
stop.set(); thread.join(); signal.setitimer(signal.ITIMER_REAL, 0)
print("through")
"""


def test_a_storm_of_signals_neither_stops_the_app_nor_loses_a_call() -> None:
    with traced_bundle((PYTHON, "-c", STORM)) as (session, bundle):
        running = bundle.start()
        # An agent that pauses in the middle of its answers lets the timer come first, however
        # quick the agent and however coarse the machine's timers.
        for _ in range(2000):
            os.kill(session.agent_pid, signal.SIGSTOP)
            time.sleep(0.02)
            os.kill(session.agent_pid, signal.SIGCONT)
            if running.poll() is not None:
                break
            time.sleep(0.002)
        assert running.wait(20) == 0, bundle.output()
        assert bundle.output() == "through\n"
        log = session.finish()
    found = {str(a.path): a.count for a in log.accesses if a.path.startswith("/usr/storm-")}
    assert len(found) == 2000
    # What a signal takes back is made again by the kernel and counts once, but for those whose
    # signal came in the moment between our answer and the task's waking.
    assert sum(found.values()) < 2200
    assert log.interrupted > 0


def test_origins_of_concurrent_helpers() -> None:
    with traced_bundle(("/bin/sleep", "60")) as (session, bundle):
        running = bundle.start()
        wait_until(bundle.is_running, deadline_s=20)

        def helper(number: int) -> int:
            origin = Origin.HEALTHCHECK if number % 2 else Origin.EXEC
            with session.expect(origin):
                done = bundle.exec("/bin/sh", "-c", f"test -e /usr/{origin}-{number}; id -u")
            return done.returncode

        with ThreadPoolExecutor(4) as pool:
            assert list(pool.map(helper, range(6))) == [0] * 6
        bundle.kill()
        running.wait(20)
        log = session.finish()
    assert "/bin/sleep" in programs(log, Origin.APP)
    assert programs(log, Origin.APP).isdisjoint({"/bin/sh", "/usr/bin/id"})
    for origin, parity in ((Origin.EXEC, 0), (Origin.HEALTHCHECK, 1)):
        pids = log.pids(origin)
        assert len(pids) == 6  # a shell and `id` for each of three
        touched = {a.path for a in log.accesses if a.pid in pids and a.path.startswith("/usr/")}
        wanted = {f"/usr/{origin}-{number}" for number in range(parity, 6, 2)}
        assert wanted <= touched


def test_an_expectation_that_nothing_met_does_not_hold_up_the_next() -> None:
    with traced_bundle(("/bin/true",)) as (session, bundle):
        with session.expect(Origin.EXEC):
            pass
        assert bundle.run().returncode == 0
        log = session.finish()
    assert {item.origin for item in log.processes} == {Origin.APP}


def test_a_killed_agent_is_a_loss() -> None:
    with traced_bundle(("/bin/sleep", "60")) as (session, bundle):
        running = bundle.start()
        wait_until(bundle.is_running, deadline_s=20)
        os.kill(session.agent_pid, signal.SIGKILL)
        bundle.kill()
        running.wait(20)
        with pytest.raises(TraceLossError, match="signal 9"):
            session.finish()


def test_an_agent_that_hangs_is_a_loss(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_module, "_ANSWER_TIMEOUT_S", 0.1)
    with traced_bundle(("/bin/true",)) as (session, _):
        os.kill(session.agent_pid, signal.SIGSTOP)
        with pytest.raises(TraceLossError, match="signal 9"):
            session.finish(timeout_s=0.1)


def test_an_agent_that_dies_early_is_a_loss_for_helpers_too() -> None:
    with traced_bundle(("/bin/true",)) as (session, _):
        os.kill(session.agent_pid, signal.SIGKILL)
        with pytest.raises(TraceLossError), session.expect(Origin.EXEC):
            pytest.fail("no helper may start")


def test_processes_that_still_run_are_a_loss() -> None:
    with traced_bundle(("/bin/sleep", "60")) as (session, bundle):
        running = bundle.start()
        wait_until(bundle.is_running, deadline_s=20)
        with pytest.raises(TraceLossError, match="still run"):
            session.finish(timeout_s=0.1)
        bundle.kill()
        running.wait(20)


def test_a_runtime_that_hands_nothing_over_is_a_loss(tmp_path: Path) -> None:
    with TracerSession(tmp_path) as session:
        assert session.listener_path.is_socket()
        with pytest.raises(TraceLossError, match="handed no seccomp listener over"):
            session.finish()
    assert list(tmp_path.iterdir()) == []


def test_the_agent_ends_with_its_session(tmp_path: Path) -> None:
    # A server that many tests share may have a thread of its own here.
    before = set(threading.enumerate())
    with TracerSession(tmp_path) as session:
        pid = session.agent_pid
        assert Path(f"/proc/{pid}").exists()
    assert not Path(f"/proc/{pid}").exists()
    assert set(threading.enumerate()) <= before


def test_the_agent_keeps_no_pipe_of_another_thread_open(tmp_path: Path) -> None:
    # As `subprocess.Popen` waits for its program in one thread while a session starts in another.
    read_end, write_end = os.pipe()
    with TracerSession(tmp_path):
        os.close(write_end)
        # It has ended as soon as the agent has closed its copy, not when the session is over.
        wait_until(lambda: select.select([read_end], [], [], 0)[0])
        assert os.read(read_end, 1) == b""
    os.close(read_end)


def test_own_time_is_far_below_50_microseconds_a_call() -> None:
    code = "import os\nfor _ in range(20000): os.getppid()\nfor _ in range(5000): os.stat('/etc')"
    done, log = run_traced((PYTHON, "-c", code))
    assert done.returncode == 0, done.stderr
    assert counts(log)["getppid"] == 20000
    assert log.notifications > 25000
    # A generous bound: the figure itself is in the benchmarks, this only catches a regression.
    assert log.agent_seconds / log.notifications < 100e-6
