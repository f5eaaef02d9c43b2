"""JT6001: a container that may run as root."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from jettison.lint.manifests import Platform, Workload
from jettison.lint.model import Problem, Rule, Severity
from jettison.lint.users import is_root


def check(workload: Workload) -> Iterator[Problem]:
    """RunAsNonRoot that is not set or off, runAsUser 0, and compose's `user: root`."""
    if workload.platform is Platform.COMPOSE:
        user = workload.node.get("user")
        if user is not None and user.text and is_root(user.text):
            message = f"user {user.text} is root"
            yield workload.problem(message, user, severity=workload.leniency)
        return
    uid = workload.setting("runAsUser")
    if uid is not None and is_root(uid.text):
        yield workload.problem("runAsUser 0 is root", uid)
        return
    setting = workload.setting("runAsNonRoot")
    if setting is None:
        yield workload.problem("runAsNonRoot is not set: nothing keeps an image from being root")
    elif not setting.is_true:
        yield workload.problem("runAsNonRoot is off", setting)


RULE: Final = Rule(
    code="JT6001",
    title="Container may run as root",
    remedy="runAsNonRoot: true and runAsUser of the image's user",
    severity=Severity.WARNING,
    check_workload=check,
)
