"""Real ELF files: what the rules find must be what the host's own dynamic linker finds."""

from __future__ import annotations

import re
import shutil
import stat
import subprocess
import sysconfig
from pathlib import Path
from typing import BinaryIO

import pytest

from jettison.analysis.ownership import Ownership
from jettison.filetree import Entry, FileKind, FileTree
from jettison.paths import ImagePath
from jettison.selection import Policy, SelectionOptions
from jettison.trace import Operation
from support.selecting import select
from support.trees import make_config

_MULTIARCH = sysconfig.get_config_var("MULTIARCH") or "x86_64-linux-gnu"
_PARTS = (
    "lib",
    "lib64",
    "bin",
    f"usr/lib/{_MULTIARCH}",
    "usr/lib64",
    "usr/bin",
    "etc/ld.so.conf.d",
)
_FILES = ("etc/ld.so.conf", "etc/ld.so.cache", "etc/nsswitch.conf")


class _HostRootFS:
    """The part of the host that programs and libraries are in, read in place."""

    def __init__(self, *more: str) -> None:
        entries: list[Entry] = []
        for part in (*_PARTS, *more):
            top = Path("/", part)
            paths = [top, *top.rglob("*")] if top.is_dir() and not top.is_symlink() else [top]
            entries += [entry for path in paths if (entry := _entry(path))]
        entries += [entry for name in _FILES if (entry := _entry(Path("/", name)))]
        self.tree = FileTree(entries)

    def open(self, path: ImagePath) -> BinaryIO:
        return Path(path).open("rb")


def _entry(path: Path) -> Entry | None:
    try:
        status = path.lstat()
    except OSError:
        return None
    kinds = {
        stat.S_IFREG: FileKind.FILE,
        stat.S_IFDIR: FileKind.DIRECTORY,
        stat.S_IFLNK: FileKind.SYMLINK,
    }
    kind = kinds.get(stat.S_IFMT(status.st_mode))
    if kind is None:
        return None
    return Entry(
        path=ImagePath.parse(str(path)),
        kind=kind,
        mode=stat.S_IMODE(status.st_mode),
        size_bytes=status.st_size if kind is FileKind.FILE else 0,
        link_target=str(path.readlink()) if kind is FileKind.SYMLINK else None,
    )


@pytest.fixture(scope="module")
def host() -> _HostRootFS:
    return _HostRootFS()


_CANDIDATES = ("sh", "ls", "tar", "perl", "mount", "curl", "git", "gpg", "ssh", "dpkg")


@pytest.mark.parametrize("program", [name for name in _CANDIDATES if shutil.which(name)])
def test_needs_are_those_that_the_linker_loads(host: _HostRootFS, program: str) -> None:
    found = shutil.which(program)
    assert found is not None
    said = subprocess.run(("ldd", found), capture_output=True, text=True, check=True).stdout
    loaded = {str(Path(item).resolve()) for item in re.findall(r"(/[^ )\n]+) \(0x", said)} | {
        str(Path(found).resolve())
    }
    selection = select(
        host,
        {found: Operation.EXEC},
        config=make_config(layers=1),
        options=SelectionOptions(policy=Policy.OBSERVED),
    )
    kept = {
        str(path)
        for path in selection.kept
        if host.tree[path].is_file and path.startswith("/usr/") and path != "/usr/lib/os-release"
    }
    assert loaded <= kept
    # Beyond these only what the C library opens by name, and the needs of that.
    for path in kept - loaded:
        because = {str(reason.because) for reason in selection.kept[ImagePath(path)]}
        assert re.search(r"libgcc_s|libnss_", f"{path} {because}"), (path, because)


def test_every_file_of_dpkg_has_the_owner_that_dpkg_names() -> None:
    if shutil.which("dpkg-query") is None:
        pytest.skip("the host has no dpkg")
    rootfs = _HostRootFS("var/lib/dpkg")
    ownership = Ownership.read(rootfs)
    sample = [
        path
        for package in ownership.packages
        for path in package.files[:1]
        if path.startswith("/usr/bin/")
    ][:40]
    assert sample
    # dpkg knows paths as they stand in packages, so before /bin was merged into /usr/bin.
    spelled = [name for path in sample for name in (path, path.removeprefix("/usr"))]
    said = subprocess.run(
        ("dpkg-query", "-S", *spelled), check=False, capture_output=True, text=True
    ).stdout
    for path in sample:
        answers = re.findall(
            rf"^(.*): (?:/usr)?{re.escape(path.removeprefix('/usr'))}$", said, re.M
        )
        owner = ownership.find_owner(path)
        assert owner is not None
        assert owner.name in re.split(r"[:,\s]+", " ".join(answers)), path
