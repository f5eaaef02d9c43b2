from __future__ import annotations

import errno
from typing import Any

import pytest

from jettison.runtime.bundle import DEFAULT_CAPABILITIES
from jettison.runtime.default_seccomp import default_profile


def allowed(profile: dict[str, Any]) -> set[str]:
    """Names that are allowed whatever their arguments are."""
    return {
        name
        for rule in profile["syscalls"]
        if rule["action"] == "SCMP_ACT_ALLOW" and "args" not in rule
        for name in rule["names"]
    }


@pytest.fixture(scope="module")
def docker() -> dict[str, Any]:
    return default_profile(DEFAULT_CAPABILITIES, "amd64")


@pytest.mark.parametrize(
    "name",
    [
        "add_key",
        "bpf",
        "delete_module",
        "io_uring_setup",
        "keyctl",
        "mount",
        "open_by_handle_at",
        "perf_event_open",
        "pivot_root",
        "reboot",
        "setns",
        "swapon",
        "unshare",
        "userfaultfd",
    ],
)
def test_what_docker_documents_as_refused_is_refused(docker: dict[str, Any], name: str) -> None:
    assert docker["defaultAction"] == "SCMP_ACT_ERRNO"
    assert docker["defaultErrnoRet"] == errno.EPERM
    assert name not in allowed(docker)
    assert {"openat", "execve", "ptrace", "chroot", "mmap"} <= allowed(docker)


def test_clone_cannot_make_namespaces_and_clone3_is_unknown(docker: dict[str, Any]) -> None:
    rules = {rule["names"][0]: rule for rule in docker["syscalls"][1:]}
    assert rules["clone"]["args"][0] == {
        "index": 0,
        "value": 0x7E020000,
        "op": "SCMP_CMP_MASKED_EQ",
    }
    assert rules["clone3"]["action"] == "SCMP_ACT_ERRNO"
    assert rules["clone3"]["errnoRet"] == errno.ENOSYS
    assert not {"clone", "clone3"} & allowed(docker)


def test_a_capability_brings_its_calls() -> None:
    assert {"mount", "clone", "unshare"} <= allowed(default_profile(["CAP_SYS_ADMIN"], "amd64"))
    assert "chroot" not in allowed(default_profile([], "amd64"))


def test_each_architecture_has_its_abis_and_calls() -> None:
    assert default_profile([], "amd64")["architectures"][0] == "SCMP_ARCH_X86_64"
    arm = default_profile([], "arm64")
    assert arm["architectures"] == ["SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM"]
    assert "set_tls" in allowed(arm)
    assert "set_tls" not in allowed(default_profile([], "amd64"))
    s390 = default_profile([], "s390x")["syscalls"]
    assert next(rule for rule in s390 if rule["names"] == ["clone"])["args"][0]["index"] == 1


def test_names_are_sorted_and_single(docker: dict[str, Any]) -> None:
    names = docker["syscalls"][0]["names"]
    assert names == sorted(set(names))
    assert len(names) > 300
