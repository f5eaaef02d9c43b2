from __future__ import annotations

import json
from typing import Any

import pytest

from jettison.image import Platform
from jettison.linux.syscalls import ARCH_AARCH64, ARCH_X86_64, NAMES
from jettison.profile import baseline
from jettison.profile.seccomp import SeccompOptions, allowed_names, build_profile
from jettison.runtime.default_seccomp import default_profile
from jettison.trace import Origin, Process, SyscallUse, TraceLog
from jettison.tracer.filter import NEVER_NOTIFIED

AMD64 = Platform.parse("linux/amd64")
ARM64 = Platform.parse("linux/arm64")


def trace(*names: str, origin: Origin = Origin.APP, children: int = 0) -> TraceLog:
    processes = [Process(pid=10, parent=0, origin=origin)]
    processes += [Process(pid=11 + n, parent=10, origin=origin) for n in range(children)]
    return TraceLog(
        processes=tuple(processes),
        syscalls=tuple(SyscallUse(name=name, pid=10, count=1) for name in names),
    )


def outcome(profile: dict[str, Any], name: str) -> set[tuple[str, int | None]]:
    return {
        (rule["action"], rule.get("errnoRet"))
        for rule in profile["syscalls"]
        if name in rule["names"]
    }


def test_what_was_seen_is_allowed_and_what_was_not_is_refused() -> None:
    profile = build_profile(trace("flock", "io_setup"), AMD64)
    assert profile["defaultAction"] == "SCMP_ACT_ERRNO"
    assert profile["defaultErrnoRet"] == 1
    assert outcome(profile, "flock") == {("SCMP_ACT_ALLOW", None)}
    assert outcome(profile, "io_submit") == {("SCMP_ACT_ALLOW", None)}  # kin of io_setup
    assert outcome(profile, "mount") == set()
    assert outcome(profile, "ptrace") == set()


def test_calls_with_a_fallback_get_enosys_rather_than_eperm() -> None:
    profile = build_profile(trace("read"), AMD64)
    assert outcome(profile, "clone3") == {("SCMP_ACT_ERRNO", 38)}
    assert outcome(profile, "io_uring_setup") == {("SCMP_ACT_ERRNO", 38)}
    assert outcome(profile, "memfd_create") == {("SCMP_ACT_ERRNO", 38)}
    seen = build_profile(trace("memfd_create"), AMD64)
    assert outcome(seen, "memfd_create") == {("SCMP_ACT_ALLOW", None)}


def test_clone3_and_io_uring_stay_refused_even_when_seen() -> None:
    profile = build_profile(trace("clone3", "io_uring_setup"), AMD64)
    assert outcome(profile, "clone3") == {("SCMP_ACT_ERRNO", 38)}
    assert outcome(profile, "io_uring_setup") == {("SCMP_ACT_ERRNO", 38)}


@pytest.mark.parametrize("name", ["clone", "socket", "personality"])
def test_arguments_are_filtered_where_docker_filters_them(name: str) -> None:
    profile = build_profile(trace(name), AMD64)
    ours = [rule["args"] for rule in profile["syscalls"] if name in rule["names"]]
    docker = default_profile((), "amd64")
    theirs = [
        [{**item} for item in rule["args"]] for rule in docker["syscalls"] if name in rule["names"]
    ]
    for args in ours:
        for item in args:
            if item.get("valueTwo") == 0:
                del item["valueTwo"]
    assert ours == theirs


def test_nothing_is_allowed_that_docker_refuses() -> None:
    docker = default_profile((), "amd64")
    theirs = {
        name
        for rule in docker["syscalls"]
        if rule["action"] == "SCMP_ACT_ALLOW"
        for name in rule["names"]
    }
    everything = sorted({name for kin in baseline.KINS for name in kin.names})
    ours = allowed_names(trace(*everything, children=1), SeccompOptions(ordinary=True))
    assert ours <= theirs
    assert "openat" in ours


def test_what_the_tracer_cannot_see_is_always_allowed() -> None:
    assert allowed_names(TraceLog()) >= NEVER_NOTIFIED


def test_kin_of_what_was_seen_is_allowed() -> None:
    seen = allowed_names(trace("renameat2", "epoll_wait", "accept4"))
    assert {"rename", "renameat", "epoll_pwait", "epoll_pwait2", "accept", "listen"} <= seen
    assert "rename" not in allowed_names(trace("read"))


def test_an_app_with_children_may_start_and_replace_them() -> None:
    assert allowed_names(trace("read", children=1)) >= baseline.FORKING
    assert "fork" not in allowed_names(trace("read"))


def test_ordinary_calls_are_allowed_although_no_request_made_them() -> None:
    names = allowed_names(trace("read"), SeccompOptions(ordinary=True))
    # SQLite writes, multiprocessing makes a semaphore, a subprocess is started, a name looked up.
    assert {"fdatasync", "pwrite64", "unlink", "link", "vfork", "socket", "connect"} <= names
    # libzmq sets the scheduling of each thread that it starts, and aborts where it may not.
    assert {"sched_setscheduler", "sched_setparam"} <= names
    rare = {"ptrace", "process_vm_readv", "keyctl", "mknod", "mount", "setxattrat", "shmget"}
    assert names.isdisjoint(rare)
    assert names.isdisjoint({"clone3", "io_uring_setup"})
    assert "fdatasync" not in allowed_names(trace("read"))


def test_calls_of_the_runtime_are_allowed() -> None:
    log = TraceLog(
        processes=(Process(pid=1, parent=0, origin=Origin.EXEC),),
        syscalls=(
            SyscallUse(name="keyctl", pid=1, count=1, by_runtime=True),
            SyscallUse(name="swapon", pid=1, count=1),
        ),
    )
    names = allowed_names(log, SeccompOptions(origins=frozenset({Origin.APP})))
    assert "keyctl" in names
    assert "swapon" not in names
    assert "swapon" in allowed_names(log)


def test_both_machines_are_named_and_32_bit_only_where_it_was_used() -> None:
    assert build_profile(trace("read"), AMD64)["architectures"] == [
        "SCMP_ARCH_X86_64",
        "SCMP_ARCH_AARCH64",
    ]
    assert build_profile(trace("read"), ARM64)["architectures"] == [
        "SCMP_ARCH_AARCH64",
        "SCMP_ARCH_X86_64",
    ]
    assert "SCMP_ARCH_X86" in build_profile(trace("mmap2"), AMD64)["architectures"]


def test_audit_refuses_nothing() -> None:
    profile = build_profile(trace("read"), AMD64, SeccompOptions(audit=True))
    assert profile["defaultAction"] == "SCMP_ACT_LOG"
    assert {rule["action"] for rule in profile["syscalls"]} == {"SCMP_ACT_ALLOW"}


def test_same_trace_same_bytes() -> None:
    first = build_profile(trace("read", "flock", "clone"), AMD64)
    second = build_profile(trace("clone", "flock", "read"), AMD64)
    assert json.dumps(first) == json.dumps(second)


def test_tables_name_real_system_calls_only() -> None:
    known = set(NAMES[ARCH_X86_64].values()) | set(NAMES[ARCH_AARCH64].values())
    tables = (
        baseline.LIBC,
        baseline.GO_RUNTIME,
        baseline.RUNC,
        baseline.CRUN,
        baseline.INIT,
        baseline.FORKING,
        baseline.ORDINARY,
        baseline.WITH_FALLBACK,
        *(kin.names for kin in baseline.KINS),
    )
    assert [sorted(table - known) for table in tables if table - known] == []
