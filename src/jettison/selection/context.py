"""What every rule works over: the image, the trace, the keeper, and facts computed on demand."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, Protocol

from jettison.analysis.base_layers import find_last_base_layer
from jettison.analysis.ownership import Ownership
from jettison.analysis.programs import SearchPath
from jettison.filetree import FileTree, RootFS
from jettison.image import ImageConfig
from jettison.paths import ImagePath
from jettison.selection.facts import Facts
from jettison.selection.keeper import Keeper
from jettison.selection.model import Bytecode, LayerRole, Policy, SelectionOptions
from jettison.trace import TraceLog

# What an image calls a script or a record may be a disk image: nothing is read beyond this.
MAX_READ_BYTES: Final = 64 << 20

_STANDARD_LIBRARY: Final = re.compile(r".*/(?:python|pypy)3[^/]*/os\.pyc?")


class KeepRule(Protocol):
    """One rule at work on one image. Rules are made once per decision, from the context.

    `apply` keeps, through `context.keeper`, what the rule wants given all that is kept so far; the
    rules are applied in turn until none keeps anything new, so a rule remembers how much of
    `keeper.journal` it has seen. `finish` runs once after that, in the order of the rules: it turns
    kept paths into other forms (byte code, cut records) and must not keep anything that needs
    further analysis.
    """

    def apply(self) -> None:
        """Keep what follows from what is kept so far."""

    def finish(self) -> None:
        """Write what depends on the whole."""


@dataclass(kw_only=True)
class Context:
    """One decision in the making.

    Shape: `keeper` takes kept paths. During `apply` a kept `.py` means "this module is reached"; in
    `finish` the Python rule releases sources that leave and lists their `bytecode`. `rewritten`,
    `roles`, `notices` become those of the Selection. `dropped` tells why a path that somebody may
    miss was left out. `matched` collects those `--keep-package` and `--keep-module` names that
    some rule found. `yours` are the files that the image's author added, kept or not.
    """

    rootfs: RootFS
    config: ImageConfig
    trace: TraceLog
    options: SelectionOptions
    keeper: Keeper
    facts: Facts
    bytecode: list[Bytecode] = field(default_factory=list)
    rewritten: dict[ImagePath, bytes] = field(default_factory=dict)
    roles: dict[ImagePath, LayerRole] = field(default_factory=dict)
    notices: list[str] = field(default_factory=list)
    dropped: dict[ImagePath, str] = field(default_factory=dict)
    matched: set[str] = field(default_factory=set)
    yours: set[ImagePath] = field(default_factory=set)

    @property
    def tree(self) -> FileTree:
        """Every entry of the image."""
        return self.rootfs.tree

    @property
    def is_closure(self) -> bool:
        """Whether more than what was observed and its direct needs is wanted."""
        return self.options.policy is not Policy.OBSERVED

    @cached_property
    def env(self) -> dict[str, str]:
        """The environment that the image's config sets."""
        return dict(self.config.env)

    @cached_property
    def working_dir(self) -> ImagePath:
        """Where the command starts."""
        return ImagePath.parse(self.config.working_dir or "/")

    @cached_property
    def search_path(self) -> SearchPath:
        """Where the image's processes look for programs."""
        return SearchPath.of(self.env, self.working_dir)

    @property
    def ownership(self) -> Ownership:
        """The OS packages and their files."""
        return self.facts.ownership

    @property
    def python_scripts(self) -> frozenset[ImagePath]:
        """Files outside of site-packages that Python distributions installed."""
        return self.facts.python_scripts

    @cached_property
    def python_areas(self) -> frozenset[str]:
        """Directories full of Python itself, a virtual environment, or distributions."""
        found: set[str] = set()
        for path in self.tree:
            name = path.rpartition("/")[2]
            if name in ("site-packages", "dist-packages"):
                found.add(path)
            elif name in ("pyvenv.cfg", "conda-meta") or (
                name in ("os.py", "os.pyc") and _STANDARD_LIBRARY.fullmatch(path)
            ):
                found.add(path.parent)
        return frozenset(found - {"/"})

    @cached_property
    def conda_prefixes(self) -> tuple[str, ...]:
        """Prefixes that conda, mamba and their kin manage."""
        return tuple(
            sorted(area for area in self.python_areas if f"{area}/conda-meta" in self.tree)
        )

    @cached_property
    def dependency_areas(self) -> tuple[str, ...]:
        """Directories that installers of distributions write into; each ends with a slash."""
        return tuple(
            f"{area}/"
            for area in sorted(self.python_areas)
            if area.endswith(("/site-packages", "/dist-packages"))
            or f"{area}/pyvenv.cfg" in self.tree
        )

    @cached_property
    def last_base_layer(self) -> int:
        """Layers above this one are the author's."""
        return find_last_base_layer(self.tree, self.config)

    def read(self, path: str, *, limit: int = MAX_READ_BYTES) -> bytes | None:
        """The bytes of the regular file that a look-up of `path` leads to, up to `limit`.

        Returns None if there is no such file.
        """
        found = self.tree.resolve(path)
        if found.entry is None or not found.entry.is_file:
            return None
        with self.rootfs.open(found.path) as stream:
            return stream.read(limit)
