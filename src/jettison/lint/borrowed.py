"""Images that a Dockerfile takes files from: COPY --from=IMAGE, RUN --mount=from=IMAGE."""

from __future__ import annotations

from collections.abc import Iterator

from jettison.dockerfile import Span
from jettison.lint.bases import Base
from jettison.lint.view import View


def borrowed_images(view: View) -> Iterator[tuple[Base, Span]]:
    """Each of them with the flag that names it; stages, and names with variables, left out."""
    for item in view.dockerfile.instructions():
        for flag in item.flags:
            for name in _origins(item.name, flag.name, flag.value):
                if name and "$" not in name and view.dockerfile.find_stage(name) is None:
                    yield Base.of(name), flag.span


def _origins(instruction: str, flag: str, value: str) -> Iterator[str]:
    if (instruction, flag) == ("COPY", "from"):
        yield value
    elif (instruction, flag) == ("RUN", "mount"):
        pairs = (pair.partition("=") for pair in value.split(","))
        yield from (text for key, _, text in pairs if key.strip().lower() == "from")
