from __future__ import annotations

from typing import Any

import pytest

from jettison.errors import JettisonError
from jettison.runtime.default_seccomp import default_profile
from jettison.tracer.filter import NEVER_NOTIFIED, notify_all

BASE: dict[str, Any] = {
    "defaultAction": "SCMP_ACT_ERRNO",
    "defaultErrnoRet": 1,
    "architectures": ["SCMP_ARCH_X86_64"],
    "syscalls": [
        {"names": ["read", "write", "openat", "io_uring_setup"], "action": "SCMP_ACT_ALLOW"},
        {
            "names": ["clone"],
            "action": "SCMP_ACT_ALLOW",
            "args": [{"index": 0, "value": 1, "op": "SCMP_CMP_MASKED_EQ"}],
        },
        {"names": ["clone3"], "action": "SCMP_ACT_ERRNO", "errnoRet": 38},
    ],
}


def rules(traced: dict[str, Any], name: str) -> list[tuple[str, Any, Any]]:
    return [
        (rule["action"], rule.get("args"), rule.get("errnoRet"))
        for rule in traced["syscalls"]
        if name in rule["names"]
    ]


def test_what_was_allowed_is_notified_and_what_cannot_be_stays_allowed() -> None:
    traced = notify_all(BASE, listener_path="/run/x")
    assert rules(traced, "openat") == [("SCMP_ACT_NOTIFY", None, None)]
    assert rules(traced, "write") == [("SCMP_ACT_ALLOW", None, None)]
    assert traced["listenerPath"] == "/run/x"


def test_conditions_and_denials_stay_in_force() -> None:
    traced = notify_all(BASE)
    args = [{"index": 0, "value": 1, "op": "SCMP_CMP_MASKED_EQ"}]
    assert rules(traced, "clone") == [("SCMP_ACT_NOTIFY", args, None)]
    assert rules(traced, "clone3") == [("SCMP_ACT_ERRNO", None, 38)]
    assert traced["defaultAction"] == "SCMP_ACT_ERRNO"
    assert traced["architectures"] == ["SCMP_ARCH_X86_64"]
    assert "listenerPath" not in traced


def test_rings_that_would_work_unseen_are_unknown_calls() -> None:
    traced = notify_all(BASE)
    assert rules(traced, "io_uring_setup") == [("SCMP_ACT_ERRNO", None, 38)]
    assert rules(traced, "io_uring_enter") == [("SCMP_ACT_ERRNO", None, 38)]


def test_flags_of_the_base_stay() -> None:
    flags = ["SECCOMP_FILTER_FLAG_SPEC_ALLOW"]
    assert notify_all({**BASE, "flags": flags})["flags"] == flags
    assert "flags" not in notify_all(BASE)


def test_the_base_is_not_changed() -> None:
    before = repr(BASE)
    notify_all(BASE)
    assert repr(BASE) == before


@pytest.mark.parametrize("action", ["SCMP_ACT_ALLOW", "SCMP_ACT_LOG"])
def test_a_filter_that_allows_by_default_cannot_be_traced(action: str) -> None:
    with pytest.raises(JettisonError, match="default action"):
        notify_all({"defaultAction": action, "syscalls": []})


def test_dockers_default_keeps_nothing_unseen_but_the_hand_over() -> None:
    traced = notify_all(default_profile((), "amd64"))
    allowed = {
        name
        for rule in traced["syscalls"]
        if rule["action"] == "SCMP_ACT_ALLOW"
        for name in rule["names"]
    }
    assert allowed == NEVER_NOTIFIED
