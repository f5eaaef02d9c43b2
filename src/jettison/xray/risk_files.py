"""Risks that entries of the file tree show by themselves: bits, capabilities, programs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from jettison.analysis.essentials import is_runtime_mount
from jettison.analysis.file_capabilities import ATTRIBUTE, parse_file_capabilities
from jettison.analysis.programs import SHELLS
from jettison.filetree import Entry
from jettison.xray.risk_model import Risk, RiskKind, Severity, Subject

_SETUID: Final = 0o4000
_SETGID: Final = 0o2000
_STICKY: Final = 0o1000
_OTHERS_WRITE: Final = 0o002

_PROGRAM_DIRECTORY: Final = re.compile(r"/(?:s?bin|libexec)/[^/]+\Z")
_MANAGERS: Final = (
    "apt apt-get aptitude dpkg apk rpm dnf dnf5 microdnf yum zypper pacman emerge snap pip uv pipx"
    " poetry pdm pipenv hatch conda mamba micromamba npm yarn pnpm gem bundle cargo composer"
)
_MANAGER_NAMES: Final = frozenset(_MANAGERS.split())
_VERSION: Final = re.compile(r"(?<=[a-z])-?[0-9](?:\.[0-9]+)*\Z")
# Capabilities with which a process makes itself root of the host or reads everything.
_GRAVE: Final = frozenset(
    f"cap_{name}"
    for name in (
        *("chown", "dac_override", "dac_read_search", "fowner", "mknod", "setfcap", "setgid"),
        *("setuid", "sys_admin", "sys_module", "sys_ptrace", "sys_rawio", "bpf"),
    )
)


def find_file_risks(subject: Subject) -> Iterator[Risk]:
    """What modes, attributes and names in the merged tree tell."""
    for entry in subject.rootfs.tree.values():
        if entry.is_file:
            if entry.mode & (_SETUID | _SETGID):
                yield from _set_id(subject, entry)
            if entry.xattrs and ATTRIBUTE in entry.xattrs:
                yield from _capabilities(subject, entry)
            if entry.mode & 0o111 and _PROGRAM_DIRECTORY.search(entry.path):
                yield from _programs(subject, entry)
    yield from _world_writable(subject)


def _set_id(subject: Subject, entry: Entry) -> Iterator[Risk]:
    # Without execute bits they mean nothing, or mandatory locking.
    if not entry.mode & 0o111:
        return
    owner = subject.owner(entry.path)
    mode = f"mode {entry.mode:04o}"
    if entry.mode & _SETUID:
        is_root = "root" if entry.uid == 0 else f"user {entry.uid}"
        yield Risk(
            kind=RiskKind.SETUID,
            severity=Severity.LOW if owner else Severity.HIGH,
            detail=f"runs as {is_root} whoever starts it ({mode})",
            path=entry.path,
            layer=entry.layer,
            owner=owner,
        )
    if entry.mode & _SETGID:
        yield Risk(
            kind=RiskKind.SETGID,
            severity=Severity.INFO if owner else Severity.MEDIUM,
            detail=f"runs as group {entry.gid} whoever starts it ({mode})",
            path=entry.path,
            layer=entry.layer,
            owner=owner,
        )


def _capabilities(subject: Subject, entry: Entry) -> Iterator[Risk]:
    names = parse_file_capabilities(entry.xattrs[ATTRIBUTE])
    if not names:
        return
    owner = subject.owner(entry.path)
    severity = Severity.LOW if owner else Severity.MEDIUM
    if _GRAVE.intersection(names):
        severity = Severity.MEDIUM if owner else Severity.HIGH
    yield Risk(
        kind=RiskKind.CAPABILITIES,
        severity=severity,
        detail=f"gives {', '.join(names)} to whoever starts it",
        path=entry.path,
        layer=entry.layer,
        owner=owner,
    )


def _programs(subject: Subject, entry: Entry) -> Iterator[Risk]:
    name = _VERSION.sub("", entry.path.name)
    if entry.path.name in SHELLS:
        kind, detail = RiskKind.SHELL, "a shell, for whoever gets in"
    elif name in _MANAGER_NAMES:
        kind, detail = RiskKind.PACKAGE_MANAGER, f"{name} can fetch and install more"
    else:
        return
    yield Risk(
        kind=kind,
        severity=Severity.INFO,
        detail=detail,
        path=entry.path,
        layer=entry.layer,
        owner=subject.owner(entry.path),
    )


def _world_writable(subject: Subject) -> Iterator[Risk]:
    """Each topmost one, with the number of those below it: `chmod -R 777` is one risk."""
    tops: dict[str, Entry] = {}
    below: dict[str, int] = {}
    for entry in subject.rootfs.tree.values():
        if not _is_world_writable(entry):
            continue
        top = next((parent for parent in entry.path.parents if parent in tops), None)
        if top is None:
            tops[entry.path] = entry
            below[entry.path] = 0
        else:
            below[top] += 1
    for path, entry in tops.items():
        yield _writable_risk(subject, entry, below[path])


def _is_world_writable(entry: Entry) -> bool:
    if not entry.mode & _OTHERS_WRITE or not (entry.is_file or entry.is_directory):
        return False
    if entry.is_directory and entry.mode & _STICKY:
        return False
    return not is_runtime_mount(entry.path)


def _writable_risk(subject: Subject, entry: Entry, below: int) -> Risk:
    what = "directory" if entry.is_directory else "file"
    detail = f"{what} that anyone may change (mode {entry.mode:04o})"
    if below:
        detail += f", and {below} more below it"
    return Risk(
        kind=RiskKind.WORLD_WRITABLE,
        severity=Severity.HIGH if entry.is_executable else Severity.MEDIUM,
        detail=detail,
        path=entry.path,
        layer=entry.layer,
        owner=subject.owner(entry.path),
    )
