"""JT5005: a Kubernetes container without probes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from jettison.lint.manifests import Platform, Workload
from jettison.lint.model import Problem, Rule, Severity

_PROBES: Final = ("livenessProbe", "readinessProbe")


def check(workload: Workload) -> Iterator[Problem]:
    """Each container that runs on and that nobody asks; Kubernetes ignores HEALTHCHECK."""
    if workload.platform is not Platform.KUBERNETES or workload.is_one_off:
        return
    missing = [name for name in _PROBES if workload.node.get(name) is None]
    if not missing:
        return
    names = " and no ".join(missing)
    message = f"no {names}: Kubernetes does not look at the image's HEALTHCHECK"
    # What listens nowhere can be asked by a command alone, and often there is nothing to ask.
    listens = workload.node.get("ports") is not None
    yield workload.problem(message, severity=None if listens else Severity.INFO)


RULE: Final = Rule(
    code="JT5005",
    title="Kubernetes container without probes",
    remedy="livenessProbe, readinessProbe and, for slow starters, startupProbe",
    severity=Severity.WARNING,
    check_workload=check,
)
