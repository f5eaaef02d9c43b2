"""What there is to test, and what is not tested and why."""

from __future__ import annotations

from dataclasses import dataclass

from jettison.scan.component import Component


@dataclass(frozen=True, slots=True, kw_only=True)
class Untested:
    """A thing that is not looked up: what it is, where it was found, and why not."""

    what: str
    where: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """What one source gives to test; `notices` are sentences about all of it.

    Shape: `bundled` are what others carry in themselves without a record of its own.
    """

    components: tuple[Component, ...] = ()
    bundled: tuple[Component, ...] = ()
    untested: tuple[Untested, ...] = ()
    notices: tuple[str, ...] = ()


def joined(inputs: tuple[Inputs, ...]) -> Inputs:
    """Everything of several sources; what two of them have alike stays twice."""
    return Inputs(
        components=tuple(item for part in inputs for item in part.components),
        bundled=tuple(item for part in inputs for item in part.bundled),
        untested=tuple(item for part in inputs for item in part.untested),
        notices=tuple(dict.fromkeys(item for part in inputs for item in part.notices)),
    )
