from __future__ import annotations

import os
import time
from contextlib import suppress

import pytest

from jettison.errors import InvalidImageError
from jettison.events import Recorded, StageDone, StageStarted
from jettison.workflow.aside import Aside


def test_its_stage_has_the_time_that_the_call_took() -> None:
    seen = Recorded()
    with Aside("hash", lambda: 6 * 7) as aside:
        assert aside.result(seen, lambda value: f"found {value}") == 42
    started, done = seen.events
    assert started == StageStarted(stage="hash")
    assert isinstance(done, StageDone)
    assert (done.stage, done.detail) == ("hash", "found 42")
    assert 0 <= done.seconds < 60


def test_what_the_call_raises_is_raised() -> None:
    def fail() -> int:
        raise InvalidImageError("layer 3: broken", hint="pull it again")

    with Aside("hash", fail) as aside, pytest.raises(InvalidImageError, match="layer 3") as caught:
        aside.result(Recorded(), str)
    assert caught.value.hint == "pull it again"


def test_a_call_that_nobody_asks_for_is_ended() -> None:
    started = time.monotonic()
    with Aside("sleep", lambda: time.sleep(600)):
        pass
    assert time.monotonic() - started < 300
    with suppress(ChildProcessError):
        assert os.waitpid(-1, os.WNOHANG)[0] == 0
