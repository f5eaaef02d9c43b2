"""Whether a requirement with a marker can apply in an image: on Linux, on some CPython."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from packaging.markers import Marker, UndefinedEnvironmentName

# Wherever nothing says which Python it will be, it may be any of these.
_PYTHONS: Final = tuple(f"3.{minor}" for minor in range(7, 17))
_MACHINES: Final = ("x86_64", "aarch64")


def applies(
    marker: Marker | None, *, python: str = "", extras: frozenset[str] = frozenset()
) -> bool:
    """Whether it can hold; `python` as `3.12` or `3.12.1`, empty where that is not known."""
    return marker is None or _applies(str(marker), python, extras)


@lru_cache(maxsize=1 << 13)
def _applies(marker: str, python: str, extras: frozenset[str]) -> bool:
    parsed = Marker(marker)
    for version in (full for item in ((python,) if python else _PYTHONS) for full in _fulls(item)):
        for machine in _MACHINES:
            for extra in ("", *sorted(extras)):
                environment = {
                    "implementation_name": "cpython",
                    "implementation_version": version,
                    "os_name": "posix",
                    "platform_machine": machine,
                    "platform_python_implementation": "CPython",
                    "platform_release": "",
                    "platform_system": "Linux",
                    "platform_version": "",
                    "python_full_version": version,
                    "python_version": ".".join(version.split(".")[:2]),
                    "sys_platform": "linux",
                    "extra": extra,
                }
                try:
                    if parsed.evaluate(environment):
                        return True
                except UndefinedEnvironmentName:
                    return True
    return False


def _fulls(version: str) -> tuple[str, ...]:
    """With a micro version: the first and one after all of them, where none is named."""
    return (version,) if version.count(".") > 1 else (f"{version}.0", f"{version}.99")
