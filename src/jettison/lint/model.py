"""Rules and findings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING

from jettison.dockerfile import Span
from jettison.dockerfile.edits import Edit

if TYPE_CHECKING:
    from jettison.lint.image import ImageView
    from jettison.lint.manifests import Workload
    from jettison.lint.view import View


class Severity(StrEnum):
    """How bad it is: ERROR breaks or endangers, WARNING will, INFO could be better."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"

    @property
    def weight(self) -> int:
        """The order of severities: more is worse."""
        return tuple(Severity).index(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where something is; both count from 1."""

    file: str
    line: int = 1
    column: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """An edit of a file; one that is not there yet is taken as empty."""

    file: str
    edit: Edit


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that a rule found.

    Shape: `rule` such as JT1002, or hadolint's DL3008; `changes` put it right, none where that is
    left to people.
    """

    rule: str
    severity: Severity
    place: Place
    message: str
    changes: tuple[Change, ...] = ()

    @property
    def is_fixable(self) -> bool:
        """Whether `--fix` puts it right."""
        return bool(self.changes)

    @property
    def sort_key(self) -> tuple[str, int, int, str, str]:
        """The order of findings in every output."""
        place = self.place
        return (place.file, place.line, place.column, self.rule, self.message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What a check reports: a finding without its rule."""

    place: Place
    message: str
    changes: tuple[Change, ...] = ()
    severity: Severity | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What rules need to know of the world.

    Shape: `digests` has what a registry says that each reference means now, as written in FROM;
    empty where none was asked.
    """

    today: date
    digests: Mapping[str, str] = field(default_factory=dict)


DockerfileCheck = Callable[["View"], Iterable[Problem]]
WorkloadCheck = Callable[["Workload"], Iterable[Problem]]
ImageCheck = Callable[["ImageView"], Iterable[Problem]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule.

    Shape: the first digit of `code` is the practice that it belongs to; `remedy` says in a few
    words what to do. `check` looks at a
    Dockerfile and its context, `check_workload` at one container of a Kubernetes manifest or one
    service of a compose file, `check_image` at a built image.
    """

    code: str
    title: str
    remedy: str
    severity: Severity
    check: DockerfileCheck | None = None
    check_workload: WorkloadCheck | None = None
    check_image: ImageCheck | None = None

    def finding(self, problem: Problem) -> Finding:
        """A problem as a finding of this rule."""
        return Finding(
            rule=self.code,
            severity=problem.severity or self.severity,
            place=problem.place,
            message=problem.message,
            changes=problem.changes,
        )


def place_of(file: str, span: Span) -> Place:
    """The beginning of a span."""
    return Place(file=file, line=span.line, column=span.column)
