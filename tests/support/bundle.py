"""A tiny starter of runc bundles, for tests of what stands below `jettison.runtime`.

The root file system is a private overlay over a directory, by default over the host's own root,
which has a shell and a Python.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

DOCKER_CAPABILITIES: Final = (
    "CAP_CHOWN CAP_DAC_OVERRIDE CAP_FSETID CAP_FOWNER CAP_MKNOD CAP_NET_RAW CAP_SETGID CAP_SETUID "
    "CAP_SETFCAP CAP_SETPCAP CAP_NET_BIND_SERVICE CAP_SYS_CHROOT CAP_KILL CAP_AUDIT_WRITE"
)
_MOUNTS: Final = (
    ("/proc", "proc", ()),
    ("/dev", "tmpfs", ("nosuid", "strictatime", "mode=755", "size=65536k")),
    ("/dev/pts", "devpts", ("nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620")),
    ("/dev/shm", "tmpfs", ("nosuid", "noexec", "nodev", "mode=1777", "size=65536k")),
    ("/tmp", "tmpfs", ("nosuid", "nodev", "mode=1777")),
)
_PATH: Final = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True, kw_only=True)
class BundleOptions:
    seccomp: Mapping[str, Any] | None = None
    uid: int = 0
    gid: int = 0
    cwd: str = "/"
    env: tuple[str, ...] = ()
    capabilities: tuple[str, ...] = tuple(DOCKER_CAPABILITIES.split())
    no_new_privileges: bool = False
    readonly: bool = False
    apparmor: str = ""
    lower: tuple[Path, ...] = (Path("/"),)  # base first
    network: str = ""  # the path of a network namespace
    files: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Bundle:
    """A container that can be run once."""

    directory: Path
    name: str

    @property
    def rootfs(self) -> Path:
        return self.directory / "rootfs"

    def _runc(self, *arguments: str) -> tuple[str, ...]:
        return ("runc", "--root", str(self.directory / "state"), *arguments)

    def run(self, *, timeout_s: float = 60.0) -> subprocess.CompletedProcess[str]:
        """Run it to its end."""
        return subprocess.run(
            self._runc("run", "--bundle", str(self.directory), self.name),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )

    def start(self) -> subprocess.Popen[bytes]:
        """Run it; the caller waits."""
        with (self.directory / "out").open("wb") as out:
            return subprocess.Popen(
                self._runc("run", "--bundle", str(self.directory), self.name),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
            )

    def output(self) -> str:
        return (self.directory / "out").read_text(errors="replace")

    def is_running(self) -> bool:
        done = subprocess.run(
            self._runc("state", self.name), capture_output=True, text=True, check=False
        )
        return done.returncode == 0 and json.loads(done.stdout)["status"] == "running"

    def exec(self, *argv: str, timeout_s: float = 60.0) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self._runc("exec", self.name, *argv),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )

    def kill(self, signal: str = "KILL") -> None:
        subprocess.run(self._runc("kill", self.name, signal), capture_output=True, check=False)

    def delete(self) -> None:
        subprocess.run(self._runc("delete", "--force", self.name), capture_output=True, check=False)


@contextmanager
def make_bundle(
    directory: Path, argv: Sequence[str], options: BundleOptions | None = None
) -> Iterator[Bundle]:
    """A bundle with a mounted root; taken down again, container and all, at the end."""
    options = options or BundleOptions()
    bundle = Bundle(directory, f"jt-{os.getpid()}-{time.monotonic_ns()}")
    for name in ("rootfs", "upper", "work", "state"):
        (directory / name).mkdir(parents=True)
    lower = ":".join(str(item) for item in reversed(options.lower))
    layers = f"lowerdir={lower},upperdir={directory}/upper,workdir={directory}/work"
    subprocess.run(
        ("mount", "-t", "overlay", "overlay", "-o", layers, str(bundle.rootfs)), check=True
    )
    try:
        for path, text in options.files.items():
            target = bundle.rootfs / path.lstrip("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)
        (directory / "config.json").write_text(json.dumps(_config(argv, options)))
        yield bundle
    finally:
        bundle.delete()
        subprocess.run(("umount", str(bundle.rootfs)), check=True)


def _config(argv: Sequence[str], options: BundleOptions) -> dict[str, Any]:
    capabilities = list(options.capabilities)
    effective = capabilities if options.uid == 0 else []
    namespaces = [{"type": kind} for kind in ("pid", "ipc", "uts", "mount")]
    network = {"type": "network", "path": options.network}
    namespaces.append(network if options.network else {"type": "network"})
    linux: dict[str, Any] = {
        "namespaces": namespaces,
        "resources": {"devices": [{"allow": True, "access": "rwm"}]},
    }
    if options.seccomp is not None:
        linux["seccomp"] = dict(options.seccomp)
    return {
        "ociVersion": "1.0.2",
        "process": {
            "terminal": False,
            "user": {"uid": options.uid, "gid": options.gid},
            "args": list(argv),
            "env": [_PATH, "PYTHONDONTWRITEBYTECODE=1", *options.env],
            "cwd": options.cwd,
            "noNewPrivileges": options.no_new_privileges,
            "capabilities": {
                "bounding": capabilities,
                "effective": effective,
                "permitted": effective,
                "inheritable": [],
                "ambient": [],
            },
            **({"apparmorProfile": options.apparmor} if options.apparmor else {}),
        },
        "root": {"path": "rootfs", "readonly": options.readonly},
        "hostname": "box",
        "mounts": [
            {"destination": target, "type": kind, "source": kind, "options": list(flags)}
            for target, kind, flags in _MOUNTS
        ],
        "linux": linux,
    }
