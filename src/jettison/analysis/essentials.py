"""Paths that programs need without anybody naming them: accounts, names, trust, time, locales.

Only facts about an image are found here; which of them a slimmed image keeps is decided elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from jettison.filetree import Entry, FileTree
from jettison.paths import ImagePath

FILES: Final = (
    ("/etc/passwd", "accounts"),
    ("/etc/group", "accounts"),
    ("/etc/nsswitch.conf", "name service switch"),
    ("/etc/hosts", "name resolution"),
    ("/etc/host.conf", "name resolution"),
    ("/etc/resolv.conf", "name resolution"),
    ("/etc/gai.conf", "name resolution"),
    ("/etc/hostname", "name resolution"),
    ("/etc/protocols", "network names"),
    ("/etc/services", "network names"),
    ("/etc/os-release", "which distribution this is"),
    ("/usr/lib/os-release", "which distribution this is"),
    ("/etc/lsb-release", "which distribution this is"),
    ("/etc/debian_version", "which distribution this is"),
    ("/etc/alpine-release", "which distribution this is"),
    ("/etc/redhat-release", "which distribution this is"),
    ("/etc/system-release", "which distribution this is"),
    ("/etc/localtime", "local time"),
    ("/etc/timezone", "local time"),
    ("/etc/mime.types", "media types"),
    ("/etc/ssl/openssl.cnf", "OpenSSL's configuration"),
    ("/etc/pki/tls/openssl.cnf", "OpenSSL's configuration"),
    ("/usr/lib/ssl/openssl.cnf", "OpenSSL's configuration"),
    ("/etc/crypto-policies/back-ends/opensslcnf.config", "OpenSSL's configuration"),
    ("/usr/lib/ssl/certs", "where OpenSSL looks for certificates"),
)

# Where OpenSSL as the distributions configure it, Go, curl and Python look for one file.
CA_BUNDLES: Final = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/ssl/cert.pem",
    "/usr/lib/ssl/cert.pem",
    "/usr/local/ssl/cert.pem",
    "/etc/ssl/ca-bundle.pem",
    "/etc/pki/tls/cert.pem",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/pki/tls/cacert.pem",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/var/lib/ca-certificates/ca-bundle.pem",
)
# Of these, the ones that OpenSSL opens by default where it was built for the distribution.
_OPENSSL_DEFAULTS: Final = ("/usr/lib/ssl/cert.pem", "/etc/ssl/cert.pem", "/etc/pki/tls/cert.pem")
_HASHED_CERTIFICATES: Final = "/etc/ssl/certs"

# Variables that name a directory all of which is meant.
_WHOLE_DIRECTORIES: Final = frozenset(
    {"SSL_CERT_DIR", "TZDIR", "PYTHONTZPATH", "LOCPATH", "FONTCONFIG_PATH", "GIT_SSL_CAPATH"}
)
# Variables whose directories other rules look after, and those that name what only people use.
_PASSED_OVER: Final = frozenset(
    {
        *("PATH", "LD_LIBRARY_PATH", "PYTHONPATH", "MANPATH", "PWD"),
        *("SHELL", "EDITOR", "VISUAL", "PAGER", "BROWSER"),
    }
)

ZONE_DIRECTORY: Final = "/usr/share/zoneinfo"
# Copies of the whole data in other conventions (leap seconds), and sources of the compiler.
_OTHER_ZONES: Final = frozenset({"right", "posix", "posixrules", "tzdata.zi"})
LOCALE_DIRECTORY: Final = "/usr/lib/locale"

# Where the kernel or the container runtime shows something else than the image.
RUNTIME_MOUNTS: Final = ("/proc", "/sys", "/dev")


@dataclass(frozen=True, slots=True, kw_only=True)
class Essential:
    """A path and what it is for; `whole` takes in everything below a directory."""

    path: str
    why: str
    whole: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Whom the image's command runs as; `home` is empty where /etc/passwd does not tell."""

    uid: int
    gid: int
    home: str


def find_files(tree: FileTree) -> Iterator[Essential]:
    """What is needed whatever the image runs, as far as it is there."""
    for path, why in FILES:
        if tree.resolve(path, follow_last=False).entry is not None:
            yield Essential(path=path, why=why)


def find_certificates(tree: FileTree) -> Iterator[Essential]:
    """CA bundles; and the directory of single certificates where OpenSSL finds no bundle."""
    for path in CA_BUNDLES:
        if tree.resolve(path).entry is not None:
            yield Essential(path=path, why="trusted certificates")
    has_bundle = any(tree.resolve(path).entry is not None for path in _OPENSSL_DEFAULTS)
    if not has_bundle and tree.resolve(_HASHED_CERTIFICATES).entry is not None:
        why = "trusted certificates: OpenSSL has no bundle here"
        yield Essential(path=_HASHED_CERTIFICATES, why=why, whole=True)


def find_in_prefix(tree: FileTree, prefix: str) -> Iterator[Essential]:
    """What programs of a conda prefix find there instead of in the system's directories."""
    for name in ("cert.pem", "cacert.pem", "openssl.cnf"):
        if tree.resolve(f"{prefix}/ssl/{name}").entry is not None:
            yield Essential(path=f"{prefix}/ssl/{name}", why=f"OpenSSL's files of {prefix}")


def find_environment(tree: FileTree, env: Mapping[str, str]) -> Iterator[Essential]:
    """Files and directories that variables of the image name: SSL_CERT_FILE, LD_PRELOAD …"""
    for name, value in env.items():
        if name in _PASSED_OVER:
            continue
        for part in re.split(r"[:\s]", value):
            if len(part) < 2 or not part.startswith("/") or "\0" in part:
                continue
            if tree.resolve(part).entry is not None:
                yield Essential(
                    path=part, why=f"named by ${name}", whole=name in _WHOLE_DIRECTORIES
                )


def find_zones(tree: FileTree, *, directory: str = ZONE_DIRECTORY) -> Iterator[Essential]:
    """All time zones, without the second and third copy that Debian ships."""
    real = tree.resolve(directory)
    for name in tree.children(real.path):
        if name not in _OTHER_ZONES:
            yield Essential(path=f"{real.path}/{name}", why="time zone data", whole=True)


def find_named_zone(tree: FileTree, zone: str) -> Iterator[Essential]:
    """The file of the zone that TZ names."""
    name = zone.removeprefix(":")
    path = name if name.startswith("/") else f"{ZONE_DIRECTORY}/{name}"
    if name and "\0" not in name and tree.resolve(path).entry is not None:
        yield Essential(path=path, why="the zone that $TZ names")


def find_locales(tree: FileTree) -> Iterator[Essential]:
    """The glibc locales that are installed."""
    if tree.children(tree.resolve(LOCALE_DIRECTORY).path):
        yield Essential(path=LOCALE_DIRECTORY, why="installed locales", whole=True)


def parse_user(user: str, passwd: bytes, group: bytes) -> Account:
    """Resolve the config's User (`name`, `uid`, each with `:group` or `:gid`) as runc does.

    Shape: an unknown name is taken as root: such an image does not start at all.
    """
    name, _, group_name = user.partition(":")
    accounts = [line.split(":") for line in passwd.decode("utf-8", "replace").splitlines()]
    uid, gid, home = (0, 0, "/root") if not name else (_number(name), 0, "")
    for fields in accounts:
        if len(fields) >= 6 and (fields[0] == name or _number(fields[2]) == uid != -1):
            uid, gid, home = _number(fields[2]), _number(fields[3]), fields[5]
            break
    if group_name:
        gid = _number(group_name)
        for line in group.decode("utf-8", "replace").splitlines():
            fields = line.split(":")
            if len(fields) >= 3 and fields[0] == group_name:
                gid = _number(fields[2])
    return Account(uid=max(uid, 0), gid=max(gid, 0), home=home)


def is_writable(entry: Entry, account: Account) -> bool:
    """Whether this directory is there for the account, or for anyone, to write into.

    Root may write everywhere, so that it could says nothing: for root only what anyone may write
    to counts.
    """
    if entry.mode & 0o002:
        return True
    if account.uid == 0:
        return False
    if entry.uid == account.uid:
        return bool(entry.mode & 0o200)
    return entry.gid == account.gid != 0 and bool(entry.mode & 0o020)


def is_runtime_mount(path: ImagePath) -> bool:
    """Whether the running container shows something else there."""
    return path.startswith(("/proc/", "/sys/", "/dev/")) or path in RUNTIME_MOUNTS


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 11 else -1
