"""Telling why a container's program did not start."""

from __future__ import annotations

import platform
import re
from pathlib import Path
from typing import Final

from jettison.errors import ContainerError

# How runc and crun report, on the container's own stderr, that execve(2) failed.
_EXEC_FAILURE: Final = re.compile(
    r"(?im)\bexec (?:/|container process|user process caused).*: "
    r"(?:no such file or directory|exec format error|permission denied)(?=$|\")"
)


def find_exec_failure(output: str) -> str:
    """The runtime's complaint among the last lines that were printed; empty if there is none."""
    found = _EXEC_FAILURE.findall(output)
    return str(found[-1]).strip() if found else ""


def start_error(message: str) -> ContainerError:
    """The error for a container that did not start, with what to do about it."""
    lowered = message.lower()
    hint = ""
    if "format error" in lowered:
        hint = f"the program is not for this host's platform, {platform.machine()}"
    elif "not found" in lowered:
        hint = "the image has no such program on its PATH; see --entrypoint and --cmd"
    elif "no such file" in lowered and "exec" in lowered:
        hint = "the program, or the interpreter that its first line names, is not in the image"
    elif "permission denied" in lowered and "exec" in lowered:
        hint = "the program is not executable for the user that the container runs as"
    return ContainerError(f"the container did not start: {message}", hint=hint)


def read_command_name(pid: int) -> str:
    """The name of a process as ps(1) shows it; empty once it has ended."""
    try:
        return Path(f"/proc/{pid}/comm").read_text("utf-8", "replace").strip()
    except OSError:
        return ""
