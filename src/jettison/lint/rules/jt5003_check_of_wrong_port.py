"""JT5003: a HEALTHCHECK that asks a port at which nothing listens."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from jettison.lint.health import asked_url, find_healthcheck, is_disabled, ports, text_of
from jettison.lint.model import Problem, Rule, Severity
from jettison.lint.view import View


def check(view: View) -> Iterator[Problem]:
    """The check that counts, against EXPOSE, PORT and the command's own port."""
    item = find_healthcheck(view)
    if item is None or is_disabled(item):
        return
    asked = asked_url(text_of(item))
    known = ports(view)
    if asked is not None and known and asked[1] not in known:
        others = ", ".join(str(port) for port in sorted(known)[:5])
        yield view.at(item.span, f"the check asks port {asked[1]}, the app is at {others}")


RULE: Final = Rule(
    code="JT5003",
    title="HEALTHCHECK of the wrong port",
    remedy="ask the port that the app listens at",
    severity=Severity.WARNING,
    check=check,
)
