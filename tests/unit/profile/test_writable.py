from __future__ import annotations

from jettison.filetree import Entry, FileKind, FileTree
from jettison.paths import ImagePath
from jettison.profile.writable import WritableCause, find_writable
from jettison.trace import FileAccess, Operation, Origin, Process, TraceLog


def directory(path: str, mode: int = 0o755, uid: int = 0) -> Entry:
    return Entry(path=ImagePath(path), kind=FileKind.DIRECTORY, mode=mode, uid=uid)


TREE = FileTree(
    [
        directory("/tmp", 0o1777),
        directory("/dev"),
        directory("/proc"),
        directory("/run"),
        Entry(path=ImagePath("/var/run"), kind=FileKind.SYMLINK, mode=0o777, link_target="/run"),
        directory("/var/cache/app", uid=33),
        directory("/app"),
        Entry(path=ImagePath("/app/db.sqlite3"), kind=FileKind.FILE, mode=0o644, uid=33),
        Entry(path=ImagePath("/app/main.py"), kind=FileKind.FILE, mode=0o644),
        directory("/data"),
        Entry(path=ImagePath("/data/seed"), kind=FileKind.FILE, mode=0o644),
    ]
)


def found(
    *paths: str, uid: int = 0, volumes: tuple[str, ...] = (), origin: Origin = Origin.APP
) -> dict[str, tuple[WritableCause, bool]]:
    log = TraceLog(
        processes=(Process(pid=1, parent=0, origin=origin),),
        accesses=tuple(
            FileAccess(path=ImagePath(path), operation=Operation.WRITE, pid=1, uid=uid)
            for path in paths
        ),
    )
    return {item.path: (item.cause, item.has_content) for item in find_writable(log, TREE, volumes)}


TMP = {"/tmp": (WritableCause.TEMPORARY, False)}


def test_temporary_directory_is_always_listed() -> None:
    assert found() == TMP


def test_written_directories_are_collapsed_to_what_the_image_has() -> None:
    assert found("/var/cache/app/a/b/c", "/var/cache/app/d", uid=33) == {
        **TMP,
        "/var/cache/app": (WritableCause.WRITTEN, False),
    }


def test_links_are_followed() -> None:
    assert found("/var/run/app.pid") == {**TMP, "/run": (WritableCause.WRITTEN, False)}


def test_a_file_of_the_image_is_listed_itself() -> None:
    assert found("/app/db.sqlite3", uid=33) == {
        **TMP,
        "/app/db.sqlite3": (WritableCause.WRITTEN, True),
    }


def test_what_modes_forbid_does_not_count() -> None:
    assert found("/app/main.py", "/app/new", uid=33) == TMP
    assert "/app" in found("/app/new", uid=0)


def test_byte_code_and_kernel_paths_do_not_count() -> None:
    assert (
        found(
            "/app/__pycache__", "/app/__pycache__/main.cpython-311.pyc.140", "/proc/self/comm",
            "/dev/null", "/sys/x",
        )
        == TMP
    )  # fmt: skip


def test_volumes_are_listed_with_their_content() -> None:
    assert found(volumes=("/data", "/media/new")) == {
        **TMP,
        "/data": (WritableCause.VOLUME, True),
        "/media/new": (WritableCause.VOLUME, False),
    }


def test_nothing_inside_a_listed_directory_is_listed_again() -> None:
    assert found("/tmp/x/y", "/data/seed", volumes=("/data",)) == {
        **TMP,
        "/data": (WritableCause.VOLUME, True),
    }


def test_helpers_do_not_count() -> None:
    assert found("/app/new", origin=Origin.EXEC) == TMP
