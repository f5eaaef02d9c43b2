"""From what was typed of an image to what verbs are asked of it, without what running one takes."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from jettison.cli.options import BoundArguments, PlaceArguments
from jettison.errors import UsageError
from jettison.filetree.tarstream import UnpackLimits
from jettison.image import Platform
from jettison.workflow.image_request import SourceRequest

_UNITS: Final = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}


def source_request(target: str, arguments: PlaceArguments) -> SourceRequest:
    """Which image, within which bounds. Raises: UsageError."""
    limits = UnpackLimits(max_bytes=parse_size(arguments.max_unpacked_size, "--max-unpacked-size"))
    if isinstance(arguments, BoundArguments):
        limits = replace(limits, max_entries=arguments.max_entries)
    return SourceRequest(
        target=target,
        platform=_platform(arguments),
        limits=limits,
        store=store_directory(),
        platform_asked=arguments.platform is not None,
        insecure=arguments.insecure,
    )


def store_directory(environ: Mapping[str, str] = os.environ) -> Path:
    """Where unpacked layers are kept: `$XDG_CACHE_HOME/jettison` or `~/.cache/jettison`."""
    cache = environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(cache) / "jettison"


def parse_size(text: str, option: str) -> int:
    """Bytes from `512m`, `2g`, `1048576`; units are powers of 1024 as Docker's are.

    Raises: UsageError.
    """
    match = re.fullmatch(r"(\d{1,15}(?:\.\d{1,3})?)([kmgt]?)(?:i?b)?", text.strip().lower())
    if match is None or float(match[1]) <= 0:
        raise UsageError(f"{option} {text!r} is not a size", hint="write 512m or 2g")
    return int(float(match[1]) * _UNITS[match[2]])


def _platform(arguments: PlaceArguments) -> Platform:
    if arguments.platform is None:
        return Platform.of_machine(platform.machine())
    return Platform.parse(arguments.platform)
