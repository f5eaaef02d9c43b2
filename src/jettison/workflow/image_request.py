"""Which image a verb is asked about: for verbs that run nothing, and so need no other request."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from jettison.filetree.tarstream import UnpackLimits
from jettison.image import Platform


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRequest:
    """Which image for which platform, and what reading it may cost.

    Shape: `store` is where unpacked layers are kept; `platform_asked` says that the user named the
    platform, and that it is not only this host's; `insecure` as in `Target`.
    """

    target: str
    platform: Platform
    limits: UnpackLimits
    store: Path
    platform_asked: bool = False
    insecure: bool = False
