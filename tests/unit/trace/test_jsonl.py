from __future__ import annotations

import json

import pytest

from jettison.errors import UsageError
from jettison.paths import ImagePath
from jettison.trace import (
    CapabilityUse,
    FileAccess,
    Operation,
    Origin,
    Process,
    SocketRole,
    SocketUse,
    SyscallUse,
    TraceLog,
)
from jettison.trace.jsonl import SCHEMA_VERSION, parse_lines, render_lines

STRANGE = ImagePath.parse(b"/caf\xe9/new\nline")
LOG = TraceLog(
    processes=(
        Process(
            pid=5,
            parent=1,
            origin=Origin.HEALTHCHECK,
            programs=((STRANGE, ("sh", "-c", "\udcff")),),
        ),
    ),
    accesses=(FileAccess(path=STRANGE, operation=Operation.WRITE, pid=5, count=3, uid=33),),
    syscalls=(SyscallUse(name="openat", pid=5, count=9, by_runtime=True),),
    sockets=(
        SocketUse(
            role=SocketRole.LISTEN, family="inet", address="::", port=80, pid=5, protocol="tcp"
        ),
    ),
    capabilities=(CapabilityUse(name="SETUID", pid=5, evidence="setuid(33) as 0"),),
    notifications=12,
    interrupted=1,
    agent_seconds=0.25,
)


def test_what_is_written_is_read_again() -> None:
    lines = list(render_lines(LOG))
    assert parse_lines(lines) == LOG
    assert parse_lines(line.encode("ascii") for line in lines) == LOG
    assert not any("\n" in line for line in lines)


def test_the_first_line_says_what_it_is() -> None:
    header = json.loads(next(iter(render_lines(LOG))))
    assert header["kind"] == "jettison-trace"
    assert header["schema_version"] == SCHEMA_VERSION


def test_unknown_kinds_of_lines_are_skipped() -> None:
    lines = [*render_lines(LOG), '{"type":"weather","sun":true}']
    assert parse_lines(lines) == LOG


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([], "it is empty"),
        (["{"], "line 1"),
        (['{"kind":"other"}'], "kind is 'other'"),
        (['{"kind":"jettison-trace","schema_version":99}'], "schema_version is 99"),
        ([*render_lines(TraceLog()), '{"type":"access"}'], "line 2"),
        ([*render_lines(TraceLog()), "[]"], "line 2"),
    ],
)
def test_anything_else_is_an_error_that_names_the_place(lines: list[str], message: str) -> None:
    with pytest.raises(UsageError, match=r"run\.jsonl") as caught:
        parse_lines(lines, where="run.jsonl")
    assert message in caught.value.message
