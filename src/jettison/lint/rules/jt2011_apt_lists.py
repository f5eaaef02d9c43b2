"""JT2011: apt's package lists stay in the layer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from jettison.dockerfile import Instruction
from jettison.dockerfile.edits import Edit
from jettison.lint.installs import system_packages
from jettison.lint.model import Problem, Rule, Severity
from jettison.lint.view import View, program_of

_LISTS: Final = "/var/lib/apt/lists"
_REMOVAL: Final = f"rm -rf {_LISTS}/*"


def check(view: View) -> Iterator[Problem]:
    """Each RUN that installs with apt and leaves the lists."""
    for stage in view.stages:
        for item in stage.find_all("RUN"):
            uses_apt = any(
                program_of([word for word in command if word != "sudo"]) in ("apt-get", "apt")
                and system_packages(command)
                for command in view.commands(item)
            )
            mounts = [flag.value for flag in item.flags if flag.name == "mount"]
            mounted = any("type=cache" in mount and "/var/lib/apt" in mount for mount in mounts)
            if not uses_apt or mounted or f"{_LISTS}/" in item.script or _LISTS in item.script:
                continue
            message = f"apt's lists stay in the layer: {_REMOVAL} in the same RUN"
            yield view.at(item.span, message, *_fix(item), severity=view.shipped(stage))


def _fix(item: Instruction) -> Iterator[Edit]:
    plain = not (item.is_exec or item.heredocs or "||" in item.script or ";" in item.script)
    if plain and not item.script.rstrip().endswith(("&", "|")):
        end = item.span.end
        yield Edit(start=end, end=end, text=f" && {_REMOVAL}")


RULE: Final = Rule(
    code="JT2011",
    title="apt's lists stay in the layer",
    remedy="end that RUN with && rm -rf /var/lib/apt/lists/*",
    severity=Severity.WARNING,
    check=check,
)
