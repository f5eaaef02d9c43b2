from __future__ import annotations

from dataclasses import replace

import pytest

from jettison.paths import ImagePath
from jettison.selection import Policy, Rule, SelectionOptions
from jettison.trace import FileAccess, Operation, Origin, Process, TraceLog
from support.selecting import reason_of, select
from support.trees import Directory, File, Symlink, make_rootfs

_OBSERVED = SelectionOptions(policy=Policy.OBSERVED)


def test_what_was_looked_up_stays_and_its_neighbour_goes() -> None:
    rootfs = make_rootfs({"/opt/x/read": b"", "/opt/x/seen": b"", "/opt/x/other": b""})
    selection = select(
        rootfs,
        {
            "/opt/x/read": [Operation.STAT, Operation.OPEN],
            "/opt/x/seen": Operation.STAT,
            "/opt/x/missing": Operation.OPEN,
        },
        options=_OBSERVED,
    )
    assert reason_of(selection, "/opt/x/read").detail == "open, stat"
    assert reason_of(selection, "/opt/x/seen").rule is Rule.OBSERVED
    assert "/opt/x/other" not in selection.kept
    assert "/opt/x/missing" not in selection.kept


def test_every_link_on_the_way_stays() -> None:
    rootfs = make_rootfs(
        {
            "/lib": Symlink(target="usr/lib"),
            "/usr/lib/a.so": Symlink(target="/etc/alternatives/a"),
            "/etc/alternatives/a": Symlink(target="/usr/lib/a.so.1"),
            "/usr/lib/a.so.1": b"",
            "/usr/lib/b.so": b"",
        }
    )
    selection = select(rootfs, {"/lib/a.so": Operation.READLINK}, options=_OBSERVED)
    assert {"/lib", "/usr/lib/a.so", "/etc/alternatives/a", "/usr/lib/a.so.1"} <= set(
        selection.kept
    )
    assert "/usr/lib/b.so" not in selection.kept


def test_what_the_runtime_mounts_is_no_content() -> None:
    rootfs = make_rootfs({"/proc/self/x": b"", "/dev/null": b"", "/process": b""})
    selection = select(
        rootfs,
        {
            "/proc/self/x": Operation.OPEN,
            "/dev/null": Operation.OPEN,
            "/process": Operation.OPEN,
        },
        options=_OBSERVED,
    )
    assert "/proc/self/x" not in selection.kept
    assert "/dev/null" not in selection.kept
    assert "/process" in selection.kept


@pytest.mark.parametrize(
    ("origin", "exec_keeps", "counts"),
    [
        (Origin.APP, False, True),
        (Origin.HEALTHCHECK, False, True),
        (Origin.EXEC, False, False),
        (Origin.EXEC, True, True),
    ],
)
def test_whose_accesses_count(origin: Origin, exec_keeps: bool, counts: bool) -> None:
    rootfs = make_rootfs({"/opt/a": b"", "/opt/b": b""})
    trace = TraceLog(
        processes=(
            Process(pid=1, parent=0, origin=Origin.APP),
            Process(pid=2, parent=0, origin=origin),
        ),
        accesses=(
            FileAccess(path=ImagePath("/opt/a"), operation=Operation.OPEN, pid=2),
            FileAccess(path=ImagePath("/opt/b"), operation=Operation.OPEN, pid=1),
        ),
    )
    selection = select(rootfs, trace=trace, options=replace(_OBSERVED, exec_keeps=exec_keeps))
    assert ("/opt/a" in selection.kept) is counts
    assert "/opt/b" in selection.kept


def test_a_listed_directory_keeps_its_names() -> None:
    rootfs = make_rootfs(
        {
            "/etc/conf.d/a.conf": b"a",
            "/etc/conf.d/sub/deep": b"x",
            "/etc/conf.d/link": Symlink(target="/usr/share/target"),
            "/usr/share/target": b"x",
            "/etc/only-seen/b.conf": b"b",
        }
    )
    selection = select(
        rootfs,
        {"/etc/conf.d": Operation.OPEN, "/etc/only-seen": Operation.STAT},
        options=_OBSERVED,
    )
    assert {"/etc/conf.d/a.conf", "/etc/conf.d/sub", "/usr/share/target"} <= set(selection.kept)
    assert reason_of(selection, "/etc/conf.d/a.conf").detail == "listed"
    assert "/etc/conf.d/sub/deep" not in selection.kept
    assert "/etc/only-seen" in selection.kept
    assert "/etc/only-seen/b.conf" not in selection.kept


@pytest.mark.parametrize(
    ("directory", "content"),
    [
        ("/usr/lib/python3.12/json", {"decoder.py": b"", "data.txt": b""}),
        ("/venv/lib/python3.12/site-packages", {"six-1.dist-info": Directory()}),
        ("/opt/plugins", {"one.py": b"", "two.txt": b""}),
        ("/usr/share/big", {"a": File(data=b"x" * (2 << 20)), "b": b""}),
        ("/usr/share/many", {f"n{number}": b"" for number in range(1001)}),
    ],
)
def test_a_directory_that_python_searches_or_that_is_large_keeps_itself_only(
    directory: str, content: dict[str, bytes]
) -> None:
    rootfs = make_rootfs({f"{directory}/{name}": node for name, node in content.items()})
    selection = select(rootfs, {directory: Operation.OPEN}, options=_OBSERVED)
    assert directory in selection.kept
    assert [path for path in selection.kept if path.startswith(f"{directory}/")] == []


def test_interpreters_of_executed_scripts() -> None:
    rootfs = make_rootfs(
        {
            "/opt/run": b"#!/usr/bin/env -S tool -x\n",
            "/usr/bin/env": b"",
            "/usr/bin/tool": b"#!/usr/libexec/inner\n",
            "/usr/libexec/inner": b"",
            "/opt/only-read": b"#!/usr/bin/perl\n",
            "/usr/bin/perl": b"",
        }
    )
    selection = select(
        rootfs, {"/opt/run": Operation.EXEC, "/opt/only-read": Operation.OPEN}, options=_OBSERVED
    )
    assert {"/usr/bin/env", "/usr/bin/tool", "/usr/libexec/inner"} <= set(selection.kept)
    assert reason_of(selection, "/usr/bin/env").because == "/opt/run"
    assert "/opt/only-read" in selection.kept
    assert "/usr/bin/perl" not in selection.kept
