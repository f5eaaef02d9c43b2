"""Answer notifications one by one and record what they were about.

Everything about a task is read while it waits. The kernel takes our answer only if the task
waited for it all that time, so what was read is the task's own; only then is it recorded.
"""

from __future__ import annotations

import errno
import socket
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from jettison.linux import seccomp_notify, tasks
from jettison.linux.seccomp_notify import Handover, Notification
from jettison.linux.syscalls import ARCH_I386, find_name
from jettison.linux.tasks import TaskStatus
from jettison.trace import Operation, Origin, SocketRole
from jettison.tracer.calls import CHANGES_IDENTITY, MAKES_DIRECTORY
from jettison.tracer.decode import DECODERS, Fact, PathFact, ProgramFact, SocketFact
from jettison.tracer.privileges import OWNER_CALLS, Caller, infer, infer_owner
from jettison.tracer.privileges import RULES as CAPABILITY_RULES
from jettison.tracer.recorder import ProcessRecord, Recorder, TooMuchError
from jettison.tracer.view import TaskView

_FORKS: Final = frozenset({"clone", "clone3", "fork", "vfork"})

# The kernel hands out task numbers in a circle of at least 32,768 (pid_max), so a number is not
# used again before that many tasks were made. What is known by number is forgotten long before.
_FORGET_AFTER_FORKS: Final = 4096

# Errors that the call itself is about to get as well: a pointer to nowhere, a closed descriptor.
_CALLERS_FAULT: Final = frozenset({errno.EFAULT, errno.EBADF, errno.ENOENT, errno.ENOTDIR})


class _Plan(NamedTuple):
    """What to do for one system call; made once for each."""

    name: str
    looks: bool  # it has a decoder or a capability rule
    changes_identity: bool
    forks: bool
    pointer: int


@dataclass(slots=True)
class _Task:
    process: ProcessRecord
    status: TaskStatus
    stale: bool = False


@dataclass(slots=True)
class Listener:
    """One filter with everything that runs under it: what one `runc create` or `exec` started."""

    descriptor: int
    origin: Origin
    setup_pid: int
    tasks: dict[int, _Task] = field(default_factory=dict)
    # By the pid that the container itself knows.
    inner: dict[int, TaskStatus] = field(default_factory=dict)
    processes: dict[int, ProcessRecord] = field(default_factory=dict)
    generation: int = 0

    def has_living(self) -> bool:
        """Whether a process that was seen here still runs."""
        return any(tasks.is_alive(pid) for pid in self.processes)


class _Seen(NamedTuple):
    facts: tuple[Fact, ...]
    need: tuple[str, str] | None
    trouble: str


_NOTHING: Final = _Seen((), None, "")


class Answerer:
    """Answers notifications one by one and keeps what they were about."""

    def __init__(self, recorder: Recorder) -> None:
        self.recorder = recorder
        self.losses: list[str] = []
        self._view = TaskView()
        self._plans: dict[tuple[int, int], _Plan] = {}
        self._forks = 0
        self._generation = 0

    def lose(self, what: str) -> None:
        """Remember that something may have gone unseen."""
        if len(self.losses) < 20:
            self.losses.append(what)

    def open_listener(self, handover: Handover, origin: Origin) -> Listener:
        """Start with a new filter."""
        seccomp_notify.prefer_fast_wake_up(handover.descriptor)
        return Listener(handover.descriptor, origin, handover.pid)

    def serve(self, listener: Listener) -> None:
        """Receive, look, answer, record one notification that poll(2) has announced."""
        try:
            notification = seccomp_notify.receive(listener.descriptor)
        except OSError as err:
            # ENOENT: killed or interrupted since poll; ENOTCONN: the last task is gone.
            if err.errno not in (errno.ENOENT, errno.EINTR, errno.ENOTCONN):
                self.lose(f"receive a notification: {err.strerror}")
            return
        self.recorder.notifications += 1
        if listener.generation != self._generation:
            listener.tasks.clear()
            listener.generation = self._generation
        plan = self._plans.get((notification.arch, notification.number)) or self._plan(notification)
        task = listener.tasks.get(notification.tid)
        trouble = ""
        seen = _NOTHING
        if task is None or task.stale:
            try:
                task = self._meet(listener, notification.tid)
            except (OSError, KeyError, IndexError, ValueError) as err:
                task, trouble = None, f"status of task {notification.tid}: {err}"
        if plan.looks and task is not None:
            seen = self._look(listener, task, notification, plan)
        try:
            seccomp_notify.answer_continue(listener.descriptor, notification)
        except OSError as err:
            if err.errno != errno.ENOENT:
                self.lose(f"answer {plan.name}: {err.strerror}")
            # The call never ran: its task died, or a signal came first and the call, if it is
            # made again, is notified again.
            self.recorder.interrupted += 1
            return
        if task is None:
            self.lose(trouble)
            return
        if seen.trouble:
            self.lose(f"{plan.name} of process {task.process.pid}: {seen.trouble}")
        try:
            self._record(task, plan, seen)
        except TooMuchError:
            self.lose("more than a million different paths, processes or addresses")

    def _plan(self, notification: Notification) -> _Plan:
        name = find_name(notification.arch, notification.number)
        if name is None:
            name = f"unknown:{notification.arch:#x}:{notification.number}"
            self.lose(f"system call {notification.number} of {notification.arch:#x} has no name")
        plan = _Plan(
            name=name,
            looks=name in DECODERS or name in CAPABILITY_RULES,
            changes_identity=name in CHANGES_IDENTITY,
            forks=name in _FORKS,
            pointer=4 if notification.arch == ARCH_I386 else 8,
        )
        self._plans[notification.arch, notification.number] = plan
        return plan

    def _meet(self, listener: Listener, tid: int) -> _Task:
        status = tasks.read_status(tid)
        process = listener.processes.get(status.pid)
        start_time = tasks.read_start_time(status.pid)
        if process is None or process.start_time != start_time:
            parent = listener.processes.get(status.parent)
            process = ProcessRecord(
                pid=status.pid,
                # The runtime's own process started it, or a process that is not ours.
                parent=parent.pid if parent is not None else 0,
                origin=listener.origin,
                start_time=start_time,
                in_setup=not listener.processes or status.pid == listener.setup_pid,
                has_own_root=parent is not None and parent.has_own_root,
            )
            listener.setup_pid = 0
            self.recorder.add_process(process)
            listener.processes[status.pid] = process
        task = _Task(process, status)
        listener.tasks[tid] = task
        listener.inner[status.inner_pid] = status
        return task

    def _look(
        self, listener: Listener, task: _Task, notification: Notification, plan: _Plan
    ) -> _Seen:
        if task.process.in_setup and not plan.name.startswith("execve"):
            return _NOTHING
        view = self._view
        view.tid = notification.tid
        view.has_own_root = task.process.has_own_root
        facts: list[Fact] = []
        need = None
        try:
            decoder = DECODERS.get(plan.name)
            if decoder is not None:
                for fact in decoder(notification.args, view, plan.pointer):
                    self._settle(fact, task, facts)
            if plan.name in MAKES_DIRECTORY:
                facts = self._unless_there(facts)
            caller = Caller(task.status, listener.inner)
            if plan.name in CAPABILITY_RULES:
                need = infer(plan.name, notification.args, caller, view)
            elif plan.name in OWNER_CALLS and facts:
                found = view.find(facts[-1].path) if isinstance(facts[-1], PathFact) else None
                owner = found.uid if found is not None else None
                need = infer_owner(plan.name, notification.args, caller, owner)
        except OSError as err:
            trouble = "" if err.errno in _CALLERS_FAULT else str(err)
            return _Seen((), need, trouble)
        except Exception as err:  # noqa: BLE001  # the task must get its answer whatever fails here
            return _Seen((), need, f"{type(err).__name__}: {err}")
        return _Seen(tuple(facts), need, "")

    def _settle(self, fact: Fact, task: _Task, found: list[Fact]) -> None:
        match fact:
            case PathFact():
                found.extend(self._view.expand(fact))
            case ProgramFact():
                if self._view.is_program(fact.path):
                    found.append(fact)
            case SocketFact():
                found.append(ask_socket(task.process.pid, fact))

    def _unless_there(self, facts: list[Fact]) -> list[Fact]:
        # Making a directory that is there fails and changes nothing, on a read-only root too;
        # programs do it all the time to be sure that it is there.
        last = facts[-1] if facts else None
        if isinstance(last, PathFact) and self._view.find(last.path) is not None:
            facts[-1] = last._replace(operation=Operation.STAT)
        return facts

    def _record(self, task: _Task, plan: _Plan, seen: _Seen) -> None:
        process = task.process
        calls = process.setup_calls if process.in_setup else process.calls
        calls[plan.name] = calls.get(plan.name, 0) + 1
        if plan.changes_identity:
            task.stale = True
        if plan.name == "chroot":
            process.has_own_root = True
        if plan.forks:
            self._forks += 1
            self._generation = self._forks // _FORGET_AFTER_FORKS
        for fact in seen.facts:
            match fact:
                case PathFact():
                    self.recorder.add_access(process, fact.operation, fact.path, task.status.uid)
                case ProgramFact():
                    process.in_setup = False
                    self.recorder.add_program(process, fact.path, fact.argv)
                case SocketFact():
                    self.recorder.add_socket(process, fact)
        if seen.need is not None:
            self.recorder.add_capability(process, *seen.need)


_PROTOCOLS: Final = {socket.SOCK_STREAM: "tcp", socket.SOCK_DGRAM: "udp"}
_FAMILIES: Final = {socket.AF_INET: "inet", socket.AF_INET6: "inet6", socket.AF_UNIX: "unix"}


def ask_socket(pid: int, fact: SocketFact) -> SocketFact:
    """Complete a fact with what only the socket itself knows.

    Shape: the protocol of inet sockets; for LISTEN also the address that it is bound to, which
    another process may have done, and which has the real port where 0 was asked for.
    """
    if fact.family == "unix":
        return fact
    with tasks.borrow_socket(pid, fact.descriptor) as borrowed:
        if fact.role is SocketRole.LISTEN:
            fact = _listening(borrowed, fact)
        if fact.family in ("inet", "inet6"):
            fact = fact._replace(protocol=_PROTOCOLS.get(borrowed.type, ""))
    return fact


def _listening(borrowed: socket.socket, fact: SocketFact) -> SocketFact:
    family = _FAMILIES.get(borrowed.family, "")
    name = borrowed.getsockname()
    if family == "unix":
        text = name.decode("utf-8", "surrogateescape") if isinstance(name, bytes) else str(name)
        address = "@" + text[1:] if text.startswith("\0") else text
        return fact._replace(family=family, address=address)
    if not family:
        return fact
    return fact._replace(family=family, address=str(name[0]), port=int(name[1]))
