"""A look into the task that waits for an answer, for `decode`.

Nothing of it is kept: a task may change its directories and descriptors with every call, and
asking the kernel anew costs 4 µs.
"""

from __future__ import annotations

from typing import Final

from jettison.linux import tasks
from jettison.trace import Operation
from jettison.tracer.calls import AT_FDCWD
from jettison.tracer.decode import ROOT, PathFact

_S_IFMT: Final = 0o170000
_S_IFREG: Final = 0o100000


class TaskView:
    """One view that is pointed at task after task; implements `decode.View`."""

    def __init__(self) -> None:
        self._memory = tasks.Memory()
        self.tid = 0
        self.has_own_root = False

    def read(self, address: int, size: int) -> bytes:
        """Exactly `size` bytes of its memory."""
        return self._memory.read(self.tid, address, size)

    def read_string(self, address: int, limit: int = 4096) -> bytes:
        """Its memory up to a NUL."""
        return self._memory.read_string(self.tid, address, limit)

    def directory(self, descriptor: int) -> bytes:
        """The path of its descriptor; AT_FDCWD is its working directory, ROOT its root."""
        if descriptor == ROOT:
            return tasks.read_root(self.tid) if self.has_own_root else b"/"
        return tasks.read_directory(self.tid, None if descriptor == AT_FDCWD else descriptor)

    def find(self, path: bytes) -> tasks.Found | None:
        """What a fact's path leads to now; None if nothing is there."""
        return tasks.find_real_path(self.tid, self._beneath_root(path))

    def is_program(self, path: bytes) -> bool:
        """Whether an execve of this path can start something."""
        found = self.find(path)
        return found is not None and found.mode & _S_IFMT == _S_IFREG and found.mode & 0o111 != 0

    def expand(self, fact: PathFact) -> tuple[PathFact, ...]:
        """Take `..` out of a path as the kernel does, after the links before it.

        Shape: a STAT of each directory that the look-up climbs out of, as it must be there, and
        then the path itself, unless one of the directories is missing and the look-up ends.
        """
        if b"/.." not in fact.path:
            return (fact,)
        steps: list[PathFact] = []
        here: list[bytes] = []
        for part in fact.path.split(b"/"):
            if part in (b"", b"."):
                continue
            if part != b"..":
                here.append(part)
                continue
            if not here:
                continue
            climbed = b"/" + b"/".join(here)
            steps.append(PathFact(Operation.STAT, climbed))
            # Links below /proc depend on who asks, and nothing there is of the image.
            if here[0] != b"proc":
                found = self.find(climbed)
                if found is None:
                    return tuple(steps)
                here = [item for item in found.path.split(b"/") if item]
            here = here[:-1]
        return (*steps, PathFact(fact.operation, b"/" + b"/".join(here)))

    def _beneath_root(self, path: bytes) -> bytes:
        # Paths of facts start at the root of the mount namespace, look-ups at the task's root.
        root = self.directory(ROOT)
        return path.removeprefix(root) or b"/" if root != b"/" else path
