"""A Debian base layer from packages, as the images on public registries have it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from imagebuild.builder import Builder, Stage
from imagebuild.sandbox import in_user_namespace

SUITE = "bookworm"
_ENV = ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]
_APT_SOURCES = Path("/etc/apt")

_SOURCES = """\
Types: deb
URIs: {mirror}
Suites: {suite} {suite}-updates
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: {security}
Suites: {suite}-security
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
"""


def find_mirrors(directory: Path = _APT_SOURCES) -> dict[str, str]:
    """Where this machine's apt gets each suite from, by suite; JETTISON_MIRROR goes before.

    Shape: JETTISON_MIRROR is the address of `debian`; beside it stands `debian-security`.
    """
    own = os.environ.get("JETTISON_MIRROR", "").rstrip("/")
    if own:
        return {SUITE: own, f"{SUITE}-security": f"{own}-security"}
    found: dict[str, str] = {}
    files = [directory / "sources.list", *sorted((directory / "sources.list.d").glob("*"))]
    for file in files:
        text = file.read_text(errors="replace") if file.is_file() else ""
        for line in re.finditer(r"^deb(?: \[[^]]*\])? (\S+) (\S+)", text, re.MULTILINE):
            found.setdefault(line[2], line[1])
        for stanza in re.split(r"\n\s*\n", text):
            uris = re.search(r"^URIs: *(\S+)", stanza, re.MULTILINE)
            suites = re.search(r"^Suites: *(.+)$", stanza, re.MULTILINE)
            for suite in suites[1].split() if uris and suites else ():
                found.setdefault(suite, uris[1] if uris else "")
    return found


def _sources() -> str:
    mirrors = find_mirrors()
    try:
        mirror, security = mirrors[SUITE], mirrors[f"{SUITE}-security"]
    except KeyError as missing:
        raise SystemExit(
            f"apt on this machine has no source for {missing}; name one: "
            "JETTISON_MIRROR=http://.../debian"
        ) from None
    return _SOURCES.format(mirror=mirror, security=security, suite=SUITE)


# What Debian's own image builder puts in: no package archives and indexes in layers, and no
# fsync for each file.
_APT = "etc/apt/apt.conf.d"
_CONFIG_FILES = {
    f"{_APT}/docker-autoremove-suggests": 'Apt::AutoRemove::SuggestsImportant "false";\n',
    f"{_APT}/docker-clean": 'Dir::Cache::pkgcache "";\nDir::Cache::srcpkgcache "";\n',
    f"{_APT}/docker-no-languages": 'Acquire::Languages "none";\n',
    "etc/dpkg/dpkg.cfg.d/docker-apt-speedup": "force-unsafe-io\n",
    "usr/sbin/policy-rc.d": "#!/bin/sh\nexit 101\n",
    "etc/resolv.conf": "",
    "etc/hosts": "127.0.0.1\tlocalhost\n",
    "etc/hostname": "localhost\n",
}
_EXECUTABLE = ("usr/sbin/policy-rc.d",)

_SLIM = """\
path-exclude /usr/share/doc/*
path-include /usr/share/doc/*/copyright
path-exclude /usr/share/groff/*
path-exclude /usr/share/info/*
path-exclude /usr/share/linda/*
path-exclude /usr/share/lintian/*
path-exclude /usr/share/locale/*
path-exclude /usr/share/man/*
"""
# Logs and caches of the installation itself; /dev and its kin are the container's business.
_EMPTIED = ("dev", "proc", "sys", "run", "tmp", "var/cache/apt", "var/lib/apt/lists", "var/log/apt")
_REMOVED = ("var/log/dpkg.log", "var/log/bootstrap.log", "var/log/alternatives.log")


def debian(builder: Builder, *, slim: bool) -> Stage:
    """`debian:bookworm` or `debian:bookworm-slim`."""
    stage = Stage()
    recipe = (_sources(), _CONFIG_FILES, _SLIM if slim else "", _EMPTIED, _REMOVED)
    created_by = f"# debian.sh --arch 'amd64' out/ '{SUITE}{'-slim' if slim else ''}'"
    builder.add_layer(
        stage, created_by, recipe, lambda root, building: _bootstrap(root, building, slim=slim)
    )
    stage.history[-1]["comment"] = "debuerreotype"
    stage.config = {"Env": list(_ENV), "Cmd": ["bash"]}
    return stage


def _bootstrap(root: Path, building: Path, *, slim: bool) -> None:
    if shutil.which("mmdebstrap") is None:
        raise SystemExit("mmdebstrap was not found; install it: apt-get install mmdebstrap")
    sources = building / "debian.sources"
    sources.write_text(_sources())
    options = ["--quiet", "--variant=minbase", "--mode=root", "--format=dir"]
    if slim:
        options += [f"--dpkgopt={line.replace(' ', '=', 1)}" for line in _SLIM.splitlines()]
    options += ["--dpkgopt=force-unsafe-io", '--aptopt=Acquire::Languages "none"']
    if in_user_namespace():
        options.append("--skip=chroot/mount/sys")
    argv = ["mmdebstrap", *options, SUITE, str(root), str(sources)]
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=sys.stderr, check=False)
    if done.returncode != 0:
        raise SystemExit(f"mmdebstrap ended with status {done.returncode}")
    for name in _EMPTIED:
        for path in (root / name).iterdir() if (root / name).is_dir() else ():
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    for name in _REMOVED:
        (root / name).unlink(missing_ok=True)
    for name, content in _CONFIG_FILES.items():
        path = root / name
        path.unlink(missing_ok=True)
        path.write_text(content)
        path.chmod(0o755 if name in _EXECUTABLE else 0o644)
    root.chmod(0o755)
