"""The three files that an engine puts over an image's own: hostname, hosts, resolv.conf."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from jettison.paths import ImagePath
from jettison.runtime.bundle import GENERATED_FILES

_HOSTS: Final = """\
127.0.0.1\tlocalhost
::1\tlocalhost ip6-localhost ip6-loopback
fe00::0\tip6-localnet
ff00::0\tip6-mcastprefix
ff02::1\tip6-allnodes
ff02::2\tip6-allrouters
"""


def render_hosts(hostname: str) -> str:
    """Docker's hosts file; the name is on the loopback, the only device there is."""
    return f"{_HOSTS}127.0.0.1\t{hostname}\n"


def write_generated_files(
    directory: Path, hostname: str, given: Mapping[str, str]
) -> Mapping[ImagePath, str]:
    """Write them, and say for each path in the container where it is.

    Shape: `given` replaces the content of `hosts` or `resolv.conf`.
    """
    contents = {
        "hostname": f"{hostname}\n",
        "hosts": render_hosts(hostname),
        "resolv.conf": read_host_file("resolv.conf"),
        **given,
    }
    found: dict[ImagePath, str] = {}
    for target in GENERATED_FILES:
        path = directory / target.name
        path.write_text(contents[target.name], "utf-8", "surrogateescape")
        path.chmod(0o644)
        found[target] = str(path)
    return found


def read_host_file(name: str, root: str = "/") -> str:
    """A file of `etc` below `root`, empty if it cannot be read."""
    try:
        return Path(root, "etc", name).read_text("utf-8", "surrogateescape")
    except OSError:
        return ""
