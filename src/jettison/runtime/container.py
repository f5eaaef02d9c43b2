"""One container: from layers and an image config to a running process, and back to nothing."""

from __future__ import annotations

import json
import platform
import resource
import signal
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from jettison.errors import ContainerError, HostError
from jettison.image import ImageConfig, Platform
from jettison.linux import capabilities
from jettison.linux.abilities import Abilities, detect
from jettison.linux.cgroups import CgroupMode
from jettison.linux.idmap import read_current_mapping
from jettison.linux.network import (
    NetworkNamespace,
    create_network_namespace,
    current_network_namespace,
)
from jettison.paths import ImagePath
from jettison.runtime.bundle import Placement, build_process, build_spec
from jettison.runtime.child import Child, parse_signal
from jettison.runtime.engine import Engine, OciRuntime, RuntimeCommandError
from jettison.runtime.files import read_host_file, write_generated_files
from jettison.runtime.joined import JoinedNetwork
from jettison.runtime.limits import default_memory_limit, with_locked_flags
from jettison.runtime.options import RunOptions
from jettison.runtime.output import Output
from jettison.runtime.quiet import wait_until_quiet
from jettison.runtime.rootfs import PrivateRootFS
from jettison.runtime.sockets import Listening, find_socket_inodes, parse_listening
from jettison.runtime.starting import find_exec_failure, read_command_name, start_error
from jettison.runtime.users import ContainerUser, limit_user, resolve_user

_EXEC_TAIL_BYTES: Final = 64 << 10
# A runtime names its process after itself until execve(2) renames it.
_EXEC_DEADLINE_S: Final = 5.0
_EXEC_POLL_S: Final = 0.001
_SETTLE_S: Final = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerHost:
    """What a container needs from its surroundings.

    Shape: `workdir` is the run's work directory; `joined` is another container's network, for
    `--network container:NAME`, opened before isolation.
    """

    workdir: Path
    runtime: OciRuntime
    joined: JoinedNetwork | None = None
    abilities: Abilities = field(default_factory=detect)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecOptions:
    """How a program in a running container differs from the container's own process."""

    env: tuple[tuple[str, str], ...] = ()
    user: str | None = None
    working_dir: str | None = None
    timeout_s: float = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecResult:
    """How a program ended; `status` is None if it had to be killed when its time was over."""

    status: int | None
    output: bytes


_EXEC_DEFAULTS: Final = ExecOptions()


class Container:
    """A container that is set up on entering and gone on leaving.

    For use in a process that `run_isolated` started. Shape: `directories` are the layers, base
    first; `notices` are what could not be done as the image asks.
    """

    def __init__(
        self,
        directories: Sequence[Path],
        config: ImageConfig,
        options: RunOptions,
        host: ContainerHost,
    ) -> None:
        self._directories = tuple(directories)
        self._config = config
        self._options = options
        self._host = host
        self._stack = ExitStack()
        self._child: Child | None = None
        self.notices: tuple[str, ...] = ()

    def __enter__(self) -> Self:
        """Mount the layers, make the network, write the bundle.

        Raises: HostError, ImageError.
        """
        with self._stack:
            self._prepare()
            self._stack = self._stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stack.close()

    def _prepare(self) -> None:
        workdir = self._host.workdir
        self._bundle = Path(tempfile.mkdtemp(prefix="c", dir=workdir))
        # Groups with the work directory's name are removed with it, whatever happens.
        self._name = f"{workdir.name}.{self._bundle.name}"
        state = self._bundle / "state"
        state.mkdir()
        uses_cgroups = self._can_use_cgroups()
        self._engine = Engine(runtime=self._host.runtime, root=state, use_cgroups=uses_cgroups)
        self._mapping = read_current_mapping()
        self._rootfs = PrivateRootFS(
            self._directories, self._bundle, user_attributes=not self._mapping.is_initial
        )
        self._stack.callback(self._rootfs.close)
        self.network, network_path = self._open_network()
        if self._host.joined is None:
            self._stack.callback(self.network.close)
        self._output = Output(self._bundle / "output")
        self._stack.callback(self._output.drain)
        self._stack.callback(self._delete)
        self._options = replace(
            self._options,
            memory_bytes=self._options.memory_bytes or default_memory_limit(),
            volumes=tuple(with_locked_flags(item) for item in self._options.volumes),
        )
        self._placement = self._place(network_path, uses_cgroups=uses_cgroups)
        self._user = self._resolve_user(self._options.user)
        spec = build_spec(self._config, self._options, self._user, self._placement)
        (self._bundle / "config.json").write_text(json.dumps(spec))

    def _can_use_cgroups(self) -> bool:
        abilities = self._host.abilities
        if self._host.runtime.name == "crun" and not abilities.can_raise_limits:
            # It would raise RLIMIT_MEMLOCK in order to load its device filter.
            return False
        return abilities.can_use_cgroups

    def _open_network(self) -> tuple[NetworkNamespace, str | None]:
        if self._host.joined is not None:
            return self._host.joined.network, self._host.joined.network.path
        try:
            if self._options.network == "host":
                return current_network_namespace(), None
            made = create_network_namespace()
        except OSError as err:
            raise HostError(f"no network for the container: {err.strerror}") from err
        return made, made.path

    def _place(self, network_path: str | None, *, uses_cgroups: bool) -> Placement:
        abilities = self._host.abilities
        return Placement(
            rootfs=str(self._rootfs.path),
            architecture=Platform.of_machine(platform.machine()).architecture,
            generated=write_generated_files(
                self._bundle, self._options.hostname, self._known_names()
            ),
            writable=self._make_writable(),
            network_path=network_path,
            in_user_namespace=not self._mapping.is_initial,
            id_count=self._mapping.id_count,
            bounding=capabilities.bounding(),
            open_files_limit=resource.getrlimit(resource.RLIMIT_NOFILE)[1],
            cgroups_path=f"/{self._name}" if uses_cgroups else "",
            unified_cgroups=uses_cgroups and abilities.cgroups is CgroupMode.UNIFIED,
            limits=abilities.limits,
        )

    def _known_names(self) -> Mapping[str, str]:
        """With a shared network, the names that are known in it."""
        if self._host.joined is not None:
            return self._host.joined.files
        if self._options.network == "host":
            return {"hosts": read_host_file("hosts")}
        return {}

    def _make_writable(self) -> tuple[tuple[str, ImagePath], ...]:
        """Make the image's volumes, and with a read-only root let them be written to.

        On the private overlay a volume needs nothing more: it has the image's content and owner.
        """
        paths = {ImagePath.parse(path) for path in self._config.volumes}
        if self._options.read_only_rootfs:
            paths.update(self._options.writable)
        made = {path: self._rootfs.make_directory(path) for path in sorted(paths)}
        if not self._options.read_only_rootfs:
            return ()
        return tuple((str(host_path), path) for path, host_path in made.items())

    def _resolve_user(self, chosen: str | None) -> ContainerUser:
        text = self._config.user if chosen is None else chosen
        user = resolve_user(
            text, self._rootfs.read_text("/etc/passwd"), self._rootfs.read_text("/etc/group")
        )
        user, notice = limit_user(user, text, self._placement.id_count)
        if notice and notice not in self.notices:
            self.notices = (*self.notices, notice)
        return user

    def start(self) -> None:
        """Start the process.

        Raises: ContainerError with what the runtime or the process said.
        """
        try:
            self._child = Child.of(
                lambda: self._engine.run_detached(self._name, self._bundle, self._output.descriptor)
            )
        except RuntimeCommandError as err:
            raise start_error(err.message) from err
        self._output.hand_over()
        self._stack.callback(self._child.close)
        self._await_program()

    def _await_program(self) -> None:
        """Until the runtime's process has become the image's program, or could not."""
        deadline = time.monotonic() + _EXEC_DEADLINE_S
        runtime = self._host.runtime.name
        while time.monotonic() < deadline and read_command_name(self.pid).startswith(runtime):
            if self.wait(_EXEC_POLL_S) is not None:
                break
        if self.exit_status():
            failure = find_exec_failure(self.log_tail().decode("utf-8", "replace"))
            if failure:
                raise start_error(failure)

    def _tail_text(self) -> str:
        return self._output.tail(_EXEC_TAIL_BYTES).decode("utf-8", "replace")

    @property
    def _started(self) -> Child:
        if self._child is None:
            raise ContainerError("the container was not started")
        return self._child

    @property
    def name(self) -> str:
        """The container's id for the runtime."""
        return self._name

    @property
    def pid(self) -> int:
        """Of the container's first process, in our pid namespace."""
        return self._started.pid

    @property
    def upper(self) -> Path:
        """The directory that holds what was written, in the format of overlayfs."""
        return self._rootfs.upper

    @property
    def rootfs(self) -> Path:
        """Where the layers are mounted; do not follow the image's links from outside."""
        return self._rootfs.path

    def is_running(self) -> bool:
        """Whether the first process has not ended."""
        return self._started.status is None

    def exit_status(self) -> int | None:
        """Of the first process, 128 + N after signal N; None while it runs."""
        return self._started.status

    def wait(self, deadline_s: float) -> int | None:
        """The exit status, or None if it still runs after `deadline_s` from now."""
        return self._started.wait(deadline_s)

    def signal(self, number: int) -> None:
        """Send a signal to the first process."""
        self._started.send(number)

    def settle(self) -> None:
        """Give the processes a moment to finish what they are at."""
        wait_until_quiet(self.pid, within_s=_SETTLE_S)

    def stop(self, grace_s: float | None = None) -> int:
        """Stop as Docker does: the image's stop signal, then SIGKILL; the exit status.

        Units: `grace_s` defaults to the image's stop timeout, or 10 s.
        """
        if grace_s is None:
            given = self._config.stop_timeout_s
            grace_s = 10.0 if given is None else float(given)
        number = parse_signal(self._config.stop_signal or "SIGTERM")
        # Asked before: a program that ends puts its handlers away.
        hears = self._started.hears(number)
        self.signal(number)
        status = self.wait(grace_s if hears else 0.0)
        if status is None:
            self.signal(signal.SIGKILL)
            status = self._started.wait(None)
        return status or 0

    def log_tail(self, max_bytes: int = _EXEC_TAIL_BYTES) -> bytes:
        """The last that the container printed, on either stream."""
        if self._child is not None and not self.is_running():
            self._output.drain()
        return self._output.tail(max_bytes)

    def exec(self, argv: Sequence[str], options: ExecOptions = _EXEC_DEFAULTS) -> ExecResult:
        """Run a program in the container to its end, as `docker exec` would.

        Shape: the status is 127 if there is no such program and 126 if it cannot be executed; the
        output is then what the runtime says. Children that it leaves behind go on running.
        Raises: ContainerError if the container does not run any more.
        """
        if not self.is_running():
            raise ContainerError("the container has ended", log_tail=self._tail_text())
        directory = Path(tempfile.mkdtemp(prefix="e", dir=self._bundle))
        document = self._exec_document(tuple(argv), options)
        (directory / "process.json").write_text(document)
        output = Output(directory / "output")
        try:
            try:
                child = Child.of(
                    lambda: self._engine.exec_detached(self._name, directory, output.descriptor)
                )
            except RuntimeCommandError as err:
                if not self.is_running():
                    raise ContainerError(
                        f"exec: {err.message}", log_tail=self._tail_text()
                    ) from err
                status = 126 if "permission denied" in err.message.lower() else 127
                return ExecResult(status=status, output=err.message.encode())
            output.hand_over()
            try:
                ended = child.wait(options.timeout_s)
            finally:
                child.close()
            output.drain(0.5)
            return ExecResult(status=ended, output=output.tail(_EXEC_TAIL_BYTES))
        finally:
            output.hand_over()

    def _exec_document(self, argv: tuple[str, ...], options: ExecOptions) -> str:
        user = self._user if options.user is None else self._resolve_user(options.user)
        chosen = replace(
            self._options,
            entrypoint=argv,
            cmd=None,
            env=(*self._options.env, *options.env),
            working_dir=self._options.working_dir
            if options.working_dir is None
            else options.working_dir,
        )
        return json.dumps(build_process(self._config, chosen, user, self._placement))

    def listening(self) -> tuple[Listening, ...]:
        """The TCP addresses that the container accepts connections on, sorted."""

        def read() -> tuple[str, ...]:
            tables = (Path("/proc/thread-self/net/tcp"), Path("/proc/thread-self/net/tcp6"))
            return tuple(table.read_text() for table in tables if table.exists())

        found = [item for table in self.network.run(read) for item in parse_listening(table)]
        if self._placement.network_path is None or self._host.joined is not None:
            ours = find_socket_inodes(self.pid)
            found = [item for item in found if item.inode in ours]
        return tuple(sorted(found))

    def _delete(self) -> None:
        """Remove the runtime's state, and with it the control groups; the process has ended."""
        with suppress(RuntimeCommandError):
            self._engine.delete(self._name)
