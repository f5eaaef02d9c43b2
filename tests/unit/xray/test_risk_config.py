from __future__ import annotations

import pytest

from jettison.image import HealthCheck
from jettison.xray.risk_model import RiskKind, Severity
from support.risky import look, of_kind
from support.trees import make_config

PASSWD = b"root:x:0:0::/root:/bin/sh\ntoor:x:0:0::/:/bin/sh\napp:x:1000:1000::/:/bin/sh\n"


@pytest.mark.parametrize(
    "user", ["", "0", "00", "0:0", "root", "root:root", "root:1000", "toor", ":0", "nobody-here"]
)
def test_root_in_every_spelling(user: str) -> None:
    risks = look({"/etc/passwd": PASSWD}, config=make_config(user=user))
    [risk] = of_kind(risks, RiskKind.ROOT_USER)
    assert risk.severity is Severity.MEDIUM
    assert user in risk.detail


@pytest.mark.parametrize("user", ["app", "app:0", "1000", "1000:0", "65532:65532", "4711"])
def test_ordinary_users(user: str) -> None:
    risks = look({"/etc/passwd": PASSWD}, config=make_config(user=user))
    assert of_kind(risks, RiskKind.ROOT_USER) == []
    assert of_kind(risks, RiskKind.NO_HEALTHCHECK)


def test_root_needs_no_passwd() -> None:
    assert of_kind(look({}, config=make_config(user="root")), RiskKind.ROOT_USER)
    assert not of_kind(look({}, config=make_config(user="1")), RiskKind.ROOT_USER)


def test_health_checks() -> None:
    check = HealthCheck(test=("CMD", "true"))
    assert not of_kind(look({}, config=make_config(healthcheck=check)), RiskKind.NO_HEALTHCHECK)
    off = HealthCheck(test=("NONE",))
    [risk] = of_kind(look({}, config=make_config(healthcheck=off)), RiskKind.NO_HEALTHCHECK)
    assert "switched off" in risk.detail
