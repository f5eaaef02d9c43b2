"""JT6003: a container whose processes may gain privileges."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from jettison.lint.manifests import Platform, Workload
from jettison.lint.model import Problem, Rule, Severity


def check(workload: Workload) -> Iterator[Problem]:
    """AllowPrivilegeEscalation that is not off, and compose without no-new-privileges."""
    if workload.platform is Platform.COMPOSE:
        options = workload.node.get("security_opt")
        values = [node.text for node in options.elements()] if options is not None else []
        if not any(value.replace("=", ":") in _ON for value in values):
            message = "security_opt has no no-new-privileges:true: set-id programs give root"
            yield workload.problem(message, options)
        return
    found = workload.node.get("securityContext", "allowPrivilegeEscalation")
    if found is None:
        message = "allowPrivilegeEscalation is not set, and on by default"
        yield workload.problem(message)
    elif found.text.lower() != "false":
        yield workload.problem("allowPrivilegeEscalation is on", found)


_ON: Final = frozenset({"no-new-privileges", "no-new-privileges:true"})

RULE: Final = Rule(
    code="JT6003",
    title="Processes may gain privileges",
    remedy="allowPrivilegeEscalation: false (compose: security_opt: [no-new-privileges:true])",
    severity=Severity.WARNING,
    check_workload=check,
)
