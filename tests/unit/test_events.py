import pytest

from jettison.events import Recorded, StageDone, StageStarted, stage


def test_stage_tells_start_and_end_with_its_time() -> None:
    sink = Recorded()
    ticks = iter((10.0, 12.5))
    with stage("build", sink, clock=lambda: next(ticks)) as outcome:
        outcome.detail = "3 layers"
    assert sink.events == [
        StageStarted(stage="build"),
        StageDone(stage="build", seconds=2.5, detail="3 layers"),
    ]


def test_a_failed_stage_is_not_done() -> None:
    sink = Recorded()
    with pytest.raises(RuntimeError), stage("build", sink):
        raise RuntimeError
    assert sink.events == [StageStarted(stage="build")]
