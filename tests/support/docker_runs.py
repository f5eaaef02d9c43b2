"""Docker and Podman as users have them: an image served under all the confinement there is."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from support.waiting import wait_until

_ASK = "import sys, urllib.request as r; print(r.urlopen(sys.argv[1], timeout=5).read().decode())"


def docker(*arguments: str, check: bool = True) -> str:
    """What `docker …` prints, without the space around it."""
    return _run(("docker",), arguments, check=check)


def podman(*arguments: str, check: bool = True) -> str:
    """What `podman …` prints; by runc, which runs on hosts where crun does not."""
    program = ("podman", "--runtime=runc", "--cgroup-manager=cgroupfs")
    return _run(program, arguments, check=check)


class Engine(Protocol):
    """`docker` or `podman`."""

    def __call__(self, *arguments: str, check: bool = True) -> str:
        """What a command of it prints."""


def serves_confined(name: str, *, path: str, answer: str, engine: Engine = docker) -> None:
    """As uid 999, without capabilities, on a root file system that nobody can write to.

    Shape: `answer` is in what `path` gives; a worker has neither and says that it is working.
    """
    run = ("run", "--detach", "--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL")
    confined = ("--security-opt", "no-new-privileges", "--network", "none")
    # Podman raises limits to what not every host lets it have.
    limits = ("--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024")
    container = engine(*run, *confined, *limits, name)
    try:
        state = "{{.State.Running}} {{.State.Pid}}"
        running, pid = engine("inspect", "--format", state, container).split()
        assert running == "true", engine("logs", container)
        uids = Path(f"/proc/{pid}/status").read_text()
        assert "Uid:\t999\t999\t999\t999" in uids
        if path:
            config = json.loads(engine("image", "inspect", name))[0]["Config"]
            port = next(iter(config["ExposedPorts"])).partition("/")[0]
            url = f"http://127.0.0.1:{port}{path}"
            wait_until(lambda: answer in _ask(pid, url), deadline_s=20)
            container_config = json.loads(engine("inspect", container))[0]["Config"]
            probe = container_config["Healthcheck"]["Test"]
            assert probe[0] == "CMD"
            engine("exec", container, *probe[1:])
        else:
            wait_until(lambda: "working" in engine("logs", container), deadline_s=20)
        engine("stop", "--time", "10", container)
        assert engine("inspect", "--format", "{{.State.ExitCode}}", container) == "0"
    finally:
        engine("rm", "--force", container, check=False)


def _run(program: Sequence[str], arguments: Sequence[str], *, check: bool) -> str:
    done = subprocess.run(
        [*program, *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert not check or done.returncode == 0, f"{program} {arguments}: {done.stderr}"
    return done.stdout.strip()


def _ask(pid: str, url: str) -> str:
    argv = ["nsenter", "--net", "--target", pid, sys.executable, "-c", _ASK, url]
    return subprocess.run(argv, capture_output=True, text=True, timeout=30, check=False).stdout
