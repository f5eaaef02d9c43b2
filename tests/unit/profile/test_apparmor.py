from __future__ import annotations

import pytest

from jettison.filetree import Entry, FileKind, FileTree
from jettison.paths import ImagePath
from jettison.profile.apparmor import AppArmorInput, profile_name, quote_path, render_profile
from jettison.profile.writable import WritableCause, WritablePath
from jettison.trace import SocketRole, SocketUse, TraceLog


def file(path: str, mode: int = 0o644) -> Entry:
    return Entry(path=ImagePath(path), kind=FileKind.FILE, mode=mode)


def directory(path: str) -> Entry:
    return Entry(path=ImagePath(path), kind=FileKind.DIRECTORY, mode=0o755)


TREE = FileTree(
    [
        file("/app/main.py"),
        file("/usr/bin/python3.11", 0o755),
        file("/usr/lib/libz.so.1", 0o755),
        file("/usr/lib/ld-linux-x86-64.so.2", 0o755),
        file("/data/seed.db"),
        file("/run.sh", 0o755),
        Entry(path=ImagePath("/bin"), kind=FileKind.SYMLINK, mode=0o777, link_target="usr/bin"),
        directory("/proc"),
    ]
)


def rules(text: str) -> set[str]:
    return {line.strip() for line in text.splitlines() if line.strip().endswith(",")}


def render(trace: TraceLog | None = None, **given: object) -> set[str]:
    writable = given.get("writable", ())
    assert isinstance(writable, tuple)
    return rules(
        render_profile(
            AppArmorInput(
                name="web",
                tree=TREE,
                trace=trace or TraceLog(),
                writable=writable,
                capabilities=("NET_BIND_SERVICE",),
            )
        )
    )


def test_directories_are_readable_as_globs_and_programs_by_name() -> None:
    text = render()
    assert "/app/{,**} rk," in text
    assert "/usr/bin/python3.11 mrix," in text
    assert "/run.sh mrix," in text
    assert "/usr/{,**} rk," in text
    assert not any(line.startswith("/proc/{,**} rk") for line in text)


def test_libraries_may_be_mapped_but_not_run_except_the_loader() -> None:
    text = render()
    assert "/usr/**.so{,.[0-9]*} mr," in text
    assert "/usr/lib/ld-linux-x86-64.so.2 mrix," in text
    assert not any("libz" in line for line in text)


def test_many_programs_of_one_directory_are_one_rule() -> None:
    tree = FileTree([file(f"/usr/bin/tool{number}", 0o755) for number in range(40)])
    text = rules(render_profile(AppArmorInput(name="x", tree=tree, trace=TraceLog())))
    assert "/usr/bin/* mrix," in text
    assert "/usr/bin/tool1 mrix," not in text


def test_network_is_allowed_only_where_it_was_used() -> None:
    listening = SocketUse(
        role=SocketRole.LISTEN, family="inet", address="0.0.0.0", port=80, pid=1, protocol="tcp"
    )
    assert "network inet stream," in render(TraceLog(sockets=(listening,)))
    quiet = render()
    assert "network unix," in quiet
    assert not any(line.startswith("network inet") for line in quiet)


def test_only_writable_paths_get_write_rules() -> None:
    found = render(
        writable=(
            WritablePath(path=ImagePath("/tmp"), cause=WritableCause.TEMPORARY, has_content=False),
            WritablePath(
                path=ImagePath("/data/seed.db"), cause=WritableCause.WRITTEN, has_content=True
            ),
        )
    )
    assert "/tmp/{,**} rwkl," in found
    assert "/data/seed.db rwk," in found
    writes = {line for line in found if line.startswith("/") and "w" in line.split()[-1]}
    assert all(line.startswith(("/tmp/", "/data/seed.db", "/dev/", "/proc/")) for line in writes)


def test_capabilities_are_lower_case() -> None:
    assert "capability net_bind_service," in render()


@pytest.mark.parametrize(
    ("path", "quoted"),
    [
        ("/app/plain-1.0_x+y~", "/app/plain-1.0_x+y~"),
        ("/app/with space", '"/app/with space"'),
        ("/app/ünï", '"/app/ünï"'),
        ('/app/a"b', "/app/a?b"),
        ("/app/[x]*{y},^@\\#", "/app/?x???y??????"),
        ("/app/new\nline", "/app/new?line"),
        ("/app/latin\udce9\udce8", '"/app/latin??"'),
    ],
)
def test_hostile_names_cannot_change_the_rule(path: str, quoted: str) -> None:
    assert quote_path(path) == quoted


def test_profile_name_needs_no_quotes() -> None:
    assert profile_name("docker.io/me/app:1 0") == "jettison-docker.io-me-app-1-0"
    assert profile_name("///") == "jettison-app"
