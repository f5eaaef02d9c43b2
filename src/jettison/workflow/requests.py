"""What each verb is asked to do, as values."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from jettison.probe.ending import Ending
from jettison.probe.model import ProbePlan
from jettison.probe.ready import ReadyOptions
from jettison.runtime.options import RunOptions
from jettison.selection import SelectionOptions
from jettison.workflow.image_request import SourceRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchRequest:
    """How an app is run and what it is asked while it is watched.

    Shape: a `plan` of None asks nothing over HTTP; `execs` are commands for the container; `runc`
    names the runtime, None finds one.
    """

    run: RunOptions
    plan: ProbePlan | None
    ready: ReadyOptions
    ending: Ending
    execs: tuple[tuple[str, ...], ...] = ()
    runc: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SlimRequest:
    """`jettison slim`, and `jettison profile` where `write` is off: a rehearsal.

    Shape: `outputs` as the user wrote them, none for where the original came from; `tag` names the
    image in each of them, None for the original's name with `.slim`; a `report_dir` of None stands
    for `./jettison-report/NAME/`.
    """

    source: SourceRequest
    watch: WatchRequest
    selection: SelectionOptions
    report_dir: Path | None = None
    outputs: tuple[str, ...] = ()
    tag: str | None = None
    force: bool = False
    write: bool = True
    verify: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyRequest:
    """`jettison verify`."""

    original: SourceRequest
    slimmed: SourceRequest
    watch: WatchRequest
    report_dir: Path | None = None
