"""How a program is found and started inside an image: PATH, `#!` lines, wrappers."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from jettison.filetree import FileTree
from jettison.paths import ImagePath

# What Docker and Podman set where an image has no PATH of its own.
DEFAULT_PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

SHELLS: Final = frozenset({"sh", "bash", "dash", "ash", "zsh", "ksh", "mksh", "busybox", "fish"})

# Programs that start the program named by one of their arguments.
WRAPPERS: Final = frozenset(
    {
        "catatonit",
        "chroot",
        "chrt",
        "doas",
        "dumb-init",
        "env",
        "flock",
        "gosu",
        "ionice",
        "nice",
        "nohup",
        "parallel",
        "runuser",
        "s6-setuidgid",
        "setpriv",
        "setsid",
        "setuidgid",
        "stdbuf",
        "su-exec",
        "sudo",
        "taskset",
        "time",
        "timeout",
        "tini",
        "tini-static",
        "unbuffer",
        "xargs",
    }
)

# The kernel reads no more of a script's first line: execve(2), BINPRM_BUF_SIZE.
MAX_SHEBANG_BYTES: Final = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchPath:
    """Where programs are looked for: PATH in order, and the working directory."""

    directories: tuple[str, ...]
    working_dir: ImagePath

    @classmethod
    def of(cls, env: Mapping[str, str], working_dir: ImagePath) -> SearchPath:
        """From the environment of a process."""
        # An empty element of PATH means the working directory: execvp(3).
        return cls(
            directories=tuple(env.get("PATH", DEFAULT_PATH).split(":")), working_dir=working_dir
        )

    def find(self, name: str, tree: FileTree) -> str | None:
        """The path by which execvp(3) would execute `name`; its links are not followed yet."""
        if not name or "\0" in name or len(name) > 4096:
            return None
        if "/" in name:
            candidates = [posixpath.join(self.working_dir, name)]
        else:
            candidates = [
                posixpath.join(self.working_dir, directory, name) for directory in self.directories
            ]
        for candidate in candidates:
            found = tree.resolve(candidate)
            if found.entry is not None and found.entry.is_executable:
                return candidate
        return None


def parse_shebang(head: bytes) -> tuple[str, ...]:
    """The interpreter of a script and its argument, if any; empty for anything else.

    Source: execve(2), "Interpreter scripts".
    """
    if not head.startswith(b"#!"):
        return ()
    line = head[2:MAX_SHEBANG_BYTES].partition(b"\n")[0].decode("utf-8", "surrogateescape")
    return tuple(line.strip().split(maxsplit=1))


def env_program(argument: str) -> str:
    """What `/usr/bin/env ARGUMENT` in a `#!` line starts: `-S` and assignments are passed over."""
    for word in argument.removeprefix("-S").split():
        if not word.startswith("-") and "=" not in word:
            return word
    return ""


def wrapped_programs(argv: Sequence[str]) -> tuple[str, ...]:
    """Words of a wrapper's argv that may name the program it starts; empty for other programs.

    Shape: at most the first four words that are no options or assignments: `timeout 5 nice gzip`.
    """
    if not argv or posixpath.basename(argv[0]) not in WRAPPERS:
        return ()
    words = [word for word in argv[1:] if word and word[0] not in "-+" and "=" not in word]
    return tuple(words[:4])
