"""JT5002: a HEALTHCHECK that calls a program which the image does not have."""

from __future__ import annotations

import json
import posixpath
import re
import shlex
from collections.abc import Iterator
from typing import Final

from jettison.dockerfile import Instruction
from jettison.dockerfile.edits import Edit
from jettison.lint.health import (
    asked_url,
    downloader,
    find_healthcheck,
    installed_packages,
    is_disabled,
    text_of,
)
from jettison.lint.image import ImageView
from jettison.lint.model import Problem, Rule, Severity
from jettison.lint.view import View

_BUILTINS: Final = frozenset(
    {"exit", "test", "[", "true", "false", "cd", "echo", "if", "command", "!"}
)
_DEFAULT_TIMEOUT_S: Final = 30
# `curl -f URL`, or wget's like, and what its failure ends with.
_PLAIN: Final = re.compile(r"(?:curl|wget)\s+(?:-\S+\s+)*\S+(?:\s*\|\|\s*exit\s+1)?\s*\Z")


def check(view: View) -> Iterator[Problem]:
    """The check that counts, where it calls curl or wget and the base is known to lack it."""
    item = find_healthcheck(view)
    if item is None or is_disabled(item):
        return
    name = downloader(view.commands(item))
    if not name or view.root_base.has_program(name) is not False:
        return
    if name in installed_packages(view):
        return
    message = f"{view.root_base.text} has no {name}: the container is never healthy"
    yield view.at(item.span, f"{message}; Python can ask, too", *_fix(view, item))


def _fix(view: View, item: Instruction) -> Iterator[Edit]:
    """Ask by Python, where it is one plain request and the base brings Python."""
    asked = asked_url(text_of(item))
    if asked is None or view.root_base.short not in ("python", "pypy"):
        return
    if not _PLAIN.match(text_of(item)):
        return
    start = item.words[len(item.flags)].span.start
    call = f"urllib.request.urlopen({asked[0]!r}, timeout={_timeout_s(item)})"
    code = f"import urllib.request; {call}"
    yield Edit(start=start, end=item.span.end, text=f"CMD {json.dumps(['python', '-c', code])}")


def _timeout_s(item: Instruction) -> int:
    flag = item.flag("timeout")
    match = re.fullmatch(r"(\d+)s", flag.value) if flag is not None else None
    return max(1, (int(match[1]) if match else _DEFAULT_TIMEOUT_S) - 1)


def check_image(view: ImageView) -> Iterator[Problem]:
    """The program of the image's check, looked for in the image."""
    check = view.config.healthcheck
    if check is None or check.test[:1] == ("NONE",) or len(check.test) < 2:
        return
    words = list(check.test[1:])
    if check.test[0] == "CMD-SHELL":
        try:
            words = shlex.split(check.test[1])
        except ValueError:
            return
        while words and "=" in words[0]:
            words.pop(0)
    if not words or words[0] in _BUILTINS or "$" in words[0] or view.find_program(words[0]):
        return
    name = posixpath.basename(words[0])[:80]
    yield view.problem(f"the health check calls {name}, which the image does not have")


RULE: Final = Rule(
    code="JT5002",
    title="HEALTHCHECK calls what is not there",
    remedy="ask by python -c and urllib.request, which is there",
    severity=Severity.ERROR,
    check=check,
    check_image=check_image,
)
