"""Progress on a terminal or in a log: one line per stage, on stderr."""

from __future__ import annotations

from typing import assert_never

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.text import Text

from jettison.events import Event, Notice, StageDone, StageProgress, StageStarted

_STAGE_WIDTH = 12


class LineProgress:
    """A line when a stage ends: for logs, pipes and terminals that cannot move the cursor."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def emit(self, event: Event) -> None:
        """Print what is done; what is under way is not shown."""
        match event:
            case StageDone():
                self._console.print(_done_line(event), soft_wrap=True)
            case Notice():
                self._console.print(_notice_line(event), soft_wrap=True)
            case StageStarted() | StageProgress():
                pass
            case _:
                assert_never(event)


class LiveProgress:
    """The stage under way with its bar and clock, and a line for each that is done."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._progress = Progress(
            TextColumn("  {task.description:<12}"),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[amount]}"),
            TimeElapsedColumn(),
            console=console,
            transient=True,
        )
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> LiveProgress:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def emit(self, event: Event) -> None:
        """Show one event."""
        match event:
            case StageStarted(stage=stage):
                self._tasks[stage] = self._progress.add_task(stage, total=None, amount="")
            case StageProgress(stage=stage, done=done, total=total, unit=unit):
                if stage in self._tasks:
                    self._progress.update(
                        self._tasks[stage],
                        completed=done,
                        total=total or None,
                        amount=_amount(done, total, unit),
                    )
            case StageDone(stage=stage):
                task = self._tasks.pop(stage, None)
                if task is not None:
                    self._progress.remove_task(task)
                self._console.print(_done_line(event), soft_wrap=True)
            case Notice():
                self._console.print(_notice_line(event), soft_wrap=True)
            case _:
                assert_never(event)


def _done_line(event: StageDone) -> Text:
    line = Text("  ")
    line.append("✓ " if _unicode() else "* ", style="green")
    line.append(f"{event.stage:<{_STAGE_WIDTH}}", style="bold")
    line.append(f"{event.seconds:7.2f} s  ", style="dim")
    line.append(event.detail)
    return line


def _notice_line(event: Notice) -> Text:
    line = Text("  ")
    line.append("! ", style="yellow")
    line.append(event.message)
    return line


def _unicode() -> bool:
    return "utf" in (Console(stderr=True).encoding or "").lower()


def _amount(done: int, total: int, unit: str) -> str:
    if unit == "bytes":
        return f"{done / 1e6:.0f}/{total / 1e6:.0f} MB" if total else f"{done / 1e6:.0f} MB"
    return f"{done}/{total} {unit}" if total else f"{done} {unit}"
