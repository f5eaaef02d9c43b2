"""Containers under real runc: as root, and as ordinary users with and without subordinate ids."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from support.accounts import Account
from support.containers import Answer, Plan, run_container
from support.rootfs import make_small_rootfs

pytestmark = pytest.mark.needs("runc", "root")

Run = Callable[..., Answer]

SERVER = """
import os, socket
server = socket.create_server(("127.0.0.1", int(os.environ["PORT"])))
while True:
    server.accept()
"""


@pytest.fixture(scope="module")
def rootfs() -> Iterator[str]:
    """Readable for every account."""
    directory = Path(tempfile.mkdtemp(prefix="jt-rootfs-", dir="/tmp"))
    directory.chmod(0o755)
    yield str(make_small_rootfs(directory / "rootfs"))
    shutil.rmtree(directory)


def as_root(plan: Plan) -> Answer:
    answer = run_container(plan)
    assert list(Path(tempfile.gettempdir()).iterdir()) == []
    return answer


def as_account(account: Account, plan: Plan) -> Answer:
    support = account.home / "support"
    if not support.exists():
        shutil.copytree(Path(__file__).parents[1] / "support", support)
        account.give(support)
    program = [account.python, "-m", "support.containers", json.dumps(asdict(plan))]
    done = account.run(program, env={"PYTHONPATH": f"{account.python_path}:{account.home}"})
    assert list((account.home / "tmp").iterdir()) == []
    values: dict[str, Any] = json.loads(done.stdout)
    for name in ("notices", "execs", "listening", "written"):
        values[name] = tuple(tuple(i) if isinstance(i, list) else i for i in values[name])
    values["error"] = tuple(values["error"]) if values["error"] else None
    return Answer(**values)


@pytest.fixture(
    params=[
        "root",
        pytest.param("account", marks=pytest.mark.needs("userns")),
        pytest.param("account_without_subids", marks=pytest.mark.needs("userns")),
    ]
)
def who(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def run(who: str, request: pytest.FixtureRequest, rootfs: str) -> Run:
    """Run a plan as one of the three; `shell` is a script for the container's `sh -c`."""
    account = None if who == "root" else request.getfixturevalue(who)

    def run_plan(shell: str = "", *, rootfs: str = rootfs, **fields: Any) -> Answer:
        config = {"entrypoint": ["sh", "-c"], "cmd": [shell], **fields.pop("config", {})}
        plan = Plan(rootfs=rootfs, config=config, **fields)
        return as_root(plan) if account is None else as_account(account, plan)

    return run_plan


def ok(answer: Answer) -> Answer:
    assert answer.error is None, answer.error
    return answer


def test_output_status_and_files_come_back(run: Run, who: str) -> None:
    answer = ok(run("echo out; echo err >&2; echo data >/var/lib/new; exit 7"))
    assert answer.status == 7
    assert sorted(answer.output.split()) == ["err", "out"]
    assert ["no user but root" in item for item in answer.notices] == (
        [True] if who == "account_without_subids" else []
    )
    assert "/var/lib/new" in answer.written
    assert "/from-0" not in answer.written


def test_a_user_of_the_image_writes_into_his_own_directory(run: Run, who: str) -> None:
    answer = ok(
        run(
            "id -u; id -g; id -G; echo $HOME; echo x >/home/app/f && stat -c %u:%g /home/app/f",
            config={"user": "app"},
            owners={"/home/app": (999, 998)},
        )
    )
    if who == "account_without_subids":
        # One id is all there is, and the answer says so.
        assert answer.output.split()[0] == "0"
        assert "runs as root and not as 'app' (999:998)" in answer.notices[0]
        assert answer.output.split()[-1] == "0:0"
    else:
        assert answer.output.splitlines() == ["999", "998", "998 4 26", "/home/app", "999:998"]
        assert answer.notices == ()


def test_a_user_cannot_write_where_he_may_not(run: Run, who: str) -> None:
    answer = ok(
        run("echo x >/etc/f && echo written || echo refused", config={"user": "12345:12345"})
    )
    expected = "written" if who == "account_without_subids" else "refused"
    assert answer.output.split()[-1] == expected


def test_the_umask_of_who_starts_it_closes_no_directory_of_the_container(rootfs: str) -> None:
    former = os.umask(0o077)
    try:
        answer = run_container(
            Plan(
                rootfs=rootfs,
                config={
                    "entrypoint": ["stat", "-c", "%a %n"],
                    "cmd": ["/", "/srv/made", "/srv/made/anew", "/data"],
                    "user": "12345:12345",
                    "working_dir": "/srv/made/anew",
                    "volumes": ["/data/empty"],
                },
            )
        )
    finally:
        os.umask(former)
    shown = ["755 /", "755 /srv/made", "755 /srv/made/anew", "755 /data"]
    assert ok(answer).output.splitlines() == shown


def test_environment_and_directory_are_docker_s(run: Run) -> None:
    answer = ok(
        run(
            "pwd; env",
            config={"env": [["A", "image"], ["B", "image"]], "working_dir": "/srv/made/anew"},
            options={"env": [["B", "caller"], ["C", "x=y z"]], "hostname": "web"},
        )
    )
    lines = answer.output.splitlines()
    assert lines[0] == "/srv/made/anew"
    found = dict(line.split("=", 1) for line in lines[1:])
    assert found == {
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "HOSTNAME": "web",
        "A": "image",
        "B": "caller",
        "C": "x=y z",
        "HOME": "/root",
        "PWD": "/srv/made/anew",
    }


def test_names_are_those_of_the_container(run: Run) -> None:
    answer = ok(
        run("cat /proc/sys/kernel/hostname /etc/hostname /etc/hosts", options={"hostname": "web"})
    )
    assert answer.output.split()[:2] == ["web", "web"]
    assert "127.0.0.1\tlocalhost" in answer.output
    assert "127.0.0.1\tweb" in answer.output


def test_privileges_are_docker_s_defaults(run: Run) -> None:
    answer = ok(run("grep -E '^(Cap|NoNewPrivs|Seccomp:)' /proc/self/status"))
    found = dict(line.split(":\t") for line in answer.output.splitlines())
    assert found["CapEff"] == found["CapPrm"] == found["CapBnd"] == "00000000a80425fb"
    assert found["CapInh"] == found["CapAmb"] == "0000000000000000"
    assert found["NoNewPrivs"] == "0"
    assert found["Seccomp"] == "2"


def test_a_user_has_no_capabilities_in_effect(run: Run, who: str) -> None:
    answer = ok(run("grep -E '^Cap' /proc/self/status", config={"user": "app"}))
    found = dict(line.split(":\t") for line in answer.output.splitlines())
    assert found["CapBnd"] == "00000000a80425fb"
    if who != "account_without_subids":
        assert found["CapEff"] == found["CapPrm"] == "0000000000000000"


def test_capabilities_and_new_privileges_can_be_taken_away(run: Run) -> None:
    options = {"capabilities": [], "no_new_privileges": True}
    answer = ok(run("grep -E '^(CapBnd|CapEff|NoNewPrivs)' /proc/self/status", options=options))
    found = dict(line.split(":\t") for line in answer.output.splitlines())
    assert found == {"CapBnd": "0" * 16, "CapEff": "0" * 16, "NoNewPrivs": "1"}


def test_kernel_files_are_masked_and_sys_cannot_be_written(run: Run) -> None:
    answer = ok(
        run(
            "wc -c </proc/timer_list; echo x 2>&- >/proc/sys/kernel/hostname || echo refused;"
            "echo x 2>&- >/sys/kernel/x || echo refused; ls /sys/firmware | wc -l; ls /dev"
        )
    )
    assert answer.output.split()[:4] == ["0", "refused", "refused", "0"]
    devices = set(answer.output.split()[4:])
    assert {"null", "zero", "full", "random", "urandom", "tty", "fd", "pts", "shm"} <= devices
    assert "sda" not in devices


def test_a_volume_keeps_content_and_owner_and_can_be_written(run: Run, who: str) -> None:
    answer = ok(
        run(
            "cat /var/lib/db/seed; echo x >/var/lib/db/new && stat -c %u /var/lib/db; ls -d /empty",
            config={"user": "app", "volumes": ["/var/lib/db", "/empty"]},
            texts={"/var/lib/db/seed": "seed\n"},
            owners={"/var/lib/db": (999, 998)},
        )
    )
    owner = "0" if who == "account_without_subids" else "999"
    assert answer.output.split() == ["seed", owner, "/empty"]


def test_a_read_only_root_leaves_volumes_and_named_directories_writable(run: Run) -> None:
    answer = ok(
        run(
            "for d in /etc /var/lib/db /var/cache /run /tmp; do "
            "echo x 2>&- >$d/f && echo $d || echo no $d; done; cat /var/lib/db/seed",
            config={"volumes": ["/var/lib/db"]},
            options={
                "read_only_rootfs": True,
                "writable": ["/var/cache"],
                "tmpfs": ["/run:size=1m"],
            },
            texts={"/var/lib/db/seed": "seed\n"},
        )
    )
    assert answer.output.splitlines() == [
        "no /etc",
        "/var/lib/db",
        "/var/cache",
        "/run",
        "no /tmp",
        "seed",
    ]


def test_a_volume_of_the_host_is_shown_and_kept(
    run: Run, who: str, request: pytest.FixtureRequest
) -> None:
    home = Path(tempfile.mkdtemp(prefix="jt-vol-", dir="/tmp"))
    try:
        (home / "given").write_text("given\n")
        (home / "config").write_text("setting\n")
        if who != "root":
            request.getfixturevalue(who).give(home)
        answer = ok(
            run(
                "cat /data/given /etc/app.conf; echo new >/data/new; "
                "echo x 2>&- >/etc/app.conf || echo ro",
                options={"volumes": [f"{home}:/data", f"{home}/config:/etc/app.conf:ro"]},
            )
        )
        assert answer.output.split() == ["given", "setting", "ro"]
        assert (home / "new").read_text() == "new\n"
        assert (home / "config").read_text() == "setting\n"
    finally:
        shutil.rmtree(home)


@pytest.mark.needs("userns")
def test_flags_of_the_host_s_mount_are_no_hindrance(account: Account, rootfs: str) -> None:
    # A common hardening of /tmp and /home; a user namespace may not take such flags away.
    directory = account.home / "hardened"
    directory.mkdir()
    flags = f"nosuid,nodev,noexec,uid={account.uid},gid={account.gid},mode=700"
    subprocess.run(("mount", "-t", "tmpfs", "-o", flags, "none", str(directory)), check=True)
    try:
        (directory / "f").write_text("shown\n")
        plan = Plan(
            rootfs=rootfs,
            config={"entrypoint": ["sh", "-c", "cat /data/f; echo x >/data/g || echo no"]},
            options={"volumes": [f"{directory}:/data:ro"]},
        )
        answer = ok(as_account(account, plan))
        assert answer.output.split("\n")[0] == "shown"
        assert answer.output.split()[-1] == "no"
    finally:
        subprocess.run(("umount", str(directory)), check=True)
        directory.rmdir()


def test_a_volume_that_is_not_there_is_named(rootfs: str) -> None:
    config = {"entrypoint": ["true"]}
    answer = as_root(Plan(rootfs=rootfs, config=config, options={"volumes": ["/no/such:/data"]}))
    assert answer.error is not None
    assert answer.error[:2] == ("UsageError", "--volume: /no/such: No such file or directory")


def test_programs_run_inside_and_their_status_comes_back(run: Run) -> None:
    answer = ok(
        run(
            "sleep 600",
            config={"env": [["A", "1"]], "working_dir": "/srv"},
            execs=(
                {"argv": ["sh", "-c", "pwd; echo $A$B; exit 3"], "env": [["B", "2"]]},
                {"argv": ["nope"]},
                {"argv": ["/etc/passwd"]},
                {"argv": ["sleep", "600"], "timeout_s": 0.2},
                {"argv": ["sh", "-c", "sleep 600 & echo left"]},
                {"argv": ["sh", "-c", "kill -9 $$"]},
                {"argv": ["pwd"], "working_dir": "/tmp"},
            ),
        )
    )
    statuses = [status for status, _ in answer.execs]
    assert statuses == [3, 127, 126, None, 0, 137, 127]
    assert answer.execs[0][1] == "/srv\n12\n"
    assert "not found" in answer.execs[1][1]
    assert answer.execs[4][1] == "left\n"
    # sh as pid 1 does not handle SIGTERM, so stopping had to kill it.
    assert answer.status == 137


def test_a_program_can_run_as_another_user(run: Run, who: str) -> None:
    answer = ok(run("sleep 600", execs=({"argv": ["id", "-u"], "user": "app"},)))
    expected = "0\n" if who == "account_without_subids" else "999\n"
    assert answer.execs == ((0, expected),)


def test_the_image_s_stop_signal_is_sent(run: Run) -> None:
    script = "trap 'echo bye; exit 5' USR1; touch /tmp/ready; while :; do sleep 0.05; done"
    wait = "while [ ! -e /tmp/ready ]; do sleep 0.01; done"
    answer = ok(
        run(
            script,
            config={"stop_signal": "SIGUSR1"},
            execs=({"argv": ["sh", "-c", wait]},),
            grace_s=20.0,
        )
    )
    assert (answer.status, answer.output) == (5, "bye\n")


def test_standard_streams_can_be_opened_by_name(run: Run) -> None:
    # nginx and gunicorn images log to /dev/stdout, also as a user who is not root.
    script = "echo one >/dev/stdout; echo two >>/dev/stderr; echo three; wc -c </dev/stdin"
    answer = ok(run(script, config={"user": "app"}))
    assert answer.output.split() == ["one", "two", "three", "0"]


def serve(run: Run, port: int, **options: Any) -> Answer:
    """Run a server; the root is the host's /usr, with a directory of the container's own on top."""
    if not Path("/usr/bin/python3").exists():
        pytest.skip("no /usr/bin/python3 on this host")
    config = {"entrypoint": ["python3", "-c", SERVER], "cmd": [], "user": "65534"}
    return ok(
        run(
            rootfs="",
            base="/usr",
            owners={"/etc": (0, 0)},
            links={"/usr": "."},
            config={**config, "env": [["PORT", str(port)]]},
            options=options,
            wait_for_port=True,
            stop=True,
        )
    )


def test_a_listening_app_is_seen_also_on_a_low_port(run: Run) -> None:
    answer = serve(run, 80)
    assert answer.listening == (("127.0.0.1", 80),), answer.output


def test_in_a_shared_network_only_its_own_ports_are_seen(run: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as neighbour:
        answer = serve(run, 0, network="host")
        ((address, port),) = answer.listening
        assert address == "127.0.0.1"
        assert port not in (0, neighbour.getsockname()[1])


def test_its_network_has_only_a_loopback(run: Run) -> None:
    answer = ok(run("ls /sys/class/net; cat /proc/net/dev | wc -l; grep -c . /proc/net/route"))
    assert answer.output.split() == ["lo", "3", "1"]


def test_the_host_s_network_can_be_had(run: Run) -> None:
    answer = ok(run("readlink /proc/self/ns/net; cat /etc/hosts", options={"network": "host"}))
    assert answer.output.split()[0] == str(Path("/proc/self/ns/net").readlink())
    assert answer.output.partition("\n")[2] == Path("/etc/hosts").read_text()


@pytest.mark.parametrize(
    ("config", "texts", "message", "hint"),
    [
        ({"entrypoint": ["nope"]}, {}, '"nope": executable file not found', "--entrypoint"),
        ({"entrypoint": ["/nope/x"]}, {}, "/nope/x", "not in the image"),
        ({"entrypoint": ["/run.sh"]}, {"/run.sh": "#!/bin/nope\n"}, "exec /run.sh", "first line"),
        ({"entrypoint": ["/run.sh"]}, {"/run.sh": "\x7fELF\x02"}, "exec format error", "platform"),
        ({"entrypoint": ["/etc/passwd"]}, {}, "permission denied", "not executable"),
        ({"entrypoint": [], "cmd": []}, {}, "neither an entrypoint nor a cmd", "--cmd"),
        ({"user": "ghost"}, {}, "user 'ghost' is not in", "--user"),
        ({"working_dir": "/etc/passwd/x"}, {}, "not a directory", ""),
        ({"volumes": ["/etc/passwd/x"]}, {}, "/etc/passwd/x cannot be a directory", ""),
    ],
)
def test_what_cannot_start_says_why(
    rootfs: str, config: dict[str, Any], texts: dict[str, str], message: str, hint: str
) -> None:
    config = {"cmd": [], "entrypoint": ["true"], **config}
    answer = as_root(Plan(rootfs=rootfs, config=config, texts=texts))
    assert answer.error is not None
    assert message in answer.error[1]
    assert hint in answer.error[2]


def test_links_of_the_image_do_not_lead_out_of_it(rootfs: str) -> None:
    outside = Path(tempfile.mkdtemp(prefix="jt-outside-", dir="/tmp"))
    try:
        plan = Plan(
            rootfs=rootfs,
            # One name exists in the image as well, the other only outside.
            links={"/same": f"/../../tmp/{outside.name}", "/gone": str(outside / "gone")},
            owners={str(outside): (0, 0)},
            config={
                "entrypoint": ["sh", "-c", "echo x >/same/volume/f && pwd && ls /same"],
                "working_dir": "/same/work",
                "volumes": ["/same/volume"],
            },
        )
        answer = ok(as_root(plan))
        assert answer.output.split() == [f"/tmp/{outside.name}/work", "volume", "work"]
        refused = as_root(replace(plan, config={"entrypoint": ["true"], "volumes": ["/gone/v"]}))
        assert refused.error is not None
        assert "/gone" in refused.error[1]
        assert list(outside.iterdir()) == []
    finally:
        shutil.rmtree(outside)


def test_more_layers_than_a_page_of_options_holds(run: Run) -> None:
    answer = ok(run("ls -d /from-* | wc -l; cat /from-0 /from-129", layers=130))
    assert answer.output.split() == ["130", "0129"]


def test_no_layers_at_all_is_an_empty_root() -> None:
    answer = as_root(Plan(layers=0, config={"entrypoint": ["/nothing"]}))
    assert answer.error is not None
    assert "/nothing" in answer.error[1]


def test_a_flood_of_processes_is_stopped(rootfs: str) -> None:
    script = "i=0; while [ $i -lt 50 ]; do sleep 600 & i=$((i+1)); done; echo never"
    plan = Plan(
        rootfs=rootfs,
        config={"entrypoint": ["sh", "-c", script]},
        options={"pids_limit": 20},
    )
    answer = ok(as_root(plan))
    assert "never" not in answer.output
    assert "fork" in answer.output.lower()


def test_too_much_memory_is_stopped(rootfs: str) -> None:
    script = "head -c 9m /dev/zero >/dev/shm/x; echo small; head -c 60m /dev/zero | cat >/dev/shm/y"
    plan = Plan(
        rootfs=rootfs,
        config={"entrypoint": ["sh", "-c", script]},
        options={"memory_bytes": 40 << 20},
    )
    answer = ok(as_root(plan))
    assert "small" in answer.output
    assert answer.status != 0
