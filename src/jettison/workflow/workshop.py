"""What slimming does in the isolated process: run, decide, build, prove, repair."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from jettison.build.image import BuildOptions, BuiltImage, build_image, pack_image
from jettison.digest import Digest
from jettison.events import EventSink, Notice, stage
from jettison.image import Compression, Image
from jettison.linux.forked import Forked
from jettison.linux.libc import umount
from jettison.linux.memory import mount_in_memory
from jettison.linux.removal import remove_directory
from jettison.paths import ImagePath
from jettison.profile.seccomp import SeccompOptions, build_profile
from jettison.report.slim_document import SlimDocument
from jettison.report.units import count_of
from jettison.runtime.container import ContainerHost
from jettison.selection import Policy, Selection, SelectionOptions
from jettison.selection.decide import decide
from jettison.selection.globs import compile_glob
from jettison.store.rootfs import StackedRootFS
from jettison.trace import TraceLog
from jettison.transport.schemes import Scheme, Target
from jettison.transport.sources import Source, open_source
from jettison.verify.compare import Volatile
from jettison.verify.misses import find_misses
from jettison.verify.repair import Round, plan_repair, should_repeat
from jettison.workflow.artifacts import Artifacts, Finished, describe_outcome, finish
from jettison.workflow.background import Background
from jettison.workflow.case import Case, Slimmed
from jettison.workflow.compiling import ByteCode
from jettison.workflow.layers import Layers, stack_layers
from jettison.workflow.packages import Packages
from jettison.workflow.proof import Proof, observe_original
from jettison.workflow.requests import SlimRequest
from jettison.workflow.watching import Observation, Stacked


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What the isolated process hands back: files in the work directory, and what they tell.

    Shape: `layout` has the slimmed image packed, `plain` the same image as it was proven.
    """

    document: SlimDocument
    artifacts: Artifacts
    layout: Path
    plain: Path


@dataclass(slots=True, kw_only=True)
class Workshop:
    """One original in the isolated process, and everything made from it.

    Shape: `digest` is what the place that it came from knows it by.
    """

    request: SlimRequest
    image: Image
    digest: Digest
    layers: Layers
    host: ContainerHost
    events: EventSink
    code: ByteCode = field(init=False)
    rootfs: StackedRootFS = field(init=False)
    packages: Packages = field(init=False)

    @property
    def original(self) -> Stacked:
        """What the original's container is made of."""
        return Stacked(directories=self.layers.directories, config=self.image.config)

    def _read(self) -> None:
        self.rootfs = self.layers.stack()
        self.packages = Packages(self.rootfs)
        self.packages.facts.read()
        self._prepare()

    def _prepare(self) -> None:
        """Do early what any outcome of the run will need.

        The command line alone says nearly everything that can be imported. So a selection for an
        app that did nothing has nearly all sources read and byte code compiled, and the selection
        that counts finds it done or under way.
        """
        options = self.request.selection
        if options.policy is not Policy.OBSERVED:
            self.code.begin(decide(self.packages.facts, self.image, TraceLog(), options))

    def work(self) -> Made:
        """All that was asked for.

        Raises: what the stages raise; that a slimmed image behaves otherwise is in the result.
        """
        self.code = ByteCode(self.original, self.host)
        # The app can be run before anybody knows what is in its layers.
        reading = Background(self._read)
        seen = observe_original(self.original, self.request.watch, self.host, self.events)
        seccomp = self.filter(seen)
        proof: Proof | None = None
        if self.request.verify:
            proof = Proof(self.original, self.request.watch, self.host, seen, seccomp)
        with stage("read", self.events) as outcome:
            reading.result()
            outcome.detail = count_of(len(self.rootfs.tree), "path")
        case = Case(
            request=self.request,
            image=self.image,
            digest=self.digest,
            rootfs=self.rootfs,
            packages=self.packages,
            seen=seen,
            seccomp=seccomp,
        )
        options = self.request.selection
        rounds: list[Round] = []
        while True:
            slimmed = self.make(seen, options, number=len(rounds) + 1)
            # This takes about as long as the verification, which mostly waits for the app.
            finishing = Forked(partial(self.finish, case, slimmed))
            if proof is not None:
                rounds.append(self.verify(slimmed, proof))
            volatile = proof.volatile if proof is not None else Volatile()
            with stage("pack", self.events) as outcome:
                finished = finishing.result()
                packed_bytes = finished.slimmed.compressed_size_bytes
                outcome.detail = f"{packed_bytes / 1e6:.1f} MB compressed"
            self._discard(self._store(slimmed.number))
            if not should_repeat(rounds) or rounds[-1].passed:
                return Made(
                    document=describe_outcome(case, finished, rounds, volatile),
                    artifacts=finished.artifacts,
                    layout=finished.layout,
                    plain=slimmed.built.layout,
                )
            options = replace(options, repaired=(*options.repaired, *rounds[-1].added))

    def make(self, seen: Observation, options: SelectionOptions, *, number: int) -> Slimmed:
        """Decide, build, and read back what was built."""
        selection = self.decide(seen, options)
        self._compile(selection)
        with stage("build", self.events) as outcome:
            built = self.build(selection, number=number)
            rootfs = self.unpack(built, number=number)
            outcome.detail = (
                f"{built.size_bytes / 1e6:.1f} MB, {count_of(len(built.layers), 'layer')}"
            )
        for notice in built.notices:
            self.events.emit(Notice(message=notice))
        return Slimmed(number=number, selection=selection, built=built, rootfs=rootfs)

    def finish(self, case: Case, slimmed: Slimmed) -> Finished:
        """Pack the image and write the reports; for a process of its own."""
        workdir = self.host.workdir
        out = workdir / f"layout-{slimmed.number}"
        packed = pack_image(slimmed.built, self.image, out=out, options=BuildOptions())
        with self._opened(packed) as source:
            for index in range(len(packed.layers)):
                with source.open_layer(index):
                    pass  # read to its end and checked, as any user of it would
        return finish(case, slimmed, packed, workdir)

    def filter(self, seen: Observation) -> dict[str, Any]:
        """The seccomp filter: as strict as the policy, which may keep more than was observed."""
        ordinary = self.request.selection.policy is not Policy.OBSERVED
        options = SeccompOptions(ordinary=ordinary)
        return build_profile(seen.trace, self.image.config.platform, options)

    def decide(self, seen: Observation, options: SelectionOptions) -> Selection:
        """Which paths to keep."""
        with stage("select", self.events) as outcome:
            selection = decide(self.packages.facts, self.image, seen.trace, options)
            outcome.detail = f"{len(selection.kept):,} of {count_of(len(self.rootfs.tree), 'path')}"
        for notice in selection.notices:
            self.events.emit(Notice(message=notice))
        return selection

    def build(self, selection: Selection, *, number: int) -> BuiltImage:
        """Write the image as an OCI layout whose layers are not packed."""
        return build_image(
            self.rootfs,
            self.image,
            selection,
            out=self.host.workdir / f"plain-{number}",
            options=BuildOptions(compiled=self.code.codes, compression=Compression.NONE),
        )

    def _compile(self, selection: Selection) -> None:
        wanted = self.code.wanted(selection)
        if not wanted:
            return
        with stage("compile", self.events) as outcome:
            failed = self.code.add(selection)
            outcome.detail = f"{count_of(wanted - failed, 'module')} by the image's own interpreter"
            if failed:
                outcome.detail += f", {failed:,} without"

    def unpack(self, built: BuiltImage, *, number: int) -> StackedRootFS:
        """The image as it was written, read back and checked, as any user of it would."""
        store = self._store(number)
        store.mkdir()
        # It is tried and thrown away. A disk would be kept busy with its files for far longer.
        mount_in_memory(store, size_bytes=built.size_bytes)
        with self._opened(built) as source:
            return stack_layers(source, replace(self.request.source, store=store), self.events)

    def _store(self, number: int) -> Path:
        return self.host.workdir / f"store-{number}"

    def _discard(self, store: Path) -> None:
        """Give up a slimmed image's files: an engine that syncs the disk would wait for them."""
        if store.is_mount():
            umount(store, lazily=True)
        else:
            remove_directory(store)

    def _opened(self, built: BuiltImage) -> AbstractContextManager[Source]:
        return open_source(
            Target(scheme=Scheme.OCI, location=str(built.layout)),
            platform=self.image.config.platform,
            workdir=self.host.workdir,
            limits=self.request.source.limits,
        )

    def verify(self, made: Slimmed, proof: Proof) -> Round:
        """Try the slimmed image out, and see what it missed."""
        with stage("verify", self.events) as outcome:
            slimmed = Stacked(directories=made.rootfs.directories, config=made.built.image.config)
            trial = proof.try_out(slimmed, execs=self.request.selection.exec_keeps)
            misses = find_misses(
                trial.observation.trace,
                self.rootfs.tree,
                made.rootfs.tree,
                made.selection,
                is_unwanted=_matcher(self.request.selection.drop_paths),
            )
            added = plan_repair(
                misses, self.rootfs.tree, made.selection.kept, self.packages.distribution_files
            )
            found = Round(
                number=made.number,
                misses=misses,
                added=added,
                differences=trial.differences,
                passed=not trial.differences and not added,
            )
            outcome.detail = found.describe()
        return found


def _matcher(globs: Sequence[str]) -> Callable[[ImagePath], bool]:
    patterns = [compile_glob(glob) for glob in globs]
    return lambda path: any(pattern.fullmatch(path) for pattern in patterns)
