"""Ask pip whether requirements go together, and what they would install; nothing is installed."""

from __future__ import annotations

import json
import re
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from jettison.edge import process
from jettison.edge.process import ProcessOptions
from jettison.edge.redact import redact
from jettison.errors import TransportError

_RESOLVE_S: Final = 300.0
_UNCHECKED: Final = ProcessOptions(check=False)
# What pip says of requirements that contradict each other.
_REQUESTED: Final = re.compile(
    r"^\s+The user requested (?:\(constraint\) )?(\S[^\s=<>!~\[;]*)", re.M
)
_DEPENDS: Final = re.compile(r"^\s+(\S+?)(?:\[[^\]]*\])? (\S+) depends on (\S.*)$", re.M)
_NO_MATCH: Final = re.compile(r"No matching distribution found for ([^\s=<>!~\[;]+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """What would be installed: version by name."""

    versions: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """That some requirements contradict each other.

    Shape: `requested` are names that the user's requirements fix; `demands` what stands against
    them, by the name of who has these requirements; `reason` is what pip says.
    """

    requested: frozenset[str]
    demands: tuple[tuple[str, Requirement], ...]
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolver:
    """For which Python, and from which index, requirements are resolved."""

    python: str
    index_url: str

    def resolve(self, requirements: Iterable[str]) -> Resolved | Conflict:
        """Resolve requirements as a requirements file has them.

        Raises: TransportError where pip fails for another reason than a conflict.
        """
        with tempfile.TemporaryDirectory(prefix="jt-resolve-") as name:
            directory = Path(name)
            (directory / "requirements.txt").write_text("\n".join((*requirements, "")))
            return self._run(directory, directory / "requirements.txt")

    def check(self, file: Path) -> Conflict | None:
        """Whether a requirements file can be installed as it is, its hashes included.

        Raises: TransportError as `resolve` does.
        """
        with tempfile.TemporaryDirectory(prefix="jt-resolve-") as name:
            found = self._run(Path(name), file)
        return found if isinstance(found, Conflict) else None

    def _run(self, directory: Path, file: Path) -> Resolved | Conflict:
        report = directory / "report.json"
        argv = [sys.executable, "-m", "pip", "install", "--dry-run", "--ignore-installed"]
        argv += ["--no-input", "--disable-pip-version-check", "--report", str(report)]
        argv += ["--progress-bar", "off", "--index-url", self.index_url, "--requirement", str(file)]
        if self.python != f"{sys.version_info[0]}.{sys.version_info[1]}":
            # For another Python nothing can be built, so only wheels count.
            argv += ["--python-version", self.python, "--only-binary", ":all:"]
            argv += ["--target", str(directory / "target")]
        done = process.run(argv, timeout_s=_RESOLVE_S, options=_UNCHECKED)
        # What it is that conflicts stands on stdout.
        said = redact((done.stdout + done.stderr).decode("utf-8", "replace"))
        if done.status == 0:
            return Resolved(versions=_installed(report))
        conflict = find_conflict(said)
        if conflict is None:
            raise TransportError(
                f"pip cannot resolve {file.name}: {_last_lines(said)}",
                hint="the index may lack a version; name another one with --index-url",
            )
        return conflict


def find_conflict(said: str) -> Conflict | None:
    """What pip's output tells of a conflict; None where that was not what failed."""
    requested = frozenset(map(canonicalize_name, _REQUESTED.findall(said)))
    missing = frozenset(map(canonicalize_name, _NO_MATCH.findall(said)))
    if "ResolutionImpossible" not in said and not requested and not missing:
        return None
    caused = said.partition("conflict is caused by:")[2].splitlines()
    lines = [line.strip() for line in caused if line.startswith("    ")]
    return Conflict(
        requested=requested | missing,
        demands=tuple(_demands(said)),
        reason="; ".join(lines) or _last_lines(said),
    )


def _demands(said: str) -> Iterator[tuple[str, Requirement]]:
    for parent, _, text in _DEPENDS.findall(said):
        # "urllib3<1.24 and >=1.21.1": pip writes it for people.
        try:
            yield canonicalize_name(parent), Requirement(text.replace(" and ", ","))
        except InvalidRequirement:
            continue


def _installed(report: Path) -> dict[str, str]:
    items = json.loads(report.read_bytes())["install"]
    return {
        canonicalize_name(item["metadata"]["name"]): str(item["metadata"]["version"])
        for item in items
    }


def _last_lines(said: str) -> str:
    return " ".join(line.strip() for line in said.strip().splitlines()[-3:])
