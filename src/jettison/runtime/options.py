"""How a container differs from what its image config says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from jettison.errors import UsageError
from jettison.paths import ROOT, ImagePath

# Docker's own: enough for any server, and the end of a fork bomb.
DEFAULT_PIDS_LIMIT: Final = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class VolumeMount:
    """A directory or file of the host, shown in the container at `target`.

    Shape: `flags` are more mount options, such as `nosuid`.
    """

    source: Path
    target: ImagePath
    read_only: bool = False
    flags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TmpfsMount:
    """An empty file system in memory; `options` as mount(8) takes them."""

    target: ImagePath
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """None stands for what the image config, or else Docker, says.

    Shape: `env` replaces variables of the image or adds some; `network` is "none" (a network of its
    own with a loopback device), "host" or "container:NAME"; `writable` are the directories that
    can be written to under a read-only root, beside volumes and `tmpfs`; `seccomp` is an OCI
    `linux.seccomp` object.
    """

    env: tuple[tuple[str, str], ...] = ()
    volumes: tuple[VolumeMount, ...] = ()
    tmpfs: tuple[TmpfsMount, ...] = ()
    user: str | None = None
    working_dir: str | None = None
    entrypoint: tuple[str, ...] | None = None
    cmd: tuple[str, ...] | None = None
    hostname: str = "jettison"
    network: str = "none"
    read_only_rootfs: bool = False
    writable: tuple[ImagePath, ...] = ()
    capabilities: tuple[str, ...] | None = None
    no_new_privileges: bool = False
    seccomp: Mapping[str, Any] | None = field(default=None, hash=False)
    apparmor_profile: str = ""
    memory_bytes: int | None = None
    pids_limit: int = DEFAULT_PIDS_LIMIT


def parse_volume(text: str) -> VolumeMount:
    """Parse `SRC:DST[:ro]` as `docker run --volume` takes it; `SRC` is an existing path.

    Raises: UsageError.
    """
    source, _, rest = text.partition(":")
    target, _, mode = rest.partition(":")
    hint = "write it as /path/on/host:/path/in/container, with :ro behind it for reading only"
    if not source or not target.startswith("/"):
        raise UsageError(f"--volume {text}: not SRC:DST[:ro]", hint=hint)
    if not source.startswith(("/", ".", "~")):
        raise UsageError(f"--volume {text}: {source} is a volume's name, not a path", hint=hint)
    # z and Z relabel for SELinux, which a private bind mount does not need.
    flags = {item for item in mode.split(",") if item not in ("", "z", "Z")}
    if not flags <= {"ro", "rw"}:
        raise UsageError(f"--volume {text}: unknown option {mode!r}", hint=hint)
    host = Path(source).expanduser().absolute()
    if ImagePath.parse(target) == ROOT:
        raise UsageError(f"--volume {text}: a volume cannot stand at /")
    return VolumeMount(source=host, target=ImagePath.parse(target), read_only="ro" in flags)


def parse_tmpfs(text: str) -> TmpfsMount:
    """Parse `DST[:OPTION,…]` as `docker run --tmpfs` takes it.

    Raises: UsageError.
    """
    target, _, options = text.partition(":")
    if not target.startswith("/") or ImagePath.parse(target) == ROOT:
        raise UsageError(
            f"--tmpfs {text}: not a path in the container", hint="write /run or /run:size=64m"
        )
    given = tuple(item for item in options.split(",") if item)
    return TmpfsMount(target=ImagePath.parse(target), options=given)


def parse_network(text: str) -> str:
    """Check a `--network`.

    Raises: UsageError.
    """
    if text in ("none", "host") or (text.startswith("container:") and len(text) > 10):
        return text
    raise UsageError(f"--network {text}: not none, host or container:NAME")
