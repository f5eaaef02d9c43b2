from __future__ import annotations

from jettison.filetree import Entry, FileKind, FileTree
from jettison.paths import ImagePath
from jettison.profile.capabilities import find_needed
from jettison.trace import CapabilityUse, FileAccess, Operation, Origin, Process, TraceLog

TREE = FileTree(
    [
        Entry(path=ImagePath("/home/app"), kind=FileKind.DIRECTORY, mode=0o700, uid=7, gid=7),
        Entry(path=ImagePath("/home/app/key"), kind=FileKind.FILE, mode=0o600, uid=7, gid=7),
        Entry(path=ImagePath("/srv"), kind=FileKind.DIRECTORY, mode=0o755, uid=7, gid=7),
        Entry(path=ImagePath("/srv/open"), kind=FileKind.FILE, mode=0o644, uid=7, gid=7),
        Entry(path=ImagePath("/srv/team"), kind=FileKind.FILE, mode=0o660, uid=7, gid=0),
        Entry(path=ImagePath("/etc/shadow"), kind=FileKind.FILE, mode=0o640, gid=42),
    ]
)


def needed(*accesses: tuple[Operation, str, int], origin: Origin = Origin.APP) -> dict[str, str]:
    log = TraceLog(
        processes=(Process(pid=1, parent=0, origin=origin),),
        accesses=tuple(
            FileAccess(path=ImagePath(path), operation=operation, pid=1, uid=uid)
            for operation, path, uid in accesses
        ),
    )
    return {item.name: "; ".join(item.evidence) for item in find_needed(log, TREE)}


def test_root_needs_nothing_for_what_the_modes_give_it() -> None:
    assert (
        needed(
            (Operation.OPEN, "/etc/shadow", 0),
            (Operation.WRITE, "/etc/shadow", 0),
            (Operation.WRITE, "/etc/new", 0),
            (Operation.OPEN, "/srv/open", 0),
            (Operation.WRITE, "/srv/team", 0),
        )
        == {}
    )


def test_root_that_passes_over_modes_needs_dac_override() -> None:
    assert needed((Operation.STAT, "/home/app/key", 0)) == {
        "DAC_OVERRIDE": "search /home/app (700, 7:7)"
    }
    assert needed((Operation.WRITE, "/srv/open", 0)) == {
        "DAC_OVERRIDE": "write /srv/open (644, 7:7)"
    }
    assert needed((Operation.WRITE, "/srv/new", 0)) == {"DAC_OVERRIDE": "create in /srv (755, 7:7)"}


def test_ordinary_users_override_nothing() -> None:
    assert needed((Operation.WRITE, "/srv/new", 33)) == {}


def test_what_system_calls_showed_counts_for_the_app_and_not_for_helpers() -> None:
    uses = (
        CapabilityUse(name="SETUID", pid=1, evidence="setuid(33) as 0"),
        CapabilityUse(name="KILL", pid=2, evidence="kill"),
    )
    processes = (
        Process(pid=1, parent=0, origin=Origin.APP),
        Process(pid=2, parent=0, origin=Origin.EXEC),
    )
    log = TraceLog(processes=processes, capabilities=uses)
    assert [(item.name, item.evidence) for item in find_needed(log, TREE)] == [
        ("SETUID", ("setuid(33) as 0",))
    ]
    everyone = find_needed(log, TREE, origins=frozenset(Origin))
    assert [item.name for item in everyone] == ["KILL", "SETUID"]
