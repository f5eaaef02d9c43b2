"""Joining the network of a container that an ordinary user runs in Podman."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from support.accounts import Account, make_account
from support.rootfs import make_small_rootfs

pytestmark = pytest.mark.needs("runc", "root", "userns", "podman")

PROGRAM = """
import sys
from pathlib import Path
from jettison.events import Silent
from jettison.image import ImageConfig, Platform
from jettison.linux.isolation import IsolationOptions, run_isolated
from jettison.linux.workdir import work_directory
from jettison.runtime.container import Container, ContainerHost
from jettison.runtime.engine import find_runtime
from jettison.runtime.joined import open_container_network
from jettison.runtime.options import RunOptions

CONFIG = ImageConfig(
    platform=Platform.parse("linux/amd64"),
    diff_ids=(),
    entrypoint=("sh", "-c", "readlink /proc/self/ns/net; id -u; cat /etc/hosts"),
    user="app",
)
name, rootfs = sys.argv[1:]
joined = open_container_network(name)

def inside(workdir):
    top = workdir / "top"
    (top / "etc").mkdir(parents=True, mode=0o755)
    host = ContainerHost(workdir=workdir, runtime=find_runtime(), joined=joined)
    with Container((Path(rootfs), top), CONFIG, RunOptions(), host) as container:
        container.start()
        container.wait(10)
        return container.log_tail().decode()

with work_directory() as workdir:
    options = IsolationOptions(user_namespace=joined.user_namespace)
    function = lambda _: inside(workdir)
    print(run_isolated(function, events=Silent(), workdir=workdir, options=options))
"""


@pytest.fixture
def owner() -> Iterator[Account]:
    """An account of its own, since Podman leaves a process and files of sub-ids behind."""
    with make_account(with_subids=True) as made:
        yield made
        for process in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                if process.stat().st_uid == made.uid:
                    os.kill(int(process.name), signal.SIGKILL)
        shutil.rmtree(made.home / ".local", ignore_errors=True)


@pytest.fixture
def neighbour(owner: Account) -> Iterator[str]:
    name = f"jt-neighbour-{secrets.token_hex(4)}"
    rootfs = make_small_rootfs(owner.home / "rootfs")
    owner.give(rootfs)
    podman = ["podman", "--runtime=runc", "--cgroup-manager=cgroupfs"]
    run = [*podman, "run", "-d", f"--name={name}", "--network=none", "--rootfs", str(rootfs)]
    started = owner.run([*run, "sleep", "3600"], check=False)
    if started.returncode != 0:
        pytest.skip(f"Podman cannot run a container here: {started.stderr[-300:]}")
    yield name
    owner.run([*podman, "rm", "--force", "--time=0", name])


def test_an_ordinary_user_joins_the_network_of_his_container(
    owner: Account, neighbour: str
) -> None:
    inspect = ["podman", "inspect", "--type=container", "--format={{.State.Pid}}", neighbour]
    pid = owner.run(inspect).stdout.strip()
    program = [owner.python, "-c", PROGRAM, neighbour, str(owner.home / "rootfs")]
    network, uid, *hosts = owner.run(program).stdout.splitlines()
    assert network == str(Path(f"/proc/{pid}/ns/net").readlink())
    assert uid == "999"
    theirs = Path(f"/proc/{pid}/root/etc/hosts").read_text()
    assert "\n".join(hosts).strip() == theirs.strip()
    assert list((owner.home / "tmp").iterdir()) == []
    mounts = subprocess.run(("findmnt", "-rn"), capture_output=True, text=True, check=True).stdout
    assert str(owner.home / "tmp") not in mounts
