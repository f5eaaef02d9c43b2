#!/usr/bin/env python3
"""Run a command with a Docker Engine: the one that answers already, or a private one.

    python scripts/with_docker.py pytest tests

A private engine has its data, its state and its socket in a temporary directory; it is stopped by
its pid when the command ends, however that ends. Without root or dockerd the command runs as is.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_START_S = 60.0
_STOP_S = 30.0


def main() -> int:
    """Run the command and give its exit status."""
    argv = sys.argv[1:]
    # A signal becomes an exception, so that the engine is stopped on the way out.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    # Whoever runs this in the background of a shell has it ignored, and ignoring is inherited: then
    # no test could interrupt anything.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGQUIT, signal.SIG_DFL)
    can_start = os.geteuid() == 0 and shutil.which("dockerd") is not None
    if _answers(os.environ) or not can_start:
        return subprocess.run(argv, check=False).returncode
    with _private_engine() as host:
        environment = {**os.environ, "DOCKER_HOST": host}
        return subprocess.run(argv, env=environment, check=False).returncode


@contextmanager
def _private_engine() -> Iterator[str]:
    directory = Path(tempfile.mkdtemp(prefix="jt-docker-", dir="/tmp"))
    host = f"unix://{directory}/docker.sock"
    argv = ["dockerd", f"--host={host}", f"--data-root={directory}/data"]
    argv += [f"--exec-root={directory}/exec", f"--pidfile={directory}/docker.pid"]
    # No bridge and no rules: the host's network stays as it is.
    argv += ["--bridge=none", "--iptables=false", "--ip6tables=false"]
    argv += ["--storage-driver=overlay2", "--exec-opt=native.cgroupdriver=cgroupfs"]
    log = directory / "log"
    with log.open("wb") as out:
        # A session of its own: Ctrl-C must reach the tests first and the engine last.
        engine = subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True
        )
    try:
        end = time.monotonic() + _START_S
        while not _answers({**os.environ, "DOCKER_HOST": host}):
            if engine.poll() is not None or time.monotonic() > end:
                raise SystemExit(f"dockerd did not start:\n{log.read_text()[-3000:]}")
            time.sleep(0.1)
        yield host
    finally:
        _stop(engine)
        _remove(directory)


def _stop(engine: subprocess.Popen[bytes]) -> None:
    engine.terminate()
    try:
        engine.wait(_STOP_S)
    except subprocess.TimeoutExpired:
        engine.kill()
        engine.wait()


def _remove(directory: Path) -> None:
    mounts = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    for place in sorted(mounts, reverse=True):
        if place.startswith(f"{directory}/"):
            subprocess.run(["umount", "--lazy", place], check=False)
    shutil.rmtree(directory, ignore_errors=True)


def _answers(environment: os._Environ[str] | dict[str, str]) -> bool:
    if shutil.which("docker") is None:
        return False
    asked = subprocess.run(
        ["docker", "info", "--format", "{{.ServerVersion}}"],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        check=False,
    )
    # The client's status is 0 also where no server answers, in some versions.
    return asked.returncode == 0 and asked.stdout.strip() != b""


if __name__ == "__main__":
    sys.exit(main())
