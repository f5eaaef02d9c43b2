"""Find and read what lint looks at: Dockerfiles, their contexts, manifests."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from jettison.errors import UsageError
from jettison.lint.context import Context
from jettison.lint.manifests import is_compose

_DOCKERFILE: Final = re.compile(
    r"(?:Dockerfile|Containerfile)(?:[.-][\w.-]+)?\Z|[\w.-]+\.(?:dockerfile|containerfile)\Z", re.I
)
_NOT_DOCKERFILE: Final = re.compile(r"\.(?:dockerignore|containerignore|md|py|j2|jinja2?|tmpl)\Z")
_PASSED_OVER: Final = frozenset(
    {".git", ".hg", ".svn", "node_modules", "__pycache__", ".tox", ".nox", ".mypy_cache"}
)
_MAX_TEXT_BYTES: Final = 1 << 20
_MOST_FILES: Final = 200_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What there is to lint; paths as they are shown."""

    dockerfiles: tuple[str, ...]
    manifests: tuple[str, ...]


class Files:
    """Files as they are, and as fixes would have them; paths as they are shown.

    Shape: `changed` has the new text of those that a fix has touched.
    """

    def __init__(self) -> None:
        self.changed: dict[str, str] = {}
        self._names: dict[Path, tuple[str, ...]] = {}

    def bytes_of(self, file: str) -> bytes | None:
        """A file's bytes; None where there is none, or it is no file, or far too long."""
        if file in self.changed:
            return self.changed[file].encode()
        try:
            with Path(file).open("rb") as opened:
                raw = opened.read(_MAX_TEXT_BYTES + 1)
        except OSError:
            return None
        return raw if len(raw) <= _MAX_TEXT_BYTES else None

    def text(self, file: str) -> str | None:
        """A file's text; None where it is not UTF-8, too."""
        raw = self.bytes_of(file)
        if raw is None or b"\0" in raw:
            return None
        try:
            return raw.decode()
        except UnicodeDecodeError:
            return None

    def texts(self, files: Iterator[str]) -> Mapping[str, str]:
        """Those that can be read."""
        return {file: text for file in files if (text := self.text(file)) is not None}

    def context(self, directory: Path, dockerfile: str) -> Context:
        """A directory as the build context of a Dockerfile."""
        names = set(self._listed(directory))
        prefix = "" if directory == Path() else f"{directory.as_posix()}/"
        for file in self.changed:
            if file.startswith(prefix):
                names.add(file.removeprefix(prefix))
        return Context(
            frozenset(names),
            lambda path: self.text(f"{prefix}{path}"),
            prefix=prefix,
            dockerfile=dockerfile.removeprefix(prefix),
        )

    def _listed(self, directory: Path) -> tuple[str, ...]:
        found = self._names.get(directory)
        if found is None:
            found = tuple(path.relative_to(directory).as_posix() for path in walk(directory))
            self._names[directory] = found
        return found


def walk(directory: Path) -> Iterator[Path]:
    """The files below a directory, environments and histories passed over.

    Raises: UsageError where there are far too many.
    """
    count = 0
    for root, directories, names in os.walk(directory):
        here = Path(root)
        directories[:] = sorted(
            name
            for name in directories
            if name not in _PASSED_OVER and not (here / name / "pyvenv.cfg").exists()
        )
        for name in sorted(names):
            count += 1
            if count > _MOST_FILES:
                raise UsageError(
                    f"{directory} has more than {_MOST_FILES} files",
                    hint="name the directory of the app itself, or its Dockerfile",
                )
            yield here / name


def find(paths: tuple[Path, ...]) -> Found:
    """The Dockerfiles and manifests that some files and directories are or hold.

    Raises: UsageError for a path that is not there, and for a directory without any.
    """
    dockerfiles: dict[str, None] = {}
    manifests: dict[str, None] = {}
    for path in paths:
        if path.is_file():
            kind = manifests if path.suffix in (".yaml", ".yml") else dockerfiles
            kind[path.as_posix()] = None
            continue
        if not path.is_dir():
            raise UsageError(
                f"{path}: there is no such file or directory",
                hint="name a Dockerfile, a directory, or an image as docker:NAME or oci:DIR",
            )
        here = len(dockerfiles) + len(manifests)
        for file in walk(path):
            name = file.name
            if _DOCKERFILE.match(name) and not _NOT_DOCKERFILE.search(name):
                dockerfiles[file.as_posix()] = None
            elif file.suffix in (".yaml", ".yml") and _is_manifest(file):
                manifests[file.as_posix()] = None
        if len(dockerfiles) + len(manifests) == here:
            raise UsageError(
                f"{path}: no Dockerfile, no compose file and no Kubernetes manifest in there",
                hint="jettison init writes them",
            )
    return Found(dockerfiles=tuple(dockerfiles), manifests=tuple(manifests))


def _is_manifest(file: Path) -> bool:
    if is_compose(file.name):
        return True
    try:
        with file.open("rb") as opened:
            raw = opened.read(_MAX_TEXT_BYTES + 1)
    except OSError:
        return False
    is_kubernetes = re.search(rb"^apiVersion:", raw, re.MULTILINE) is not None
    # Templates of Helm are no YAML before they are filled in.
    return is_kubernetes and len(raw) <= _MAX_TEXT_BYTES and b"{{" not in raw
