"""Platforms: operating system, architecture and variant."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from jettison.errors import UsageError

_ALIASES: Final = {
    "x86_64": "amd64",
    "x86-64": "amd64",
    "aarch64": "arm64",
    "armv7l": "arm",
    "armhf": "arm",
    "i386": "386",
    "i686": "386",
}


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Platform:
    """Such as linux/amd64 or linux/arm/v7.

    Source: OCI image-spec 1.1, "Image Index", platform.
    """

    os: str
    architecture: str
    variant: str = ""

    @classmethod
    def parse(cls, text: str) -> Platform:
        """Parse `os/architecture[/variant]`; `x86_64` and `aarch64` are understood.

        Raises: UsageError for anything else.
        """
        if not re.fullmatch(r"[a-z0-9_.-]+/[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)?", text):
            raise UsageError(
                f"platform {text!r} is not OS/ARCHITECTURE[/VARIANT]", hint="try linux/amd64"
            )
        system, architecture, *variant = text.split("/")
        return cls(
            os=system,
            architecture=_ALIASES.get(architecture.lower(), architecture.lower()),
            variant=variant[0] if variant else "",
        )

    @classmethod
    def of_machine(cls, machine: str) -> Platform:
        """The Linux platform of a `uname -m`."""
        name = machine.lower()
        variant = "v7" if name == "armv7l" else ""
        return cls(os="linux", architecture=_ALIASES.get(name, name), variant=variant)

    def accepts(self, other: Platform) -> bool:
        """Whether an image for `other` is what was asked for; an unset variant takes any."""
        same = (self.os, self.architecture) == (other.os, other.architecture)
        # arm64 means arm64/v8: image indexes carry either spelling.
        ours, theirs = self.variant, other.variant
        if self.architecture == "arm64":
            ours, theirs = ours or "v8", theirs or "v8"
        return same and (not ours or not theirs or ours == theirs)

    def __str__(self) -> str:
        text = "/".join(part for part in (self.os, self.architecture, self.variant) if part)
        # An image may have a terminal do anything here; that is for whoever reads the config.
        return text if text.isprintable() else text.encode("unicode_escape").decode()
