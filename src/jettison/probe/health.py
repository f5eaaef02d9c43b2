"""The image's HEALTHCHECK, run until it says that the app is healthy."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from jettison.image import HealthCheck

_SHELL: Final = ("/bin/sh", "-c")
# Docker's default for a check without a timeout of its own.
_TIMEOUT_S: Final = 30.0
_FIRST_PAUSE_S: Final = 0.05
_LONGEST_PAUSE_S: Final = 1.0
_SHOWN_BYTES: Final = 4096


class Executor(Protocol):
    """Runs a program in the container."""

    def exec(self, argv: Sequence[str], *, timeout_s: float) -> tuple[int, str]:
        """Return the status it ended with and what it printed; a status of -1 if it was killed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthPlan:
    """What to run in the container, and for how long one run may go on."""

    argv: tuple[str, ...]
    timeout_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthResult:
    """How the last run ended; `output` is cut to its last 4 KiB."""

    is_healthy: bool
    attempts: int
    status: int
    output: str
    seconds: float


def plan_health(check: HealthCheck | None, *, shell: tuple[str, ...] = ()) -> HealthPlan | None:
    """What a HEALTHCHECK runs; None where the image has none or disables it.

    Shape: `shell` is the image config's, which CMD-SHELL uses in place of /bin/sh -c.
    Source: Docker image specification 1.2, "Healthcheck".
    """
    if check is None or len(check.test) < 2:
        return None
    kind, *arguments = check.test
    if kind == "CMD":
        argv = tuple(arguments)
    elif kind == "CMD-SHELL":
        argv = (*(shell or _SHELL), arguments[0])
    else:
        return None
    return HealthPlan(argv=argv, timeout_s=check.timeout_s or _TIMEOUT_S)


def run_until_healthy(
    plan: HealthPlan,
    executor: Executor,
    *,
    within_s: float,
    clock: Callable[[], float] = time.monotonic,
    pause: Callable[[float], None] = time.sleep,
) -> HealthResult:
    """Run the check until it ends with status 0 or the time is over; at least once."""
    started = clock()
    attempts = 0
    wait = _FIRST_PAUSE_S
    while True:
        attempts += 1
        status, output = executor.exec(plan.argv, timeout_s=plan.timeout_s)
        seconds = clock() - started
        if status == 0 or seconds + wait > within_s:
            return HealthResult(
                is_healthy=status == 0,
                attempts=attempts,
                status=status,
                output=output[-_SHOWN_BYTES:],
                seconds=seconds,
            )
        pause(wait)
        wait = min(wait * 2, _LONGEST_PAUSE_S)
