from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from jettison.errors import InvalidImageError
from jettison.image import ImageConfig, Platform
from jettison.paths import ImagePath
from jettison.runtime.bundle import (
    DEFAULT_CAPABILITIES,
    DEFAULT_PATH,
    GENERATED_FILES,
    Placement,
    build_spec,
    container_argv,
    container_env,
)
from jettison.runtime.options import RunOptions, TmpfsMount, VolumeMount
from jettison.runtime.users import ContainerUser

CONFIG = ImageConfig(
    platform=Platform(os="linux", architecture="amd64"),
    diff_ids=(),
    entrypoint=("python",),
    cmd=("app.py",),
    working_dir="/app",
    env=(("PATH", "/opt/bin"), ("LANG", "C.UTF-8")),
)
PLACE = Placement(
    rootfs="/work/rootfs",
    architecture="amd64",
    generated={path: f"/work/{path.name}" for path in GENERATED_FILES},
    writable=(),
    network_path="/proc/1/fd/7",
    in_user_namespace=False,
    id_count=1 << 32,
    bounding=frozenset(DEFAULT_CAPABILITIES),
    open_files_limit=4096,
    cgroups_path="/run-1",
    limits=frozenset({"memory", "pids"}),
)
ROOT = ContainerUser(uid=0, gid=0, groups=(0,), home="/root")
APP = ContainerUser(uid=999, gid=998, groups=(998, 4), home="/home/app")


def build(
    options: RunOptions | None = None, user: ContainerUser = ROOT, place: Placement = PLACE
) -> dict[str, Any]:
    return build_spec(CONFIG, options or RunOptions(), user, place)


def mounts(spec: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {item["destination"]: item for item in spec["mounts"]}


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (RunOptions(), ("python", "app.py")),
        (RunOptions(cmd=("-V",)), ("python", "-V")),
        (RunOptions(cmd=()), ("python",)),
        (RunOptions(entrypoint=("sh",)), ("sh",)),
        (RunOptions(entrypoint=("sh",), cmd=("-c", "x")), ("sh", "-c", "x")),
        (RunOptions(entrypoint=(), cmd=("ls",)), ("ls",)),
    ],
)
def test_entrypoint_and_cmd_combine_as_with_docker(
    options: RunOptions, expected: tuple[str, ...]
) -> None:
    assert container_argv(CONFIG, options) == expected


def test_nothing_to_run_is_an_error() -> None:
    for options in (RunOptions(entrypoint=()), RunOptions(entrypoint=("",), cmd=("x",))):
        with pytest.raises(InvalidImageError, match="neither an entrypoint nor a cmd"):
            container_argv(CONFIG, options)


def test_environment_is_docker_s_then_the_image_s_then_the_caller_s() -> None:
    options = RunOptions(env=(("LANG", "de"), ("NEW", "a=b"), ("EMPTY", "")), hostname="web")
    assert container_env(CONFIG, options, "/root") == (
        "PATH=/opt/bin",
        "HOSTNAME=web",
        "LANG=de",
        "NEW=a=b",
        "EMPTY=",
        "HOME=/root",
    )
    bare = replace(CONFIG, env=())
    assert container_env(bare, RunOptions(env=(("HOME", "/x"),)), "/root") == (
        f"PATH={DEFAULT_PATH}",
        "HOSTNAME=jettison",
        "HOME=/x",
    )


def test_root_has_docker_s_capabilities_and_others_only_their_bound() -> None:
    everything = list(DEFAULT_CAPABILITIES)
    root = build()["process"]["capabilities"]
    assert root == {"bounding": everything, "effective": everything, "permitted": everything}
    app = build(user=APP)["process"]
    assert app["capabilities"] == {"bounding": everything, "effective": [], "permitted": []}
    assert app["user"] == {"uid": 999, "gid": 998, "additionalGids": [998, 4]}


def test_capabilities_that_the_host_lacks_are_left_out() -> None:
    place = replace(PLACE, bounding=frozenset({"CAP_CHOWN", "CAP_SYS_TIME"}))
    assert build(place=place)["process"]["capabilities"]["bounding"] == ["CAP_CHOWN"]
    minimal = build(RunOptions(capabilities=()))["process"]["capabilities"]
    assert minimal == {"bounding": [], "effective": [], "permitted": []}


def test_seccomp_is_docker_s_default_or_the_caller_s() -> None:
    assert build()["linux"]["seccomp"]["defaultAction"] == "SCMP_ACT_ERRNO"
    given = {"defaultAction": "SCMP_ACT_ALLOW"}
    assert build(RunOptions(seccomp=given))["linux"]["seccomp"] == given


def test_mounts_are_docker_s() -> None:
    found = mounts(build())
    assert list(found)[:2] == ["/proc", "/dev"]
    assert found["/dev/shm"]["options"][-1] == "size=65536k"
    assert "gid=5" in found["/dev/pts"]["options"]
    assert "ro" in found["/sys"]["options"]
    assert found["/etc/hosts"]["source"] == "/work/hosts"
    assert found["/sys/fs/cgroup"]["type"] == "cgroup"
    assert "/proc/kcore" in build()["linux"]["maskedPaths"]
    assert "/proc/sys" in build()["linux"]["readonlyPaths"]


def test_volumes_and_tmpfs_stand_after_what_they_lie_in() -> None:
    options = RunOptions(
        volumes=(
            VolumeMount(source=Path("/h/b"), target=ImagePath("/data/b"), read_only=True),
            VolumeMount(source=Path("/h/hosts"), target=ImagePath("/etc/hosts")),
        ),
        tmpfs=(TmpfsMount(target=ImagePath("/data"), options=("size=1m",)),),
    )
    found = mounts(build(options))
    order = list(found)
    assert order.index("/data") < order.index("/data/b")
    assert found["/data/b"]["options"] == ["rbind", "rprivate", "ro"]
    assert found["/data"]["options"] == ["nosuid", "nodev", "noexec", "size=1m"]
    # The caller's own file wins over the generated one.
    assert found["/etc/hosts"]["source"] == "/h/hosts"


def test_read_only_root_keeps_writable_directories() -> None:
    place = replace(PLACE, writable=(("/work/rootfs/var/lib/db", ImagePath("/var/lib/db")),))
    spec = build(RunOptions(read_only_rootfs=True), place=place)
    assert spec["root"] == {"path": "/work/rootfs", "readonly": True}
    assert mounts(spec)["/var/lib/db"]["options"] == ["rbind", "rprivate", "rw"]


def test_user_namespace_leaves_out_what_it_cannot_have() -> None:
    place = replace(PLACE, in_user_namespace=True, id_count=1, cgroups_path="", limits=frozenset())
    spec = build(place=place)
    assert not any(item.startswith("gid=") for item in mounts(spec)["/dev/pts"]["options"])
    assert "/sys/fs/cgroup" not in mounts(spec)
    assert "resources" not in spec["linux"]
    assert "cgroupsPath" not in spec["linux"]
    host = mounts(build(place=replace(place, network_path=None)))["/sys"]
    assert (host["type"], host["source"]) == ("bind", "/sys")


def test_limits_are_set_where_the_host_can() -> None:
    options = RunOptions(memory_bytes=1 << 30, pids_limit=100)
    resources = build(options)["linux"]["resources"]
    assert resources["memory"] == {"limit": 1 << 30}
    assert resources["pids"] == {"limit": 100}
    less = build(options, place=replace(PLACE, limits=frozenset({"pids"})))["linux"]["resources"]
    assert "memory" not in less
    assert less["pids"] == {"limit": 100}


def test_network_is_joined_by_path_or_is_the_caller_s() -> None:
    kinds = {item["type"]: item for item in build()["linux"]["namespaces"]}
    assert kinds["network"]["path"] == "/proc/1/fd/7"
    assert set(kinds) == {"pid", "ipc", "uts", "mount", "network"}
    host = build(place=replace(PLACE, network_path=None))["linux"]["namespaces"]
    assert "network" not in {item["type"] for item in host}


def test_open_files_are_what_the_host_lets_us_have() -> None:
    assert build()["process"]["rlimits"] == [{"type": "RLIMIT_NOFILE", "soft": 4096, "hard": 4096}]
    much = build(place=replace(PLACE, open_files_limit=1 << 30))["process"]["rlimits"][0]
    assert much["hard"] == 1 << 20


@pytest.mark.parametrize(
    ("given", "expected"), [("", "/"), ("app", "/app"), ("/a/../b/", "/b"), ("/app", "/app")]
)
def test_working_directory_is_absolute(given: str, expected: str) -> None:
    assert build(RunOptions(working_dir=given))["process"]["cwd"] == expected


def test_apparmor_and_no_new_privileges_only_when_asked() -> None:
    process = build()["process"]
    assert process["noNewPrivileges"] is False
    assert "apparmorProfile" not in process
    asked = build(RunOptions(no_new_privileges=True, apparmor_profile="tight"))["process"]
    assert asked["noNewPrivileges"] is True
    assert asked["apparmorProfile"] == "tight"
