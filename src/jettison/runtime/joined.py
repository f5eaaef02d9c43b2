"""The network of a container that already runs in Docker or Podman, for `container:NAME`.

Opened by the process that the user started, because the engines know him and nobody else.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from jettison.edge import process
from jettison.edge.process import CommandError
from jettison.errors import HostError, UsageError
from jettison.linux.network import NetworkNamespace, network_namespace_of
from jettison.runtime.files import read_host_file

_ENGINES: Final = ("docker", "podman")
_TIMEOUT_S: Final = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinedNetwork:
    """Another container's network.

    Shape: `user_namespace` is a descriptor where the network belongs to a user namespace other
    than ours, as with Podman for ordinary users: `IsolationOptions.user_namespace` takes it;
    `files` are the other's `hosts` and `resolv.conf`, with the names that it knows.
    """

    network: NetworkNamespace
    user_namespace: int | None = None
    files: Mapping[str, str] = field(default_factory=dict, hash=False)

    def close(self) -> None:
        """Let go of it."""
        self.network.close()
        if self.user_namespace is not None:
            os.close(self.user_namespace)


def open_container_network(name: str) -> JoinedNetwork:
    """The network of the running container `name`; whoever opens it closes it.

    Raises: UsageError if neither engine runs such a container; HostError if we may not enter it.
    """
    pid = _find_pid(name)
    try:
        network = network_namespace_of(pid)
        ours, theirs = (Path(f"/proc/{item}/ns/user") for item in ("self", pid))
        other = None
        if ours.readlink() != theirs.readlink():
            other = os.open(theirs, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as err:
        raise HostError(
            f"the network of container {name} cannot be entered: {err.strerror}",
            hint="run as the user who runs the container, or as root",
        ) from err
    files = {item: read_host_file(item, f"/proc/{pid}/root") for item in ("hosts", "resolv.conf")}
    return JoinedNetwork(network=network, user_namespace=other, files=files)


def _find_pid(name: str) -> int:
    for engine in _ENGINES:
        argv = (engine, "inspect", "--type", "container", "--format", "{{.State.Pid}}", name)
        try:
            text = process.run(argv, timeout_s=_TIMEOUT_S).text.strip()
        except (HostError, CommandError):
            # Not installed, not running, or it does not know the name.
            continue
        if text.isdecimal() and int(text) > 0:
            return int(text)
    raise UsageError(
        f"--network container:{name}: neither Docker nor Podman runs a container of that name",
        hint="docker ps, or podman ps, lists those that run",
    )
