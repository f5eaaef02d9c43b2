"""Run a decision over a literal image, for tests of its rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from jettison.filetree import RootFS
from jettison.image import ImageConfig
from jettison.paths import ImagePath
from jettison.selection import Reason, Rule, Selection, SelectionOptions
from jettison.selection.decide import decide
from jettison.selection.facts import Facts
from jettison.trace import Operation, TraceLog
from support.trees import make_config, make_image_of, make_trace

__all__ = ["details_of", "reason_of", "rules_of", "select"]


def select(
    rootfs: RootFS,
    accesses: Mapping[str, Operation | Sequence[Operation]] | None = None,
    *,
    config: ImageConfig | None = None,
    options: SelectionOptions | None = None,
    trace: TraceLog | None = None,
) -> Selection:
    """Decide with all rules; the trace is that of one process unless a whole one is given."""
    return decide(
        Facts(rootfs),
        make_image_of(config or make_config()),
        trace or make_trace(accesses),
        options or SelectionOptions(),
    )


def reason_of(selection: Selection, path: str) -> Reason:
    """The first reason of a kept path."""
    return next(reasons[0] for kept, reasons in selection.kept.items() if kept == path)


def rules_of(selection: Selection, path: str) -> set[Rule]:
    """The rules that keep a path; empty if none does."""
    return {reason.rule for reason in selection.kept.get(ImagePath(path), ())}


def details_of(selection: Selection, path: str) -> set[str]:
    """What the reasons of a path say."""
    return {reason.detail for reason in selection.kept.get(ImagePath(path), ())}
