"""Where built layers, layouts and downloads are kept between runs, outside the repository."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

PLACE = "JETTISON_BASES"


@dataclass(frozen=True)
class Layer:
    """One layer of the cache: `files` in overlayfs format, `blob` as a gzip tar."""

    key: str
    directory: Path
    diff_id: str
    digest: str
    size: int

    @property
    def files(self) -> Path:
        """Whiteouts are character devices 0:0, opaque directories carry overlayfs's attribute."""
        return self.directory / "fs"

    @property
    def blob(self) -> Path:
        """The layer as an image stores it."""
        return self.directory / "layer.tar.gz"


@dataclass(frozen=True)
class Cache:
    """A directory of its own; a layer appears in it by rename, whole."""

    root: Path

    @classmethod
    def default(cls) -> Cache:
        """JETTISON_BASES, or /var/cache/jettison-bases for root, or the user's own cache."""
        named = os.environ.get(PLACE)
        if named:
            return cls(Path(named))
        if os.geteuid() == 0:
            return cls(Path("/var/cache/jettison-bases"))
        home = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
        return cls(Path(home) / "jettison-bases")

    def download_directory(self, name: str) -> Path:
        """A directory for what one tool downloads, such as `apt` or `pip`."""
        directory = self.root / "downloads" / name
        directory.mkdir(parents=True, exist_ok=True)
        return directory

    @contextmanager
    def lock(self, key: str) -> Iterator[None]:
        """Hold the right to build `key`: two test workers may want the same image at once."""
        locks = self.root / "locks"
        locks.mkdir(parents=True, exist_ok=True)
        with (locks / key).open("w") as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            yield

    def find(self, key: str) -> Layer | None:
        """The finished layer of this key."""
        directory = self.root / "layers" / key
        try:
            facts = json.loads((directory / "layer.json").read_text())
        except FileNotFoundError:
            return None
        return Layer(directory=directory, **facts)

    @contextmanager
    def new_layer(self, key: str) -> Iterator[Path]:
        """A directory to build the layer in; gone again if the block fails."""
        directory = self.root / "layers" / f".{key}.{os.getpid()}"
        shutil.rmtree(directory, ignore_errors=True)
        (directory / "fs").mkdir(parents=True)
        try:
            yield directory
        finally:
            shutil.rmtree(directory, ignore_errors=True)

    def keep(self, building: Path, layer: Layer) -> Layer:
        """Make a finished layer findable."""
        facts = asdict(layer)
        del facts["directory"]
        (building / "layer.json").write_text(json.dumps(facts))
        place = self.root / "layers" / layer.key
        building.rename(place)
        return Layer(**(asdict(layer) | {"directory": place}))


def key_of(*parts: object) -> str:
    """A short name for everything that a layer depends on."""
    text = json.dumps(parts, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:20]
