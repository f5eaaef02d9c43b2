"""When the runs of a proof may go on beside each other; what they do is other tests' matter."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from jettison.image import ImageConfig, Platform
from jettison.linux.abilities import detect
from jettison.paths import ImagePath
from jettison.probe.ending import Ending
from jettison.probe.model import Endpoint, ProbePlan, ProbeResults, ReadyInfo
from jettison.probe.ready import ReadyOptions
from jettison.runtime.container import ContainerHost
from jettison.runtime.engine import OciRuntime
from jettison.runtime.options import RunOptions, VolumeMount
from jettison.trace import TraceLog
from jettison.workflow import proof
from jettison.workflow.background import Background
from jettison.workflow.proof import Proof, Trial
from jettison.workflow.requests import WatchRequest
from jettison.workflow.watching import Observation, Stacked, WatchOptions
from support.waiting import wait_until

HOST = ContainerHost(
    workdir=Path("/nowhere"),
    runtime=OciRuntime(path="runc", name="runc", version=(1, 1)),
    abilities=detect(),
)
IMAGE = Stacked(
    directories=(),
    config=ImageConfig(platform=Platform(os="linux", architecture="amd64"), diff_ids=()),
)
SEEN = Observation(
    trace=TraceLog(),
    results=ProbeResults(
        ready=ReadyInfo(endpoints=(Endpoint(host="127.0.0.1", port=80, scheme="http"),))
    ),
    health=None,
    executed=(),
    exit_status=0,
    log_tail="",
    notices=(),
)


class Runs:
    """Stands for `watch`: the untraced run of the original ends when it is told to."""

    def __init__(self) -> None:
        self.ended: list[str] = []
        self.go_on = threading.Event()

    def __call__(
        self, image: Stacked, request: WatchRequest, host: ContainerHost, options: WatchOptions
    ) -> Observation:
        if not options.traced:
            assert self.go_on.wait(10)
        self.ended.append("slimmed" if options.traced else "original again")
        return SEEN


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> Runs:
    made = Runs()
    monkeypatch.setattr(proof, "watch", made)
    return made


def trial(run: RunOptions) -> Callable[[], Trial]:
    request = WatchRequest(run=run, plan=ProbePlan(), ready=ReadyOptions(), ending=Ending())
    under_way = Proof(IMAGE, request, HOST, SEEN, {})
    return Background(lambda: under_way.try_out(IMAGE, execs=False)).result


def test_the_slimmed_image_is_tried_while_the_original_still_runs(runs: Runs) -> None:
    result = trial(RunOptions())
    wait_until(lambda: runs.ended == ["slimmed"])
    runs.go_on.set()
    assert result().differences == ()
    assert runs.ended == ["slimmed", "original again"]


@pytest.mark.parametrize(
    "run",
    [
        RunOptions(network="host"),
        RunOptions(network="container:db"),
        RunOptions(volumes=(VolumeMount(source=Path("/srv"), target=ImagePath("/data")),)),
    ],
)
def test_it_waits_where_both_would_use_the_same_ports_or_files(runs: Runs, run: RunOptions) -> None:
    result = trial(run)
    runs.go_on.set()
    assert result().differences == ()
    assert runs.ended == ["original again", "slimmed"]


def test_what_is_only_read_is_shared(runs: Runs) -> None:
    mount = VolumeMount(source=Path("/srv"), target=ImagePath("/data"), read_only=True)
    result = trial(RunOptions(volumes=(mount,)))
    wait_until(lambda: runs.ended == ["slimmed"])
    runs.go_on.set()
    assert result().differences == ()
