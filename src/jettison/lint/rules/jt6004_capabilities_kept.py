"""JT6004: a container that keeps capabilities."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from jettison.lint.manifests import Platform, Workload
from jettison.lint.model import Problem, Rule, Severity
from jettison.lint.yamlnodes import Node


def check(workload: Workload) -> Iterator[Problem]:
    """Where not ALL of them are dropped."""
    if workload.platform is Platform.COMPOSE:
        name, found = "cap_drop", workload.node.get("cap_drop")
    else:
        name = "capabilities.drop"
        found = workload.node.get("securityContext", "capabilities", "drop")
    if not _drops_all(found):
        message = f"{name} has no ALL: fourteen capabilities are kept that no web app needs"
        yield workload.problem(message, found)


def _drops_all(node: Node | None) -> bool:
    return node is not None and any(item.text.upper() == "ALL" for item in node.elements())


RULE: Final = Rule(
    code="JT6004",
    title="Capabilities are kept",
    remedy="capabilities: {drop: [ALL]} (compose: cap_drop: [ALL])",
    severity=Severity.WARNING,
    check_workload=check,
)
