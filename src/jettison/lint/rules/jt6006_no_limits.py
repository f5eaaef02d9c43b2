"""JT6006: a container that may take all memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from jettison.lint.manifests import Platform, Workload
from jettison.lint.model import Problem, Rule, Severity


def check(workload: Workload) -> Iterator[Problem]:
    """No limit of memory, and for Kubernetes no request of cpu."""
    node = workload.node
    if workload.platform is Platform.COMPOSE:
        limits = (node.get("mem_limit"), node.get("deploy", "resources", "limits", "memory"))
        if not any(limits):
            message = "no mem_limit: a leak takes the whole host"
            yield workload.problem(message, severity=workload.leniency)
        return
    limit = node.get("resources", "limits", "memory")
    if limit is None:
        yield workload.problem("no limit of memory: a leak takes the whole node")
    # Who sets a limit and no request has asked for the limit.
    elif not any(node.get("resources", where, "cpu") for where in ("requests", "limits")):
        message = "no request of cpu: the scheduler places it blindly"
        yield workload.problem(message, node.key("resources"))


RULE: Final = Rule(
    code="JT6006",
    title="No limit of memory",
    remedy="resources with requests and a limit of memory (compose: mem_limit)",
    severity=Severity.WARNING,
    check_workload=check,
)
