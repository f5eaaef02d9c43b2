"""The AppArmor profile compiles, whatever the image names its files."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from jettison.filetree import Entry, FileKind, FileTree
from jettison.paths import ImagePath
from jettison.profile.apparmor import AppArmorInput, render_profile
from jettison.profile.writable import WritableCause, WritablePath
from jettison.trace import SocketRole, SocketUse, TraceLog

pytestmark = pytest.mark.needs("apparmor")

HOSTILE = (
    "plain",
    "with space",
    'quo"te',
    "back\\slash",
    "star*?[set]{a,b}^",
    "@{HOME}",
    "#comment",
    "new\nline",
    "tab\tbed",
    "ünïcödé",
    "latin\udce9",
    "ends,",
    "x -> y",
    "deny",
    "key=value",
    "a:b",
    "per%cent",
)


def compile_profile(text: str, tmp_path: Path) -> subprocess.CompletedProcess[str]:
    source = tmp_path / "profile"
    source.write_bytes(text.encode("utf-8", "surrogateescape"))
    return subprocess.run(
        ("apparmor_parser", "-Q", "-K", str(source)),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_profile_with_hostile_names_compiles(tmp_path: Path) -> None:
    entries = [
        Entry(path=ImagePath(f"/{top}/{name}/run"), kind=FileKind.FILE, mode=0o755)
        for top in ("app", "opt dir", "ünï")
        for name in HOSTILE
    ]
    entries += [
        Entry(path=ImagePath(f"/{name}"), kind=FileKind.FILE, mode=0o755) for name in HOSTILE
    ]
    entries.append(Entry(path=ImagePath("/lib/libz.so.1"), kind=FileKind.FILE, mode=0o644))
    writable = tuple(
        WritablePath(path=ImagePath(f"/srv/{name}"), cause=WritableCause.WRITTEN, has_content=False)
        for name in HOSTILE
    )
    uses = tuple(
        SocketUse(role=SocketRole.LISTEN, family=family, address="", port=80, pid=1)
        for family in ("inet", "unix")
    )
    text = render_profile(
        AppArmorInput(
            name='we"ird name',
            tree=FileTree(entries),
            trace=TraceLog(sockets=uses),
            writable=writable,
            capabilities=("NET_BIND_SERVICE", "SETUID"),
        )
    )
    done = compile_profile(text, tmp_path)
    assert done.returncode == 0, done.stderr
    assert "Warning" not in done.stderr + done.stdout
    broken = compile_profile(text.replace("mrix,", "mrix", 1), tmp_path)
    assert broken.returncode != 0


def test_every_capability_name_is_known_to_the_parser(tmp_path: Path) -> None:
    # What the engines grant by default, and what the tracer can find.
    names = (
        "CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP "
        "NET_BIND_SERVICE NET_RAW SYS_CHROOT SYS_PTRACE SYS_ADMIN SYS_NICE SYS_RESOURCE SYS_TIME "
        "MKNOD AUDIT_WRITE SETFCAP SYSLOG SYS_BOOT SYS_MODULE SYS_PACCT SYS_RAWIO"
    )
    text = render_profile(
        AppArmorInput(
            name="all", tree=FileTree([]), trace=TraceLog(), capabilities=tuple(names.split())
        )
    )
    done = compile_profile(text, tmp_path)
    assert done.returncode == 0, done.stderr
