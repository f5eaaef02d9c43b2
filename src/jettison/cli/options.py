"""The options of the verbs, in the groups that `--help` shows them in."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

from typer import Argument, Option

from jettison.selection import Policy, PythonSources

_RUN: Final = "Running the container"
_PROBE: Final = "Probing"
_KEEP: Final = "What is kept"
_OUT: Final = "Results"
_BOUNDS: Final = "Bounds"


class OutputFormat(StrEnum):
    """How the result is printed on stdout."""

    TEXT = "text"
    JSON = "json"


@dataclass(frozen=True, kw_only=True)
class RunArguments:
    """How the original is run. All of them override the image's config for the run alone."""

    env: Annotated[
        tuple[str, ...],
        Option(metavar="NAME=VALUE", help="Set NAME=VALUE, or hand on NAME.", rich_help_panel=_RUN),
    ] = ()
    env_file: Annotated[
        tuple[str, ...],
        Option(metavar="FILE", help="Read NAME=VALUE lines from a file.", rich_help_panel=_RUN),
    ] = ()
    volume: Annotated[
        tuple[str, ...],
        Option(
            "--volume",
            "-v",
            metavar="SRC:PATH",
            help="Mount SOURCE:PATH[:ro].",
            rich_help_panel=_RUN,
        ),
    ] = ()
    user: Annotated[
        str | None, Option(metavar="USER", help="Run as USER[:GROUP].", rich_help_panel=_RUN)
    ] = None
    workdir: Annotated[
        str | None, Option(metavar="PATH", help="Start in this directory.", rich_help_panel=_RUN)
    ] = None
    entrypoint: Annotated[
        str | None,
        Option(metavar="WORDS", help="Replace the entrypoint (shell words).", rich_help_panel=_RUN),
    ] = None
    cmd: Annotated[
        str | None,
        Option(metavar="WORDS", help="Replace the command (shell words).", rich_help_panel=_RUN),
    ] = None
    hostname: Annotated[
        str | None, Option(metavar="NAME", help="The container's host name.", rich_help_panel=_RUN)
    ] = None
    tmpfs: Annotated[
        tuple[str, ...],
        Option(metavar="PATH", help="Mount a tmpfs at PATH[:OPTIONS].", rich_help_panel=_RUN),
    ] = ()
    network: Annotated[
        str,
        Option(
            metavar="NETWORK",
            help="none (own loopback, the default), host, or container:NAME.",
            rich_help_panel=_RUN,
        ),
    ] = "none"
    memory: Annotated[
        str | None, Option(metavar="SIZE", help="Memory bound, such as 512m.", rich_help_panel=_RUN)
    ] = None
    pids_limit: Annotated[
        int,
        Option(metavar="N", help="Bound on processes and threads.", min=1, rich_help_panel=_RUN),
    ] = 4096
    runc: Annotated[
        str | None, Option(metavar="PROGRAM", help="The runc or crun to use.", rich_help_panel=_RUN)
    ] = None


@dataclass(frozen=True, kw_only=True)
class ProbeArguments:
    """What the app is asked while it is watched."""

    probe: Annotated[
        tuple[str, ...],
        Option(metavar="REQUEST", help='Ask "METHOD PATH" too.', rich_help_panel=_PROBE),
    ] = ()
    probe_file: Annotated[
        Path | None, Option(metavar="FILE", help="Ordered steps in YAML.", rich_help_panel=_PROBE)
    ] = None
    crawl: Annotated[
        bool, Option(help="Follow same-origin links from /.", rich_help_panel=_PROBE)
    ] = True
    http: Annotated[bool, Option(help="Probe over HTTP at all.", rich_help_panel=_PROBE)] = True
    port: Annotated[
        tuple[str, ...],
        Option(
            metavar="PORT",
            help="Probe this port; default: exposed or listened.",
            rich_help_panel=_PROBE,
        ),
    ] = ()
    probe_host: Annotated[
        str, Option(metavar="NAME", help="The name in the Host header.", rich_help_panel=_PROBE)
    ] = "localhost"
    probe_header: Annotated[
        tuple[str, ...],
        Option(metavar="HEADER", help='Send "NAME: VALUE" always.', rich_help_panel=_PROBE),
    ] = ()
    exec: Annotated[
        tuple[str, ...],
        Option(metavar="COMMAND", help="Run a command in the container.", rich_help_panel=_PROBE),
    ] = ()
    exec_keeps: Annotated[
        bool,
        Option("--exec-keeps", help="Keep what --exec commands touch.", rich_help_panel=_PROBE),
    ] = False
    continue_after: Annotated[
        str,
        Option(
            metavar="WHAT",
            help="probe, exec, signal (SIGUSR1), or SECONDS.",
            rich_help_panel=_PROBE,
        ),
    ] = "probe"
    ready_timeout: Annotated[
        float,
        Option(
            metavar="SECONDS",
            help="Seconds until the app must answer.",
            min=0.1,
            rich_help_panel=_PROBE,
        ),
    ] = 30.0
    request_timeout: Annotated[
        float,
        Option(metavar="SECONDS", help="Seconds for one request.", min=0.1, rich_help_panel=_PROBE),
    ] = 10.0


@dataclass(frozen=True, kw_only=True)
class KeepArguments:
    """What is kept beyond what was observed."""

    policy: Annotated[
        Policy,
        Option(
            metavar="POLICY",
            help="How much to keep: observed, closure or package.",
            rich_help_panel=_KEEP,
        ),
    ] = Policy.CLOSURE
    python_sources: Annotated[
        PythonSources | None,
        Option(
            metavar="WHICH",
            help="Which .py files stay: keep, drop-stdlib (the default) or drop (with observed).",
            rich_help_panel=_KEEP,
        ),
    ] = None
    keep_path: Annotated[
        tuple[str, ...], Option(metavar="GLOB", help="Keep paths (glob).", rich_help_panel=_KEEP)
    ] = ()
    keep_package: Annotated[
        tuple[str, ...],
        Option(
            metavar="NAME",
            help="Keep an OS package or Python distribution whole.",
            rich_help_panel=_KEEP,
        ),
    ] = ()
    keep_module: Annotated[
        tuple[str, ...], Option(metavar="NAME", help="Keep a Python module.", rich_help_panel=_KEEP)
    ] = ()
    drop_path: Annotated[
        tuple[str, ...], Option(metavar="GLOB", help="Drop paths (glob).", rich_help_panel=_KEEP)
    ] = ()


@dataclass(frozen=True, kw_only=True)
class PlaceArguments:
    """Which image of a place, how a registry may be reached, and how much it may unpack to."""

    platform: Annotated[
        str | None, Option(metavar="OS/ARCH", help="OS/ARCHITECTURE of a multi-platform image.")
    ] = None
    insecure: Annotated[
        bool,
        Option("--insecure", help="Reach registries over plain HTTP, or with any certificate."),
    ] = False
    max_unpacked_size: Annotated[
        str,
        Option(metavar="SIZE", help="Refuse images that unpack to more.", rich_help_panel=_BOUNDS),
    ] = "32g"


@dataclass(frozen=True, kw_only=True)
class BoundArguments(PlaceArguments):
    """Bounds on what an image whose layers are unpacked may do to this host."""

    max_entries: Annotated[
        int,
        Option(
            metavar="N", help="Refuse layers with more entries.", min=1, rich_help_panel=_BOUNDS
        ),
    ] = 1_000_000


@dataclass(frozen=True, kw_only=True)
class ResultArguments:
    """Where results go."""

    report_dir: Annotated[
        Path | None,
        Option(metavar="DIR", help="Default: ./jettison-report/NAME/.", rich_help_panel=_OUT),
    ] = None
    format: Annotated[
        OutputFormat,
        Option(metavar="FORMAT", help="What stdout receives: text or json.", rich_help_panel=_OUT),
    ] = OutputFormat.TEXT


@dataclass(frozen=True, kw_only=True)
class ProfileArguments(
    ResultArguments, BoundArguments, KeepArguments, ProbeArguments, RunArguments
):
    """`jettison profile`."""

    target: Annotated[
        str,
        Argument(
            metavar="TARGET",
            help="docker:NAME, podman:NAME, registry:NAME, oci:DIR, oci-archive:FILE, …, or NAME.",
        ),
    ]


@dataclass(frozen=True, kw_only=True)
class SlimArguments(ProfileArguments):
    """`jettison slim`."""

    tag: Annotated[
        str | None, Option(metavar="NAME", help="Name of the slimmed image.", rich_help_panel=_OUT)
    ] = None
    output: Annotated[
        tuple[str, ...],
        Option(
            "--output",
            "-o",
            metavar="TARGET",
            help="oci:DIR, oci-archive:FILE, docker-archive:FILE, docker:NAME, podman:NAME, "
            "registry:HOST/NAME.",
            rich_help_panel=_OUT,
        ),
    ] = ()
    force: Annotated[
        bool, Option("--force", help="Replace a tag that exists.", rich_help_panel=_OUT)
    ] = False
    verify: Annotated[
        bool, Option(help="Start the result and compare it.", rich_help_panel=_OUT)
    ] = True


@dataclass(frozen=True, kw_only=True)
class VerifyArguments(ResultArguments, BoundArguments, ProbeArguments, RunArguments):
    """`jettison verify`."""

    original: Annotated[str, Argument(metavar="ORIGINAL", help="The original image.")]
    slimmed: Annotated[str, Argument(metavar="SLIMMED", help="The slimmed image.")]


@dataclass(frozen=True, kw_only=True)
class WhyArguments:
    """`jettison why`."""

    path: Annotated[str, Argument(metavar="PATH", help="A path inside the image.")]
    report: Annotated[Path, Option(metavar="DIR", help="The report directory of a slim run.")]
    format: Annotated[
        OutputFormat, Option(metavar="FORMAT", help="What stdout receives: text or json.")
    ] = OutputFormat.TEXT


@dataclass(frozen=True, kw_only=True)
class PruneArguments:
    """`jettison prune`."""

    max_size: Annotated[str, Option(metavar="SIZE", help="Keep what fits, newest first.")] = "0"
