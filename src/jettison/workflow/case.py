"""What is at hand once the original has run, and once something was made of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from jettison.build.image import BuiltImage
from jettison.digest import Digest
from jettison.image import Image
from jettison.selection import Selection
from jettison.store.rootfs import StackedRootFS
from jettison.transport.schemes import parse_target
from jettison.workflow.naming import plain_name, slimmed_name
from jettison.workflow.packages import Packages
from jettison.workflow.requests import SlimRequest
from jettison.workflow.watching import Observation


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """An original, what its run showed, and the filter that was made from that.

    Shape: `digest` is what the place that it came from knows it by.
    """

    request: SlimRequest
    image: Image
    digest: Digest
    rootfs: StackedRootFS
    packages: Packages
    seen: Observation
    seccomp: dict[str, Any] = field(hash=False)

    @property
    def name(self) -> str:
        """What the profiles are called after."""
        return plain_name(parse_target(self.request.source.target))

    @property
    def slimmed_name(self) -> str:
        """What the slimmed image is called, wherever it goes."""
        return slimmed_name(parse_target(self.request.source.target), self.request.tag)


@dataclass(frozen=True, slots=True, kw_only=True)
class Slimmed:
    """A slimmed image: why it has what it has, as it was built, and read back; from 1 up.

    Shape: the layers of `built` are not packed yet.
    """

    number: int
    selection: Selection
    built: BuiltImage
    rootfs: StackedRootFS
