from __future__ import annotations

import errno
from dataclasses import dataclass, field

import pytest

from jettison.linux import seccomp_notify, tasks
from jettison.linux.seccomp_notify import Handover, Notification
from jettison.linux.syscalls import ARCH_X86_64, NAMES
from jettison.linux.tasks import Found, TaskStatus
from jettison.trace import Origin
from jettison.tracer import answerer
from jettison.tracer.answerer import Answerer, Listener
from jettison.tracer.calls import AT_FDCWD
from jettison.tracer.recorder import Recorder

NUMBERS = {name: number for number, name in NAMES[ARCH_X86_64].items()}
DESCRIPTOR = 7


def status(tid: int, pid: int) -> TaskStatus:
    return TaskStatus(
        pid=pid,
        inner_pid=pid - 100,
        parent=1,
        uids=(0, 0, 0),
        gids=(0, 0, 0),
        uid=0,
        gid=0,
        groups=frozenset(),
        capabilities=0,
    )


@dataclass
class FakeKernel:
    """One notification at a time; tasks live in `threads`, their memory is one string each."""

    threads: dict[int, int] = field(default_factory=lambda: {200: 200, 201: 200})
    strings: dict[int, bytes | OSError] = field(default_factory=dict)
    missing: set[bytes] = field(default_factory=set)
    receive_error: int = 0
    answer_error: int = 0
    waiting: Notification | None = None
    reads_of_status: int = 0

    def receive(self, _descriptor: int) -> Notification:
        if self.receive_error:
            raise OSError(self.receive_error, "receive")
        assert self.waiting is not None
        return self.waiting

    def answer(self, _descriptor: int, _notification: Notification) -> None:
        if self.answer_error:
            raise OSError(self.answer_error, "answer")

    def status(self, tid: int) -> TaskStatus:
        self.reads_of_status += 1
        if tid not in self.threads:
            raise ProcessLookupError(errno.ESRCH, "no such task")
        return status(tid, self.threads[tid])

    def find(self, _tid: int, path: bytes) -> Found | None:
        return None if path in self.missing else Found(path, 0o100755, 0)

    def read_string(self, address: int) -> bytes:
        found = self.strings[address]
        if isinstance(found, OSError):
            raise found
        return found


class World:
    def __init__(self, kernel: FakeKernel, *, setup_pid: int = 0) -> None:
        self.kernel = kernel
        self.recorder = Recorder()
        self.answerer = Answerer(self.recorder)
        handover = Handover(descriptor=DESCRIPTOR, pid=setup_pid, container_id="box")
        self.listener: Listener = self.answerer.open_listener(handover, Origin.APP)

    def call(self, name: str, *args: int, tid: int = 200) -> None:
        filled = [*args, *(0,) * 6][:6]
        self.kernel.waiting = Notification(
            1, tid, 0, NUMBERS.get(name, 9999), ARCH_X86_64, 0,
            (filled[0], filled[1], filled[2], filled[3], filled[4], filled[5]),
        )  # fmt: skip
        self.answerer.serve(self.listener)

    def started(self) -> World:
        """Past the runtime's own part."""
        self.kernel.strings[1] = b"/bin/app"
        self.call("execve", 1)
        return self

    @property
    def paths(self) -> list[str]:
        return [access.path for access in self.recorder.log(agent_seconds=0).accesses]

    @property
    def calls(self) -> dict[str, int]:
        log = self.recorder.log(agent_seconds=0)
        return {use.name: use.count for use in log.syscalls if not use.by_runtime}


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch) -> FakeKernel:
    made = FakeKernel()
    monkeypatch.setattr(seccomp_notify, "receive", made.receive)
    monkeypatch.setattr(seccomp_notify, "answer_continue", made.answer)
    monkeypatch.setattr(seccomp_notify, "prefer_fast_wake_up", lambda _: None)
    monkeypatch.setattr(tasks, "read_status", made.status)
    monkeypatch.setattr(tasks, "read_start_time", lambda _: 5)
    monkeypatch.setattr(tasks, "find_real_path", made.find)
    monkeypatch.setattr(tasks, "read_directory", lambda *_: b"/work")
    monkeypatch.setattr(
        tasks.Memory, "read_string", lambda _self, _tid, address, _limit: made.read_string(address)
    )
    return made


def test_accesses_count_from_the_containers_program_on(kernel: FakeKernel) -> None:
    world = World(kernel, setup_pid=200)
    kernel.strings[2] = b"/proc/self/fd/5"
    world.call("openat", AT_FDCWD, 2)
    assert world.paths == []
    world.started()
    kernel.strings[2] = b"data"
    world.call("openat", AT_FDCWD, 2, tid=201)
    assert world.paths == ["/bin/app", "/work/data"]
    assert world.calls == {"openat": 1}
    by_runtime = {
        use.name for use in world.recorder.log(agent_seconds=0).syscalls if use.by_runtime
    }
    assert by_runtime == {"openat", "execve"}
    assert world.answerer.losses == []


def test_an_execve_that_cannot_start_anything_ends_no_set_up(kernel: FakeKernel) -> None:
    world = World(kernel, setup_pid=200)
    kernel.strings[1] = b"/bin/none"
    kernel.missing.add(b"/bin/none")
    world.call("execve", 1)
    world.started()
    log = world.recorder.log(agent_seconds=0)
    assert [path for path, _ in log.processes[0].programs] == ["/bin/app"]


def test_a_call_that_a_signal_takes_back_leaves_no_trace(kernel: FakeKernel) -> None:
    world = World(kernel).started()
    kernel.strings[2] = b"/data"
    kernel.answer_error = errno.ENOENT
    world.call("stat", 2)
    assert "/data" not in world.paths
    assert world.recorder.interrupted == 1
    kernel.answer_error = 0
    world.call("stat", 2)
    assert "/data" in world.paths
    assert world.calls == {"stat": 1}
    assert world.answerer.losses == []


@pytest.mark.parametrize("code", [errno.ENOENT, errno.EINTR, errno.ENOTCONN])
def test_a_task_that_is_gone_before_it_is_received_is_no_loss(
    kernel: FakeKernel, code: int
) -> None:
    world = World(kernel).started()
    kernel.receive_error = code
    world.call("stat", 2)
    assert world.answerer.losses == []
    assert world.recorder.notifications == 1


def test_other_errors_of_the_kernel_are_losses(kernel: FakeKernel) -> None:
    world = World(kernel).started()
    kernel.receive_error = errno.EINVAL
    world.call("stat", 2)
    kernel.receive_error, kernel.answer_error = 0, errno.EIO
    kernel.strings[2] = b"/data"
    world.call("stat", 2)
    assert len(world.answerer.losses) == 2


def test_memory_that_a_living_task_hides_is_a_loss(kernel: FakeKernel) -> None:
    world = World(kernel).started()
    kernel.strings[2] = OSError(errno.EFAULT, "bad address")
    world.call("stat", 2)
    assert world.answerer.losses == []
    kernel.strings[2] = PermissionError(errno.EPERM, "not permitted")
    world.call("stat", 2)
    assert len(world.answerer.losses) == 1
    assert "stat of process 200" in world.answerer.losses[0]
    # Both were counted: they were made, whatever they named.
    assert world.calls == {"stat": 2}


def test_a_task_nothing_is_known_of_is_a_loss_only_if_it_lives(kernel: FakeKernel) -> None:
    world = World(kernel).started()
    kernel.answer_error = errno.ENOENT
    world.call("getppid", tid=999)
    assert world.answerer.losses == []
    kernel.answer_error = 0
    world.call("getppid", tid=999)
    assert ["status of task 999" in loss for loss in world.answerer.losses] == [True]


def test_a_call_without_a_name_is_a_loss(kernel: FakeKernel) -> None:
    world = World(kernel).started()
    world.call("no such call")
    assert ["9999" in loss for loss in world.answerer.losses] == [True]


def test_a_fault_of_our_own_is_a_loss_and_the_task_still_gets_its_answer(
    kernel: FakeKernel, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(kernel).started()
    kernel.strings[2] = b"/a/../b"

    def broken(_tid: int, _path: bytes) -> None:
        raise KeyError("a bug")

    monkeypatch.setattr(tasks, "find_real_path", broken)
    world.call("stat", 2)
    assert ["KeyError" in loss for loss in world.answerer.losses] == [True]
    assert world.calls == {"stat": 1}


def test_identity_is_read_again_after_it_may_have_changed(kernel: FakeKernel) -> None:
    world = World(kernel).started()
    world.call("getppid")
    before = kernel.reads_of_status
    world.call("getppid")
    assert kernel.reads_of_status == before
    world.call("setuid", 0)
    world.call("getppid")
    assert kernel.reads_of_status == before + 1


def test_what_is_known_by_number_is_forgotten_before_numbers_repeat(
    kernel: FakeKernel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answerer, "_FORGET_AFTER_FORKS", 3)
    world = World(kernel).started()
    world.call("getppid")
    before = kernel.reads_of_status
    for _ in range(3):
        world.call("clone")
    assert kernel.reads_of_status == before
    world.call("getppid")
    assert kernel.reads_of_status == before + 1


def test_a_directory_that_is_there_is_not_written(kernel: FakeKernel) -> None:
    world = World(kernel).started()
    kernel.strings[2], kernel.strings[3] = b"/there", b"/new"
    kernel.missing.add(b"/new")
    for address in (2, 3):
        world.call("mkdir", address)
    found = {a.path: a.operation for a in world.recorder.log(agent_seconds=0).accesses}
    assert (found["/there"], found["/new"]) == ("stat", "write")  # type: ignore[index]  # str keys
