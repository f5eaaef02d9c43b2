"""The only place that starts other programs."""

from __future__ import annotations

import logging
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from jettison.edge.redact import redact
from jettison.errors import HostError, JettisonError

_log = logging.getLogger(__name__)

# A quoted tail of a program's output is cut, as every body in an error is.
_TAIL_BYTES = 64 << 10


class CommandError(JettisonError):
    """A program ended with a status that is not 0, or did not end in time."""

    exit_code = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Completed:
    """A program that ended; `stdout` and `stderr` are empty where they went to a file."""

    argv: tuple[str, ...]
    status: int
    stdout: bytes
    stderr: bytes

    @property
    def text(self) -> str:
        """What it printed, as UTF-8 with what is not replaced."""
        return self.stdout.decode("utf-8", "replace")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessOptions:
    """How to start a program. An `env` of None or a `umask` of -1 hands on our own."""

    env: Mapping[str, str] | None = None
    cwd: Path | None = None
    input: bytes | None = None
    stdin: IO[bytes] | int | None = None
    stdout: IO[bytes] | int | None = None
    stderr: IO[bytes] | int | None = None
    pass_fds: tuple[int, ...] = ()
    umask: int = -1
    check: bool = True


_DEFAULTS = ProcessOptions()


def run(argv: Sequence[str], *, timeout_s: float, options: ProcessOptions = _DEFAULTS) -> Completed:
    """Run a program to its end and collect what it prints.

    Raises: HostError if it is not installed; CommandError on a status other than 0 (unless
    `options.check` is off) or when `timeout_s` is over, after killing it.
    """
    _log.debug("run %s", redact(" ".join(argv)))
    try:
        done = subprocess.run(
            list(argv),
            input=options.input,
            stdin=None if options.input is not None else options.stdin or subprocess.DEVNULL,
            stdout=subprocess.PIPE if options.stdout is None else options.stdout,
            stderr=subprocess.PIPE if options.stderr is None else options.stderr,
            env=options.env,
            cwd=options.cwd,
            pass_fds=options.pass_fds,
            umask=options.umask,
            timeout=timeout_s,
            check=False,
        )
    except FileNotFoundError as err:
        raise HostError(f"{argv[0]} was not found", hint=f"install {argv[0]}") from err
    except OSError as err:
        raise HostError(f"{argv[0]} could not be started: {err.strerror}") from err
    except subprocess.TimeoutExpired as err:
        raise CommandError(f"{redact(' '.join(argv))}: no end after {timeout_s:g} s") from err
    completed = Completed(
        argv=tuple(argv),
        status=done.returncode,
        stdout=done.stdout or b"",
        stderr=done.stderr or b"",
    )
    if options.check and completed.status != 0:
        tail = completed.stderr[-_TAIL_BYTES:].decode("utf-8", "replace").strip()
        raise CommandError(
            f"{redact(' '.join(argv))}: status {completed.status}: {redact(tail)}".rstrip(": ")
        )
    return completed
