"""A sink that keeps the times of stages and the notices, and passes everything on."""

from __future__ import annotations

from dataclasses import dataclass, field

from jettison.events import Event, EventSink, Notice, StageDone
from jettison.report.slim_document import Stage


@dataclass(slots=True)
class StageTimes:
    """Pass events to `sink`; `stages` and `notices` are what went by, in order."""

    sink: EventSink
    stages: list[Stage] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)

    def emit(self, event: Event) -> None:
        """Keep what the result tells, and pass it on."""
        if isinstance(event, StageDone):
            self.stages.append(Stage(name=event.stage, seconds=round(event.seconds, 3)))
        elif isinstance(event, Notice):
            if event.message in self.notices:
                return
            self.notices.append(event.message)
        self.sink.emit(event)
