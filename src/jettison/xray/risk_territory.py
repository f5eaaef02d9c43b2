"""Which files secrets are looked for in, and how closely: one's own more than a distribution's."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from jettison.analysis.inventory import Inventory, PackageType
from jettison.analysis.secrets import Scope
from jettison.filetree import FileTree
from jettison.paths import ImagePath

# Never text, or nothing that a person wrote: not opened at all.
_BINARY: Final = (
    ".so .a .o .ko .png .jpg .jpeg .gif .webp .ico .bmp .tiff .woff .woff2 .ttf .otf .eot .gz .xz"
    " .bz2 .zst .lz4 .zip .whl .egg .jar .tar .tgz .rpm .deb .mo .gmo .npy .npz .h5 .parquet"
    " .wasm .dll .exe .pyd .mp3 .mp4 .ogg .wav .webm .pdf .qm"
)
_BINARY_SUFFIXES: Final = frozenset(_BINARY.split())
_SETTINGS_NAME: Final = re.compile(
    r"(?:\.env(?:\..+)?|.+\.(?:env|ini|cfg|conf|config|properties|ya?ml|toml|sh|bash|rc|tfvars|envrc)"
    r"|\.(?:netrc|pypirc|npmrc|pgpass|my\.cnf|s3cfg|boto|gitconfig|git-credentials|bashrc|profile"
    r"|bash_history|python_history|htpasswd|dockercfg)|credentials|environment|docker-entrypoint.*"
    r"|Dockerfile.*|Makefile)\Z"
)
_TEST_DATA: Final = re.compile(
    r"/(?:tests?|testing|testdata|test_?\w*data|tests?_\w+|\w+_tests?|testsuite|vectors|fixtures?"
    r"|examples?|samples?|demos?|docs?|documentation|benchmarks?|conftest\.py)(?:/|\.py\Z|\Z)"
)
_SITE_PACKAGES: Final = re.compile(r"/(?:site|dist)-packages/")
_STANDARD_LIBRARY: Final = re.compile(r"(?P<library>.*/lib(?:64)?/python[23]\.\d+)/")
_DISTRIBUTION: Final = re.compile(
    r"/(?:usr/(?:lib\w*|share|bin|sbin|include|src)|var/lib|lib\w*|s?bin)/"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A file of a layer; `is_hidden` says that a later layer deletes or replaces it."""

    path: ImagePath
    layer: int
    is_hidden: bool


@dataclass(slots=True)
class Territory:
    """Whose a file is, seen or hidden."""

    tree: FileTree
    inventory: Inventory | None
    _libraries: dict[str, int] = field(default_factory=dict)

    def scope(self, place: Place) -> Scope | None:
        """How much is looked for in a file; None for those that are not read.

        An OS package's files are passed over where the layer that brought them is not above the
        package's own, save for those below /etc, which are there to be changed; a file that a
        later layer puts in the place of one is read. Other packages' files, and hidden ones where
        packages keep theirs, are searched for what is certain alone.
        """
        path = place.path
        if path.suffix.lower() in _BINARY_SUFFIXES or ".so." in path.name:
            return None
        package = self.inventory.find_owner(path) if self.inventory is not None else None
        if package is not None and place.layer <= package.layer:
            if package.type is PackageType.PYTHON:
                return Scope.TOKENS if path.suffix != ".pyc" else None
            return Scope.TOKENS if path.startswith("/etc/") else None
        if package is None and self._is_shipped(place):
            return Scope.TOKENS if path.suffix != ".pyc" else None
        if path.suffix == ".pyc":
            # Constants stand in byte code as they are; where the source is there, it is enough.
            return None if self._has_source(place) else Scope.TOKENS
        return Scope.SETTINGS if _SETTINGS_NAME.match(path.name) else Scope.CODE

    def is_test_data(self, path: str) -> bool:
        """Whether keys and tokens here are there to be tested with, in packages' files."""
        return _TEST_DATA.search(path) is not None

    def _is_shipped(self, place: Place) -> bool:
        """Whether a file that no package owns was not written for this image either."""
        path = place.path
        if match := _STANDARD_LIBRARY.match(path):
            if not _SITE_PACKAGES.search(path):
                return place.layer <= self._library_layer(match["library"])
            return place.is_hidden
        return place.is_hidden and _DISTRIBUTION.match(path) is not None

    def _library_layer(self, library: str) -> int:
        """The layer of an interpreter's standard library, -1 where this is none."""
        if library not in self._libraries:
            found = self.tree.find(f"{library}/os.py") or self.tree.find(f"{library}/os.pyc")
            self._libraries[library] = found.layer if found is not None else -1
        return self._libraries[library]

    def _has_source(self, place: Place) -> bool:
        directory, _, name = place.path.rpartition("/")
        directory = directory.removesuffix("/__pycache__")
        return f"{directory}/{name.partition('.')[0]}.py" in self.tree
