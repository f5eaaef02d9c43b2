"""What is printed where: pipes, closed streams, terminals of any width, no colour."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from support.slimcase import PROGRAM, check_document, jettison

slim_tests = pytest.mark.needs("runc", "root", "bases")

VERBS = ("slim", "profile", "verify", "why", "prune")


@pytest.fixture
def arguments(base_layout: Callable[[str], Path], tmp_path: Path, warm_cache: Path) -> list[str]:
    target = f"oci:{base_layout('slim')}"
    worker = ["--entrypoint", "sleep 600", "--no-http", "--continue-after", "0.1"]
    return ["slim", target, *worker, "-o", f"oci-archive:{tmp_path}/out.tar"]


def _without_times(text: str) -> str:
    return re.sub(r"\d+\.\d\d s|\d+ system calls", "", text)


@slim_tests
def test_json_alone_is_on_stdout(arguments: list[str], tmp_path: Path) -> None:
    done = jettison(*arguments, "--format", "json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    check_document(document, "slim")
    assert document["kind"] == "slim"
    assert "\x1b" not in done.stdout + done.stderr
    lines = done.stderr.splitlines()
    assert len(lines) >= len(document["stages"])
    for stage in document["stages"]:
        assert any(stage["name"] in line.split() for line in lines)


@slim_tests
def test_text_is_a_table_and_where_everything_is(arguments: list[str], tmp_path: Path) -> None:
    done = jettison(*arguments, env={"COLUMNS": "80"}, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "\x1b" not in done.stdout + done.stderr
    rows = ("size", "compressed size", "files", "OS packages", "Python packages")
    for row in (*rows, "setuid files", "shells", "exec layers"):
        assert re.search(rf"^{row} .*\d", done.stdout, re.MULTILINE), row
    assert "verification: passed" in done.stdout
    for name in ("creport.json", "removed.json", "seccomp.json", "apparmor.profile", "trace.jsonl"):
        (found,) = re.findall(rf"\S+/{re.escape(name)}", done.stdout)
        assert (tmp_path / found).is_file()
    table = done.stdout.partition("\n\n")[0]
    assert max(map(len, table.splitlines())) <= 80


@slim_tests
@pytest.mark.parametrize("closed", ["<&-", "<&- 2>&-"])
def test_closed_streams_change_nothing(closed: str, arguments: list[str], tmp_path: Path) -> None:
    done = subprocess.run(
        ["sh", "-c", f'exec "$@" {closed}', "sh", str(PROGRAM), *arguments, "--format", "json"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["verification"]["verdict"] == "passed"


@slim_tests
def test_a_reader_that_goes_away_is_no_error(arguments: list[str], tmp_path: Path) -> None:
    done = subprocess.run(
        ["sh", "-c", '"$@" | true', "sh", str(PROGRAM), *arguments, "--format", "json"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=False,
    )
    assert "Traceback" not in done.stderr
    assert "BrokenPipe" not in done.stderr
    assert (tmp_path / "out.tar").exists()


@slim_tests
@pytest.mark.parametrize(
    ("variables", "colours"),
    [({"TERM": "xterm-256color"}, True), ({"TERM": "xterm-256color", "NO_COLOR": "1"}, False)],
    ids=["colour", "NO_COLOR"],
)
def test_a_terminal_gets_the_same_result(
    variables: Mapping[str, str], colours: bool, arguments: list[str], tmp_path: Path
) -> None:
    plain = jettison(*arguments, cwd=tmp_path)
    shown = _on_a_terminal(arguments, variables, tmp_path)
    assert ("\x1b[3" in shown or "\x1b[1;3" in shown) == colours
    # Cursor movements are the terminal's; the words and numbers are those of a pipe.
    words = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown).replace("\r", "\n")
    assert _table(plain.stdout) == _table(words)


@slim_tests
def test_a_dumb_terminal_gets_plain_text(arguments: list[str], tmp_path: Path) -> None:
    shown = _on_a_terminal(arguments, {"TERM": "dumb"}, tmp_path)
    assert "\x1b" not in shown
    assert "verification: passed" in shown


def _table(text: str) -> list[str]:
    wanted = ("size ", "files ", "OS packages ", "verification:")
    return [line.rstrip() for line in text.splitlines() if line.startswith(wanted)]


def _on_a_terminal(arguments: list[str], variables: Mapping[str, str], cwd: Path) -> str:
    """What a terminal of 80 columns receives."""
    ours, theirs = pty.openpty()
    env = {**os.environ, **variables, "COLUMNS": "80"}
    process = subprocess.Popen(
        [str(PROGRAM), *arguments], stdin=theirs, stdout=theirs, stderr=theirs, env=env, cwd=cwd
    )
    os.close(theirs)
    shown = bytearray()
    while select.select([ours], [], [], 60.0)[0]:
        try:
            shown += os.read(ours, 65536)
        except OSError:
            break
    os.close(ours)
    assert process.wait(30.0) == 0, shown.decode()
    return shown.decode()


@pytest.mark.parametrize("verb", ["", *VERBS])
@pytest.mark.parametrize("variables", [{}, {"NO_COLOR": "1"}, {"LANG": "C", "LC_ALL": "C"}])
def test_help_fits_a_terminal(verb: str, variables: Mapping[str, str]) -> None:
    done = jettison(*verb.split(), "--help", env={"COLUMNS": "80", **variables})
    assert (done.returncode, done.stderr) == (0, "")
    assert "\x1b" not in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80
    assert f"jettison {verb}".strip() in done.stdout


def test_help_names_every_option_of_slim() -> None:
    shown = jettison("slim", "--help", env={"COLUMNS": "80"}).stdout
    options = (
        "--output --tag --force --report-dir --format --platform --max-unpacked-size --policy "
        "--env --env-file --volume --user --workdir --entrypoint --cmd --hostname --tmpfs --port "
        "--network --probe --probe-file --exec --exec-keeps --continue-after --ready-timeout "
        "--python-sources --keep-path --keep-package --keep-module --drop-path --runc"
    ).split()
    assert [option for option in options if option not in shown] == []


def test_no_arguments_show_help_and_a_version_is_one_line() -> None:
    assert "slim" in jettison().stdout
    assert re.fullmatch(r"jettison \d+\.\d+\.\d+\n", jettison("--version").stdout)
