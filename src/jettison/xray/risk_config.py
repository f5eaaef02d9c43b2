"""Risks of how the image is run: as whom, and whether anybody watches it."""

from __future__ import annotations

from collections.abc import Iterator

from jettison.analysis.accounts import parse_accounts
from jettison.xray.risk_accounts import PASSWD, read_small
from jettison.xray.risk_model import Risk, RiskKind, Severity, Subject


def find_config_risks(subject: Subject) -> Iterator[Risk]:
    """The user in all its spellings, and a missing health check."""
    problem = find_user_problem(subject)
    if problem is not None:
        severity, detail = problem
        yield Risk(kind=RiskKind.ROOT_USER, severity=severity, detail=detail)
    check = subject.config.healthcheck
    if check is None or check.test[:1] == ("NONE",):
        yield Risk(
            kind=RiskKind.NO_HEALTHCHECK,
            severity=Severity.LOW,
            detail="HEALTHCHECK is switched off"
            if check
            else "no HEALTHCHECK: nobody notices when the app hangs",
        )


def find_user_problem(subject: Subject) -> tuple[Severity, str] | None:
    """Why USER is not good enough, or None where the image runs as an ordinary user.

    Shape: the empty string, `0`, `00`, `0:0`, `root`, `root:1000`, an account whose uid is 0, and
    a name that /etc/passwd does not have, with which no container starts.
    """
    user = subject.config.user
    name = user.partition(":")[0].strip()
    if not name:
        said = f"USER is {user!r}" if user else "USER is not set"
        return Severity.MEDIUM, f"{said}: the container runs as root"
    if name.isdecimal():
        if int(name) == 0:
            return Severity.MEDIUM, f"USER is {user}: the container runs as root"
        return None
    accounts = parse_accounts(read_small(subject.rootfs, PASSWD)[1])
    numbers = [account.number for account in accounts if account.name == name]
    if name == "root" or numbers[:1] == [0]:
        return Severity.MEDIUM, f"USER is {user}: the container runs as root"
    if not numbers:
        return Severity.MEDIUM, f"USER is {user}, which {PASSWD} does not have: it does not start"
    return None
