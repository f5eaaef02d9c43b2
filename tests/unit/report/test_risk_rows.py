from __future__ import annotations

import json
from typing import get_args, get_type_hints

from jettison.paths import ImagePath
from jettison.report.documents import encode
from jettison.report.risk_rows import risk_rows
from jettison.report.xray_document import RiskRow
from jettison.xray.risk_model import Risk, RiskKind, Severity


def test_rows_say_what_the_risks_say() -> None:
    risks = (
        Risk(
            kind=RiskKind.SECRET,
            severity=Severity.HIGH,
            detail="GitHub token: ghp_***",
            path=ImagePath("/app/a.py"),
            layer=3,
            line=7,
            is_hidden=True,
            rule="github-token",
        ),
        Risk(kind=RiskKind.ROOT_USER, severity=Severity.MEDIUM, detail="USER is not set"),
    )
    first, second = (json.loads(encode(row)) for row in risk_rows(risks))
    assert first == {
        "kind": "secret",
        "severity": "high",
        "path": "/app/a.py",
        "layer": 3,
        "is_hidden": True,
        "detail": "GitHub token: ghp_***",
        "line": 7,
        "owner": "",
        "rule": "github-token",
    }
    assert (second["path"], second["layer"], second["line"]) == ("", None, None)


def test_the_document_knows_every_severity() -> None:
    assert set(get_args(get_type_hints(RiskRow)["severity"])) == {item.value for item in Severity}
