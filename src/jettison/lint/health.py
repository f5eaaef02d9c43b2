"""HEALTHCHECK: what it runs, and which port it asks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from jettison.dockerfile import Instruction
from jettison.lint.installs import system_packages
from jettison.lint.servers import of_command
from jettison.lint.view import Command, View, program_of

DOWNLOADERS: Final = ("curl", "wget")
_URL: Final = re.compile(
    r"(https?)://(?:localhost|127\.0\.0\.1|\[::1\]|0\.0\.0\.0)(?::(\d+))?(/[^\s\"'|;&)]*)?"
)


def find_healthcheck(view: View) -> Instruction | None:
    """The HEALTHCHECK that counts: the last."""
    return view.last("HEALTHCHECK")


def is_disabled(item: Instruction) -> bool:
    """Whether it is `HEALTHCHECK NONE`."""
    return item.arguments[:1] == ("NONE",) or item.arguments[0].upper() == "NONE"


def downloader(commands: Sequence[Command]) -> str:
    """Curl or wget, where a check runs one of them; empty otherwise."""
    return next((name for name in map(program_of, commands) if name in DOWNLOADERS), "")


def asked_url(text: str) -> tuple[str, int] | None:
    """The URL that a check asks of its own container, and its port."""
    match = _URL.search(text)
    if match is None:
        return None
    port = int(match[2]) if match[2] else (443 if match[1] == "https" else 80)
    return match[0], port


def text_of(item: Instruction) -> str:
    """All that a check runs, as one line."""
    return " ".join(item.command) or item.script


def installed_packages(view: View) -> frozenset[str]:
    """The distribution's packages that the image's own instructions install."""
    return frozenset(
        package
        for _, item in view.in_chain("RUN")
        for command in view.commands(item)
        for package in system_packages(command)
    )


def ports(view: View) -> frozenset[int]:
    """The ports that the Dockerfile says the app has: EXPOSE, PORT and the command's own."""
    return frozenset(_ports(view))


def _ports(view: View) -> Iterator[int]:
    for stage, item in view.in_chain("EXPOSE"):
        for word in item.arguments:
            number = view.expanded(word, stage, item).partition("/")[0]
            first, dash, last = number.partition("-")
            if first.isdigit() and (not dash or last.isdigit()):
                end = int(last) if dash else int(first)
                yield from range(int(first), min(end, int(first) + 1000) + 1)
    port = view.environment.get("PORT", "")
    if port.isdigit():
        yield int(port)
    for found in of_command(view):
        if not found.untold or found.where is not None:
            yield from found.ports
