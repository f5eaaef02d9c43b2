"""What this host can do, detected once: each ability answers with the reason why not, or ''."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from functools import cache, partial
from pathlib import Path
from typing import Final

REPOSITORY: Final = Path(__file__).resolve().parents[2]

BUILD_ENVIRONMENT: Final = dict(os.environ)
"""The caller's environment, before tests get theirs: for builds whose cache outlives a test."""

_NOBODY: Final = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")


def _program(name: str, *probe: str) -> str:
    if shutil.which(name) is None:
        return f"{name} is not installed"
    return _answers(name, *probe) if probe else ""


def _answers(*argv: str) -> str:
    try:
        done = subprocess.run(
            argv, stdin=subprocess.DEVNULL, capture_output=True, timeout=30, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as err:
        return f"{' '.join(argv)}: {err}"
    if done.returncode == 0:
        return ""
    return f"{' '.join(argv)}: {done.stderr.decode(errors='replace').strip()[-300:]}"


def _root() -> str:
    return "" if os.geteuid() == 0 else "not root"


def _userns() -> str:
    """Accounts can be made, and an ordinary one can map ids into a user namespace."""
    return (
        _root()
        or _program("useradd")
        or _program("newuidmap")
        or _program("setpriv")
        or _answers(*_NOBODY, "unshare", "--user", "--map-root-user", "true")
    )


def _bases() -> str:
    if not (REPOSITORY / "scripts/bases.py").exists():
        return "scripts/bases.py is missing"
    return _root() or _program("mmdebstrap")


ABILITIES: Final[Mapping[str, Callable[[], str]]] = {
    "apparmor": partial(_program, "apparmor_parser"),
    "bases": _bases,
    "buildah": partial(_program, "buildah"),
    "chromium": partial(_program, "chromium", "--version"),
    "compose": partial(_program, "docker-compose"),
    "docker": partial(_program, "docker", "info"),
    "mmdebstrap": partial(_program, "mmdebstrap"),
    "nginx": partial(_program, "nginx"),
    "openssl": partial(_program, "openssl"),
    "podman": partial(_program, "podman"),
    "registry": partial(_program, "docker-registry"),
    "root": _root,
    "runc": partial(_program, "runc", "--version"),
    "skopeo": partial(_program, "skopeo"),
    "strace": partial(_program, "strace"),
    "userns": _userns,
}


@cache
def why_not(ability: str) -> str:
    """Why this host lacks the ability, or an empty string where it has it.

    Raises: KeyError for a name that is no ability, so that a typing error cannot skip a test.
    """
    return ABILITIES[ability]()


def required() -> bool:
    """Whether a missing ability, and any other skip, is a failure: so it is in CI."""
    return os.environ.get("CI") == "true" or os.environ.get("JETTISON_REQUIRE_ALL") == "1"


if __name__ == "__main__":
    for name in ABILITIES:
        sys.stdout.write(f"{name:12} {why_not(name) or 'yes'}\n")
