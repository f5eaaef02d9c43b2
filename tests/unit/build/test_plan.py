from __future__ import annotations

import pytest

from jettison.build.plan import LayerPlan, PlannedEntry, plan_layers
from jettison.errors import JettisonError
from jettison.filetree import FileKind, MemoryRootFS
from jettison.paths import ImagePath
from jettison.selection import Bytecode, LayerRole, Selection
from support.slimming import file, other, rootfs, selection

PYTHON = ImagePath("/usr/bin/python3")


def plan(made: MemoryRootFS, chosen: Selection, **compiled: bytes) -> LayerPlan:
    return plan_layers(
        made.tree, chosen, {ImagePath(path): code for path, code in compiled.items()}
    )


def paths(found: LayerPlan) -> dict[LayerRole, list[str]]:
    return {layer.role: [item.entry.path for item in layer.items] for layer in found.layers}


def entry(found: LayerPlan, path: str) -> PlannedEntry:
    return next(item for layer in found.layers for item in layer.items if item.entry.path == path)


def test_layers_by_role_with_parents_repeated_and_empty_ones_left_out() -> None:
    made = rootfs(
        other("/srv", FileKind.DIRECTORY, mode=0o750, uid=5, mtime=9),
        file("/srv/app.py", b"1"),
        file("/srv-x", b"2"),
        file("/bin/python", b"3"),
    )
    chosen = selection(
        made.tree,
        ["/srv/app.py", "/srv-x", "/bin/python"],
        roles={"/srv/app.py": LayerRole.APP, "/srv-x": LayerRole.APP},
    )
    found = plan(made, chosen)
    assert paths(found) == {
        LayerRole.RUNTIME: ["/", "/bin", "/bin/python", "/srv"],
        LayerRole.APP: ["/", "/srv", "/srv-x", "/srv/app.py"],
    }
    first, second = (
        next(item.entry for item in layer.items if item.entry.path == "/srv")
        for layer in found.layers
    )
    assert (first.mode, first.uid, first.mtime) == (second.mode, second.uid, second.mtime)
    assert (first.mode, first.uid, first.mtime) == (0o750, 5, 9)
    assert (first.layer, second.layer) == (0, 1)


def test_hard_link_group_is_cut_to_kept_names() -> None:
    first = ImagePath("/a/1")
    made = rootfs(*(file(f"/{name}", b"same", hardlink=first) for name in ("a/1", "b/2", "c/3")))
    found = plan(made, selection(made.tree, ["/b/2", "/c/3"]))
    assert entry(found, "/b/2").entry.hardlink == "/b/2"
    assert entry(found, "/b/2").origin == "/b/2"
    assert entry(found, "/c/3").entry.hardlink == "/b/2"
    assert entry(found, "/c/3").origin is None
    alone = plan(made, selection(made.tree, ["/c/3"]))
    assert entry(alone, "/c/3").entry.hardlink is None
    assert entry(alone, "/c/3").origin == "/c/3"


def test_hard_link_group_stays_in_one_layer() -> None:
    first = ImagePath("/app/x")
    made = rootfs(file("/app/x", b"s", hardlink=first), file("/usr/x", b"s", hardlink=first))
    found = plan(made, selection(made.tree, ["/app/x", "/usr/x"], roles={"/app/x": LayerRole.APP}))
    assert paths(found) == {LayerRole.RUNTIME: ["/", "/app", "/app/x", "/usr", "/usr/x"]}


def test_rewritten_name_leaves_its_hard_link_group() -> None:
    first = ImagePath("/a")
    made = rootfs(file("/a", b"old", hardlink=first, uid=4), file("/b", b"old", hardlink=first))
    found = plan(made, selection(made.tree, ["/a", "/b"], rewritten={"/a": b"newer"}))
    assert entry(found, "/a").content == b"newer"
    assert entry(found, "/a").entry.size_bytes == 5
    assert entry(found, "/a").entry.uid == 4
    assert entry(found, "/b").origin == "/b"
    assert {entry(found, "/a").entry.hardlink, entry(found, "/b").entry.hardlink} == {None}


def test_new_record_gets_a_directory_like_the_one_above_it() -> None:
    made = rootfs(other("/var/lib/dpkg", FileKind.DIRECTORY, mode=0o755, mtime=77))
    record = "/var/lib/dpkg/status.d/libc6"
    found = plan(made, selection(made.tree, [], rewritten={record: b"Package: libc6\n"}))
    new = entry(found, record).entry
    assert (new.mode, new.uid, new.mtime, new.size_bytes) == (0o644, 0, 77, 15)
    above = entry(found, "/var/lib/dpkg/status.d").entry
    assert above.is_directory
    assert (above.mode, above.mtime) == (0o755, 77)


def test_stored_byte_code_moves_to_its_target() -> None:
    made = rootfs(
        file("/lib/os.py", b"import sys", uid=3, gid=4, mtime=55, mode=0o755),
        file("/lib/__pycache__/os.cpython-311.pyc", b"code!", mtime=99),
    )
    code = Bytecode(
        source=ImagePath("/lib/os.py"),
        target=ImagePath("/lib/os.pyc"),
        stored=ImagePath("/lib/__pycache__/os.cpython-311.pyc"),
        interpreter=PYTHON,
    )
    found = plan(made, selection(made.tree, ["/lib"], bytecode=[code]))
    assert paths(found)[LayerRole.RUNTIME] == ["/", "/lib", "/lib/os.pyc"]
    item = entry(found, "/lib/os.pyc")
    assert item.origin == code.stored
    assert item.entry.size_bytes == 5
    assert (item.entry.mode, item.entry.uid, item.entry.gid, item.entry.mtime) == (0o644, 3, 4, 55)


def test_compiled_byte_code_is_in_the_layer_of_its_source_and_as_private() -> None:
    made = rootfs(other("/app", FileKind.DIRECTORY, uid=9), file("/app/m.py", b"", mode=0o400))
    code = Bytecode(
        source=ImagePath("/app/m.py"),
        target=ImagePath("/app/__pycache__/m.cpython-311.pyc"),
        stored=None,
        interpreter=PYTHON,
    )
    chosen = selection(
        made.tree, ["/app/m.py"], bytecode=[code], roles={"/app/m.py": LayerRole.APP}
    )
    found = plan(made, chosen, **{"/app/m.py": b"compiled"})
    assert "/app/__pycache__/m.cpython-311.pyc" in paths(found)[LayerRole.APP]
    assert entry(found, code.target).content == b"compiled"
    assert entry(found, code.target).entry.mode == 0o600
    cache = entry(found, "/app/__pycache__").entry
    assert cache.is_directory
    assert cache.uid == 9
    assert found.notices == ()


def test_source_is_kept_where_no_byte_code_could_be_made() -> None:
    made = rootfs(file("/lib/bad.py", b"def"))
    code = Bytecode(
        source=ImagePath("/lib/bad.py"),
        target=ImagePath("/lib/bad.pyc"),
        stored=None,
        interpreter=PYTHON,
    )
    found = plan(made, selection(made.tree, [], bytecode=[code]))
    assert paths(found)[LayerRole.RUNTIME] == ["/", "/lib", "/lib/bad.py"]
    assert entry(found, "/lib/bad.py").origin == "/lib/bad.py"
    assert found.notices == ("/lib/bad.py: it has no byte code, so its source is kept",)


def test_source_that_is_kept_anyway_needs_no_notice() -> None:
    made = rootfs(file("/lib/py2.py", b"print 1"))
    code = Bytecode(
        source=ImagePath("/lib/py2.py"),
        target=ImagePath("/lib/__pycache__/py2.cpython-311.pyc"),
        stored=None,
        interpreter=PYTHON,
    )
    found = plan(made, selection(made.tree, ["/lib/py2.py"], bytecode=[code]))
    assert paths(found)[LayerRole.RUNTIME] == ["/", "/lib", "/lib/py2.py"]
    assert found.notices == ()


def test_selected_path_that_is_not_there_is_named() -> None:
    made = rootfs(file("/a"))
    with pytest.raises(JettisonError, match="/ghost"):
        plan(made, selection(made.tree, ["/a", "/ghost"]))
