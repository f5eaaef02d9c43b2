#!/usr/bin/env python3
"""Build base images and sample apps as OCI layouts, from Debian packages, without any engine.

    python scripts/bases.py slim                          # a base; prints its layout's path
    python scripts/bases.py tests/apps/flask_sample       # an app: a directory with a Dockerfile
    python scripts/bases.py examples/flask-sample --base official
    python scripts/bases.py examples/flask-sample --base docker:python:3.12 --docker sample:1

Everything is cached outside the repository, by recipe and sources; see `--help`.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from imagebuild.builder import Builder, Stage
from imagebuild.cache import Cache
from imagebuild.debian import debian
from imagebuild.layout import import_base, load_into_docker, load_into_podman, write_layout
from imagebuild.sandbox import enter_namespaces

_REPOSITORY = Path(__file__).resolve().parents[1]
_RECIPES = _REPOSITORY / "examples/bases"


def main() -> None:
    """Build what the command line names and print the path of its layout."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "target", help="a base (slim, full, official, debian, debian-slim) or a directory"
    )
    parser.add_argument("--base", default="", help="stands for every python:* that FROM names")
    parser.add_argument(
        "--load-layout", action="store_true", help="the target is a finished layout; only load it"
    )
    parser.add_argument("--docker", metavar="NAME", help="also load it into the Docker Engine")
    parser.add_argument("--podman", metavar="NAME", help="also load it into Podman")
    options = parser.parse_args()
    if options.load_layout:
        load(Path(options.target), options)
        return
    cache = Cache.default()
    try:
        cache.root.mkdir(parents=True, exist_ok=True)
    except OSError as err:
        raise SystemExit(
            f"{cache.root}: {err.strerror}; name another place in JETTISON_BASES"
        ) from err
    enter_namespaces(cache)
    os.umask(0o022)
    layout = build(cache, options.target, options.base)
    load(layout, options)
    print(layout)


def load(layout: Path, options: argparse.Namespace) -> None:
    """Give a layout to the engines that were named."""
    if options.docker:
        load_into_docker(layout, options.docker)
    if options.podman:
        load_into_podman(layout, options.podman)


def build(cache: Cache, target: str, base: str) -> Path:
    """The layout of a base by its name, or of an app by its directory."""
    resolver = _Resolver(cache, base)
    if (Path(target) / "Dockerfile").is_file():
        stage = Builder(cache, resolver).build(Path(target))
        return write_layout(cache, Path(target).resolve().name.replace("_", "-"), stage)
    return write_layout(cache, target, resolver.named(target))


class _Resolver:
    """Finds what FROM names: Debian itself, our bases, and for python:* whatever was chosen."""

    def __init__(self, cache: Cache, base: str) -> None:
        self._cache = cache
        self._base = base

    def __call__(self, reference: str) -> Stage:
        name, _, tag = reference.partition(":")
        if name == "debian":
            return self.named("debian-slim" if tag.endswith("-slim") else "debian")
        if name != "python":
            raise SystemExit(f"FROM {reference}: only python:* and debian:* can be built here")
        return self.named(self._base or ("slim" if "slim" in tag else "full"))

    def named(self, name: str) -> Stage:
        """The stage of one of our bases, or of somebody else's image."""
        builder = Builder(self._cache, self)
        if name in ("debian", "debian-slim"):
            return debian(builder, slim=name == "debian-slim")
        if (_RECIPES / name / "Dockerfile").is_file():
            return builder.build(_RECIPES / name)
        return import_base(self._cache, name)


if __name__ == "__main__":
    main()
