"""What tests of several places share."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.docker_api import FakeEngine, fake_engine


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeEngine]:
    """An engine that has nothing; DOCKER_HOST names it."""
    socket = Path(os.environ["XDG_RUNTIME_DIR"]) / "d.sock"
    monkeypatch.setenv("DOCKER_HOST", f"unix://{socket}")
    with fake_engine(socket) as engine:
        yield engine
