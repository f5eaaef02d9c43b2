from __future__ import annotations

import pytest

from jettison.image import HealthCheck
from jettison.selection import Policy, Rule, SelectionOptions
from jettison.trace import Operation
from support.elf import make_elf
from support.layers import Content
from support.selecting import details_of, reason_of, select
from support.trees import Symlink, make_config, make_rootfs, make_trace

_BASE: Content = {
    "/etc/os-release": b"ID=debian\n",
    "/bin/sh": Symlink(target="/usr/bin/dash"),
    "/usr/bin/dash": b"",
    "/usr/bin/gzip": make_elf(needed=("libz.so",)),
    "/usr/lib/libz.so": make_elf(),
    "/usr/bin/sort": Symlink(target="/bin/busybox"),
    "/bin/busybox": b"",
    "/usr/bin/awk": Symlink(target="/etc/alternatives/awk"),
    "/etc/alternatives/awk": Symlink(target="/usr/bin/mawk"),
    "/usr/bin/mawk": b"",
    "/usr/bin/perl": b"",
}


def test_what_your_code_starts_with_its_own_needs() -> None:
    rootfs = make_rootfs(_BASE, {"/app/a.py": b"import subprocess\nsubprocess.run(['gzip', x])\n"})
    selection = select(rootfs)
    assert reason_of(selection, "/usr/bin/gzip").rule is Rule.PROGRAM
    assert reason_of(selection, "/usr/bin/gzip").because == "/app/a.py"
    assert "/usr/lib/libz.so" in selection.kept
    assert "/bin/sh" not in selection.kept
    assert "/usr/bin/perl" not in selection.kept
    observed = select(rootfs, options=SelectionOptions(policy=Policy.OBSERVED))
    assert "/usr/bin/gzip" not in observed.kept


def test_links_of_busybox_and_of_alternatives() -> None:
    source = b"import os\nos.system(f'sort {x} | awk 1')\n"
    selection = select(make_rootfs(_BASE, {"/app/a.py": source}))
    assert {
        *("/usr/bin/sort", "/bin/busybox", "/usr/bin/awk", "/etc/alternatives/awk"),
        *("/usr/bin/mawk", "/bin/sh", "/usr/bin/dash"),
    } <= set(selection.kept)
    assert "/usr/bin/perl" not in selection.kept


def test_a_shell_stays_only_if_something_reached_starts_one() -> None:
    script = {"/app/deploy.sh": b"#!/bin/sh\nperl x\n", "/app/a.py": b"x = 1\n"}
    unused = select(make_rootfs(_BASE, script))
    assert "/app/deploy.sh" in unused.kept
    assert "/bin/sh" not in unused.kept
    assert "/usr/bin/perl" not in unused.kept
    used = select(
        make_rootfs(
            _BASE,
            {
                **script,
                "/app/a.py": b"import subprocess\nrun('deploy.sh')\n"
                b"subprocess.run([HERE + 'deploy.sh'])\n",
            },
        )
    )
    assert {"/bin/sh", "/usr/bin/perl"} <= set(used.kept)


def test_entrypoint_scripts_are_read() -> None:
    rootfs = make_rootfs(
        {**_BASE, "/usr/local/bin/server": b""},
        {
            "/start.sh": b'#!/bin/sh\n. /app/env.sh\nsort x\nexec "$@"\n',
            "/app/env.sh": b"gzip x\n",
        },
    )
    config = make_config(entrypoint=("/start.sh",), cmd=("server", "--port", "80"))
    selection = select(rootfs, config=config)
    assert "the image's command" in details_of(selection, "/start.sh")
    assert {"/bin/sh", "/usr/bin/sort", "/usr/bin/gzip", "/usr/local/bin/server"} <= set(
        selection.kept
    )
    assert "/usr/bin/perl" not in selection.kept


@pytest.mark.parametrize(
    "argv",
    [
        ("sh", "-c", "cd /app && exec gzip x"),
        ("/bin/sh", "-ec", "gzip x"),
        ("env", "A=1", "gzip"),
        ("tini", "--", "gzip"),
        ("gzip",),
    ],
)
def test_commands_behind_shells_and_wrappers(argv: tuple[str, ...]) -> None:
    rootfs = make_rootfs({**_BASE, "/usr/bin/env": b"", "/usr/bin/tini": b""})
    selection = select(rootfs, config=make_config(cmd=argv, layers=1))
    assert "/usr/bin/gzip" in selection.kept
    assert "/usr/bin/perl" not in selection.kept


@pytest.mark.parametrize(
    ("test", "shell"),
    [(("CMD", "gzip", "-t"), False), (("CMD-SHELL", "gzip -t || exit 1"), True)],
)
def test_health_checks(test: tuple[str, ...], shell: bool) -> None:
    config = make_config(healthcheck=HealthCheck(test=test), layers=1)
    selection = select(make_rootfs(_BASE), config=config)
    assert "/usr/bin/gzip" in selection.kept
    assert ("/usr/bin/dash" in selection.kept) is shell
    without = select(make_rootfs(_BASE), config=make_config(layers=1))
    assert "/usr/bin/gzip" not in without.kept


def test_scripts_that_ran_are_read_where_the_trace_names_them() -> None:
    rootfs = make_rootfs({**_BASE, "/opt/job.sh": b"awk 1\n", "/opt/other.sh": b"perl x\n"})
    trace = make_trace(
        {"/bin/sh": Operation.EXEC}, programs=[("/bin/sh", ("sh", "-e", "/opt/job.sh"))]
    )
    selection = select(rootfs, trace=trace, config=make_config(layers=1))
    assert {"/opt/job.sh", "/usr/bin/mawk"} <= set(selection.kept)
    assert "/usr/bin/perl" not in selection.kept


def test_libraries_count_for_programs_that_you_installed() -> None:
    site = "/usr/local/lib/python3.12/site-packages"
    info = "/var/lib/dpkg/info"
    library = {
        f"{site}/ocr/__init__.py": b"import subprocess\nCMD = 'tesseract'\nPAGER = 'perl'\n"
        b"def f(): subprocess.run([CMD], shell=True)\n",
    }
    status = b"Package: base\nStatus: install ok installed\nVersion: 1\n\n"
    base: Content = {
        **_BASE,
        "/usr/local/lib/python3.12/os.py": b"",
        "/var/lib/dpkg/status": status,
        f"{info}/base.list": b"/usr/bin/perl\n",
    }
    yours: Content = {
        **library,
        "/var/lib/dpkg/status": status
        + b"Package: tesseract-ocr\nStatus: install ok installed\nVersion: 1\nDepends: data, base\n"
        + b"\nPackage: data\nStatus: install ok installed\nVersion: 1\n",
        f"{info}/tesseract-ocr.list": b"/usr/bin/tesseract\n/usr/bin/train\n/etc/tess.conf\n",
        f"{info}/data.list": b"/usr/share/tess/eng.data\n/usr/share/doc/data/x\n",
        "/usr/bin/tesseract": b"",
        "/usr/bin/train": b"",
        "/etc/tess.conf": b"",
        "/usr/share/tess/eng.data": b"",
        "/usr/share/doc/data/x": b"",
        "/app/a.py": b"",
    }
    accesses = {f"{site}/ocr/__init__.py": Operation.OPEN}
    selection = select(make_rootfs(base, yours), accesses)
    assert {"/usr/bin/tesseract", "/etc/tess.conf", "/usr/share/tess/eng.data"} <= set(
        selection.kept
    )
    for path in ("/usr/bin/train", "/usr/share/doc/data/x", "/usr/bin/perl", "/bin/sh"):
        assert path not in selection.kept


def test_what_schedulers_and_process_managers_are_told_to_start() -> None:
    settings: Content = {
        "/etc/cron.d/jobs": b"5 4 * * * root sort /app/x | awk 1\n",
        "/etc/supervisor/conf.d/app.conf": b"[program:a]\nautostart=false\ncommand=gzip -c x\n",
    }
    selection = select(make_rootfs(_BASE, settings))
    assert reason_of(selection, "/bin/busybox").rule is Rule.PROGRAM
    assert reason_of(selection, "/bin/busybox").because == "/etc/cron.d/jobs"
    assert reason_of(selection, "/usr/bin/gzip").because == "/etc/supervisor/conf.d/app.conf"
    assert {"/usr/bin/mawk", "/bin/sh", "/usr/lib/libz.so"} <= set(selection.kept)
    assert "/usr/bin/perl" not in selection.kept
    others = select(make_rootfs({**_BASE, **settings}))
    assert "/usr/bin/gzip" not in others.kept


def test_scripts_for_run_parts_are_read() -> None:
    rootfs = make_rootfs(
        {**_BASE, "/usr/bin/run-parts": b""}, {"/etc/cron.daily/clean": b"#!/bin/sh\nperl x\n"}
    )
    assert {"/usr/bin/run-parts", "/bin/sh", "/usr/bin/perl"} <= set(select(rootfs).kept)
