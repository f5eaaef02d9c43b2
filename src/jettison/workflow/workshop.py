"""What slimming does in the isolated process: run, decide, build, prove, repair."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, Generic, TypeVar

from jettison.build.bytecode import EXCHANGE, compile_missing
from jettison.build.image import BuildOptions, BuiltImage, build_image
from jettison.errors import ContainerError
from jettison.events import EventSink, Notice, stage
from jettison.image import Image, ImageConfig
from jettison.paths import ImagePath
from jettison.profile.seccomp import build_profile
from jettison.runtime.container import Container, ContainerHost
from jettison.runtime.options import RunOptions, VolumeMount
from jettison.selection import Selection, SelectionOptions
from jettison.selection.decide import decide
from jettison.store.rootfs import StackedRootFS
from jettison.transport.schemes import Scheme, Target, parse_target
from jettison.transport.sources import open_source
from jettison.verify.compare import Volatile, compare, learn
from jettison.verify.misses import find_misses
from jettison.verify.repair import MAX_ROUNDS, Round, plan_repair
from jettison.workflow.layers import stack_layers
from jettison.workflow.naming import plain_name
from jettison.workflow.requests import SlimRequest
from jettison.workflow.watching import Observation, Stacked, WatchOptions, watch

T = TypeVar("T")

_COMPILE_TIMEOUT_S: Final = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Proven:
    """A slimmed image and what its own run showed.

    Shape: `rounds` in order, the last one is about `built`; it is empty where nothing was proven.
    """

    selection: Selection
    built: BuiltImage
    rootfs: StackedRootFS
    rounds: tuple[Round, ...]
    volatile: Volatile


@dataclass(frozen=True, slots=True, kw_only=True)
class Worked:
    """Everything that came of one original; `proven` is None where nothing was to be built."""

    seen: Observation
    seccomp: dict[str, Any]
    proven: Proven | None


@dataclass(slots=True, kw_only=True)
class Workshop:
    """One original in the isolated process, and everything made from it."""

    request: SlimRequest
    image: Image
    rootfs: StackedRootFS
    host: ContainerHost
    events: EventSink
    compiled: dict[ImagePath, bytes] = field(default_factory=dict)

    @property
    def original(self) -> Stacked:
        """What the original's container is made of."""
        return Stacked(directories=self.rootfs.directories, config=self.image.config)

    @property
    def name(self) -> str:
        """What the profiles are called after."""
        return plain_name(parse_target(self.request.source.target))

    def work(self) -> Worked:
        """All that was asked for.

        Raises: what the stages raise; a slimmed image that behaves otherwise is in the result.
        """
        seen = self.observe()
        seccomp = build_profile(seen.trace, self.image.config.platform)
        proven = self.prove(seen, seccomp) if self.request.build else None
        return Worked(seen=seen, seccomp=seccomp, proven=proven)

    def observe(self) -> Observation:
        """Run the original, traced.

        Raises: ContainerError, NotReadyError, TraceLossError, HostError.
        """
        with stage("run", self.events) as outcome:
            seen = watch(self.original, self.request.watch, self.host, WatchOptions())
            outcome.detail = _describe(seen)
        for notice in seen.notices:
            self.events.emit(Notice(message=notice))
        return seen

    def observe_again(self, seen: Observation) -> Observation:
        """Run the original once more, untraced, to learn what differs between runs of it."""
        again = watch(
            self.original,
            replace(self.request.watch, execs=()),
            self.host,
            WatchOptions(traced=False, again=seen.results, judged=False),
        )
        if again.failure:
            raise ContainerError(
                f"the original worked once but not when it was run again: {again.failure}",
                hint="an app that does not start each time cannot be compared",
                log_tail=again.log_tail,
            )
        return again

    def decide(self, seen: Observation, options: SelectionOptions) -> Selection:
        """Which paths to keep."""
        with stage("select", self.events) as outcome:
            selection = decide(self.rootfs, self.image, seen.trace, options)
            outcome.detail = f"{len(selection.kept)} of {len(self.rootfs.tree)} paths"
        for notice in selection.notices:
            self.events.emit(Notice(message=notice))
        return selection

    def prove(self, seen: Observation, seccomp: dict[str, Any]) -> Proven:
        """Build, run what was built, compare, and repair until it passes or cannot.

        Raises: what building and running raise; that the image behaves otherwise is in `rounds`.
        """
        learning: _Future[Observation] | None = None
        if self.request.verify and seen.results is not None:
            learning = _Future(lambda: self.observe_again(seen))
        options = self.request.selection
        rounds: list[Round] = []
        while True:
            selection = self.decide(seen, options)
            built = self.build(selection, number=len(rounds) + 1)
            rootfs = self.unpack(built, number=len(rounds) + 1)
            volatile = Volatile()
            if not self.request.verify:
                break
            if learning is not None and seen.results is not None:
                again = learning.result().results
                volatile = learn(seen.results, again) if again is not None else volatile
            found = self.verify(seen, (selection, built, rootfs), (seccomp, volatile), len(rounds))
            rounds.append(found)
            if found.passed or not found.added or len(rounds) >= MAX_ROUNDS:
                break
            options = replace(options, repaired=(*options.repaired, *found.added))
        return Proven(
            selection=selection,
            built=built,
            rootfs=rootfs,
            rounds=tuple(rounds),
            volatile=volatile,
        )

    def build(self, selection: Selection, *, number: int) -> BuiltImage:
        """Compile what has no byte code, and write the image as an OCI layout."""
        self._compile(selection, number)
        with stage("build", self.events) as outcome:
            out = self.host.workdir / f"layout-{number}"
            options = BuildOptions(compiled=self.compiled)
            built = build_image(self.rootfs, self.image, selection, out=out, options=options)
            outcome.detail = (
                f"{len(built.layers)} layers, {built.size_bytes / 1e6:.1f} MB, "
                f"{built.compressed_size_bytes / 1e6:.1f} MB compressed"
            )
        for notice in built.notices:
            self.events.emit(Notice(message=notice))
        return built

    def _compile(self, selection: Selection, number: int) -> None:
        missing = tuple(
            item
            for item in selection.bytecode
            if item.stored is None and item.source not in self.compiled
        )
        if not missing:
            return
        with stage("compile", self.events) as outcome:
            workdir = self.host.workdir / f"compile-{number}"
            workdir.mkdir()
            result = compile_missing(
                replace(selection, bytecode=missing),
                self.image.config.env,
                _InContainer(self),
                workdir=workdir,
            )
            self.compiled.update(result.codes)
            outcome.detail = f"{len(result.codes)} modules by the image's own interpreter"
            if result.failures:
                outcome.detail += f", {len(result.failures)} have none"

    def unpack(self, built: BuiltImage, *, number: int) -> StackedRootFS:
        """The image as it was written, read back and checked, as any user of it would."""
        target = Target(scheme=Scheme.OCI, location=str(built.layout))
        source_request = replace(self.request.source, store=self.host.workdir / f"store-{number}")
        with open_source(
            target,
            platform=self.image.config.platform,
            workdir=self.host.workdir,
            limits=source_request.limits,
        ) as source:
            return stack_layers(source, source_request, self.events, stage="verify")

    def verify(
        self,
        seen: Observation,
        made: tuple[Selection, BuiltImage, StackedRootFS],
        given: tuple[dict[str, Any], Volatile],
        done: int,
    ) -> Round:
        """Run the slimmed image under its filter, ask it the same, and look at what it missed."""
        selection, built, rootfs = made
        seccomp, volatile = given
        with stage("verify", self.events) as outcome:
            slimmed = watch(
                Stacked(directories=rootfs.directories, config=built.image.config),
                replace(self.request.watch, execs=self.request.watch.execs if self._execs else ()),
                self.host,
                WatchOptions(seccomp=seccomp, again=seen.results, judged=False),
            )
            differences = _differences(seen, slimmed, volatile)
            misses = find_misses(
                slimmed.trace, self.rootfs.tree, rootfs.tree, selection, original=seen.trace
            )
            added = plan_repair(misses, self.rootfs, selection)
            found = Round(
                number=done + 1,
                misses=misses,
                added=added,
                differences=differences,
                passed=not differences and not added,
            )
            outcome.detail = found.describe()
        return found

    @property
    def _execs(self) -> bool:
        return self.request.selection.exec_keeps


class _InContainer:
    """Runs the original's interpreter for the build."""

    def __init__(self, workshop: Workshop) -> None:
        self._workshop = workshop

    def run(self, argv: tuple[str, ...], *, env: Mapping[str, str], exchange: Path) -> None:
        """Run a program as root in the original's files, `exchange` mounted, to its end."""
        workshop = self._workshop
        config = ImageConfig(
            platform=workshop.image.config.platform,
            diff_ids=(),
            env=tuple(env.items()),
            entrypoint=argv,
            user="0:0",
        )
        options = RunOptions(volumes=(VolumeMount(source=exchange, target=EXCHANGE),))
        with Container(
            workshop.rootfs.directories, config, options, replace(workshop.host, joined=None)
        ) as container:
            container.start()
            status = container.wait(_COMPILE_TIMEOUT_S)
            if status != 0:
                raise ContainerError(
                    f"{argv[0]} ended with status {status}",
                    log_tail=container.log_tail().decode("utf-8", "replace"),
                )


class _Future(Generic[T]):
    """A call in a thread; its result, or its error, once it has one."""

    def __init__(self, call: Callable[[], T]) -> None:
        self._value: list[T] = []
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, args=(call,), daemon=True)
        self._thread.start()

    def _run(self, call: Callable[[], T]) -> None:
        try:
            self._value.append(call())
        except BaseException as err:  # noqa: BLE001  # raised again by `result`
            self._error = err

    def result(self) -> T:
        self._thread.join()
        if self._error is not None:
            raise self._error
        return self._value[0]


def _differences(seen: Observation, slimmed: Observation, volatile: Volatile) -> tuple[str, ...]:
    """Every way in which the slimmed image behaved otherwise, a line each."""
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
    if seen.exit_status != slimmed.exit_status:
        found.append(f"exit status: {seen.exit_status} → {slimmed.exit_status}")
    return tuple(found)


def _describe(seen: Observation) -> str:
    parts = []
    if seen.results is not None:
        parts.append(f"{len(seen.results.answers)} requests answered")
    if seen.health is not None:
        parts.append("healthy")
    parts.append(f"{seen.trace.notifications} system calls seen")
    return ", ".join(parts)
