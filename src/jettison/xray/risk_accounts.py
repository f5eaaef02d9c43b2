"""Accounts that somebody can log in to, and ids that several share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from jettison.analysis.accounts import (
    AccountEntry,
    find_duplicates,
    is_locked,
    parse_accounts,
    parse_passwords,
)
from jettison.filetree import RootFS
from jettison.paths import ImagePath
from jettison.xray.risk_model import Risk, RiskKind, Severity, Subject

PASSWD: Final = "/etc/passwd"  # noqa: S105  # where accounts are
GROUP: Final = "/etc/group"
_SHADOW: Final = "/etc/shadow"
_MAX_BYTES: Final = 4 << 20


def read_small(rootfs: RootFS, path: str) -> tuple[ImagePath, bytes]:
    """Where this path leads and what is there, cut at 4 MiB; empty where nothing is."""
    found = rootfs.tree.resolve(path)
    if found.entry is None or not found.entry.is_file:
        return found.path, b""
    with rootfs.open(found.path) as file:
        return found.path, file.read(_MAX_BYTES)


def find_account_risks(subject: Subject) -> Iterator[Risk]:
    """What /etc/passwd, /etc/shadow and /etc/group of the merged tree tell."""
    passwd, raw_passwd = read_small(subject.rootfs, PASSWD)
    shadow, raw_shadow = read_small(subject.rootfs, _SHADOW)
    group, raw_group = read_small(subject.rootfs, GROUP)
    accounts = parse_accounts(raw_passwd)
    for account in accounts:
        if not is_locked(account.password):
            yield _password(subject, passwd, account.name, account.password, account.line)
    for name, password, line in parse_passwords(raw_shadow):
        if not is_locked(password):
            yield _password(subject, shadow, name, password, line)
    yield from _duplicates(subject, passwd, accounts, "uid")
    yield from _duplicates(subject, group, parse_accounts(raw_group), "gid")


def _password(subject: Subject, path: ImagePath, name: str, password: str, line: int) -> Risk:
    detail = f"{name} has a password, the same wherever this image runs"
    if not password:
        detail = f"{name} has an empty password"
    return Risk(
        kind=RiskKind.PASSWORD,
        severity=Severity.MEDIUM if password else Severity.HIGH,
        detail=detail,
        path=path,
        layer=subject.rootfs.tree[path].layer,
        line=line,
        owner=subject.owner(path),
    )


def _duplicates(
    subject: Subject, path: ImagePath, entries: tuple[AccountEntry, ...], what: str
) -> Iterator[Risk]:
    for number, sharing in find_duplicates(entries):
        is_root = number == 0 and what == "uid"
        names = ", ".join(entry.name for entry in sharing)
        detail = f"{names} share {what} {number}" + (": each is root" if is_root else "")
        yield Risk(
            kind=RiskKind.DUPLICATE_ID,
            severity=Severity.HIGH if is_root else Severity.LOW,
            detail=detail,
            path=path,
            layer=subject.rootfs.tree[path].layer,
            line=sharing[1].line,
            owner=subject.owner(path),
        )
