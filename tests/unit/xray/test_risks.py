from __future__ import annotations

from jettison.xray.risk_model import RiskKind, Severity
from support.layers import Content, File
from support.risky import look
from support.secrets import github_token
from support.trees import make_config


def test_the_most_severe_first_and_the_same_each_time() -> None:
    layer: Content = {
        "/bin/sh": File(mode=0o755),
        "/app/t": github_token().encode(),
        "/app/s": File(mode=0o666),
    }
    risks = look(layer, config=make_config(cmd=("x",)))
    assert [risk.kind for risk in risks.found] == [
        RiskKind.SECRET,
        RiskKind.ROOT_USER,
        RiskKind.WORLD_WRITABLE,
        RiskKind.NO_HEALTHCHECK,
        RiskKind.SHELL,
    ]
    assert risks == look(layer, config=make_config(cmd=("x",)))
    assert risks.count(RiskKind.SHELL) == 1
    assert risks.count(RiskKind.SETUID) == 0
    assert risks.found[0].severity is Severity.HIGH


def test_an_empty_image() -> None:
    kinds = {risk.kind for risk in look({}, config=make_config()).found}
    assert kinds == {RiskKind.ROOT_USER, RiskKind.NO_HEALTHCHECK}
