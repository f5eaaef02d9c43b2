"""Run something in a container under the tracer."""

from __future__ import annotations

import dataclasses
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from jettison.image import Platform
from jettison.runtime.default_seccomp import default_profile
from jettison.trace import Operation, TraceLog
from jettison.tracer.filter import notify_all
from jettison.tracer.session import TracerSession
from support.bundle import DOCKER_CAPABILITIES, Bundle, BundleOptions, make_bundle


def machine() -> Platform:
    return Platform.of_machine(subprocess.check_output(("uname", "-m"), text=True).strip())


@contextmanager
def traced_bundle(
    argv: Sequence[str], options: BundleOptions | None = None
) -> Iterator[tuple[TracerSession, Bundle]]:
    """A session and a bundle whose filter notifies it; a given filter is turned into one."""
    options = options or BundleOptions()
    base = options.seccomp or default_profile(DOCKER_CAPABILITIES.split(), machine().architecture)
    # Not below tmp_path: a socket's path must fit into 108 bytes, unix(7).
    with tempfile.TemporaryDirectory(prefix="jt-", dir="/tmp") as name:
        directory = Path(name)
        with TracerSession(directory) as session:
            seccomp = notify_all(base, listener_path=str(session.listener_path))
            chosen = dataclasses.replace(options, seccomp=seccomp)
            with make_bundle(directory / "bundle", argv, chosen) as bundle:
                yield session, bundle


def run_traced(
    argv: Sequence[str], options: BundleOptions | None = None
) -> tuple[subprocess.CompletedProcess[str], TraceLog]:
    """What it printed, and what was seen."""
    with traced_bundle(argv, options) as (session, bundle):
        done = bundle.run()
        return done, session.finish()


def seen(log: TraceLog) -> set[tuple[Operation, str]]:
    """Operations on paths, whoever made them."""
    return {(access.operation, str(access.path)) for access in log.accesses}


def counts(log: TraceLog) -> dict[str, int]:
    """System calls of the container's own programs, summed."""
    total: dict[str, int] = {}
    for use in log.syscalls:
        if not use.by_runtime:
            total[use.name] = total.get(use.name, 0) + use.count
    return total
