"""An X-ray's document without the secrets that texts of its image hold."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from msgspec.structs import replace

from jettison.report.xray_document import ConfigRow, DockerfileRow, XrayDocument

Mask = Callable[[str], str]


def mask_document(document: XrayDocument, mask: Mask) -> XrayDocument:
    """The document with `mask` applied to instructions, commands and labels.

    Variables come masked, by their names too; risks never have a secret.
    """
    layers, config, dockerfile = document.layers, document.config, document.dockerfile
    return replace(
        document,
        layers=layers and tuple(replace(row, instruction=mask(row.instruction)) for row in layers),
        config=config and _mask_config(config, mask),
        dockerfile=dockerfile and _mask_dockerfile(dockerfile, mask),
    )


def _mask_config(config: ConfigRow, mask: Mask) -> ConfigRow:
    check = config.healthcheck
    return replace(
        config,
        entrypoint=_masked(config.entrypoint, mask),
        cmd=_masked(config.cmd, mask),
        labels={name: mask(value) for name, value in config.labels.items()},
        onbuild=_masked(config.onbuild, mask),
        healthcheck=check and replace(check, test=_masked(check.test, mask)),
    )


def _mask_dockerfile(dockerfile: DockerfileRow, mask: Mask) -> DockerfileRow:
    return replace(
        dockerfile,
        text=mask(dockerfile.text),
        lines=tuple(replace(line, text=mask(line.text)) for line in dockerfile.lines),
    )


def _masked(words: Iterable[str], mask: Mask) -> tuple[str, ...]:
    return tuple(mask(word) for word in words)
