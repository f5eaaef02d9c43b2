"""Which package each path of an image belongs to, and how many packages there are."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from jettison.analysis.ownership import Ownership
from jettison.analysis.python_interpreters import find_environments, find_interpreters
from jettison.analysis.python_packages import Distributions, read_distributions
from jettison.filetree import RootFS
from jettison.paths import ImagePath
from jettison.report.facts import PackageCounts
from jettison.selection.facts import Facts


class Packages:
    """The package records of one image, read when they are first asked for."""

    def __init__(self, rootfs: RootFS) -> None:
        self.facts = Facts(rootfs)
        self._rootfs = rootfs

    @property
    def _system(self) -> Ownership:
        return self.facts.ownership

    @cached_property
    def _python(self) -> Distributions:
        interpreters = find_interpreters(self._rootfs.tree)
        environments = find_environments(self._rootfs, interpreters)
        sites = {site: None for item in environments for site in item.site_dirs}
        return read_distributions(self._rootfs, tuple(sites))

    @property
    def counts(self) -> PackageCounts:
        """How many of each kind."""
        return PackageCounts(os=len(self._system.packages), python=len(self._python.items))

    def owner(self, path: ImagePath) -> str:
        """Such as `deb perl-base 5.36.0-7` or `python Flask 2.3.3`; empty for nobody's."""
        package = self._system.find_owner(path)
        if package is not None:
            return f"{package.kind} {package.name} {package.version}"
        distribution = self._python.owner(path)
        if distribution is not None:
            return f"python {distribution.title} {distribution.version}"
        return ""

    def distribution_files(self, path: ImagePath) -> Sequence[ImagePath]:
        """All paths of the Python distribution that a path belongs to, none if it has none."""
        distribution = self._python.owner(path)
        return distribution.files if distribution is not None else ()
