"""JT6007: an image that is deployed by a tag."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from jettison.lint.bases import Base
from jettison.lint.manifests import Platform, Workload
from jettison.lint.model import Problem, Rule, Severity


def check(workload: Workload) -> Iterator[Problem]:
    """Each image without a digest; worse where it is latest. What compose builds has none yet."""
    node = workload.node.get("image")
    if node is None or not node.text or "$" in node.text:
        return
    if workload.platform is Platform.COMPOSE and workload.node.get("build") is not None:
        return
    base = Base.of(node.text)
    if base.digest:
        return
    if base.tag in ("", "latest"):
        message = f"{node.text[:200]} is whatever latest is when a node pulls it"
        yield workload.problem(message, node, severity=Severity.WARNING)
    else:
        message = f"{node.text[:200]} is named by a tag: two nodes may run two images"
        yield workload.problem(message, node)


RULE: Final = Rule(
    code="JT6007",
    title="Image deployed by tag",
    remedy="name it by @sha256:… once it is pushed",
    severity=Severity.INFO,
    check_workload=check,
)
