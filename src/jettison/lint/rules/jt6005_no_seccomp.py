"""JT6005: a container without a seccomp profile."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from jettison.lint.manifests import Platform, Workload
from jettison.lint.model import Problem, Rule, Severity


def check(workload: Workload) -> Iterator[Problem]:
    """Kubernetes applies none untold; engines do, unless compose says unconfined."""
    if workload.platform is Platform.COMPOSE:
        options = workload.node.get("security_opt")
        for node in options.elements() if options is not None else ():
            if node.text.replace("=", ":") == "seccomp:unconfined":
                yield workload.problem("seccomp is switched off", node)
        return
    profile = workload.setting("seccompProfile")
    kind = profile.get("type") if profile is not None else None
    if kind is None:
        message = "no seccompProfile: every system call of the kernel is open to it"
        yield workload.problem(message)
    elif kind.text == "Unconfined":
        yield workload.problem("the seccompProfile is Unconfined", kind)


RULE: Final = Rule(
    code="JT6005",
    title="No seccomp profile",
    remedy="seccompProfile: {type: RuntimeDefault}, or the profile that slim writes",
    severity=Severity.WARNING,
    check_workload=check,
)
