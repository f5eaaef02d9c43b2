"""Throw-away ordinary users, and running commands and jettison as one of them."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from support.abilities import REPOSITORY

_SUBID_COUNT: Final = 65536
_RUNTIME_IMPORTS: Final = "import jettison, msgspec, zstandard, typer, httpcore, docker, yaml"
_PASSED_ON: Final = ("PATH", "LANG", "TZ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """An ordinary user; `python` and `python_path` are readable for him."""

    name: str
    uid: int
    gid: int
    home: Path
    python: str
    python_path: str

    def env(self, extra: Mapping[str, str] | None = None) -> dict[str, str]:
        """An environment like that of a login, with caches and TMPDIR below his home."""
        given = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
        return {
            **given,
            "HOME": str(self.home),
            "USER": self.name,
            "LOGNAME": self.name,
            "XDG_CACHE_HOME": str(self.home / ".cache"),
            "XDG_RUNTIME_DIR": str(self.home / "run"),
            "TMPDIR": str(self.home / "tmp"),
            "PYTHONPATH": self.python_path,
            "PYTHONDONTWRITEBYTECODE": "1",
            **(extra or {}),
        }

    def argv(self, argv: Sequence[str]) -> list[str]:
        """`argv` run as this user, with his groups and without capabilities."""
        return [
            "setpriv",
            f"--reuid={self.uid}",
            f"--regid={self.gid}",
            "--init-groups",
            "--",
            *argv,
        ]

    def run(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        timeout_s: float = 120.0,
        check: bool = True,
    ) -> subprocess.CompletedProcess[str]:
        """Run to the end as this user, in his home.

        Raises: AssertionError on another status than 0, unless `check` is off.
        """
        done = subprocess.run(
            self.argv(argv),
            env=self.env(env),
            cwd=self.home,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )
        if check:
            assert done.returncode == 0, f"{argv}: status {done.returncode}\n{done.stderr}"
        return done

    def jettison(
        self, *arguments: str, env: Mapping[str, str] | None = None, timeout_s: float = 120.0
    ) -> subprocess.CompletedProcess[str]:
        """Run `jettison …` as this user; the status is the caller's to check."""
        program = "from jettison.cli.main import run; run()"
        return self.run(
            [self.python, "-c", program, *arguments], env=env, timeout_s=timeout_s, check=False
        )

    def give(self, path: Path) -> Path:
        """Make him owner of `path` and everything in it."""
        for found in (path, *path.rglob("*")):
            os.chown(found, self.uid, self.gid, follow_symlinks=False)
        return path


@contextmanager
def make_account(*, with_subids: bool) -> Iterator[Account]:
    """Make an account, with or without subordinate ids, and remove all of it afterwards."""
    name = f"jt-{secrets.token_hex(4)}"
    # /tmp and not a test's own directory: he must be able to reach it, and paths stay short.
    base = Path(tempfile.mkdtemp(prefix="jt-acct-", dir="/tmp"))
    base.chmod(0o755)
    # useradd hands out subordinate ids by itself where /etc/subuid exists; ask for none, so
    # that the account is the same on every host.
    no_subids = ("-K", "SUB_UID_COUNT=0", "-K", "SUB_GID_COUNT=0")
    home = base / "home"
    _run("useradd", *no_subids, "-m", "-d", str(home), "-s", "/bin/sh", name)
    try:
        entry = pwd.getpwnam(name)
        if with_subids:
            start = 1_000_000 + entry.pw_uid * _SUBID_COUNT
            ids = f"{start}-{start + _SUBID_COUNT - 1}"
            _run("usermod", "--add-subuids", ids, "--add-subgids", ids, name)
        python, python_path = _reachable_python(entry.pw_uid, base)
        made = Account(
            name=name,
            uid=entry.pw_uid,
            gid=entry.pw_gid,
            home=home,
            python=python,
            python_path=python_path,
        )
        for directory in (home / "run", home / "tmp", home / ".cache"):
            directory.mkdir(mode=0o700)
            made.give(directory)
        yield made
    finally:
        # userdel takes the lines in /etc/subuid and /etc/subgid away as well.
        _run("userdel", name)
        shutil.rmtree(base, ignore_errors=True)


def _reachable_python(uid: int, base: Path) -> tuple[str, str]:
    """An interpreter of our version and a PYTHONPATH with jettison that `uid` can read.

    A checkout or an interpreter may stand in a directory that only root may enter; then the
    code is copied, and the system's interpreter of the same version is taken.
    """
    site_packages = sysconfig.get_path("purelib")
    in_place = f"{REPOSITORY / 'src'}:{site_packages}"
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    pythons = (
        str(Path(sys.executable).resolve()),
        f"/usr/bin/{version}",
        f"/usr/local/bin/{version}",
    )
    for python in pythons:
        if not _works(uid, python, "", "import sys"):
            continue
        if _works(uid, python, in_place, _RUNTIME_IMPORTS):
            return python, in_place
        code = base / "code"
        if not code.exists():
            ignore = shutil.ignore_patterns("__pycache__", "mypy*", "ruff*", "pip*", "setuptools*")
            shutil.copytree(REPOSITORY / "src", code / "src", ignore=ignore)
            shutil.copytree(site_packages, code / "site-packages", ignore=ignore)
            _run("chmod", "-R", "go+rX", str(code))
        copied = f"{code / 'src'}:{code / 'site-packages'}"
        if _works(uid, python, copied, _RUNTIME_IMPORTS):
            return python, copied
    raise AssertionError(f"no {version} that an ordinary user can run; install it for everyone")


def _works(uid: int, python: str, python_path: str, program: str) -> bool:
    argv = ["setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups", python, "-c", program]
    env = {"PYTHONPATH": python_path, "PYTHONDONTWRITEBYTECODE": "1", "PATH": os.environ["PATH"]}
    done = subprocess.run(argv, env=env, cwd="/", capture_output=True, check=False)
    return done.returncode == 0


def _run(*argv: str) -> None:
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{argv}: {done.stderr}"
