"""The proof: the original is run twice, the slimmed image once, and their answers compared."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Any, Final

from jettison.errors import ContainerError
from jettison.events import EventSink, Notice, stage
from jettison.report.units import count_of
from jettison.runtime.container import ContainerHost
from jettison.verify.compare import Volatile, compare, learn
from jettison.workflow.background import Background
from jettison.workflow.requests import WatchRequest
from jettison.workflow.usersignal import user_signal
from jettison.workflow.watching import Observation, Stacked, WatchOptions, watch

# For how long a program is run again that the user watched himself.
_LONGEST_REPLAY_S: Final = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """How one slimmed image did; `differences` has a line for each way in which it was not as
    the original.
    """

    observation: Observation
    differences: tuple[str, ...]


def observe_original(
    original: Stacked, request: WatchRequest, host: ContainerHost, events: EventSink
) -> Observation:
    """Run the original, traced.

    Raises: ContainerError, NotReadyError, TraceLossError, HostError.
    """
    with ExitStack() as stack:
        outcome = stack.enter_context(stage("run", events))
        is_told = stack.enter_context(user_signal(events)) if request.ending.signal else None
        seen = watch(original, request, host, WatchOptions(is_told=is_told))
        outcome.detail = _describe(seen)
    for notice in seen.notices:
        events.emit(Notice(message=notice))
    return seen


class Proof:
    """What slimmed images are measured by.

    The second run of the original, which tells what differs between runs of it, begins at once
    and in a thread; `volatile` waits for it. `seccomp` is the filter slimmed images run under.
    Only where two runs would share something do slimmed images wait for that one.
    """

    def __init__(
        self,
        original: Stacked,
        request: WatchRequest,
        host: ContainerHost,
        seen: Observation,
        seccomp: dict[str, Any],
    ) -> None:
        self._original = original
        self._request = _replayed(request, seen)
        self._host = host
        self._seen = seen
        self._seccomp = seccomp
        self._again = Background(self._run_again) if seen.results is not None else None

    @property
    def volatile(self) -> Volatile:
        """What of the answers is not compared.

        Raises: ContainerError if the original did not work a second time.
        """
        again = self._again.result() if self._again is not None else None
        if again is None or again.results is None or self._seen.results is None:
            return Volatile()
        return learn(self._seen.results, again.results)

    def try_out(self, slimmed: Stacked, *, execs: bool) -> Trial:
        """Run a slimmed image under the filter, traced, and ask it the same.

        `execs` says whether it is to have what the `--exec` commands need.
        """
        if self._again is not None and _shares(self._request):
            self._again.result()
        observation = watch(
            slimmed,
            self._request if execs else replace(self._request, execs=()),
            self._host,
            WatchOptions(seccomp=self._seccomp, again=self._seen.results, judged=False),
        )
        differences = _differences(self._seen, observation, self.volatile)
        return Trial(observation=observation, differences=differences)

    def _run_again(self) -> Observation:
        again = watch(
            self._original,
            replace(self._request, execs=()),
            self._host,
            WatchOptions(traced=False, again=self._seen.results, judged=False),
        )
        if again.failure:
            raise ContainerError(
                f"the original worked once but not when it was run again: {again.failure}",
                hint="an app that does not start each time cannot be compared",
                log_tail=again.log_tail,
            )
        return again


def _replayed(request: WatchRequest, seen: Observation) -> WatchRequest:
    """The request for runs that nobody is to end by hand."""
    ending = request.ending
    if ending.signal:
        seconds = ending.seconds
        if seen.results is None:
            # A program that is asked nothing gets its time to show that it works.
            seconds = max(seconds or 0.0, min(seen.ran_s, _LONGEST_REPLAY_S))
        ending = replace(ending, signal=False, seconds=seconds)
    return replace(request, ending=ending)


def _shares(request: WatchRequest) -> bool:
    """Whether two containers of a request would use the same ports, or write to the same files."""
    run = request.run
    return run.network != "none" or any(not volume.read_only for volume in run.volumes)


def _differences(seen: Observation, slimmed: Observation, volatile: Volatile) -> tuple[str, ...]:
    if slimmed.failure:
        tail = [line for line in slimmed.log_tail.strip().splitlines() if line.strip()][-1:]
        return (": ".join((slimmed.failure, *tail)),)
    found: list[str] = []
    if seen.results is not None and slimmed.results is not None:
        differing = compare(seen.results, slimmed.results, volatile)
        found.extend(item.describe() for item in differing)
    if seen.health is not None and (slimmed.health is None or not slimmed.health.is_healthy):
        output = slimmed.health.output.strip() if slimmed.health else "not run"
        found.append(f"HEALTHCHECK: healthy → {output[-200:] or 'unhealthy'}")
    for before, after in zip(seen.executed, slimmed.executed, strict=False):
        if before.status != after.status:
            command = " ".join(before.argv)
            found.append(f"--exec {command}: status {before.status} → {after.status}")
    if seen.exit_status != slimmed.exit_status:
        found.append(f"exit status: {seen.exit_status} → {slimmed.exit_status}")
    return tuple(found)


def _describe(seen: Observation) -> str:
    parts = []
    if seen.results is not None:
        parts.append(f"{count_of(len(seen.results.answers), 'request')} answered")
    if seen.health is not None:
        parts.append("healthy")
    parts.append(f"{count_of(seen.trace.notifications, 'system call')} seen")
    return ", ".join(parts)
