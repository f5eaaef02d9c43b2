"""Base images and sample apps as OCI layouts, built once and cached outside the repository."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from support.abilities import BUILD_ENVIRONMENT, REPOSITORY

# The first build of a base takes minutes; another worker may be at it already.
_BUILD_S = 900.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleApp:
    """A built app: its layout, and what is probed and what is only checked afterwards.

    Shape: `probes` is a probe file or None; `unprobed` is for the referee.
    """

    name: str
    layout: Path
    probes: Path | None
    unprobed: Path

    @property
    def target(self) -> str:
        """What `jettison slim` takes."""
        return f"oci:{self.layout}"


@cache
def build_base(name: str) -> Path:
    """The layout of `debian-slim`, `slim`, `full` or `official`; needs `bases`."""
    return _build(name)


@cache
def build_app(name: str, base: str = "") -> SampleApp:
    """The app in tests/apps/`name`, on `base` or on what its Dockerfile names; needs `bases`.

    `flask_sample` is the one in examples/flask-sample.
    """
    checks = REPOSITORY / "tests/apps" / name
    source = checks if (checks / "Dockerfile").exists() else _example(name)
    arguments = ["--base", base] if base else []
    probes = checks / "probes.yaml"
    return SampleApp(
        name=name,
        layout=_build(str(source), *arguments),
        probes=probes if probes.exists() else None,
        unprobed=checks / "unprobed.yaml",
    )


@cache
def build_directory(directory: Path) -> Path:
    """The layout of what the Dockerfile in a directory makes; needs `bases`."""
    return _build(str(directory))


def load_into(engine: str, app: SampleApp, name: str) -> str:
    """Give the app to `docker` or `podman` under `name`, and return that name."""
    _script("--load-layout", str(app.layout), f"--{engine}", name)
    return name


def _example(name: str) -> Path:
    return REPOSITORY / "examples" / name.replace("_", "-")


def _build(*arguments: str) -> Path:
    return Path(_script(*arguments).splitlines()[-1])


def _script(*arguments: str) -> str:
    argv = [sys.executable, str(REPOSITORY / "scripts/bases.py"), *arguments]
    # Not the test's own environment: the cache is to outlive the test.
    done = subprocess.run(
        argv,
        env=BUILD_ENVIRONMENT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_BUILD_S,
        check=False,
    )
    assert done.returncode == 0, f"{argv}:\n{done.stderr[-4000:]}"
    return done.stdout
