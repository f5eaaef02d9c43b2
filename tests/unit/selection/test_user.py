from __future__ import annotations

import pytest

from jettison.paths import ImagePath
from jettison.selection import Rule, SelectionOptions
from jettison.trace import Operation
from support.elf import make_elf
from support.selecting import rules_of, select
from support.trees import Symlink, make_rootfs

_DPKG = "/var/lib/dpkg"


def test_kept_paths_bring_their_needs() -> None:
    rootfs = make_rootfs(
        {
            "/opt/tool/bin/run": make_elf(needed=("libx.so",)),
            "/opt/tool/data/deep/x": b"",
            "/opt/tool/script": b"#!/opt/interpreter\n",
            "/opt/interpreter": b"",
            "/usr/lib/libx.so": make_elf(),
            "/usr/share/big/a.txt": b"",
            "/usr/share/big/b.bin": b"",
        }
    )
    options = SelectionOptions(
        keep_paths=("/opt/tool", "/opt/tool/script", "/usr/share/**/*.txt", "/nothing/*")
    )
    selection = select(rootfs, options=options)
    assert {"/opt/tool/data/deep/x", "/usr/lib/libx.so", "/usr/share/big/a.txt"} <= set(
        selection.kept
    )
    assert "/opt/interpreter" in selection.kept
    assert rules_of(selection, "/opt/tool/data/deep/x") == {Rule.USER}
    assert "/usr/share/big/b.bin" not in selection.kept
    assert selection.notices == ("--keep-path /nothing/* matches nothing in the image",)


def test_kept_packages() -> None:
    rootfs = make_rootfs(
        {
            f"{_DPKG}/status": b"Package: curl\nStatus: install ok installed\nVersion: 1\n",
            f"{_DPKG}/info/curl.list": b"/usr/bin/curl\n",
            "/usr/bin/curl": make_elf(needed=("libcurl.so.4",)),
            "/usr/lib/libcurl.so.4": make_elf(),
        }
    )
    options = SelectionOptions(keep_packages=("curl", "flask"), keep_modules=("x.y",))
    selection = select(rootfs, options=options)
    assert rules_of(selection, "/usr/bin/curl") == {Rule.USER}
    assert "/usr/lib/libcurl.so.4" in selection.kept
    assert selection.notices == (
        "--keep-package flask is not in the image",
        "--keep-module x.y is not in the image",
    )


def test_dropped_paths_win_over_every_rule_and_are_told() -> None:
    rootfs = make_rootfs(
        {"/etc/os-release": b""},
        {"/app/a.py": b"", "/app/tests/t.py": b"", "/app/tests/data/x": b"", "/app/seen": b""},
    )
    options = SelectionOptions(drop_paths=("/app/tests", "/app/seen"))
    selection = select(rootfs, {"/app/seen": Operation.OPEN}, options=options)
    assert "/app/a.py" in selection.kept
    assert not {"/app/tests", "/app/tests/t.py", "/app/seen"} & set(selection.kept)
    assert selection.dropped[ImagePath("/app/tests/data/x")] == "--drop-path /app/tests"
    assert selection.notices == ("--drop-path leaves out what the app looked up: /app/seen",)


@pytest.mark.parametrize(
    ("keep", "drop", "kept"),
    [
        ("/app/tests/data/**", "/app/tests/**", True),
        ("/app/**", "/app/tests/data/x", False),
        ("/app/tests/data/x", "/app/tests/data/x", True),
        ("*.txt", "/app/**", False),
    ],
)
def test_the_more_specific_wish_wins(keep: str, drop: str, kept: bool) -> None:
    rootfs = make_rootfs({"/etc/os-release": b""}, {"/app/tests/data/x": b"", "/app/keep": b""})
    options = SelectionOptions(keep_paths=(keep,), drop_paths=(drop,))
    assert ("/app/tests/data/x" in select(rootfs, options=options).kept) is kept


def test_repaired_paths_follow_links() -> None:
    rootfs = make_rootfs({"/lib": Symlink(target="usr/lib"), "/usr/lib/x": b"", "/usr/lib/y": b""})
    options = SelectionOptions(repaired=(ImagePath("/lib/x"),))
    selection = select(rootfs, options=options)
    assert rules_of(selection, "/usr/lib/x") == {Rule.REPAIR}
    assert "/usr/lib/y" not in selection.kept
