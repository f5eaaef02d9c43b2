"""JT2002: pip leaves its cache in the layer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from jettison.dockerfile import Instruction, Stage
from jettison.dockerfile.edits import Edit
from jettison.dockerfile.scope import variables_at
from jettison.lint.installs import pip_installs
from jettison.lint.model import Problem, Rule, Severity
from jettison.lint.view import View

_OFF: Final = ("PIP_NO_CACHE_DIR", "UV_NO_CACHE")


def check(view: View) -> Iterator[Problem]:
    """Each pip install without `--no-cache-dir`, a cache mount or the variable for it."""
    for stage in view.stages:
        for item in stage.find_all("RUN"):
            if _is_kept_out(view, stage, item):
                continue
            for install in pip_installs(view, item):
                options = {"--no-cache", "-n"} if install.is_uv else {"--no-cache-dir"}
                if options & install.options:
                    continue
                option = "--no-cache" if install.is_uv else "--no-cache-dir"
                message = f"what pip downloaded stays in the layer: {option}, or a cache mount"
                yield view.at(item.span, message, *_fix(item, option), severity=view.shipped(stage))
                break


def _is_kept_out(view: View, stage: Stage, item: Instruction) -> bool:
    mounts = [flag.value for flag in item.flags if flag.name == "mount"]
    if any("type=cache" in mount for mount in mounts):
        return True
    variables = variables_at(view.dockerfile, stage, item)
    return any(variables.get(name, "0").lower() not in ("0", "", "false", "off") for name in _OFF)


def _fix(item: Instruction, option: str) -> Iterator[Edit]:
    """Behind the word `install`, at each place where pip stands before it."""
    if item.is_exec or item.heredocs or item.trigger is not None:
        return
    for number, word in enumerate(item.words[:-1]):
        following = item.words[number + 1]
        if word.text.rpartition("/")[2].startswith("pip") and following.text == "install":
            rest = item.words[number + 2 :]
            if not rest or rest[0].text != option:
                end = following.span.end
                yield Edit(start=end, end=end, text=f" {option}")


RULE: Final = Rule(
    code="JT2002",
    title="pip's cache stays in the layer",
    remedy="pip install --no-cache-dir, or RUN --mount=type=cache,target=/root/.cache/pip",
    severity=Severity.WARNING,
    check=check,
)
