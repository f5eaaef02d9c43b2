"""What each verb is asked to do, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from jettison.filetree.tarstream import UnpackLimits
from jettison.image import Platform
from jettison.selection import SelectionOptions


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRequest:
    """How the app is run; None and empty mean what the image's config says.

    Shape: `env` holds values, none of them taken from this process's environment any more;
    `network` is "none", "host" or "container:NAME".
    """

    env: Mapping[str, str] = field(default_factory=dict)
    volumes: tuple[str, ...] = ()
    user: str | None = None
    workdir: str | None = None
    entrypoint: tuple[str, ...] | None = None
    cmd: tuple[str, ...] | None = None
    hostname: str | None = None
    tmpfs: tuple[str, ...] = ()
    network: str = "none"
    memory_bytes: int | None = None
    pids_limit: int = 4096
    runc: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeRequest:
    """What the app is asked while it is watched.

    Shape: `probes` as the user wrote them, "METHOD PATH"; `execs` are shell-word split commands.
    """

    probes: tuple[str, ...] = ()
    probe_file: Path | None = None
    crawl: bool = True
    http: bool = True
    ports: tuple[int, ...] = ()
    execs: tuple[tuple[str, ...], ...] = ()
    continue_after: str = "probe"
    ready_timeout_s: float = 30.0
    request_timeout_s: float = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileRequest:
    """`jettison profile`, and the part of `jettison slim` before anything is built.

    Shape: a `report_dir` of None stands for `./jettison-report/NAME/`.
    """

    target: str
    platform: Platform
    run: RunRequest
    probe: ProbeRequest
    selection: SelectionOptions
    limits: UnpackLimits
    store: Path
    report_dir: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SlimRequest:
    """`jettison slim`.

    Shape: `outputs` as the user wrote them, none for where the original came from; `tag` names the
    image in each of them, None for the original's name with `.slim`.
    """

    profile: ProfileRequest
    outputs: tuple[str, ...]
    tag: str | None = None
    force: bool = False
    verify: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyRequest:
    """`jettison verify`."""

    original: str
    slimmed: str
    platform: Platform
    run: RunRequest
    probe: ProbeRequest
    limits: UnpackLimits
    store: Path
    report_dir: Path | None = None
