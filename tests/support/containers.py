"""Run one container and tell what came of it, in this process or as another user.

As a program it takes the plan as JSON on its command line and prints the answer as JSON.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from jettison.errors import JettisonError
from jettison.events import EventSink, Silent
from jettison.image import ImageConfig, Platform
from jettison.linux.isolation import run_isolated
from jettison.linux.workdir import work_directory
from jettison.paths import ImagePath
from jettison.runtime.container import Container, ContainerHost, ExecOptions
from jettison.runtime.engine import find_runtime
from jettison.runtime.options import RunOptions, parse_tmpfs, parse_volume


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What to run.

    Shape: `rootfs` is copied, so that its files get owners of the container's own; `base` goes
    below it as it is; `owners` are path → (uid, gid); `texts` and `links` are
    files to add; `config` and
    `options` are fields of ImageConfig and RunOptions; `execs` run while the container does.
    """

    rootfs: str = ""
    base: str = ""
    layers: int = 1
    owners: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)
    links: Mapping[str, str] = field(default_factory=dict)
    config: Mapping[str, Any] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    execs: tuple[Mapping[str, Any], ...] = ()
    wait_for_port: bool = False
    stop: bool = False
    grace_s: float = 0.2
    runtime: str | None = None


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came of it; `error` has class, message, hint and log tail of a JettisonError."""

    status: int | None = None
    output: str = ""
    notices: tuple[str, ...] = ()
    execs: tuple[tuple[int | None, str], ...] = ()
    listening: tuple[tuple[str, int], ...] = ()
    written: tuple[str, ...] = ()
    start_s: float = 0.0
    error: tuple[str, str, str, str] | None = None


def run_container(plan: Plan) -> Answer:
    """Run it isolated, in a work directory of its own."""
    try:
        with work_directory() as workdir:
            return run_isolated(
                lambda events: _inside(plan, workdir, events), events=Silent(), workdir=workdir
            )
    except JettisonError as err:
        tail = str(getattr(err, "log_tail", ""))
        return Answer(error=(type(err).__name__, err.message, err.hint, tail))


def _inside(plan: Plan, workdir: Path, _events: EventSink) -> Answer:
    directories = [Path(plan.base)] if plan.base else []
    for index in range(plan.layers):
        directory = workdir / f"layer-{index}-with-a-name-long-enough-to-fill-a-page-of-options"
        directory.mkdir(mode=0o755)
        (directory / f"from-{index}").write_text(str(index))
        directories.append(directory)
    if plan.layers:
        _fill(directories[-1], plan)
    host = ContainerHost(workdir=workdir, runtime=find_runtime(plan.runtime))
    config, options = _config(plan.config), _options(plan.options)
    with Container(directories, config, options, host) as container:
        return _watch(container, plan)


def _fill(top: Path, plan: Plan) -> None:
    if plan.rootfs:
        shutil.copytree(plan.rootfs, top, symlinks=True, dirs_exist_ok=True)
    for path, text in plan.texts.items():
        target = top / path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
        target.chmod(0o755)
    for path, (uid, gid) in plan.owners.items():
        target = top / path.lstrip("/")
        target.mkdir(parents=True, exist_ok=True)
        # With a single id everything is root's, which then can write everywhere.
        with suppress(OSError):
            os.chown(target, uid, gid)
    for path, leads_to in plan.links.items():
        (top / path.lstrip("/")).symlink_to(leads_to)


def _config(given: Mapping[str, Any]) -> ImageConfig:
    values: dict[str, Any] = {
        name: tuple(map(_frozen, value)) if isinstance(value, list | tuple) else value
        for name, value in given.items()
    }
    return ImageConfig(platform=Platform(os="linux", architecture="amd64"), diff_ids=(), **values)


def _frozen(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


def _options(given: Mapping[str, Any]) -> RunOptions:
    values = dict(given)
    for name in ("env", "entrypoint", "cmd", "capabilities"):
        if values.get(name) is not None:
            values[name] = tuple(map(_frozen, values[name]))
    values["volumes"] = tuple(parse_volume(item) for item in values.get("volumes", ()))
    values["tmpfs"] = tuple(parse_tmpfs(item) for item in values.get("tmpfs", ()))
    values["writable"] = tuple(ImagePath.parse(item) for item in values.get("writable", ()))
    return RunOptions(**values)


def _watch(container: Container, plan: Plan) -> Answer:
    started = time.perf_counter()
    container.start()
    start_s = time.perf_counter() - started
    deadline = time.monotonic() + 30
    while plan.wait_for_port and not container.listening() and container.is_running():
        assert time.monotonic() < deadline, container.log_tail()
        container.wait(0.01)
    listening = tuple((item.address, item.port) for item in container.listening())
    execs = []
    for given in plan.execs:
        values: dict[str, Any] = {name: given[name] for name in given if name != "argv"}
        if "env" in values:
            values["env"] = tuple(map(_frozen, values["env"]))
        options = ExecOptions(**values)
        done = container.exec(given["argv"], options)
        execs.append((done.status, done.output.decode("utf-8", "surrogateescape")))
    status = container.stop(plan.grace_s) if plan.stop or plan.execs else container.wait(60.0)
    upper = container.upper
    written = sorted(f"/{item.relative_to(upper)}" for item in upper.rglob("*"))
    return Answer(
        status=status,
        output=container.log_tail().decode("utf-8", "surrogateescape"),
        notices=container.notices,
        execs=tuple(execs),
        listening=listening,
        written=tuple(written),
        start_s=start_s,
    )


if __name__ == "__main__":
    json.dump(asdict(run_container(Plan(**json.loads(sys.argv[1])))), sys.stdout)
