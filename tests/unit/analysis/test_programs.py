from __future__ import annotations

import pytest

from jettison.analysis.programs import (
    SearchPath,
    env_program,
    parse_shebang,
    wrapped_programs,
)
from jettison.paths import ROOT, ImagePath
from support.trees import File, Symlink, make_rootfs


@pytest.mark.parametrize(
    ("head", "words"),
    [
        (b"#!/bin/sh\n", ("/bin/sh",)),
        (b"#! /usr/bin/env  python3 -u\nx", ("/usr/bin/env", "python3 -u")),
        (b"#!/bin/sh", ("/bin/sh",)),
        (b"#!\n", ()),
        (b"\x7fELF", ()),
        (b"", ()),
    ],
)
def test_shebang(head: bytes, words: tuple[str, ...]) -> None:
    assert parse_shebang(head) == words


def test_what_env_starts() -> None:
    assert env_program("python3") == "python3"
    assert env_program("-S A=1 node --x") == "node"
    assert env_program("-S") == ""


def test_programs_are_searched_as_execvp_does() -> None:
    tree = make_rootfs(
        {
            "/usr/bin/tool": b"1",
            "/usr/local/bin/tool": File(data=b"no", mode=0o644),
            "/usr/bin/link": Symlink(target="/etc/alternatives/link"),
            "/etc/alternatives/link": Symlink(target="/usr/bin/tool"),
            "/app/start.sh": b"#!/bin/sh\n",
            "/usr/bin/dir/x": b"",
        }
    ).tree
    path = SearchPath.of({"PATH": "/usr/local/bin:/usr/bin"}, ImagePath("/app"))
    assert path.find("tool", tree) == "/usr/bin/tool"
    assert path.find("link", tree) == "/usr/bin/link"
    assert path.find("./start.sh", tree) == "/app/./start.sh"
    assert path.find("/usr/bin/tool", tree) == "/usr/bin/tool"
    assert path.find("start.sh", tree) is None
    assert path.find("dir", tree) is None
    assert path.find("missing", tree) is None
    assert path.find("", tree) is None
    assert SearchPath.of({}, ROOT).find("tool", tree) == "/usr/bin/tool"
    assert SearchPath.of({"PATH": ""}, ImagePath("/app")).find("start.sh", tree) == "/app/start.sh"


def test_wrappers_and_what_they_start() -> None:
    assert wrapped_programs(("/usr/bin/tini", "-g", "--", "gunicorn", "app")) == ("gunicorn", "app")
    assert "gzip" in wrapped_programs(("timeout", "5", "nice", "-n", "3", "gzip"))
    assert wrapped_programs(("env", "A=1", "python")) == ("python",)
    assert wrapped_programs(("python", "gzip")) == ()
    assert wrapped_programs(()) == ()
