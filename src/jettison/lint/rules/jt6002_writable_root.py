"""JT6002: a container whose root file system can be written to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from jettison.lint.manifests import Platform, Workload
from jettison.lint.model import Problem, Rule, Severity


def check(workload: Workload) -> Iterator[Problem]:
    """readOnlyRootFilesystem, or compose's read_only, that is not set or off."""
    if workload.platform is Platform.COMPOSE:
        name, found = "read_only", workload.node.get("read_only")
    else:
        name = "readOnlyRootFilesystem"
        found = workload.node.get("securityContext", name)
    if found is None:
        yield workload.problem(f"{name} is not set: who gets in can change the program")
    elif not found.is_true:
        yield workload.problem(f"{name} is off", found)


RULE: Final = Rule(
    code="JT6002",
    title="Root file system can be written to",
    remedy="readOnlyRootFilesystem: true (compose: read_only: true), and a tmpfs for /tmp",
    severity=Severity.WARNING,
    check_workload=check,
)
