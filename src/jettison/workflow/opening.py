"""Open the image of a request, and be strict about what the user said of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from jettison.errors import ImageNotFoundError
from jettison.linux.abilities import detect
from jettison.transport.schemes import parse_target
from jettison.transport.sources import Source, open_source
from jettison.workflow.image_request import SourceRequest


@contextmanager
def opened(request: SourceRequest, workdir: Path, *, in_place: bool) -> Iterator[Source]:
    """The source that the request names, for as long as the block runs.

    Raises: ImageNotFoundError also where the only image is not for the platform asked for; and
    what `open_source` raises.
    """
    with open_source(
        parse_target(request.target, insecure=request.insecure),
        platform=request.platform,
        workdir=workdir,
        limits=request.limits,
        in_place=in_place,
    ) as source:
        own = source.image.config.platform
        if request.platform_asked and not request.platform.accepts(own):
            raise ImageNotFoundError(
                f"{source.target} is for {own} alone, not for {request.platform}",
                hint="leave --platform out to take what there is",
            )
        yield source


def may_read_in_place() -> bool:
    """Whether an engine's own directories can be used: they belong to the host's root."""
    abilities = detect()
    return abilities.is_root and not abilities.in_user_namespace
