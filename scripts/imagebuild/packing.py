"""Layers between their two forms: a directory as overlayfs has it, and a gzip tar with whiteouts.

Source: OCI image-spec 1.1, "Image Layer Filesystem Changeset"; kernel documentation, overlayfs.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import shutil
import stat
import subprocess
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, BinaryIO, cast

OPAQUE = ("trusted.overlay.opaque", "user.overlay.opaque")
_IGNORED_XATTRS = ("trusted.overlay.", "user.overlay.", "system.", "security.selinux")
_OPAQUE_MARK = ".wh..wh..opq"


@dataclass
class _Hashing:
    """Pass bytes on and hash them."""

    out: IO[bytes]
    state: hashlib._Hash = field(default_factory=hashlib.sha256)

    def write(self, data: bytes) -> int:
        self.state.update(data)
        return self.out.write(data)


def pack(files: Path, blob: Path) -> str:
    """Write `files` as a gzip tar and return its diff ID."""
    # gzip as a process of its own: packing then takes the second processor.
    with (
        blob.open("wb") as out,
        subprocess.Popen(["gzip", "-1", "-n"], stdin=subprocess.PIPE, stdout=out) as packer,
    ):
        assert packer.stdin is not None
        hashing = _Hashing(packer.stdin)
        with tarfile.open(
            fileobj=cast(BinaryIO, hashing), mode="w|", format=tarfile.PAX_FORMAT, bufsize=1 << 20
        ) as tar:
            _add_tree(tar, files)
        packer.stdin.close()
    if packer.returncode != 0:
        raise SystemExit(f"gzip ended with status {packer.returncode}")
    return f"sha256:{hashing.state.hexdigest()}"


def _add_tree(tar: tarfile.TarFile, files: Path) -> None:
    names: dict[tuple[int, int], str] = {}
    for path in _walk(files):
        name = str(path.relative_to(files))
        status = path.lstat()
        if stat.S_ISSOCK(status.st_mode):
            continue
        if stat.S_ISCHR(status.st_mode) and status.st_rdev == 0:
            whiteout = tarfile.TarInfo(str(Path(name).parent / f".wh.{path.name}"))
            tar.addfile(whiteout)
            continue
        member = _member(path, name, status)
        if member.isreg() and status.st_nlink > 1:
            first = names.setdefault((status.st_dev, status.st_ino), name)
            if first != name:
                member.type, member.linkname, member.size = tarfile.LNKTYPE, first, 0
        if member.isreg():
            with path.open("rb") as content:
                tar.addfile(member, content)
        else:
            tar.addfile(member)
        if member.isdir() and _is_opaque(path):
            tar.addfile(tarfile.TarInfo(f"{name}/{_OPAQUE_MARK}"))


def _member(path: Path, name: str, status: os.stat_result) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.mode = stat.S_IMODE(status.st_mode)
    member.uid, member.gid = status.st_uid, status.st_gid
    member.mtime = int(status.st_mtime)
    if stat.S_ISDIR(status.st_mode):
        member.type = tarfile.DIRTYPE
    elif stat.S_ISLNK(status.st_mode):
        target = os.readlink(path)  # noqa: PTH115  # Path would tidy the target up
        member.type, member.linkname = tarfile.SYMTYPE, target
    elif stat.S_ISREG(status.st_mode):
        member.size = status.st_size
    elif stat.S_ISFIFO(status.st_mode):
        member.type = tarfile.FIFOTYPE
    else:
        member.type = tarfile.BLKTYPE if stat.S_ISBLK(status.st_mode) else tarfile.CHRTYPE
        member.devmajor, member.devminor = os.major(status.st_rdev), os.minor(status.st_rdev)
    if not member.issym():
        member.pax_headers = {
            f"SCHILY.xattr.{key}": os.getxattr(path, key).decode("utf-8", "surrogateescape")
            for key in os.listxattr(path)
            if not key.startswith(_IGNORED_XATTRS)
        }
    return member


def _walk(directory: Path) -> Iterator[Path]:
    """Everything below, a directory before its content, names sorted."""
    for entry in sorted(os.scandir(directory), key=lambda found: found.name):
        path = Path(entry.path)
        yield path
        if entry.is_dir(follow_symlinks=False):
            yield from _walk(path)


def _is_opaque(path: Path) -> bool:
    present = os.listxattr(path)
    return any(key in present and os.getxattr(path, key) == b"y" for key in OPAQUE)


def unpack(stream: IO[bytes], files: Path) -> None:
    """Unpack a layer's tar (plain or gzip) into `files`, whiteouts in overlayfs's own form.

    For images that the person running this named as a base, so for images that he trusts.
    """
    opaque = OPAQUE[0] if os.geteuid() == 0 and _is_initial_namespace() else OPAQUE[1]
    directories: list[tuple[Path, tarfile.TarInfo]] = []
    with tarfile.open(fileobj=stream, mode="r|*") as tar:
        for member in tar:
            path = files / os.path.normpath("/" + member.name).lstrip("/")
            path.parent.mkdir(parents=True, exist_ok=True)
            if path.name == _OPAQUE_MARK:
                os.setxattr(path.parent, opaque, b"y")
            elif path.name.startswith(".wh."):
                os.mknod(path.with_name(path.name.removeprefix(".wh.")), stat.S_IFCHR, 0)
            else:
                _place(tar, member, path, files)
                if member.isdir():
                    directories.append((path, member))
    for path, member in reversed(directories):
        os.utime(path, (member.mtime, member.mtime))


def _place(tar: tarfile.TarFile, member: tarfile.TarInfo, path: Path, files: Path) -> None:
    if member.isdir():
        path.mkdir(exist_ok=True)
    elif member.issym():
        path.symlink_to(member.linkname)
    elif member.islnk():
        path.hardlink_to(files / member.linkname.lstrip("/"))
        return
    elif member.isreg():
        content = tar.extractfile(member)
        assert content is not None
        with path.open("wb") as out:
            shutil.copyfileobj(content, out, 1 << 20)
    elif member.isfifo():
        os.mkfifo(path)
    else:
        kind = stat.S_IFBLK if member.isblk() else stat.S_IFCHR
        os.mknod(path, kind, os.makedev(member.devmajor, member.devminor))
    os.chown(path, member.uid, member.gid, follow_symlinks=False)
    if not member.issym():
        path.chmod(member.mode)
        for key, value in member.pax_headers.items():
            if key.startswith("SCHILY.xattr."):
                name = key.removeprefix("SCHILY.xattr.")
                os.setxattr(path, name, value.encode("utf-8", "surrogateescape"))
        os.utime(path, (member.mtime, member.mtime))


def _is_initial_namespace() -> bool:
    return Path("/proc/self/uid_map").read_text().split() == ["0", "0", "4294967295"]


def digest_of(path: Path) -> str:
    """The digest of a file."""
    with path.open("rb") as stream:
        return f"sha256:{hashlib.file_digest(stream, 'sha256').hexdigest()}"


def open_tar(blob: Path) -> IO[bytes]:
    """The plain tar inside a layer blob."""
    return cast(IO[bytes], gzip.open(blob, "rb"))
