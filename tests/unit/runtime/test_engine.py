from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from jettison.errors import HostError
from jettison.linux.cgroups import CgroupMode
from jettison.runtime import engine
from jettison.runtime.engine import (
    Engine,
    OciRuntime,
    RuntimeCommandError,
    find_runtime,
    parse_version,
    read_errors,
)
from support.commands import FakeCommand

Fake = Callable[..., FakeCommand]
CRUN = "crun version 1.8.1\ncommit: f8a0\nspec: 1.0.0\n"
RUNC = "runc version 1.1.5+ds1\ncommit: 1.1.5+ds1-1+deb12u1\n"


@pytest.fixture
def only_fakes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No runtime but those a test makes."""
    monkeypatch.setattr(engine, "_MORE_DIRECTORIES", str(tmp_path))
    monkeypatch.setenv("PATH", f"{tmp_path / 'fake-bin'}")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (RUNC, ("runc", (1, 1, 5))),
        ("runc version 1.2.0-rc.1\n", ("runc", (1, 2, 0))),
        (CRUN, ("crun", (1, 8, 1))),
        ("youki version 0.3\n", None),
        ("", None),
    ],
)
def test_version_is_the_first_line(text: str, expected: tuple[str, tuple[int, ...]] | None) -> None:
    assert parse_version(text) == expected


def test_named_runtime_is_taken(fake_command: Fake) -> None:
    path = str(fake_command("my-runc", stdout=RUNC).path)
    assert find_runtime(path) == OciRuntime(path=path, name="runc", version=(1, 1, 5))


def test_old_runtime_is_refused_with_both_versions(fake_command: Fake) -> None:
    path = str(fake_command("runc", stdout="runc version 1.0.3\n").path)
    with pytest.raises(HostError, match=r"is runc 1\.0\.3, 1\.1 is needed") as raised:
        find_runtime(path)
    assert "--runc" in raised.value.hint


def test_what_is_no_runtime_is_refused(fake_command: Fake) -> None:
    with pytest.raises(HostError, match="neither runc nor crun"):
        find_runtime(str(fake_command("true", stdout="true (GNU)\n").path))
    with pytest.raises(HostError, match="does not run"):
        find_runtime(str(fake_command("false", status=1).path))
    with pytest.raises(HostError, match="was not found"):
        find_runtime("/nowhere/runc")


@pytest.mark.usefixtures("only_fakes")
def test_crun_is_taken_where_it_starts(fake_command: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_command("crun", script="echo crun version 1.8.1")
    monkeypatch.setattr(engine, "detect_mode", lambda: CgroupMode.UNIFIED)
    assert find_runtime().name == "crun"
    monkeypatch.setattr(engine, "detect_mode", lambda: CgroupMode.HYBRID)
    with pytest.raises(HostError, match="runc was not found") as raised:
        find_runtime()
    assert "install runc" in raised.value.hint


@pytest.mark.usefixtures("only_fakes")
def test_an_old_runc_makes_way_for_crun_and_is_named_without_it(
    fake_command: Fake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "detect_mode", lambda: CgroupMode.UNIFIED)
    fake_command("runc", script="echo runc version 1.0.0")
    with pytest.raises(HostError, match="needed"):
        find_runtime()
    fake_command("crun", script="echo crun version 1.8.1")
    assert find_runtime().name == "crun"


def test_commands_are_those_of_each_runtime(tmp_path: Path, fake_command: Fake) -> None:
    for name, cgroups in (("runc", ("--rootless", "true")), ("crun", ("--cgroup-manager",))):
        fake = fake_command(name)
        runtime = OciRuntime(path=str(fake.path), name=name, version=(9,))
        Engine(runtime=runtime, root=tmp_path, use_cgroups=False).delete("box")
        (call,) = fake.calls
        assert call[:2] == ("--root", str(tmp_path))
        assert call[-3:] == ("delete", "--force", "box")
        assert set(cgroups) < set(call)


def test_failure_is_what_the_runtime_logged(tmp_path: Path, fake_command: Fake) -> None:
    entry = json.dumps({"level": "error", "msg": "no such thing"})
    log = tmp_path / "log.json"
    fake = fake_command("runc", status=1, stderr="noise", script=f"echo '{entry}' >{log}; exit 1")
    runtime = OciRuntime(path=str(fake.path), name="runc", version=(1, 1))
    with pytest.raises(RuntimeCommandError, match=r"^no such thing$"):
        Engine(runtime=runtime, root=tmp_path, use_cgroups=True).delete("box")


def test_log_gives_each_error_once(tmp_path: Path) -> None:
    log = tmp_path / "log.json"
    assert read_errors(log) == ""
    lines = ['{"level":"warning","msg":"w"}', "half a li", '"text"'] + [
        '{"level":"error","msg":"e"}'
    ] * 2
    log.write_text("\n".join(lines))
    assert read_errors(log) == "e"
