"""Run the rules."""

from __future__ import annotations

from collections.abc import Iterator

from jettison.lint.catalogue import RULES
from jettison.lint.image import ImageView
from jettison.lint.manifests import Workload
from jettison.lint.model import Finding
from jettison.lint.view import View


def check_dockerfile(view: View) -> Iterator[Finding]:
    """What is found in a Dockerfile, its context, and the sources that it copies."""
    for rule in RULES:
        if rule.check is not None:
            yield from map(rule.finding, rule.check(view))


def check_workload(workload: Workload) -> Iterator[Finding]:
    """What is found in a container of a manifest, or a service.

    What is said of it as a whole is that it lacks something, and of a part nobody knows that.
    """
    whole = (workload.node.line, workload.node.column)
    for rule in RULES:
        for problem in rule.check_workload(workload) if rule.check_workload is not None else ():
            if not workload.is_partial or (problem.place.line, problem.place.column) != whole:
                yield rule.finding(problem)


def check_image(view: ImageView) -> Iterator[Finding]:
    """What is found in a built image."""
    for rule in RULES:
        if rule.check_image is not None:
            yield from map(rule.finding, rule.check_image(view))
