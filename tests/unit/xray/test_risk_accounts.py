from __future__ import annotations

from jettison.xray.risk_model import RiskKind, Severity
from support.layers import Content
from support.risky import look, of_kind

LOCKED: Content = {
    "/etc/passwd": b"root:x:0:0::/root:/bin/sh\napp:x:1000:1000::/:/bin/sh\n",
    "/etc/shadow": b"root:*:19000:0:99999:7:::\napp:!:19000::::::\n",
    "/etc/group": b"root:x:0:\napp:x:1000:\n",
}


def test_locked_accounts_with_ids_of_their_own_are_fine() -> None:
    risks = look(LOCKED)
    assert of_kind(risks, RiskKind.PASSWORD) == of_kind(risks, RiskKind.DUPLICATE_ID) == []


def test_empty_and_set_passwords() -> None:
    shadow = b"root::19000::::::\napp:$6$salt$hash:19000::::::\n"
    passwd = b"root:x:0:0:::\napp:x:1:1:::\nold::2:2:::\n"
    risks = look({**LOCKED, "/etc/shadow": shadow, "/etc/passwd": passwd})
    found = of_kind(risks, RiskKind.PASSWORD)
    assert [(risk.path, risk.line, risk.severity) for risk in found] == [
        ("/etc/passwd", 3, Severity.HIGH),
        ("/etc/shadow", 1, Severity.HIGH),
        ("/etc/shadow", 2, Severity.MEDIUM),
    ]
    assert "hash" not in found[2].detail


def test_shared_ids_and_twins_of_root() -> None:
    passwd = b"root:x:0:0:::\ntoor:x:0:0:::\na:x:5:5:::\nb:x:5:6:::\n"
    group = b"root:x:0:\nwheel:x:0:\n"
    found = of_kind(
        look({**LOCKED, "/etc/passwd": passwd, "/etc/group": group}), RiskKind.DUPLICATE_ID
    )
    assert [(risk.detail, risk.severity) for risk in found] == [
        ("root, toor share uid 0: each is root", Severity.HIGH),
        ("root, wheel share gid 0", Severity.LOW),
        ("a, b share uid 5", Severity.LOW),
    ]
