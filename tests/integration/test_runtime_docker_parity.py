"""The same image under Docker Engine and under ours: what a program can see must be equal."""

from __future__ import annotations

import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from jettison.errors import UsageError
from jettison.events import Silent
from jettison.image import ImageConfig, Platform
from jettison.linux.isolation import run_isolated
from jettison.linux.workdir import work_directory
from jettison.runtime.container import Container, ContainerHost
from jettison.runtime.engine import find_runtime
from jettison.runtime.joined import JoinedNetwork, open_container_network
from jettison.runtime.options import RunOptions
from support.containers import Plan, run_container
from support.rootfs import make_small_rootfs

pytestmark = pytest.mark.needs("runc", "root", "docker")

LOOK = """
echo "# ids"; id -u; id -g; id -G
echo "# where"; pwd
echo "# status"; grep -E '^(Cap|NoNewPrivs|Seccomp:|Groups)' /proc/self/status
echo "# env"; env | grep -v ^HOSTNAME=
echo "# devices"; stat -c '%A %u:%g %t:%T %N' /dev/*
echo "# limits"; ulimit -n; ulimit -c
echo "# masked"
for f in /proc/kcore /proc/keys /proc/timer_list /sys/firmware /proc/scsi /proc/acpi; do
  [ -e $f ] || continue
  if [ -d $f ]; then echo $f $(ls $f | wc -l); else echo $f $(head -c 5 $f | wc -c); fi
done
echo "# refused"
for f in /proc/sys/kernel/hostname /proc/sysrq-trigger /proc/irq/default_smp_affinity /sys/x; do
  (echo x >$f) 2>/dev/null && echo $f || echo no $f
done
echo "# ports"; cd /proc/sys/net/ipv4; cat ip_unprivileged_port_start ping_group_range
echo "# mounts"
while read -r source target kind options rest; do
  case $target in /|/etc/*|/sys/fs/cgroup*|/proc/*|/sys/*) ;; *) echo $target $kind ;; esac
done </proc/mounts
echo "# directories"; stat -c '%a %u:%g %n' /tmp /made /made/here
"""


@pytest.fixture(scope="module")
def rootfs() -> Iterator[Path]:
    directory = Path(tempfile.mkdtemp(prefix="jt-rootfs-", dir="/tmp"))
    yield make_small_rootfs(directory / "rootfs")
    shutil.rmtree(directory)


def docker(*arguments: str) -> str:
    done = subprocess.run(("docker", *arguments), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture(scope="module")
def image(rootfs: Path) -> Iterator[str]:
    name = f"jt-parity-{secrets.token_hex(4)}"
    archive = rootfs.parent / "rootfs.tar"
    subprocess.run(
        ("tar", "-C", str(rootfs), "--numeric-owner", "-cf", str(archive), "."), check=True
    )
    docker("import", str(archive), name)
    yield name
    docker("rmi", "--force", name)


def sections(text: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        if line.startswith("# "):
            found[line] = current = []
        else:
            current.append(line)
    return found


@pytest.mark.parametrize("user", ["", "app", "999", "999:4", "12345", "nobody:app", "0:0"])
def test_a_program_sees_what_it_sees_under_docker(image: str, rootfs: Path, user: str) -> None:
    # Docker would give 1048576 open files where its own limit is that high.
    theirs = docker(
        "run",
        "--rm",
        "--network=none",
        f"--user={user}",
        "--workdir=/made/here",
        "--env=A=x y",
        "--ulimit=nofile=1024:1024",
        image,
        "sh",
        "-c",
        LOOK,
    )
    plan = Plan(
        rootfs=str(rootfs),
        config={"entrypoint": ["sh", "-c", "ulimit -n 1024; " + LOOK], "user": user},
        options={"working_dir": "/made/here", "env": [["A", "x y"]]},
    )
    ours = run_container(plan)
    assert ours.error is None, ours.error
    expected, actual = sections(theirs), sections(ours.output)
    assert list(expected) == list(actual)
    for title, wanted in expected.items():
        given = actual[title]
        if title in ("# env", "# mounts"):
            wanted, given = sorted(wanted), sorted(given)
        assert given == wanted, title


@pytest.fixture
def neighbour(image: str) -> Iterator[str]:
    """A container that runs in Docker; its name."""
    name = f"jt-neighbour-{secrets.token_hex(4)}"
    docker("run", "-d", "--network=none", f"--name={name}", "--hostname=db", image, "sleep", "3600")
    yield name
    docker("rm", "--force", name)


def test_another_container_s_network_can_be_joined(neighbour: str, rootfs: Path) -> None:
    pid = docker("inspect", "--format={{.State.Pid}}", neighbour)
    joined = open_container_network(neighbour)
    assert joined.user_namespace is None
    try:
        with work_directory() as workdir:
            output = run_isolated(
                lambda _events: _look(workdir, rootfs, joined), events=Silent(), workdir=workdir
            )
    finally:
        joined.close()
    network, *hosts = output.splitlines()
    assert network == str(Path(f"/proc/{pid}/ns/net").readlink())
    assert network != str(Path("/proc/self/ns/net").readlink())
    assert "\n".join(hosts) == docker("exec", neighbour, "cat", "/etc/hosts")


def _look(workdir: Path, rootfs: Path, joined: JoinedNetwork) -> str:
    config = ImageConfig(
        platform=Platform(os="linux", architecture="amd64"),
        diff_ids=(),
        entrypoint=("sh", "-c", "readlink /proc/self/ns/net; cat /etc/hosts"),
    )
    host = ContainerHost(workdir=workdir, runtime=find_runtime(), joined=joined)
    with Container((rootfs,), config, RunOptions(), host) as container:
        container.start()
        assert container.listening() == ()
        container.wait(10.0)
        return container.log_tail().decode()


def test_a_container_that_does_not_run_is_named(image: str) -> None:
    with pytest.raises(UsageError, match="container:jt-nobody"):
        open_container_network("jt-nobody")
