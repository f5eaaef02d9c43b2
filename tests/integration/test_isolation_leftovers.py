"""However a run ends, nothing of it stays: processes, mounts, control groups, files."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from jettison.linux.cgroups import CgroupMode, detect_mode, find_cgroups
from support.abilities import REPOSITORY
from support.accounts import Account
from support.rootfs import make_small_rootfs
from support.stages import STAGES
from support.waiting import wait_until

pytestmark = pytest.mark.needs("runc", "root")

PROGRAM = (Path(__file__).parents[1] / "support/stages.py").read_text()


@pytest.fixture(scope="module")
def rootfs() -> Iterator[Path]:
    directory = Path(tempfile.mkdtemp(prefix="jt-rootfs-", dir="/tmp"))
    directory.chmod(0o755)
    yield make_small_rootfs(directory / "rootfs")
    shutil.rmtree(directory)


@dataclass
class Run:
    """One run of the program, and how to find whatever belongs to it."""

    process: subprocess.Popen[str]
    temporary: Path
    stage_file: Path
    mark: str
    name: str = field(default="")

    def reach_stage(self) -> None:
        def is_there() -> bool:
            assert self.process.poll() is None, self.process.communicate()
            return self.stage_file.exists() and bool(self.stage_file.read_text())

        wait_until(is_there, 30.0)
        self.name = self.stage_file.read_text().strip()

    def end(self, number: signal.Signals | None = None) -> int:
        if number is not None:
            self.process.send_signal(number)
        self.process.communicate(timeout=30.0)
        return self.process.returncode

    def processes(self) -> list[str]:
        """Those that have the run's mark in their environment and are no zombies."""
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            try:
                if f"MARK={self.mark}".encode() in (process / "environ").read_bytes():
                    found.append((process / "cmdline").read_text().replace("\0", " "))
            except OSError:
                continue
        return found

    def leftovers(self) -> dict[str, list[str]]:
        mounts = Path("/proc/self/mountinfo").read_text().splitlines()
        found = {
            "processes": self.processes(),
            "mounts": [line for line in mounts if str(self.temporary) in line],
            "files": [str(path) for path in self.temporary.iterdir()],
            "groups": [str(path) for path in find_cgroups(self.name)] if self.name else [],
        }
        return {kind: items for kind, items in found.items() if items}


@pytest.fixture
def start(rootfs: Path) -> Iterator[object]:
    runs: list[Run] = []

    def start_run(stage: str, account: Account | None = None) -> Run:
        mark = secrets.token_hex(8)
        temporary = Path(tempfile.gettempdir()) if account is None else account.home / "tmp"
        argv = [
            sys.executable if account is None else account.python,
            "-c",
            PROGRAM,
            stage,
            str(rootfs),
            str(temporary.parent / f"stage-{mark}"),
        ]
        env = {"MARK": mark, "PYTHONDONTWRITEBYTECODE": "1"}
        process = subprocess.Popen(
            argv if account is None else account.argv(argv),
            env={**os.environ, "PYTHONPATH": str(REPOSITORY / "src"), **env}
            if account is None
            else account.env(env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd="/",
        )
        run = Run(process, temporary, temporary.parent / f"stage-{mark}", mark)
        runs.append(run)
        return run

    yield start_run
    for run in runs:
        run.process.kill()
        run.process.communicate()
        run.stage_file.unlink(missing_ok=True)


STATUS = {signal.SIGINT: -signal.SIGINT, signal.SIGTERM: 143, signal.SIGHUP: 129}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
@pytest.mark.parametrize("stage", STAGES[:6])
def test_a_signal_at_any_stage_leaves_nothing(
    start: object, stage: str, number: signal.Signals
) -> None:
    assert callable(start)
    run: Run = start(stage)
    run.reach_stage()
    expected = {"processes", "files"}
    if stage in ("created", "started", "exec") and detect_mode() is not CgroupMode.NONE:
        expected.add("groups")
    # What is mounted is seen by the run alone, so there is nothing of it among ours at any time.
    assert set(run.leftovers()) == expected
    status = run.end(number)
    assert status == STATUS.get(number, -number)
    if number == signal.SIGKILL and stage == "directory":
        # Nobody is left to clean up; the next run does.
        assert list(run.leftovers()) == ["files"]
        next_run: Run = start("none")
        assert next_run.end() == 0
    if number == signal.SIGKILL:
        wait_until(lambda: not run.leftovers(), 10.0)
    assert run.leftovers() == {}


@pytest.mark.needs("userns")
@pytest.mark.parametrize("who", ["account", "account_without_subids"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
@pytest.mark.parametrize("stage", ["created", "started"])
def test_an_ordinary_user_s_run_leaves_nothing(
    start: object,
    request: pytest.FixtureRequest,
    who: str,
    stage: str,
    number: signal.Signals,
) -> None:
    assert callable(start)
    run: Run = start(stage, request.getfixturevalue(who))
    run.reach_stage()
    assert run.leftovers()
    assert run.end(number) == STATUS.get(number, -number)
    wait_until(lambda: not run.leftovers(), 10.0)


@pytest.mark.parametrize(("stage", "status"), [("none", 0), ("error", 1)])
def test_a_run_that_ends_by_itself_leaves_nothing(start: object, stage: str, status: int) -> None:
    assert callable(start)
    run: Run = start(stage)
    out, err = run.process.communicate(timeout=30.0)
    assert (run.process.returncode, out) == (status, "done" if status == 0 else "")
    assert ("as planned" in err) == (status == 1)
    assert run.leftovers() == {}


def test_a_hang_up_ends_a_run_too(start: object) -> None:
    assert callable(start)
    run: Run = start("started")
    run.reach_stage()
    assert run.end(signal.SIGHUP) == 129
    assert run.leftovers() == {}


def test_what_does_not_unwind_in_time_is_killed(start: object) -> None:
    assert callable(start)
    run: Run = start("unwinding")
    run.reach_stage()
    assert run.end(signal.SIGTERM) == 143
    assert run.leftovers() == {}


def test_a_second_interrupt_does_not_wait(start: object) -> None:
    assert callable(start)
    run: Run = start("deaf")
    run.reach_stage()
    run.process.send_signal(signal.SIGINT)
    # The stage is reached anew once the first has been swallowed.
    run.stage_file.unlink()
    run.reach_stage()
    assert run.end(signal.SIGINT) == -signal.SIGINT
    assert run.leftovers() == {}


def test_a_killed_janitor_takes_everything_with_it(start: object) -> None:
    assert callable(start)
    run: Run = start("started")
    run.reach_stage()
    pid = run.process.pid
    (janitor,) = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    os.kill(int(janitor), signal.SIGKILL)
    _, err = run.process.communicate(timeout=30.0)
    assert run.process.returncode == 1
    assert "ended with status -9 and no result" in err
    wait_until(lambda: not run.leftovers(), 10.0)
