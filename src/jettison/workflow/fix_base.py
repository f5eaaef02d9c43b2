"""Let a Dockerfile name a better base image, by its digest."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from jettison.dockerfile.edits import apply, replace_base
from jettison.dockerfile.model import Dockerfile, Stage
from jettison.dockerfile.parsing import parse_bytes
from jettison.dockerfile.scope import base_of
from jettison.errors import JettisonError
from jettison.events import EventSink
from jettison.report.advise_document import AdviseDocument, AdviseRow
from jettison.workflow.advise import AdviseRequest, advise_on


@dataclass(frozen=True, slots=True, kw_only=True)
class NewBase:
    """What becomes of a Dockerfile.

    Shape: `text` is the new one, None where nothing changes; `base` what it is built on then;
    `failure` says why nothing was changed where something might have been.
    """

    text: str | None = None
    base: str = ""
    failure: str = ""


def choose_base(path: Path, request: AdviseRequest, *, events: EventSink) -> NewBase:
    """The Dockerfile on the best base that can be told, or pinned on its own.

    That nobody can tell is no error: the project's dependencies are fixed all the same.
    """
    try:
        advice = advise_on(request, events=events)
    except JettisonError as err:
        if err.is_bug:
            raise
        return NewBase(failure=f"{path.name}: the base image was not looked at: {err.message}")
    row = _row_to_take(advice)
    if row is None or "@" not in row.pinned or row.pinned == advice.base:
        return NewBase()
    dockerfile = parse_bytes(path.read_bytes())
    return _renamed(dockerfile, advice.base, row.pinned, path.name)


def _row_to_take(advice: AdviseDocument) -> AdviseRow | None:
    for row in advice.candidates:
        if row.name == advice.recommended:
            return row
    return advice.current


def _renamed(dockerfile: Dockerfile, old: str, new: str, name: str) -> NewBase:
    stages = [stage for stage in dockerfile.stages if base_of(dockerfile, stage) == old]
    hidden = [stage for stage in stages if "$" in stage.base.text]
    if hidden:
        where = f"{name}:{hidden[0].base.span.line}"
        return NewBase(failure=f"{where}: the base is named by an ARG; set it to {new}")
    edits = [replace_base(stage, _quoted(stage, new)) for stage in stages]
    return NewBase(text=apply(dockerfile.text, edits), base=new)


def _quoted(stage: Stage, reference: str) -> str:
    quote = stage.base.text[:1]
    return f"{quote}{reference}{quote}" if quote in ("'", '"') else reference
