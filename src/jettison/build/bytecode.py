"""Have modules compiled by the interpreter of the image they are in.

What is to be compiled, and what came out, is decided here; running a program of the image is
handed in, since it needs a container. `in_image.py` is what runs there.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from jettison.errors import HostError, JettisonError, StoreError
from jettison.paths import ImagePath
from jettison.selection import LayerRole, Selection

EXCHANGE: Final = ImagePath("/.jettison")
"""Where a program of the image finds the directory that it shares with us."""

_SCRIPT: Final = "in_image.py"
# What an image says about its interpreter that byte code depends on; other variables for Python
# could make it import things before it starts.
_INTERPRETER_VARIABLES: Final = frozenset({"PYTHONHOME", "PYTHONOPTIMIZE"})
# A module of 1 MB has about as much byte code; more in all is no longer sane.
_MAX_OUTPUT_BYTES: Final = 512 << 20
_RECORD_BYTES: Final = 9


class Compiler(Protocol):
    """Runs the interpreter of the original image."""

    def run(self, argv: tuple[str, ...], *, env: Mapping[str, str], exchange: Path) -> None:
        """Run a program in the original's root, as root, to its end.

        Shape: the host's directory `exchange` is at EXCHANGE there, writable; `env` is all of the
        environment.
        Raises: ContainerError when it does not start or ends with a status other than 0.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class NotCompiled:
    """A module without byte code, and why."""

    source: ImagePath
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiled:
    """Byte code by source, whole .pyc files; and what could not be compiled."""

    codes: Mapping[ImagePath, bytes]
    failures: tuple[NotCompiled, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Job:
    interpreter: ImagePath
    sources: tuple[ImagePath, ...]


def compile_missing(
    selection: Selection,
    env: Iterable[tuple[str, str]],
    compiler: Compiler,
    *,
    workdir: Path,
    processes: int = 2,
) -> Compiled:
    """Compile whatever `selection` wants byte code of and the original has none of.

    Shape: `env` is the image's environment. Equal sources at equal paths give equal bytes,
    however many `processes` share the work. Byte code of the app layer checks the hash of its
    source, if that is beside it, since people replace their own code in an image or mount over
    it; all other byte code is taken as it is.
    Raises: HostError; a module or an interpreter that fails is in `failures`.
    """
    codes: dict[ImagePath, bytes] = {}
    failures: list[NotCompiled] = []
    for number, job in enumerate(_jobs(selection)):
        exchange = workdir / f"compile-{number}"
        try:
            _prepare(exchange, job, find_checked(selection))
            problem = _run(compiler, job, env, (exchange, processes))
            results = dict(_results(exchange, job, processes))
        except OSError as err:
            raise StoreError(f"compile in {exchange}: {err.strerror}") from err
        for source in job.sources:
            result = results.get(source, problem or "the interpreter ended before its turn")
            if isinstance(result, bytes):
                codes[source] = result
            else:
                failures.append(NotCompiled(source=source, message=result))
    return Compiled(codes=codes, failures=tuple(failures))


def _jobs(selection: Selection) -> tuple[_Job, ...]:
    by_interpreter: dict[ImagePath, set[ImagePath]] = {}
    for code in selection.bytecode:
        if code.stored is None:
            by_interpreter.setdefault(code.interpreter, set()).add(code.source)
    return tuple(
        _Job(interpreter=interpreter, sources=tuple(sorted(sources)))
        for interpreter, sources in sorted(by_interpreter.items())
    )


def find_checked(selection: Selection) -> frozenset[ImagePath]:
    """Sources whose byte code says so if it is not theirs any more."""
    return frozenset(
        code.source
        for code in selection.bytecode
        if selection.roles.get(code.source) is LayerRole.APP
    )


def _prepare(exchange: Path, job: _Job, checked: frozenset[ImagePath]) -> None:
    exchange.mkdir(parents=True)
    script = Path(__file__).with_name(_SCRIPT).read_bytes()
    (exchange / _SCRIPT).write_bytes(script)
    (exchange / "sources").write_bytes(
        b"".join(
            (b"c" if source in checked else b"u")
            + source.encode("utf-8", "surrogateescape")
            + b"\0"
            for source in job.sources
        )
    )


def _run(
    compiler: Compiler, job: _Job, env: Iterable[tuple[str, str]], shared: tuple[Path, int]
) -> str:
    """What went wrong with the interpreter as a whole, or nothing."""
    exchange, processes = shared
    # No -I: it would ignore PYTHONHASHSEED, which the order of constant sets hangs on.
    argv = (str(job.interpreter), "-s", "-S", "-B", "-Wignore", EXCHANGE / _SCRIPT, str(processes))
    kept = {
        name: value
        for name, value in env
        if not name.startswith("PYTHON") or name in _INTERPRETER_VARIABLES
    }
    try:
        compiler.run(argv, env={**kept, "PYTHONHASHSEED": "0"}, exchange=exchange)
    except HostError:
        raise
    except JettisonError as err:
        return f"{job.interpreter}: {err.message}"
    return ""


def _results(exchange: Path, job: _Job, processes: int) -> Iterator[tuple[ImagePath, bytes | str]]:
    for number in range(processes):
        raw = _read(exchange / f"out.{number}")
        at = 0
        while len(raw) - at >= _RECORD_BYTES:
            index = int.from_bytes(raw[at : at + 4], "big")
            done = raw[at + 4]
            length = int.from_bytes(raw[at + 5 : at + _RECORD_BYTES], "big")
            at += _RECORD_BYTES
            if index >= len(job.sources) or length > len(raw) - at:
                break  # the interpreter was killed while it wrote
            result = raw[at : at + length]
            at += length
            yield job.sources[index], result if done else result.decode("utf-8", "replace")


def _read(path: Path) -> bytes:
    """What the image's interpreter wrote; nothing if it left anything but a file of sane size."""
    # The image could put a link to a file of the host here, or a pipe that never ends.
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        descriptor = os.open(path, flags)
    except OSError:
        return b""
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or status.st_size > _MAX_OUTPUT_BYTES:
            return b""
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            return file.read(_MAX_OUTPUT_BYTES)
    finally:
        os.close(descriptor)
