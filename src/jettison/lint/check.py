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
    """What is found in a container of a manifest, or a service."""
    for rule in RULES:
        if rule.check_workload is not None:
            yield from map(rule.finding, rule.check_workload(workload))


def check_image(view: ImageView) -> Iterator[Finding]:
    """What is found in a built image."""
    for rule in RULES:
        if rule.check_image is not None:
            yield from map(rule.finding, rule.check_image(view))
