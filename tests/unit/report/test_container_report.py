from __future__ import annotations

import json
from dataclasses import replace

from jettison.report.container_report import (
    Address,
    Capability,
    KeptPath,
    SystemCall,
    make_container_report,
    render_container_report,
)
from jettison.selection import LayerRole
from jettison.trace import TraceLog
from support.reports import sample


def kept() -> dict[str, KeptPath]:
    made = sample()
    return {item.path: item for item in make_container_report(made.run, made.slimmed).kept}


def test_run_is_told_once_per_thing_and_sorted() -> None:
    made = sample()
    report = make_container_report(made.run, made.slimmed)
    assert report.listening == (Address(family="inet", protocol="tcp", address="0.0.0.0", port=80),)
    assert [item.port for item in report.connects] == [5432]
    assert report.system_calls == (
        SystemCall(name="openat", count=5),
        SystemCall(name="read", count=5),
    )
    assert report.capabilities == (
        Capability(name="CAP_NET_BIND_SERVICE", evidence=("bind to port 80",)),
    )
    assert report.writable_paths == ("/data", "/tmp")
    assert report.health is not None
    assert report.probes[0].status == 200


def test_secrets_in_arguments_are_not_shown() -> None:
    made = sample()
    raw = render_container_report(make_container_report(made.run, made.slimmed))
    assert b"hunter2" not in raw
    assert raw.count(b"--password=***") == 2  # the command's and the process's


def test_kept_path_has_owner_layer_and_reasons() -> None:
    found = kept()
    python = found["/usr/bin/python3.11"]
    assert (python.mode, python.size_bytes) == ("0755", 700)
    assert python.owner == "deb python3.11-minimal 3.11.2-6"
    assert python.layer is LayerRole.RUNTIME
    assert [(item.rule, item.because) for item in python.reasons] == [
        ("python", "/usr/bin/python3"),
        ("observed", None),
    ]
    flask = found["/site/flask/app.py"]
    assert (flask.layer, flask.original_layer) == (LayerRole.DEPENDENCIES, 1)
    assert found["/bin"].link_target == "usr/bin"
    assert "/usr/bin/perl" not in found


def test_byte_code_is_told_by_its_source() -> None:
    code = kept()["/usr/lib/os.pyc"]
    assert code.owner == "deb python3.11-minimal 3.11.2-6"
    assert [(item.rule, item.detail) for item in code.reasons] == [
        ("observed", "OPEN"),
        ("python", "byte code of /usr/lib/os.py"),
    ]


def test_new_paths_say_so() -> None:
    found = kept()
    record = found["/var/lib/dpkg/status.d/python"]
    assert record.original_layer is None
    assert record.reasons[0].rule == "record"
    assert found["/var/lib/dpkg/status.d"].reasons[0].detail == "new, for what is in it"


def test_every_kept_path_has_a_reason() -> None:
    assert all(item.reasons for item in kept().values())


def test_profile_alone_keeps_nothing() -> None:
    report = make_container_report(sample().run, None)
    value = json.loads(render_container_report(report))
    assert (value["kept"], value["slimmed"], value["policy"]) == ([], None, None)
    assert value["processes"][0]["programs"][0]["path"] == "/usr/bin/python3.11"


def test_order_of_what_was_seen_does_not_change_the_bytes() -> None:
    made = sample()
    trace = made.run.trace
    turned = TraceLog(
        processes=trace.processes[::-1],
        syscalls=trace.syscalls[::-1],
        sockets=trace.sockets[::-1],
        capabilities=trace.capabilities[::-1],
        agent_seconds=9.0,
    )
    assert render_container_report(
        make_container_report(replace(made.run, trace=turned), made.slimmed)
    ) == render_container_report(make_container_report(made.run, made.slimmed))
