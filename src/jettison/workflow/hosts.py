"""What containers of a request need of the host: a runtime, a network, signals handed on."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from jettison.errors import HostError
from jettison.linux.abilities import detect
from jettison.linux.isolation import IsolationOptions
from jettison.runtime.container import ContainerHost
from jettison.runtime.engine import find_runtime
from jettison.runtime.joined import JoinedNetwork, open_container_network
from jettison.workflow.requests import WatchRequest

_CONTAINER: Final = "container:"


@contextmanager
def host_for(request: WatchRequest, workdir: Path) -> Iterator[ContainerHost]:
    """What containers of this request need of the host, joined network included.

    Raises: HostError without a runtime, or on a kernel that cannot trace; UsageError for a
    container that does not run.
    """
    if not detect().seccomp_notify:
        raise HostError(
            "this kernel has no seccomp user notification, with which apps are watched",
            hint="Linux 5.6 or newer has it; inside a sandbox such as gVisor it is not passed on",
        )
    joined: JoinedNetwork | None = None
    if request.run.network.startswith(_CONTAINER):
        joined = open_container_network(request.run.network.removeprefix(_CONTAINER))
    try:
        yield ContainerHost(workdir=workdir, runtime=find_runtime(request.runc), joined=joined)
    finally:
        if joined is not None:
            joined.close()


def isolation_options(host: ContainerHost) -> IsolationOptions:
    """Hand on the signal that ends `--continue-after signal`, and join the network's owner."""
    return IsolationOptions(
        forwarded=(signal.SIGUSR1,),
        user_namespace=host.joined.user_namespace if host.joined is not None else None,
    )
