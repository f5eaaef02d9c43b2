"""JT1005: a Python that gets no security fixes any more."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from jettison.analysis.python_releases import RELEASES, find_release
from jettison.lint.model import Problem, Rule, Severity
from jettison.lint.view import View


def check(view: View) -> Iterator[Problem]:
    """Each base image whose name tells of a Python past its end."""
    for stage in view.stages:
        base = view.base(stage)
        version = base.python_version if base is not None else None
        if version is None:
            continue
        release = find_release(version)
        if release is None:
            if version < RELEASES[0].version or (3, 0) <= version < (3, 6):
                yield view.at(
                    stage.base.span, f"Python {version[0]}.{version[1]} is long past its end"
                )
        elif release.end_of_life < view.options.today:
            message = f"Python {release} has had no security fixes since {release.end_of_life}"
            yield view.at(stage.base.span, message)


RULE: Final = Rule(
    code="JT1005",
    title="Python past its end of life",
    remedy="move to a release that still gets fixes",
    severity=Severity.WARNING,
    check=check,
)
