"""Namespaces, overlay mounts and a chroot: where a RUN instruction runs."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from imagebuild.cache import PLACE, Cache

_INSIDE = "JETTISON_IMAGEBUILD_INSIDE"
_DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
_CA_BUNDLE_VARIABLES = ("PIP_CERT", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")
_SYSTEM_CA_BUNDLE = "/etc/ssl/certs/ca-certificates.crt"
# What tells tools how to reach the network from here; the image's own config never has it.
_NETWORK_VARIABLES = (
    *("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"),
    *("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_TRUSTED_HOST", "PIP_DEFAULT_TIMEOUT"),
)
# Below /run, which is a tmpfs while a step runs: nothing of it can get into a layer.
_STEP_FILES = "run/imagebuild"
_TAIL_BYTES = 8192


@dataclass(frozen=True, kw_only=True)
class Step:
    """Who runs a command, where, and with which of the image's own variables."""

    env: Mapping[str, str]
    user: str = ""
    cwd: str = "/"


@dataclass(frozen=True)
class Identity:
    """Numeric ids and a home."""

    uid: int
    gid: int
    home: str


def enter_namespaces(cache: Cache) -> None:
    """Start anew in mount and pid namespaces of our own (and, if no root, in a user namespace).

    However this ends, the kernel then ends every process and takes down every mount below it.
    """
    if os.environ.get(_INSIDE):
        return
    unshare = ["unshare", "--mount", "--propagation", "private", "--pid", "--fork"]
    unshare += ["--kill-child", "--mount-proc"]
    if os.geteuid() != 0:
        unshare += ["--user", "--map-root-user", "--map-auto"]
    kind = "initial" if os.geteuid() == 0 else "user"
    # Inside, uid 0 may be an ordinary user's: the place of the cache is decided out here.
    environment = {**os.environ, _INSIDE: kind, PLACE: str(cache.root)}
    argv = [*unshare, sys.executable, *sys.orig_argv[1:]]
    os.execvpe(argv[0], argv, environment)


def in_user_namespace() -> bool:
    """Whether our uid 0 is an ordinary user's."""
    return os.environ.get(_INSIDE) == "user"


@contextmanager
def overlay(lower: Sequence[Path], upper: Path, work: Path) -> Iterator[Path]:
    """Mount `lower` (base first) with `upper` on top; yields the merged root.

    With no lower directory there is nothing to merge, and `upper` itself is the root.
    """
    if not lower:
        yield upper
        return
    work.mkdir(parents=True, exist_ok=True)
    merged = work.with_name("merged")
    merged.mkdir(exist_ok=True)
    stack = ":".join(str(path) for path in reversed(lower))
    options = f"lowerdir={stack},upperdir={upper},workdir={work},volatile"
    # An ordinary user's overlay keeps its marks in his own attributes, and never redirects.
    options += ",userxattr" if in_user_namespace() else ",redirect_dir=off"
    try:
        _mount("-t", "overlay", "-o", options, "overlay", str(merged))
    except SystemExit as err:
        hint = "the cache must be on a file system such as ext4, xfs or tmpfs, not on an overlay"
        raise SystemExit(f"{err}\n{hint}; name another place in {PLACE}") from None
    try:
        yield merged
    finally:
        _run("umount", str(merged))
        merged.rmdir()
        # The kernel leaves a directory of mode 0 here.
        _run("chmod", "-R", "u+rwx", str(work))
        shutil.rmtree(work)


def run_in(root: Path, argv: Sequence[str], step: Step, cache: Cache) -> None:
    """Run one command in `root`, with network, /dev, /proc, and download caches.

    Raises: SystemExit when it ends with another status than 0.
    """
    with ExitStack() as stack:
        _prepare_mounts(root, stack, cache)
        environment = {**_step_environment(root), **step.env}
        identity = _identity(root, step.user)
        environment.setdefault("HOME", identity.home)
        done = subprocess.run(
            argv,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            preexec_fn=_become(root, identity, step.cwd),
            check=False,
        )
    if done.returncode != 0:
        tail = done.stdout[-_TAIL_BYTES:].decode(errors="replace")
        raise SystemExit(f"{tail}\n{' '.join(argv)}: status {done.returncode}")


def find_ids(root: Path, owner: str) -> tuple[int, int]:
    """User and group of a `USER` or `--chown`, looked up in the image's own files."""
    identity = _identity(root, owner)
    return identity.uid, identity.gid


def _identity(root: Path, owner: str) -> Identity:
    user, _, group = owner.partition(":")
    users = _table(root / "etc/passwd")
    groups = _table(root / "etc/group")
    entry = users.get(user or "root")
    if entry is None and user.isdigit():
        entry = next((fields for fields in users.values() if fields[2] == user), None)
    uid = int(entry[2]) if entry else int(user or 0)
    gid = int(entry[3]) if entry else 0
    if group:
        gid = int(group) if group.isdigit() else int(groups[group][2])
    return Identity(uid, gid, entry[5] if entry else "/")


def _table(path: Path) -> dict[str, list[str]]:
    if not path.exists():
        return {}
    lines = (line.split(":") for line in path.read_text().splitlines() if ":" in line)
    return {fields[0]: fields for fields in lines}


def _become(root: Path, identity: Identity, cwd: str) -> Callable[[], None]:
    def become() -> None:
        os.chroot(root)
        os.chdir(cwd)
        os.umask(0o022)
        os.setgroups([])
        os.setgid(identity.gid)
        os.setuid(identity.uid)

    return become


def _prepare_mounts(root: Path, stack: ExitStack, cache: Cache) -> None:
    def mount(*arguments: str) -> None:
        _mount(*arguments)
        stack.callback(_run, "umount", "--recursive", arguments[-1])

    mount("-t", "proc", "proc", str(root / "proc"))
    mount("-t", "tmpfs", "-o", "mode=755", "tmpfs", str(root / "dev"))
    for name in _DEVICES:
        (root / "dev" / name).touch()
        _mount("--bind", f"/dev/{name}", str(root / "dev" / name))
    (root / "dev/shm").mkdir(mode=0o1777)
    (root / "dev/pts").mkdir()
    _mount("-t", "devpts", "-o", "newinstance,ptmxmode=0666", "devpts", str(root / "dev/pts"))
    (root / "dev/ptmx").symlink_to("pts/ptmx")
    (root / "dev/fd").symlink_to("/proc/self/fd")
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        (root / "dev" / name).symlink_to(f"/proc/self/fd/{number}")
    mount("-t", "tmpfs", "-o", "mode=755", "tmpfs", str(root / "run"))
    (root / "run/lock").mkdir(mode=0o1777)
    for name in ("etc/resolv.conf", "etc/hosts"):
        if (root / name).is_file():
            mount("--bind", f"/{name}", str(root / name))
    files = root / _STEP_FILES
    files.mkdir()
    for name in ("apt", "pip"):
        (files / name).mkdir()
        _mount("--bind", str(cache.download_directory(name)), str(files / name))
    (files / "apt/partial").mkdir(exist_ok=True)
    lists = root / "var/lib/apt/lists"
    if lists.is_dir():
        mount("--bind", str(cache.download_directory("apt-lists")), str(lists))
    (files / "apt.conf").write_text(f'Dir::Cache::archives "/{_STEP_FILES}/apt";\n')
    bundle = ca_bundle()
    if bundle is not None:
        shutil.copyfile(bundle, files / "ca.crt")
    if Path("/etc/pip.conf").is_file():
        shutil.copyfile("/etc/pip.conf", files / "pip.conf")


def ca_bundle() -> Path | None:
    """The machine's CA bundle, which may hold more than an image's own."""
    for variable in _CA_BUNDLE_VARIABLES:
        named = os.environ.get(variable)
        if named and Path(named).is_file():
            return Path(named)
    return Path(_SYSTEM_CA_BUNDLE) if Path(_SYSTEM_CA_BUNDLE).is_file() else None


def _step_environment(root: Path) -> dict[str, str]:
    found = {name: os.environ[name] for name in _NETWORK_VARIABLES if name in os.environ}
    found |= {
        "APT_CONFIG": f"/{_STEP_FILES}/apt.conf",
        "DEBIAN_FRONTEND": "noninteractive",
        "PIP_BREAK_SYSTEM_PACKAGES": "1",
        "PIP_CACHE_DIR": f"/{_STEP_FILES}/pip",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_ROOT_USER_ACTION": "ignore",
    }
    if (root / _STEP_FILES / "ca.crt").exists():
        found |= dict.fromkeys(_CA_BUNDLE_VARIABLES, f"/{_STEP_FILES}/ca.crt")
    if (root / _STEP_FILES / "pip.conf").exists():
        found["PIP_CONFIG_FILE"] = f"/{_STEP_FILES}/pip.conf"
    return found


def _mount(*arguments: str) -> None:
    _run("mount", *arguments)


def _run(*argv: str) -> None:
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(argv)}: {done.stderr.decode(errors='replace').strip()}")
