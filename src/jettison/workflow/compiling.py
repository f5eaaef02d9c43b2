"""Byte code for what the original has none of, by its own interpreter, each module once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from jettison.build.bytecode import EXCHANGE, compile_missing, find_checked
from jettison.errors import ContainerError
from jettison.image import ImageConfig
from jettison.paths import ImagePath
from jettison.runtime.container import Container, ContainerHost
from jettison.runtime.options import RunOptions, VolumeMount
from jettison.selection import Bytecode, Selection
from jettison.workflow.background import Background
from jettison.workflow.watching import Stacked

_TIMEOUT_S: Final = 600.0


class ByteCode:
    """What was compiled so far. Which modules, each selection says; most of them agree."""

    def __init__(self, original: Stacked, host: ContainerHost) -> None:
        self._original = original
        self._host = host
        self._codes: dict[ImagePath, bytes] = {}
        self._is_checked: dict[ImagePath, bool] = {}
        self._runs = 0
        self._begun: Background[int] | None = None

    @property
    def codes(self) -> Mapping[ImagePath, bytes]:
        """By source, whole .pyc files."""
        return self._codes

    def wanted(self, selection: Selection) -> int:
        """How many modules of a selection have no byte code in the original."""
        return sum(item.stored is None for item in selection.bytecode)

    def begin(self, selection: Selection) -> None:
        """Compile what a selection wants, in a thread; whoever adds another one waits for it."""
        if self.wanted(selection):
            self._begun = Background(lambda: self._add(selection))

    def add(self, selection: Selection) -> int:
        """Compile what a selection wants and is not there yet; how many failed.

        Raises: HostError, StoreError.
        """
        if self._begun is not None:
            self._begun.result()
            self._begun = None
        return self._add(selection)

    def _add(self, selection: Selection) -> int:
        checked = find_checked(selection)
        missing = tuple(item for item in selection.bytecode if self._lacks(item, checked))
        if not missing:
            return 0
        self._runs += 1
        workdir = self._host.workdir / f"compile-{self._runs}"
        workdir.mkdir()
        result = compile_missing(
            replace(selection, bytecode=missing),
            self._original.config.env,
            _InContainer(self._original, self._host),
            workdir=workdir,
        )
        self._codes.update(result.codes)
        self._is_checked.update({source: source in checked for source in result.codes})
        return len(result.failures)

    def _lacks(self, item: Bytecode, checked: frozenset[ImagePath]) -> bool:
        if item.stored is not None:
            return False
        return self._is_checked.get(item.source) is not (item.source in checked)


class _InContainer:
    """Runs the original's interpreter for the build."""

    def __init__(self, original: Stacked, host: ContainerHost) -> None:
        self._original = original
        self._host = host

    def run(self, argv: tuple[str, ...], *, env: Mapping[str, str], exchange: Path) -> None:
        """Run a program as root in the original's files, `exchange` mounted, to its end."""
        config = ImageConfig(
            platform=self._original.config.platform,
            diff_ids=(),
            env=tuple(env.items()),
            entrypoint=argv,
            user="0:0",
        )
        options = RunOptions(volumes=(VolumeMount(source=exchange, target=EXCHANGE),))
        host = replace(self._host, joined=None)
        with Container(self._original.directories, config, options, host) as container:
            container.start()
            status = container.wait(_TIMEOUT_S)
            if status != 0:
                raise ContainerError(
                    f"{argv[0]} ended with status {status}",
                    log_tail=container.log_tail().decode("utf-8", "replace"),
                )
