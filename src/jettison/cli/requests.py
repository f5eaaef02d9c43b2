"""From what was typed to what a verb is asked: all checking of option values is here."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from jettison.cli.options import (
    KeepArguments,
    ProbeArguments,
    ProfileArguments,
    RunArguments,
    SlimArguments,
    VerifyArguments,
)
from jettison.cli.sources import parse_size, source_request
from jettison.errors import UsageError
from jettison.probe.ending import parse_ending
from jettison.probe.model import CrawlLimits, ProbePlan
from jettison.probe.ready import ReadyOptions
from jettison.probe.steps import parse_probe
from jettison.runtime.options import RunOptions, parse_network, parse_tmpfs, parse_volume
from jettison.selection import Policy, PythonSources, SelectionOptions
from jettison.workflow.requests import SlimRequest, VerifyRequest, WatchRequest


def slim_request(arguments: SlimArguments) -> SlimRequest:
    """What `jettison slim` is asked. Raises: UsageError."""
    return replace(
        profile_request(arguments),
        outputs=arguments.output,
        tag=arguments.tag,
        force=arguments.force,
        write=True,
        verify=arguments.verify,
    )


def profile_request(arguments: ProfileArguments) -> SlimRequest:
    """What `jettison profile` is asked. Raises: UsageError."""
    return SlimRequest(
        source=source_request(arguments.target, arguments),
        watch=_watch(arguments, arguments),
        selection=_selection(arguments, exec_keeps=arguments.exec_keeps),
        report_dir=arguments.report_dir,
        write=False,
        verify=False,
    )


def verify_request(arguments: VerifyArguments) -> VerifyRequest:
    """What `jettison verify` is asked. Raises: UsageError."""
    return VerifyRequest(
        original=source_request(arguments.original, arguments),
        slimmed=source_request(arguments.slimmed, arguments),
        watch=_watch(arguments, arguments),
        report_dir=arguments.report_dir,
    )


def parse_env(
    settings: tuple[str, ...], files: tuple[str, ...], environ: Mapping[str, str] = os.environ
) -> dict[str, str]:
    """Variables from files and then from options, which win; a bare NAME hands on our own.

    Raises: UsageError for a file that cannot be read and a name that no variable can have.
    """
    env: dict[str, str] = {}
    for where, setting in (*_env_lines(files), *(("--env", item) for item in settings)):
        name, equals, value = setting.partition("=")
        if not name or any(char.isspace() or char == "\0" for char in name):
            raise UsageError(f"{where}: {name!r} cannot be the name of a variable")
        if equals:
            env[name] = value
        elif name in environ:
            env[name] = environ[name]
    return env


def _env_lines(files: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    for file in files:
        try:
            lines = Path(file).read_text().splitlines()
        except (OSError, UnicodeDecodeError) as err:
            raise UsageError(f"--env-file {file}: {err}") from err
        for number, line in enumerate(lines, start=1):
            if line.strip() and not line.lstrip().startswith("#"):
                yield f"{file}:{number}", line.lstrip()


def _watch(run: RunArguments, probe: ProbeArguments) -> WatchRequest:
    ending = parse_ending(probe.continue_after)
    plan = _plan(probe) if probe.http else None
    return WatchRequest(
        run=_run(run),
        plan=plan,
        ready=ReadyOptions(
            ports=tuple(_port(port) for port in probe.port),
            host=probe.probe_host,
            timeout_s=probe.ready_timeout,
        ),
        execs=tuple(_words(command, "--exec") or () for command in probe.exec),
        # Without HTTP there is no probe to wait for.
        ending=ending if plan is not None else replace(ending, probe=False),
        runc=run.runc,
    )


def _plan(arguments: ProbeArguments) -> ProbePlan:
    steps = tuple(parse_probe(text) for text in arguments.probe)
    if arguments.probe_file is not None:
        from jettison.probe.stepfile import read_probe_file  # noqa: PLC0415  # it needs YAML

        steps += read_probe_file(arguments.probe_file)
    return ProbePlan(
        steps=steps,
        crawl=CrawlLimits() if arguments.crawl else None,
        openapi=arguments.crawl,
        host=arguments.probe_host,
        headers=tuple(_header(text) for text in arguments.probe_header),
        request_timeout_s=arguments.request_timeout,
    )


def _run(arguments: RunArguments) -> RunOptions:
    memory = arguments.memory
    options = RunOptions(
        env=tuple(parse_env(arguments.env, arguments.env_file).items()),
        volumes=tuple(parse_volume(text) for text in arguments.volume),
        tmpfs=tuple(parse_tmpfs(text) for text in arguments.tmpfs),
        user=arguments.user,
        working_dir=arguments.workdir,
        entrypoint=_words(arguments.entrypoint, "--entrypoint"),
        cmd=_words(arguments.cmd, "--cmd"),
        network=parse_network(arguments.network),
        memory_bytes=None if memory is None else parse_size(memory, "--memory"),
        pids_limit=arguments.pids_limit,
    )
    if arguments.hostname is not None:
        options = replace(options, hostname=arguments.hostname)
    return options


def _selection(arguments: KeepArguments, *, exec_keeps: bool) -> SelectionOptions:
    sources = arguments.python_sources
    if sources is None:
        # Whoever wants the smallest image has no use for sources that nothing reads.
        is_smallest = arguments.policy is Policy.OBSERVED
        sources = PythonSources.DROP if is_smallest else PythonSources.DROP_STDLIB
    return SelectionOptions(
        policy=arguments.policy,
        python_sources=sources,
        keep_paths=arguments.keep_path,
        keep_packages=arguments.keep_package,
        keep_modules=arguments.keep_module,
        drop_paths=arguments.drop_path,
        exec_keeps=exec_keeps,
    )


def _words(text: str | None, option: str) -> tuple[str, ...] | None:
    if text is None:
        return None
    try:
        return tuple(shlex.split(text))
    except ValueError as err:
        raise UsageError(f"{option} {text!r}: {err}") from err


def _port(text: str) -> int:
    number = text.removesuffix("/tcp")
    if not number.isdigit() or not 0 < int(number) < 1 << 16:
        raise UsageError(f"--port {text!r} is not a TCP port", hint="write a number up to 65535")
    return int(number)


def _header(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not colon or not re.fullmatch(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+", name):
        raise UsageError(f"--probe-header {text!r} is not NAME: VALUE")
    return name, value.strip()
