"""From an image config and options to an OCI runtime-spec document, as Docker would run it.

Pure: what the host can do and where things are arrives as a `Placement`.
Source: OCI runtime-spec 1.0.2; Docker Engine's documented defaults.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from jettison.errors import InvalidImageError
from jettison.image import ImageConfig
from jettison.paths import ImagePath
from jettison.runtime.default_seccomp import default_profile
from jettison.runtime.options import RunOptions, VolumeMount
from jettison.runtime.users import ContainerUser

DEFAULT_PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

DEFAULT_CAPABILITIES: Final = (
    "CAP_CHOWN",
    "CAP_DAC_OVERRIDE",
    "CAP_FSETID",
    "CAP_FOWNER",
    "CAP_MKNOD",
    "CAP_NET_RAW",
    "CAP_SETGID",
    "CAP_SETUID",
    "CAP_SETFCAP",
    "CAP_SETPCAP",
    "CAP_NET_BIND_SERVICE",
    "CAP_SYS_CHROOT",
    "CAP_KILL",
    "CAP_AUDIT_WRITE",
)

# Files that are mounted over the image's own, and file systems that no image has content in.
# What a container reads or writes there says nothing about its image.
GENERATED_FILES: Final = (
    ImagePath("/etc/hostname"),
    ImagePath("/etc/hosts"),
    ImagePath("/etc/resolv.conf"),
)
MOUNTED_DIRECTORIES: Final = (ImagePath("/dev"), ImagePath("/proc"), ImagePath("/sys"))

_MASKED: Final = (
    "/proc/acpi",
    "/proc/asound",
    "/proc/interrupts",
    "/proc/kcore",
    "/proc/keys",
    "/proc/latency_stats",
    "/proc/sched_debug",
    "/proc/scsi",
    "/proc/timer_list",
    "/proc/timer_stats",
    "/sys/devices/virtual/powercap",
    "/sys/firmware",
)
_READ_ONLY: Final = ("/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger")
_MAX_OPEN_FILES: Final = 1 << 20
# The group that owns terminals, by number; Docker passes it to devpts.
_TTY_GID: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """What the host brings in.

    Shape: `network_path` is None for the network we are in; `generated` names a host file for
    each of `GENERATED_FILES`; `writable` are (host path, path in the container) pairs;
    `cgroups_path` is empty where control groups are out of reach; `id_count` is how many ids from
    0 on the container can have; `bounding` are the capabilities that can be had here.
    """

    rootfs: str
    architecture: str
    generated: Mapping[ImagePath, str]
    writable: tuple[tuple[str, ImagePath], ...]
    network_path: str | None
    in_user_namespace: bool
    id_count: int
    bounding: frozenset[str]
    open_files_limit: int
    cgroups_path: str = ""
    unified_cgroups: bool = False
    limits: frozenset[str] = frozenset()


def container_argv(config: ImageConfig, options: RunOptions) -> tuple[str, ...]:
    """What the container starts: as with Docker, another entrypoint drops the image's cmd.

    Raises: InvalidImageError if neither says anything.
    """
    entrypoint, cmd = config.entrypoint, config.cmd
    if options.entrypoint is not None:
        entrypoint, cmd = options.entrypoint, ()
    if options.cmd is not None:
        cmd = options.cmd
    argv = entrypoint + cmd
    if not argv or not argv[0]:
        raise InvalidImageError(
            "the image has neither an entrypoint nor a cmd", hint="say what to run with --cmd"
        )
    return argv


def container_env(config: ImageConfig, options: RunOptions, home: str) -> tuple[str, ...]:
    """`NAME=value` in Docker's order: its own, then the image's, then the caller's in place."""
    found = {"PATH": DEFAULT_PATH, "HOSTNAME": options.hostname}
    found.update(config.env)
    found.update(options.env)
    found.setdefault("HOME", home)
    return tuple(f"{name}={value}" for name, value in found.items())


def container_capabilities(options: RunOptions, placement: Placement) -> tuple[str, ...]:
    """Docker's set or the caller's, without those that this host cannot give."""
    wanted = DEFAULT_CAPABILITIES if options.capabilities is None else options.capabilities
    return tuple(name for name in wanted if name in placement.bounding)


def build_spec(
    config: ImageConfig, options: RunOptions, user: ContainerUser, placement: Placement
) -> dict[str, Any]:
    """The content of `config.json`.

    Raises: InvalidImageError if there is nothing to run.
    """
    return {
        "ociVersion": "1.0.2",
        "process": build_process(config, options, user, placement),
        "root": {"path": placement.rootfs, "readonly": options.read_only_rootfs},
        "hostname": options.hostname,
        "mounts": _mounts(options, placement),
        "linux": _linux(options, placement),
    }


def build_process(
    config: ImageConfig, options: RunOptions, user: ContainerUser, placement: Placement
) -> dict[str, Any]:
    """The `process` object: of the container, or with other options of something run in it.

    Raises: InvalidImageError if there is nothing to run.
    """
    capabilities = list(container_capabilities(options, placement))
    # As after an execve(2) by a user who is not root, of a file without capabilities.
    usable = capabilities if user.uid == 0 else []
    open_files = min(placement.open_files_limit, _MAX_OPEN_FILES)
    process: dict[str, Any] = {
        "terminal": False,
        "user": {"uid": user.uid, "gid": user.gid, "additionalGids": list(user.groups)},
        "args": list(container_argv(config, options)),
        "env": list(container_env(config, options, user.home)),
        "cwd": working_dir(config, options),
        "capabilities": {"bounding": capabilities, "effective": usable, "permitted": usable},
        "noNewPrivileges": options.no_new_privileges,
        # Raising a hard limit takes a capability that many hosts do not give.
        "rlimits": [{"type": "RLIMIT_NOFILE", "soft": open_files, "hard": open_files}],
    }
    if options.apparmor_profile:
        process["apparmorProfile"] = options.apparmor_profile
    return process


def working_dir(config: ImageConfig, options: RunOptions) -> ImagePath:
    """Where the process starts; a relative one counts from the root."""
    chosen = config.working_dir if options.working_dir is None else options.working_dir
    return ImagePath.parse(chosen)


def _mount(target: str, kind: str, options: str, source: str = "") -> dict[str, Any]:
    return {
        "destination": target,
        "type": kind,
        "source": source or kind,
        "options": options.split(","),
    }


def _mounts(options: RunOptions, placement: Placement) -> list[dict[str, Any]]:
    devpts = "nosuid,noexec,newinstance,ptmxmode=0666,mode=0620"
    if placement.id_count > _TTY_GID:
        devpts += f",gid={_TTY_GID}"
    mounts = [
        _mount("/proc", "proc", "nosuid,noexec,nodev"),
        _mount("/dev", "tmpfs", "nosuid,strictatime,mode=755,size=65536k"),
        _mount("/dev/pts", "devpts", devpts),
        _sys_mount(placement),
        _mount("/dev/mqueue", "mqueue", "nosuid,noexec,nodev"),
        _mount("/dev/shm", "tmpfs", "nosuid,noexec,nodev,mode=1777,size=65536k"),  # noqa: S108  # the container's
    ]
    if placement.cgroups_path:
        mounts.append(_mount("/sys/fs/cgroup", "cgroup", "ro,nosuid,noexec,nodev"))
    chosen = [
        *(_bind(source, target) for target, source in sorted(placement.generated.items())),
        *(_bind(source, target) for source, target in placement.writable),
        *(_volume(item) for item in options.volumes),
        *(
            _mount(item.target, "tmpfs", ",".join(("nosuid", "nodev", "noexec", *item.options)))
            for item in options.tmpfs
        ),
    ]
    # A mount hides what was mounted below it before; and of two at one place the last counts.
    by_target = {item["destination"]: item for item in chosen}
    return mounts + sorted(by_target.values(), key=lambda item: str(item["destination"]))


def _bind(source: str, target: str) -> dict[str, Any]:
    return _mount(target, "bind", "rbind,rprivate,rw", source)


def _volume(volume: VolumeMount) -> dict[str, Any]:
    mode = "ro" if volume.read_only else "rw"
    options = ",".join(("rbind", "rprivate", mode, *volume.flags))
    return _mount(volume.target, "bind", options, str(volume.source))


def _sys_mount(placement: Placement) -> dict[str, Any]:
    if placement.in_user_namespace and placement.network_path is None:
        # sysfs shows devices of a network; only that network's own user namespace may mount it.
        return _mount("/sys", "bind", "rbind,nosuid,noexec,nodev,ro", "/sys")
    return _mount("/sys", "sysfs", "nosuid,noexec,nodev,ro")


def _linux(options: RunOptions, placement: Placement) -> dict[str, Any]:
    namespaces = [{"type": kind} for kind in _own_namespaces(placement)]
    if placement.network_path is not None:
        namespaces.append({"type": "network", "path": placement.network_path})
    capabilities = container_capabilities(options, placement)
    seccomp = options.seccomp
    if seccomp is None:
        seccomp = default_profile(capabilities, placement.architecture)
    linux: dict[str, Any] = {
        "namespaces": namespaces,
        "maskedPaths": list(_MASKED),
        "readonlyPaths": list(_READ_ONLY),
        "seccomp": seccomp,
    }
    if placement.cgroups_path:
        linux["cgroupsPath"] = placement.cgroups_path
        linux["resources"] = _resources(options, placement.limits)
    return linux


def _own_namespaces(placement: Placement) -> Iterable[str]:
    kinds = ("pid", "ipc", "uts", "mount")
    return (*kinds, "cgroup") if placement.unified_cgroups else kinds


def _resources(options: RunOptions, limits: frozenset[str]) -> dict[str, Any]:
    # No device but those that the runtime itself allows: null, zero, full, random, urandom, tty.
    resources: dict[str, Any] = {"devices": [{"allow": False, "access": "rwm"}]}
    if "memory" in limits and options.memory_bytes is not None:
        resources["memory"] = {"limit": options.memory_bytes}
    if "pids" in limits:
        resources["pids"] = {"limit": options.pids_limit}
    return resources
