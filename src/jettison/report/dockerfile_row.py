"""The Dockerfile that an image's history tells, as rows of the X-ray's document."""

from __future__ import annotations

from jettison.image import ImageConfig
from jettison.report.xray_document import DockerfileLine, DockerfileRow
from jettison.xray.instructions import Reconstruction
from jettison.xray.layers import layer_history


def dockerfile_row(found: Reconstruction) -> DockerfileRow:
    """The file and its lines."""
    return DockerfileRow(
        text=found.text,
        lines=tuple(
            DockerfileLine(
                text=line.text,
                layer=line.layer,
                is_base=line.is_base,
                is_guessed=line.is_guessed,
                reason=line.reason,
            )
            for line in found.lines
        ),
    )


def layer_instructions(found: Reconstruction, config: ImageConfig) -> tuple[str, ...]:
    """The instruction that made each layer, on one line; of several in one layer the last.

    Shape: what the history says instead where the instruction is guessed from something that is
    none, such as a program that made the base; empty where the history does not fit the layers.
    """
    by_layer = {line.layer: line for line in found.lines if line.layer is not None}
    told: list[str] = []
    for index, item in enumerate(layer_history(config)):
        text = item.created_by if item is not None else ""
        line = by_layer.get(index)
        # The classic builder wrote the shell's line alone, and which instruction it was is known.
        if line is not None and (line.name in text or not line.is_guessed):
            text = line.text.replace("\\\n", " ")
        told.append(" ".join(text.split()))
    return tuple(told)
