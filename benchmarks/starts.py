"""How long an original and its slimmed image take from the start to the first answer.

Both are run alike: untraced, under Docker's default filter, in turns, so that what else the machine
does falls on both. Each run starts with a cold container and warm files.
"""

from __future__ import annotations

import platform
import statistics
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from jettison.events import Silent
from jettison.filetree.tarstream import UnpackLimits
from jettison.image import Platform
from jettison.linux.isolation import run_isolated
from jettison.linux.workdir import work_directory
from jettison.probe.ending import Ending
from jettison.probe.model import ProbePlan
from jettison.probe.ready import ReadyOptions
from jettison.runtime.container import ContainerHost
from jettison.runtime.options import RunOptions
from jettison.workflow.hosts import host_for, isolation_options
from jettison.workflow.image_request import SourceRequest
from jettison.workflow.layers import find_layers
from jettison.workflow.opening import opened
from jettison.workflow.requests import WatchRequest
from jettison.workflow.watching import Stacked, WatchOptions, watch

_ROUNDS: Final = 9
_WATCH: Final = WatchRequest(
    run=RunOptions(),
    plan=ProbePlan(crawl=None, openapi=False),
    ready=ReadyOptions(),
    ending=Ending(probe=True),
)


def first_answers(targets: Mapping[str, str], store: Path) -> dict[str, float]:
    """The median of some starts of each image, by the name given to it.

    Units: seconds until `GET /` was answered.
    """
    with work_directory() as workdir, host_for(_WATCH, workdir) as host:
        return run_isolated(
            lambda _: _measure(targets, store, host),
            events=Silent(),
            workdir=workdir,
            options=isolation_options(host),
        )


def _measure(targets: Mapping[str, str], store: Path, host: ContainerHost) -> dict[str, float]:
    stacks = {name: _stack(target, store, host) for name, target in targets.items()}
    seconds: dict[str, list[float]] = {name: [] for name in targets}
    for _ in range(_ROUNDS):
        for name, stacked in stacks.items():
            seen = watch(stacked, _WATCH, host, WatchOptions(traced=False))
            assert seen.first_answer_s is not None
            seconds[name].append(seen.first_answer_s)
    return {name: statistics.median(found) for name, found in seconds.items()}


def _stack(target: str, store: Path, host: ContainerHost) -> Stacked:
    request = SourceRequest(
        target=target,
        platform=Platform.of_machine(platform.machine()),
        limits=UnpackLimits(),
        store=store,
    )
    with opened(request, host.workdir, in_place=False) as source:
        layers = find_layers(source, request, Silent())
        return Stacked(directories=layers.directories, config=source.image.config)
