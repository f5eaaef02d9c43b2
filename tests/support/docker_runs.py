"""Docker as its user has it: commands, and an image served under all the confinement there is."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from support.waiting import wait_until

_ASK = "import sys, urllib.request as r; print(r.urlopen(sys.argv[1], timeout=5).read().decode())"


def docker(*arguments: str, check: bool = True) -> str:
    """What `docker …` prints, without the space around it."""
    done = subprocess.run(
        ["docker", *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert not check or done.returncode == 0, f"docker {arguments}: {done.stderr}"
    return done.stdout.strip()


def serves_confined(name: str, *, path: str, answer: str) -> None:
    """As uid 999, without capabilities, on a root file system that nobody can write to.

    Shape: `answer` is in what `path` gives; a worker has neither and says that it is working.
    """
    run = ("run", "--detach", "--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL")
    confined = ("--security-opt", "no-new-privileges", "--network", "none")
    container = docker(*run, *confined, name)
    try:
        state = "{{.State.Running}} {{.State.Pid}}"
        running, pid = docker("inspect", "--format", state, container).split()
        assert running == "true", docker("logs", container)
        uids = Path(f"/proc/{pid}/status").read_text()
        assert "Uid:\t999\t999\t999\t999" in uids
        if path:
            config = json.loads(docker("inspect", name))[0]["Config"]
            port = next(iter(config["ExposedPorts"])).partition("/")[0]
            url = f"http://127.0.0.1:{port}{path}"
            wait_until(lambda: answer in _ask(pid, url), deadline_s=20)
            probe = config["Healthcheck"]["Test"]
            assert probe[0] == "CMD"
            docker("exec", container, *probe[1:])
        else:
            wait_until(lambda: "working" in docker("logs", container), deadline_s=20)
        docker("stop", "--time", "10", container)
        assert docker("inspect", "--format", "{{.State.ExitCode}}", container) == "0"
    finally:
        docker("rm", "--force", container, check=False)


def _ask(pid: str, url: str) -> str:
    argv = ["nsenter", "--net", "--target", pid, sys.executable, "-c", _ASK, url]
    return subprocess.run(argv, capture_output=True, text=True, timeout=30, check=False).stdout
