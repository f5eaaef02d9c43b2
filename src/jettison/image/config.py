"""Image configs: views on bytes that are kept as received."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from jettison.digest import Digest
from jettison.errors import InvalidImageError
from jettison.image.documents import (
    NO_STRINGS,
    parse_object,
    read_keys,
    read_list,
    read_seconds,
    read_strings,
    read_whole,
)
from jettison.image.platform import Platform


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthCheck:
    """The image's HEALTHCHECK.

    Shape: `test` is ("CMD", argument, …) or ("CMD-SHELL", line); ("NONE",) disables it.
    Units: seconds; 0 stands for the engine's default.
    """

    test: tuple[str, ...]
    interval_s: float = 0.0
    timeout_s: float = 0.0
    start_period_s: float = 0.0
    start_interval_s: float = 0.0
    retries: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """One instruction that made the image; `empty_layer` ones changed only the config."""

    created_by: str = ""
    created: str = ""
    comment: str = ""
    empty_layer: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageConfig:
    """The parts of an image config that jettison acts on; the bytes keep all the others.

    Shape: `env` in order, as (name, value); `entrypoint` and `cmd` empty where not set.
    Source: OCI image-spec 1.1, "Image Configuration", and Docker's image specification 1.2.
    """

    platform: Platform
    diff_ids: tuple[Digest, ...]
    history: tuple[History, ...] = ()
    user: str = ""
    env: tuple[tuple[str, str], ...] = ()
    entrypoint: tuple[str, ...] = ()
    cmd: tuple[str, ...] = ()
    working_dir: str = ""
    exposed_ports: tuple[str, ...] = ()
    volumes: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=lambda: NO_STRINGS, hash=False)
    stop_signal: str = ""
    stop_timeout_s: int | None = None
    healthcheck: HealthCheck | None = None
    shell: tuple[str, ...] = ()
    onbuild: tuple[str, ...] = ()
    created: str = ""

    @property
    def argv(self) -> tuple[str, ...]:
        """What the container starts: entrypoint and then cmd."""
        return self.entrypoint + self.cmd

    @classmethod
    def parse(cls, raw: bytes) -> ImageConfig:
        """Read an image config.

        Raises: InvalidImageError.
        """
        value = parse_object(raw, "image config")
        rootfs = value.get("rootfs")
        diff_ids = rootfs.get("diff_ids") if isinstance(rootfs, dict) else None
        if not isinstance(diff_ids, list):
            raise InvalidImageError("image config: rootfs.diff_ids is missing")
        config = value.get("config") or {}
        if not isinstance(config, dict):
            raise InvalidImageError("image config: config is not an object")
        return cls(
            platform=Platform(
                os=str(value.get("os") or "linux"),
                architecture=str(value.get("architecture") or ""),
                variant=str(value.get("variant") or ""),
            ),
            diff_ids=tuple(Digest.parse(str(item)) for item in diff_ids),
            history=_history(value.get("history")),
            user=str(config.get("User") or ""),
            env=tuple(_env(item) for item in read_list(config.get("Env"), "Env")),
            entrypoint=read_list(config.get("Entrypoint"), "Entrypoint"),
            cmd=read_list(config.get("Cmd"), "Cmd"),
            working_dir=str(config.get("WorkingDir") or ""),
            exposed_ports=read_keys(config.get("ExposedPorts"), "ExposedPorts"),
            volumes=read_keys(config.get("Volumes"), "Volumes"),
            labels=read_strings(config.get("Labels"), "image config: Labels"),
            stop_signal=str(config.get("StopSignal") or ""),
            stop_timeout_s=read_whole(config.get("StopTimeout"), "StopTimeout"),
            healthcheck=_healthcheck(config.get("Healthcheck")),
            shell=read_list(config.get("Shell"), "Shell"),
            onbuild=read_list(config.get("OnBuild"), "OnBuild"),
            created=str(value.get("created") or ""),
        )


def _env(item: str) -> tuple[str, str]:
    name, _, value = item.partition("=")
    return name, value


def _history(value: object) -> tuple[History, ...]:
    if not isinstance(value, list):
        return ()
    return tuple(
        History(
            created_by=str(item.get("created_by") or ""),
            created=str(item.get("created") or ""),
            comment=str(item.get("comment") or ""),
            empty_layer=bool(item.get("empty_layer")),
        )
        for item in value
        if isinstance(item, dict)
    )


def _healthcheck(value: object) -> HealthCheck | None:
    if not isinstance(value, dict) or not value.get("Test"):
        return None
    return HealthCheck(
        test=read_list(value["Test"], "Healthcheck.Test"),
        interval_s=read_seconds(value.get("Interval"), "Healthcheck.Interval"),
        timeout_s=read_seconds(value.get("Timeout"), "Healthcheck.Timeout"),
        start_period_s=read_seconds(value.get("StartPeriod"), "Healthcheck.StartPeriod"),
        start_interval_s=read_seconds(value.get("StartInterval"), "Healthcheck.StartInterval"),
        retries=read_whole(value.get("Retries"), "Healthcheck.Retries") or 0,
    )
