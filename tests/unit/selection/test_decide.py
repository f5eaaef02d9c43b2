from __future__ import annotations

from jettison.paths import ImagePath
from jettison.selection import Policy, Rule, SelectionOptions
from jettison.selection.decide import RULES
from jettison.trace import Operation
from support.elf import make_elf
from support.layers import Content
from support.selecting import select
from support.trees import Directory, Symlink, make_config, make_rootfs

_BASE: Content = {
    "/etc/os-release": b"ID=debian\n",
    "/etc/passwd": b"root:x:0:0:root:/root:/bin/sh\n",
    "/lib": Symlink(target="usr/lib"),
    "/tmp": Directory(mode=0o1777),
    "/usr/bin/server": make_elf(needed=("libx.so",)),
    "/usr/lib/libx.so": Symlink(target="libx.so.1"),
    "/usr/lib/libx.so.1": make_elf(),
    "/usr/lib/liby.so": make_elf(),
}
_APP: Content = {
    "/app/run.sh": b"#!/usr/bin/server\n",
    "/app/data": b"",
    "/app/up": Symlink(target="/"),
}


def test_an_image_without_python_works() -> None:
    config = make_config(cmd=("./run.sh",), working_dir="/app")
    selection = select(make_rootfs(_BASE, _APP), {"/app/run.sh": Operation.EXEC}, config=config)
    assert {"/usr/bin/server", "/usr/lib/libx.so.1", "/app/data"} <= set(selection.kept)
    assert "/usr/lib/liby.so" not in selection.kept
    assert selection.bytecode == ()
    assert selection.policy is Policy.CLOSURE


def test_kept_paths_form_a_tree_with_reasons_in_path_order() -> None:
    rootfs = make_rootfs(_BASE, _APP)
    selection = select(rootfs, {"/lib/libx.so": Operation.OPEN})
    assert list(selection.kept) == sorted(selection.kept)
    for path, reasons in selection.kept.items():
        assert path in rootfs.tree
        assert reasons
        assert path.parent in selection.kept
        for reason in reasons:
            assert reason.because is None or reason.because in selection.kept


def test_the_same_input_gives_the_same_selection() -> None:
    first, second = (
        select(make_rootfs(_BASE, _APP), {"/usr/bin/server": Operation.EXEC}) for _ in range(2)
    )
    assert first == second
    assert repr(first) == repr(second)


def test_policies_grow_from_one_to_the_next() -> None:
    kept = [
        set(
            select(
                make_rootfs(_BASE, _APP),
                {"/usr/bin/server": Operation.EXEC},
                options=SelectionOptions(policy=policy),
            ).kept
        )
        for policy in (Policy.OBSERVED, Policy.CLOSURE, Policy.PACKAGE)
    ]
    assert kept[0] < kept[1] <= kept[2]


def test_an_empty_image_and_an_empty_trace() -> None:
    selection = select(make_rootfs({}), config=make_config(layers=0))
    assert set(selection.kept) <= {ImagePath("/")}
    assert selection.notices == ()


def test_links_that_loop_or_lead_nowhere_end() -> None:
    rootfs = make_rootfs(
        {"/etc/os-release": b""},
        {
            "/app/a": Symlink(target="b"),
            "/app/b": Symlink(target="a"),
            "/app/self": Symlink(target="self/x"),
            "/app/out": Symlink(target="../../../../etc/os-release"),
            "/app/gone": Symlink(target="/nowhere"),
        },
    )
    selection = select(rootfs, {"/app/a": Operation.OPEN, "/app/self": Operation.STAT})
    assert {"/app/a", "/app/b", "/app/self", "/app/out", "/app/gone"} <= set(selection.kept)


def test_records_come_after_every_other_rule() -> None:
    names = [getattr(rule, "__name__", "") for rule in RULES]
    assert names[-1] == "RecordRule"
    assert names.index("PythonRule") < names.index("RecordRule")
    assert Rule.RECORD in Rule
