"""Command lines that schedulers and process managers are given in their configuration."""

from __future__ import annotations

import configparser
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from jettison.paths import ImagePath

# System crontabs name the user before the command; those of users, of BusyBox and of supercronic
# do not: crontab(5).
_SYSTEM_CRONTAB: Final = re.compile(r"/etc/crontab|/etc/cron\.d/[^/]+")
_USER_CRONTAB: Final = re.compile(r"/etc/crontabs/[^/]+|/var/spool/cron/.+|.*/crontab")
_PERIODIC: Final = re.compile(r"/etc/(?:cron\.(?:hourly|daily|weekly|monthly)|periodic/\w+)/[^/]+")
_CRON_LINE: Final = re.compile(r"[ \t]*(?:@\w+|[\d*](?:\S*[ \t]+\S+){4})[ \t]+(?P<command>\S.*)")
_PROCFILE: Final = re.compile(r".*/Procfile(?:\.\w+)?")
_PROCFILE_LINE: Final = re.compile(r"[\w-]+:\s*(\S.*)")
_SETTINGS_SUFFIXES: Final = frozenset({".conf", ".ini", ".cfg"})
# Section and option: supervisor's "Configuration File", circus's "Configuration".
_MANAGED: Final = re.compile(r"(?:program|fcgi-program|eventlistener|watcher):.+")
_OPTIONS: Final = ("command", "cmd")
_MAX_CHARS: Final = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandLines:
    """What is to be run, in order of appearance.

    Shape: each line can be read as a shell reads it; `needs_shell` says that one will.
    """

    lines: tuple[str, ...] = ()
    needs_shell: bool = False


def may_name_commands(path: ImagePath) -> bool:
    """Whether `find_command_lines` reads files of this name."""
    return (
        path.suffix in _SETTINGS_SUFFIXES
        or _is_crontab(path)
        or _PROCFILE.fullmatch(path) is not None
    )


def is_periodic(path: ImagePath) -> bool:
    """Whether `run-parts` starts what stands here."""
    return _PERIODIC.fullmatch(path) is not None


def find_command_lines(path: ImagePath, text: str) -> CommandLines:
    """Read a crontab, a Procfile, or the settings of supervisor or circus, by the file's name."""
    text = text[:_MAX_CHARS]
    if path.suffix in _SETTINGS_SUFFIXES:
        return CommandLines(lines=tuple(_in_settings(text)))
    if _is_crontab(path):
        names_user = _SYSTEM_CRONTAB.fullmatch(path) is not None
        lines = tuple(_in_crontab(text, names_user=names_user))
    else:
        found = (_PROCFILE_LINE.fullmatch(line.strip()) for line in text.splitlines())
        lines = tuple(match[1] for match in found if match)
    return CommandLines(lines=lines, needs_shell=bool(lines))


def _is_crontab(path: ImagePath) -> bool:
    return any(pattern.fullmatch(path) for pattern in (_SYSTEM_CRONTAB, _USER_CRONTAB))


def _in_crontab(text: str, *, names_user: bool) -> Iterator[str]:
    for line in text.splitlines():
        match = _CRON_LINE.fullmatch(line)
        if match is None:
            continue
        command = match["command"]
        if names_user:
            _, _, command = command.replace("\t", " ").partition(" ")
        # What follows a percent sign is given to the command to read.
        yield re.split(r"(?<!\\)%", command)[0].replace("\\%", "%").strip()


def _in_settings(text: str) -> Iterator[str]:
    parser = configparser.RawConfigParser(
        strict=False, allow_no_value=True, inline_comment_prefixes=(";",)
    )
    try:
        parser.read_string(text)
    except configparser.Error:
        return
    for section in filter(_MANAGED.fullmatch, parser.sections()):
        for option in _OPTIONS:
            if command := parser.get(section, option, fallback=None):
                yield " ".join(command.split("\n"))
