"""Every call that takes a path is seen, with the path and the meaning it has."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from jettison.trace import Operation
from support.bundle import BundleOptions
from support.tracing import run_traced, seen

pytestmark = [
    pytest.mark.needs("runc", "root"),
    pytest.mark.skipif(os.uname().machine != "x86_64", reason="call numbers are of x86_64"),
]

SCRIPT = (Path(__file__).parents[1] / "apps" / "path_calls.py").read_text()
PYTHON = "/usr/bin/python3"
READ = "stat lstat newfstatat statx access faccessat faccessat2 statfs getxattr lgetxattr listxattr"
EXPECTED = {
    **dict.fromkeys(f"{READ} llistxattr inotify_add_watch name_to_handle_at".split(), "stat"),
    **dict.fromkeys(("readlink", "readlinkat"), "readlink"),
    **dict.fromkeys(("chdir", "chroot"), "chdir"),
    **dict.fromkeys(("open", "openat2", "link", "linkat", "connect"), "open"),
    **dict.fromkeys(("execve", "execveat"), "exec"),
}
TWO_PATHS = ("rename", "renameat", "renameat2", "link", "linkat", "symlink", "symlinkat")


def calls() -> list[tuple[str, str]]:
    """Names and argument templates of the script's table."""
    return re.findall(r'^    "(\w+)": \(\d+, "([^"]+)"', SCRIPT, re.MULTILINE)


def test_each_path_call_is_seen_with_its_meaning() -> None:
    options = BundleOptions(files={"/path_calls.py": SCRIPT})
    done, log = run_traced((PYTHON, "/path_calls.py", "/tmp"), options)
    assert done.stdout == "done\n", done.stderr
    accesses = seen(log)
    missing = set()
    for name, template in calls():
        directory = "/tmp/d" if "D" in template else "/tmp"
        wanted = Operation(EXPECTED.get(name, "write"))
        if not name.startswith("symlink") and (wanted, f"{directory}/p_{name}") not in accesses:
            missing.add((wanted, f"{directory}/p_{name}"))
        second = (Operation.WRITE, f"{directory}/p_{name}_b")
        if name in TWO_PATHS and second not in accesses:
            missing.add(second)
    assert missing == set()
    # By descriptor: what changes the file counts, what only looks at it does not.
    assert (Operation.WRITE, "/tmp/file") in accesses
    assert (Operation.STAT, "/tmp/file") not in accesses
    assert (Operation.CHDIR, "/tmp/d") in accesses


@pytest.mark.needs("strace")
def test_strace_sees_no_path_that_the_tracer_does_not(tmp_path: Path) -> None:
    work, out = tmp_path / "work", tmp_path / "strace"
    work.mkdir()
    script = tmp_path / "path_calls.py"
    script.write_text(SCRIPT)
    traced = ("strace", "-f", "-qq", "-s", "200", "-o", str(out), PYTHON, str(script), str(work))
    subprocess.run(traced, check=True, capture_output=True, timeout=60)
    theirs = set(re.findall(r'"(p_\w+)"', out.read_text()))
    _, log = run_traced(
        (PYTHON, "/path_calls.py", "/tmp"), BundleOptions(files={"/path_calls.py": SCRIPT})
    )
    ours = {access.path.name for access in log.accesses}
    assert len(theirs) > 50
    assert theirs - ours == set()


PROGRAM = """
cd /usr
ls -l bin/../lib/os-release /etc/passwd lib >/dev/null
cat /etc/hosts /etc/nosuch >/dev/null 2>&1
nosuch-command 2>/dev/null
/usr/bin/python3 -c '
import subprocess, threading, json, sqlite3, zoneinfo, encodings.idna, os
subprocess.run(["id", "-un"], capture_output=True)
for name in ("etc", "usr/share"): os.listdir("/" + name)
threads = [threading.Thread(target=os.stat, args=("/usr/share",)) for _ in range(8)]
[thread.start() for thread in threads]; [thread.join() for thread in threads]
'
"""
# What differs between the host and a container, and not between the tracers.
VOLATILE = re.compile(r"/(proc|dev|sys|tmp)\b|/var/run/nscd|/run/nscd")


@pytest.mark.needs("strace")
def test_a_whole_program_looks_up_what_strace_says(tmp_path: Path) -> None:
    out = tmp_path / "strace"
    subprocess.run(
        ("strace", "-f", "-qq", "-s", "4096", "-o", str(out), "/bin/sh", "-c", PROGRAM),
        check=True,
        capture_output=True,
        cwd="/",
        env={
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "PYTHONDONTWRITEBYTECODE": "1",
        },
        timeout=60,
    )
    pattern = re.compile(r'^\d+ +(?:open|openat|stat|lstat|access|readlink|execve|newfstatat|statx)'
                         r'\((?:AT_FDCWD, )?"(/[^"]*)"', re.MULTILINE)  # fmt: skip
    theirs = {os.path.normpath(path) for path in pattern.findall(out.read_text())}
    done, log = run_traced(("/bin/sh", "-c", PROGRAM))
    assert done.returncode == 0, done.stderr
    ours = {str(access.path) for access in log.accesses}
    missed = {path for path in theirs - ours if not VOLATILE.match(path)}
    assert missed == set()
    assert len(theirs) > 150
    assert {"/etc/nosuch", "/usr/bin/nosuch-command", "/usr/lib/os-release", "/usr/bin"} <= ours
    programs = {path for process in log.processes for path, _ in process.programs}
    assert {"/bin/sh", "/usr/bin/ls", "/usr/bin/python3", "/usr/bin/id"} <= programs
    assert not any("nosuch" in path for path in programs)
