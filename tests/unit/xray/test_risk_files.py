from __future__ import annotations

import struct

from jettison.xray.risk_model import RiskKind, Severity
from support.layers import Directory, File, Symlink
from support.risky import look, of_kind, package

CAPABILITY = "security.capability"


def test_set_id_programs_and_whose_they_are() -> None:
    layer = {
        "/usr/bin/su": File(mode=0o4755),
        "/opt/tool": File(mode=0o6755, uid=7, gid=8),
        "/var/mail": Directory(mode=0o2775),
        "/usr/bin/plain": File(mode=0o755),
        "/data": File(mode=0o2644),
    }
    risks = look(layer, packages=(package("login", "/usr/bin/su"),))
    found = [(risk.path, risk.severity, risk.owner) for risk in of_kind(risks, RiskKind.SETUID)]
    assert found == [
        ("/opt/tool", Severity.HIGH, ""),
        ("/usr/bin/su", Severity.LOW, "deb login 1"),
    ]
    assert [risk.path for risk in of_kind(risks, RiskKind.SETGID)] == ["/opt/tool"]
    assert "user 7" in of_kind(risks, RiskKind.SETUID)[0].detail


def test_capabilities_of_files() -> None:
    def value(bit: int) -> bytes:
        return struct.pack("<5I", 0x02000001, 1 << bit, 0, 0, 0)

    layer = {
        "/bin/ping": File(mode=0o755, xattrs={CAPABILITY: value(13)}),
        "/bin/evil": File(mode=0o755, xattrs={CAPABILITY: value(21)}),
        "/bin/none": File(mode=0o755, xattrs={CAPABILITY: b"?"}),
    }
    found = of_kind(look(layer), RiskKind.CAPABILITIES)
    assert [(risk.path, risk.severity) for risk in found] == [
        ("/bin/evil", Severity.HIGH),
        ("/bin/ping", Severity.MEDIUM),
    ]
    assert "cap_net_raw" in found[1].detail


def test_shells_and_package_managers() -> None:
    program = File(mode=0o755)
    layer = {
        "/usr/bin/dash": program,
        "/usr/bin/sh": Symlink(target="dash"),
        "/usr/bin/apt-get": program,
        "/usr/bin/dpkg": program,
        "/usr/local/bin/pip3.12": program,
        "/usr/local/bin/uv": program,
        "/usr/bin/pipe": program,
        "/app/bash": program,
        "/usr/bin/zsh": File(mode=0o644),
    }
    risks = look(layer)
    assert [risk.path for risk in of_kind(risks, RiskKind.SHELL)] == ["/usr/bin/dash"]
    assert [risk.path for risk in of_kind(risks, RiskKind.PACKAGE_MANAGER)] == [
        "/usr/bin/apt-get",
        "/usr/bin/dpkg",
        "/usr/local/bin/pip3.12",
        "/usr/local/bin/uv",
    ]


def test_what_anyone_may_write_to_counts_once_for_a_tree() -> None:
    layer = {
        "/app": Directory(mode=0o777),
        "/app/a.py": File(mode=0o666),
        "/app/deep": Directory(mode=0o777),
        "/app/deep/b.py": File(mode=0o777),
        "/app-2": File(mode=0o666),
        "/tmp": Directory(mode=0o1777),
        "/tmp/x": File(mode=0o644),
        "/link": Symlink(target="/app", mode=0o777),
        "/dev/shm": Directory(mode=0o777),
        "/srv/run.sh": File(mode=0o757),
    }
    found = of_kind(look(layer), RiskKind.WORLD_WRITABLE)
    assert [(risk.path, risk.severity) for risk in found] == [
        ("/srv/run.sh", Severity.HIGH),
        ("/app", Severity.MEDIUM),
        ("/app-2", Severity.MEDIUM),
    ]
    assert "3 more below it" in found[1].detail
