from __future__ import annotations

import pytest

from jettison.trace import FileAccess, Operation, Origin, SocketRole, SyscallUse
from jettison.tracer.decode import SocketFact
from jettison.tracer.recorder import ProcessRecord, Recorder, TooMuchError


def record(pid: int, origin: Origin = Origin.APP) -> ProcessRecord:
    return ProcessRecord(pid=pid, parent=0, origin=origin)


def test_counts_are_summed_and_spellings_merged() -> None:
    recorder = Recorder()
    process = record(7)
    recorder.add_process(process)
    for path in (b"/a/b", b"/a//b", b"/a/./b", b"/a/b"):
        recorder.add_access(process, Operation.OPEN, path, 0)
    recorder.add_access(process, Operation.OPEN, b"/a/b", 33)
    process.calls["openat"] = 5
    process.setup_calls["openat"] = 2
    log = recorder.log(agent_seconds=0.5)
    assert log.accesses == (
        FileAccess(path=log.accesses[0].path, operation=Operation.OPEN, pid=7, count=4, uid=0),
        FileAccess(path=log.accesses[0].path, operation=Operation.OPEN, pid=7, count=1, uid=33),
    )
    assert log.accesses[0].path == "/a/b"
    assert log.syscalls == (
        SyscallUse(name="openat", pid=7, count=5),
        SyscallUse(name="openat", pid=7, count=2, by_runtime=True),
    )


def test_everything_is_sorted() -> None:
    recorder = Recorder()
    for pid in (9, 3):
        process = record(pid)
        recorder.add_process(process)
        for path in (b"/z", b"/a"):
            recorder.add_access(process, Operation.STAT, path, 0)
    log = recorder.log(agent_seconds=0)
    assert [item.pid for item in log.processes] == [3, 9]
    assert [(a.path, a.pid) for a in log.accesses] == [("/a", 3), ("/a", 9), ("/z", 3), ("/z", 9)]


def test_processes_that_share_a_number_in_turn_stay_apart() -> None:
    recorder = Recorder()
    first, second = record(5), record(5, Origin.EXEC)
    for process in (first, second):
        recorder.add_process(process)
    recorder.add_access(second, Operation.OPEN, b"/x", 0)
    log = recorder.log(agent_seconds=0)
    assert len({item.pid for item in log.processes}) == 2
    assert log.accesses[0].pid in log.pids(Origin.EXEC)


def test_memory_is_bounded() -> None:
    recorder = Recorder(limit=3)
    process = record(1)
    recorder.add_process(process)
    for _ in range(10):
        recorder.add_access(process, Operation.OPEN, b"/same", 0)
    recorder.add_access(process, Operation.OPEN, b"/other", 0)
    with pytest.raises(TooMuchError):
        recorder.add_access(process, Operation.OPEN, b"/one-too-many", 0)


def test_nothing_secret_stays_in_arguments() -> None:
    recorder = Recorder()
    process = record(1)
    recorder.add_process(process)
    recorder.add_program(process, b"/bin/env", (b"env", b"DB_PASSWORD=hunter2", b"app"))
    assert recorder.log(agent_seconds=0).processes[0].programs == (
        ("/bin/env", ("env", "DB_PASSWORD=***", "app")),
    )


def test_sockets_without_a_known_family_are_left_out() -> None:
    recorder = Recorder()
    process = record(1)
    recorder.add_process(process)
    recorder.add_socket(process, SocketFact(SocketRole.LISTEN, 3))
    for _ in range(2):
        recorder.add_socket(process, SocketFact(SocketRole.LISTEN, 3, "inet", "0.0.0.0", 80, "tcp"))
    assert [(use.address, use.port) for use in recorder.log(agent_seconds=0).sockets] == [
        ("0.0.0.0", 80)
    ]


def test_capability_evidence_is_bounded() -> None:
    recorder = Recorder()
    process = record(1)
    recorder.add_process(process)
    for uid in range(100):
        recorder.add_capability(process, "CHOWN", f"chown to {uid}")
    recorder.add_capability(process, "SETUID", "setuid(1)")
    names = [use.name for use in recorder.log(agent_seconds=0).capabilities]
    assert names.count("CHOWN") == 16
    assert names.count("SETUID") == 1
