from __future__ import annotations

from pathlib import Path

import pytest

from jettison.errors import HostError, UsageError
from jettison.events import Event, StageDone
from jettison.workflow.pages import check_place, write_page


class Heard:
    def __init__(self) -> None:
        self.events: list[Event] = []

    def emit(self, event: Event) -> None:
        self.events.append(event)


def test_a_page_is_written_and_that_is_told(tmp_path: Path) -> None:
    heard = Heard()
    path = tmp_path / "page.html"
    check_place(path)
    write_page(path, lambda: b"<p>", events=heard)
    assert path.read_bytes() == b"<p>"
    done = heard.events[-1]
    assert isinstance(done, StageDone)
    assert done.detail == str(path)


def test_places_that_take_no_page(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is a directory"):
        check_place(tmp_path)
    with pytest.raises(UsageError, match="there is no directory"):
        check_place(tmp_path / "no/page.html")
    with pytest.raises(HostError, match="No such file"):
        write_page(tmp_path / "no/page.html", lambda: b"", events=Heard())
