"""What is true of an image's files whatever was observed: read once, used by every decision."""

from __future__ import annotations

from functools import cached_property

from jettison.analysis.ownership import Ownership, find_installed_outside
from jettison.filetree import RootFS
from jettison.paths import ImagePath
from jettison.selection.python_facts import PythonFacts


class Facts:
    """Facts of one image, each read when it is first asked for."""

    def __init__(self, rootfs: RootFS, ownership: Ownership | None = None) -> None:
        self.rootfs = rootfs
        self._ownership = ownership

    @cached_property
    def ownership(self) -> Ownership:
        """The OS packages and their files."""
        return self._ownership or Ownership.read(self.rootfs)

    @cached_property
    def python_scripts(self) -> frozenset[ImagePath]:
        """Files outside of site-packages that Python distributions installed."""
        return find_installed_outside(self.rootfs)

    @cached_property
    def python(self) -> PythonFacts:
        """Interpreters, environments, distributions, modules."""
        return PythonFacts(self.rootfs)

    def read(self) -> None:
        """Read all of them now, in a thread that has nothing else to do."""
        _ = (self.ownership, self.python_scripts)
        for environment in self.python.environments():
            self.python.distributions(environment.site_dirs)
