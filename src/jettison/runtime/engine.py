"""The OCI runtime: finding runc or crun, and its commands."""

from __future__ import annotations

import json
import re
import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from jettison.edge import process
from jettison.edge.process import CommandError, ProcessOptions
from jettison.errors import HostError, JettisonError
from jettison.linux.cgroups import CgroupMode, detect_mode

# runc 1.1.0 and crun 1.0 were the first to hand a seccomp listener over as the specification says.
_MINIMUM: Final = {"runc": (1, 1), "crun": (1, 0)}
_INSTALL_HINT: Final = "install runc 1.1 or newer, or name one with --runc PATH"
# Programs for administrators are not on every user's PATH.
_MORE_DIRECTORIES: Final = "/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin"
_COMMAND_TIMEOUT_S: Final = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class OciRuntime:
    """An OCI runtime that is new enough; `name` is "runc" or "crun"."""

    path: str
    name: str
    version: tuple[int, ...]


class RuntimeCommandError(JettisonError):
    """A command of the runtime failed; the message is what it logged."""

    exit_code = 4


def find_runtime(path: str | None = None) -> OciRuntime:
    """The runtime at `path`, else runc or crun from PATH.

    Raises: HostError if there is none that is new enough and can start here.
    """
    if path is not None:
        return _inspect(path)
    too_old: HostError | None = None
    for name in ("runc", "crun"):
        found = shutil.which(name) or shutil.which(name, path=_MORE_DIRECTORIES)
        if found is None or (name == "crun" and detect_mode() is CgroupMode.HYBRID):
            # crun refuses to start where control groups are mounted in both versions.
            continue
        try:
            return _inspect(found)
        except HostError as err:
            too_old = too_old or err
    raise too_old or HostError("runc was not found", hint=_INSTALL_HINT)


def _inspect(path: str) -> OciRuntime:
    try:
        text = process.run((path, "--version"), timeout_s=_COMMAND_TIMEOUT_S).text
    except (CommandError, HostError) as err:
        raise HostError(f"{path} does not run: {err.message}", hint=_INSTALL_HINT) from err
    found = parse_version(text)
    if found is None:
        raise HostError(f"{path} is neither runc nor crun", hint=_INSTALL_HINT)
    name, version = found
    minimum = _MINIMUM[name]
    if version < minimum:
        shown, needed = (".".join(str(number) for number in item) for item in (version, minimum))
        raise HostError(f"{path} is {name} {shown}, {needed} is needed", hint=_INSTALL_HINT)
    return OciRuntime(path=path, name=name, version=version)


def parse_version(text: str) -> tuple[str, tuple[int, ...]] | None:
    """Name and version from `--version`, such as `runc version 1.1.5+ds1`."""
    match = re.match(r"(runc|crun) version (\d+(?:\.\d+)*)", text)
    if match is None:
        return None
    return match[1], tuple(int(number) for number in match[2].split("."))


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """Commands of one runtime, with its state in `root`, an existing directory of ours."""

    runtime: OciRuntime
    root: Path
    use_cgroups: bool

    def run_detached(self, name: str, bundle: Path, output: int) -> int:
        """Create and start a container, both output streams to a descriptor; return its pid.

        Raises: RuntimeCommandError.
        """
        pid_file = bundle / "pid"
        arguments = ("--detach", "--bundle", str(bundle), "--pid-file", str(pid_file), name)
        self._run("run", arguments, output=output)
        return int(pid_file.read_text())

    def exec_detached(self, name: str, directory: Path, output: int) -> int:
        """Start the process in `directory/process.json` in a running container; return its pid.

        Raises: RuntimeCommandError.
        """
        pid_file = directory / "pid"
        document = str(directory / "process.json")
        arguments = ("--detach", "--process", document, "--pid-file", str(pid_file), name)
        self._run("exec", arguments, output=output)
        return int(pid_file.read_text())

    def delete(self, name: str) -> None:
        """Kill what is left of a container and remove its state; fine if there is none.

        Raises: RuntimeCommandError.
        """
        self._run("delete", ("--force", name), output=None)

    def _run(self, command: str, arguments: tuple[str, ...], *, output: int | None) -> None:
        log = self.root / "log.json"
        log.unlink(missing_ok=True)
        argv = (self.runtime.path, *self._global_arguments(log), command, *arguments)
        # It makes directories for its mounts, which are for everybody in the container.
        options = ProcessOptions(stdout=output, stderr=output, umask=0o022, check=False)
        try:
            done = process.run(argv, timeout_s=_COMMAND_TIMEOUT_S, options=options)
        except CommandError as err:
            raise RuntimeCommandError(err.message) from err
        if done.status != 0:
            said = read_errors(log) or done.stderr.decode("utf-8", "replace").strip()
            raise RuntimeCommandError(said or f"{self.runtime.name} {command}: {done.status}")

    def _global_arguments(self, log: Path) -> tuple[str, ...]:
        common = ("--root", str(self.root), "--log-format", "json")
        if self.runtime.name == "crun":
            cgroups = "cgroupfs" if self.use_cgroups else "disabled"
            return (*common, "--log", f"file:{log}", "--cgroup-manager", cgroups)
        # With "true" runc takes failing control groups for granted.
        return (*common, "--log", str(log), "--rootless", str(not self.use_cgroups).lower())


def read_errors(log: Path) -> str:
    """The errors in a runtime's JSON log, each once."""
    found: list[str] = []
    with suppress(OSError):
        for line in log.read_text("utf-8", "replace").splitlines():
            with suppress(ValueError):
                entry = json.loads(line)
                if isinstance(entry, dict) and entry.get("level") in ("error", "fatal"):
                    found.append(str(entry.get("msg", "")).strip())
    return "; ".join(dict.fromkeys(item for item in found if item))
