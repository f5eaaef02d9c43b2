"""Run an app once and watch it: start, ask, check its health, run commands in it, stop it."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from jettison.errors import ContainerError
from jettison.image import ImageConfig, Platform
from jettison.probe.expect import require_success
from jettison.probe.health import HealthResult, plan_health, run_until_healthy
from jettison.probe.model import ProbePlan, ProbeResults
from jettison.probe.ready import wait_until_ready
from jettison.probe.session import replay, run_probes
from jettison.report.units import count_of
from jettison.runtime.bundle import DEFAULT_CAPABILITIES
from jettison.runtime.container import Container, ContainerHost, ExecOptions
from jettison.runtime.default_seccomp import default_profile
from jettison.trace import Origin, TraceLog
from jettison.tracer.filter import notify_all
from jettison.tracer.session import TracerSession
from jettison.workflow.requests import WatchRequest

# What `--exec` may take; a test suite is a good probe and takes its time.
_EXEC_TIMEOUT_S: Final = 900.0
_PAUSE_S: Final = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Stacked:
    """The layers that a container is made of, base first, and the config it is started with."""

    directories: tuple[Path, ...]
    config: ImageConfig


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchOptions:
    """How one run differs from the others of the same request.

    Shape: `seccomp` is the filter to run under, None for Docker's default; a run that is not
    `traced` is as fast as any; `again` are results whose requests are made once more, and whose
    failures are then not this run's to judge; `is_told` says whether the user has ended a run that
    ends by his signal, None for one that does not.
    """

    seccomp: dict[str, Any] | None = None
    traced: bool = True
    again: ProbeResults | None = None
    judged: bool = True
    is_told: Callable[[], bool] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Executed:
    """A `--exec` command; a status of None means that its time was over."""

    argv: tuple[str, ...]
    status: int | None
    output: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """What one run showed.

    Shape: `trace` is empty where the run was not traced; `results` and `health` are None where
    nothing was asked; `exit_status` is that after the stop signal, or of a program that ended by
    itself; `ran_s` counts from the start to the stop signal, `first_answer_s` to the first answer;
    `failure` says why a run that was not to be judged ended early.
    """

    trace: TraceLog
    results: ProbeResults | None
    health: HealthResult | None
    executed: tuple[Executed, ...]
    exit_status: int
    log_tail: str
    notices: tuple[str, ...]
    ran_s: float = 0.0
    first_answer_s: float | None = None
    failure: str = ""


def watch(
    image: Stacked, request: WatchRequest, host: ContainerHost, options: WatchOptions
) -> Observation:
    """Run the app once.

    Raises: HostError, TraceLossError; ContainerError and NotReadyError with the container's last
    output, unless the run is not to be judged.
    """
    run = replace(request.run, seccomp=options.seccomp)
    with ExitStack() as stack:
        session: TracerSession | None = None
        if options.traced:
            session = stack.enter_context(TracerSession(host.workdir))
            base = options.seccomp or _default_seccomp(run.capabilities)
            traced = notify_all(base, listener_path=str(session.listener_path))
            run = replace(run, seccomp=traced)
        with Container(image.directories, image.config, run, host) as container:
            one = _Watch(container, image.config, request, options, session)
            try:
                container.start()
                observation = one.observe()
            except ContainerError as err:
                if options.judged:
                    raise
                observation = one.failed(err)
        trace = session.finish() if session is not None else TraceLog()
    return replace(observation, trace=trace)


def _default_seccomp(capabilities: Sequence[str] | None) -> dict[str, Any]:
    architecture = Platform.of_machine(platform.machine()).architecture
    granted = DEFAULT_CAPABILITIES if capabilities is None else capabilities
    return default_profile(granted, architecture)


class _Watched:
    """The container as the probes see it."""

    def __init__(self, container: Container) -> None:
        self._container = container

    def ports(self) -> tuple[int, ...]:
        return tuple(sorted({item.port for item in self._container.listening()}))

    def exit_status(self) -> int | None:
        return self._container.exit_status()

    def log_tail(self) -> str:
        return self._container.log_tail().decode("utf-8", "replace")


class _HealthExecutor:
    """Runs the HEALTHCHECK in the container, and says so to the tracer."""

    def __init__(self, container: Container, session: TracerSession | None) -> None:
        self._container = container
        self._session = session

    def exec(self, argv: Sequence[str], *, timeout_s: float) -> tuple[int, str]:
        expecting = self._session.expect(Origin.HEALTHCHECK) if self._session else nullcontext()
        with expecting:
            ended = self._container.exec(argv, ExecOptions(timeout_s=timeout_s))
        status = -1 if ended.status is None else ended.status
        return status, ended.output.decode("utf-8", "replace")


class _Watch:
    """One run, from the start of the process to its end."""

    def __init__(
        self,
        container: Container,
        config: ImageConfig,
        request: WatchRequest,
        options: WatchOptions,
        session: TracerSession | None,
    ) -> None:
        self._container = container
        self._config = config
        self._request = request
        self._options = options
        self._session = session
        self._watched = _Watched(container)
        self._started = time.monotonic()

    def observe(self) -> Observation:
        results = self._probe(self._plan) if self._plan is not None else None
        health = self._check_health()
        executed = tuple(self._execute(argv) for argv in self._request.execs)
        self._wait_for_ending()
        ran_s = time.monotonic() - self._started
        status = self._container.exit_status()
        if status is None:
            # A stop signal in the middle of a request may well be lost in the app.
            self._container.settle()
            status = self._container.stop()
        return Observation(
            trace=TraceLog(),
            results=results,
            health=health,
            executed=executed,
            exit_status=status,
            log_tail=self._watched.log_tail(),
            notices=self._container.notices,
            ran_s=ran_s,
            first_answer_s=results.ready.seconds if results is not None else None,
        )

    @property
    def _plan(self) -> ProbePlan | None:
        """What to ask; nothing where something other than probes ends the run and no port is named.

        A worker has no port, and what ends its watching is a time, a command or a signal.
        """
        request = self._request
        plan = request.plan
        if plan is None or request.ending.needs_http or plan.steps:
            return plan
        has_port = bool(request.ready.ports or self._config.exposed_ports)
        return plan if has_port else None

    def failed(self, error: ContainerError) -> Observation:
        """What is left to say of a run that ended early."""
        return Observation(
            trace=TraceLog(),
            results=None,
            health=None,
            executed=(),
            exit_status=self._container.exit_status() or 0,
            log_tail=error.log_tail or self._watched.log_tail(),
            notices=self._container.notices,
            failure=error.message,
        )

    def _probe(self, plan: ProbePlan) -> ProbeResults:
        again = self._options.again
        asked = self._request.ready
        ready_options = replace(
            asked,
            ports=tuple(dict.fromkeys((*asked.ports, *plan.ports))),
            exposed=self._config.exposed_ports,
        )

        def ask() -> ProbeResults:
            ready = wait_until_ready(self._watched, ready_options)
            if again is not None:
                return replay(again, plan, ready=ready, watched=self._watched)
            return run_probes(plan, ready, self._watched)

        results = self._container.network.run(ask)
        if self._options.judged:
            require_success(results, log_tail=self._watched.log_tail())
            self._require_running()
        return results

    def _require_running(self) -> None:
        status = self._container.exit_status()
        if status is not None:
            raise ContainerError(
                f"the app ended with status {status} while it was probed",
                hint="its last output is above",
                log_tail=self._watched.log_tail(),
            )

    def _check_health(self) -> HealthResult | None:
        plan = plan_health(self._config.healthcheck, shell=self._config.shell)
        if plan is None or not self._container.is_running():
            return None
        executor = _HealthExecutor(self._container, self._session)
        result = run_until_healthy(plan, executor, within_s=self._request.ready.timeout_s)
        if not result.is_healthy and self._options.judged:
            # -1: it was killed, as it took longer than its own timeout.
            how = "by its timeout" if result.status < 0 else f"with status {result.status}"
            raise ContainerError(
                f"HEALTHCHECK failed {count_of(result.attempts, 'time')}, last {how}: "
                f"{result.output.strip()[-400:] or 'it printed nothing'}",
                hint="the image's own health check must pass before anything is taken away",
                log_tail=self._watched.log_tail(),
            )
        return result

    def _execute(self, argv: tuple[str, ...]) -> Executed:
        expecting = self._session.expect(Origin.EXEC) if self._session else nullcontext()
        with expecting:
            ended = self._container.exec(argv, ExecOptions(timeout_s=_EXEC_TIMEOUT_S))
        output = ended.output.decode("utf-8", "replace")
        if ended.status != 0 and self._options.judged:
            how = "did not end" if ended.status is None else f"ended with status {ended.status}"
            raise ContainerError(f"--exec {' '.join(argv)}: {how}", log_tail=output)
        return Executed(argv=argv, status=ended.status, output=output)

    def _wait_for_ending(self) -> None:
        """Let the app run on until what `--continue-after` names has happened."""
        ending = self._request.ending
        is_told = self._options.is_told
        if is_told is not None:
            while not is_told() and self._container.is_running():
                self._container.wait(_PAUSE_S)
        if ending.seconds is not None:
            left = self._started + ending.seconds - time.monotonic()
            self._container.wait(max(left, 0.0))
        if self._plan is None:
            self._judge_program()

    def _judge_program(self) -> None:
        """A program without HTTP may end by itself, but not with a failure."""
        status = self._container.exit_status()
        if status not in (None, 0) and self._options.judged:
            raise ContainerError(
                f"the program ended with status {status}", log_tail=self._watched.log_tail()
            )
