"""When a profiling run has seen enough: `--continue-after`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from jettison.errors import UsageError

_HINT: Final = "write probe, exec, signal or a number of seconds, joined with +, such as probe+exec"
_LONGEST_S: Final = 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """What has to have happened, all of it, before the run goes on.

    Shape: `probe` and `exec`: those have run; `signal`: the user sent SIGUSR1; `seconds`: the app
    has run that long.
    """

    probe: bool = False
    exec: bool = False
    signal: bool = False
    seconds: float | None = None

    @property
    def needs_http(self) -> bool:
        """Whether the app must answer HTTP at all; a worker need not."""
        return self.probe


def parse_ending(text: str) -> Ending:
    """Parse `probe`, `exec`, `signal`, seconds, or several of them joined with `+`.

    Raises: UsageError.
    """
    probe = exec_ = signal = False
    seconds: float | None = None
    for word in re.split(r"[+&,]", text.strip().lower()):
        word = word.strip()
        number = word.removesuffix("s")
        if word == "probe":
            probe = True
        elif word == "exec":
            exec_ = True
        elif word == "signal":
            signal = True
        elif re.fullmatch(r"[0-9]{1,6}(\.[0-9]{1,3})?", number) and float(number) <= _LONGEST_S:
            seconds = max(seconds or 0.0, float(number))
        else:
            raise UsageError(f"--continue-after {text!r}: {word!r} is not understood", hint=_HINT)
    return Ending(probe=probe, exec=exec_, signal=signal, seconds=seconds)
