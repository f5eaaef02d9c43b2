"""Commands that install things: pip and its kin, apt-get, apk."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from jettison.dockerfile import Instruction
from jettison.lint.view import Command, View, program_of

_PIP: Final = re.compile(r"pip[0-9.]*\Z")
_PYTHON: Final = re.compile(r"(?:python|pypy)[0-9.]*\Z")
# Options of pip install that take the next word.
_TAKES: Final = frozenset(
    {"-r", "--requirement", "-c", "--constraint", "-e", "--editable", "-t", "--target", "-i"}
    | {"--index-url", "--extra-index-url", "-f", "--find-links", "--platform", "--prefix"}
    | {"--root", "--src", "--python-version", "--trusted-host", "--timeout", "--retries"}
    | {"--progress-bar", "--python", "--only-binary", "--no-binary", "--cert", "--log", "--proxy"}
)
# What stands between `://` and `@` in an address.
_USER: Final = re.compile(r"(?<=://)[^/\s@]+@")
_PACKAGE_MANAGERS: Final = {"apt-get": "install", "apt": "install", "apk": "add"}
_PROJECT_INSTALLERS: Final = {
    "poetry": ("install", "sync"),
    "uv": ("sync",),
    "pdm": ("install", "sync"),
    "pipenv": ("install", "sync"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PipInstall:
    """One `pip install`; `packages` are what is named on the command line."""

    command: Command
    packages: tuple[str, ...]
    requirements: tuple[str, ...]
    options: frozenset[str]
    is_uv: bool

    @property
    def installs_project(self) -> bool:
        """Whether it installs the sources beside it."""
        return any(is_local(package) for package in self.packages)


def is_local(package: str) -> bool:
    """Whether what is installed is a directory or a file, not a name."""
    return package.startswith((".", "/", "~")) or package.endswith((".whl", ".tar.gz", ".zip"))


def without_password(text: str) -> str:
    """What is installed, fit to be shown."""
    return _USER.sub("***@", text)


def pip_installs(view: View, item: Instruction) -> Iterator[PipInstall]:
    """What an instruction has pip install."""
    for command in view.commands(item):
        found = _pip_install(command)
        if found is not None:
            yield found


def _pip_install(command: Command) -> PipInstall | None:
    words = list(command)
    while words and (words[0] in ("exec", "sudo", "env", "command") or "=" in words[0]):
        words.pop(0)
    program = program_of(words)
    is_uv = program == "uv" and words[1:2] == ["pip"]
    if _PYTHON.match(program) and "-m" in words and words[-1] != "-m":
        words = words[words.index("-m") + 1 :]
        program = words[0]
    elif is_uv:
        words = words[1:]
        program = "pip"
    if not _PIP.match(program):
        return None
    rest = words[1:]
    while rest and rest[0].startswith("-"):
        rest = rest[1:]
    if rest[:1] != ["install"]:
        return None
    return _arguments(command, rest[1:], is_uv=is_uv)


def _arguments(command: Command, words: list[str], *, is_uv: bool) -> PipInstall:
    packages, requirements, options = [], [], set[str]()
    position = 0
    while position < len(words):
        word = words[position]
        name, equals, value = word.partition("=")
        if word.startswith("-"):
            if name in _TAKES and not equals:
                position += 1
                value = words[position] if position < len(words) else ""
            elif word.startswith("-r") and len(word) > 2 and not word.startswith("--"):
                name, value = "-r", word[2:]
            options.add(name)
            if name in ("-r", "--requirement"):
                requirements.append(value)
            elif name in ("-e", "--editable"):
                packages.append(value)
        else:
            packages.append(word)
        position += 1
    return PipInstall(
        command=command,
        packages=tuple(packages),
        requirements=tuple(requirements),
        options=frozenset(options),
        is_uv=is_uv,
    )


def installs_project(view: View, item: Instruction) -> bool:
    """Whether an instruction installs what a lock file or pyproject.toml asks for."""
    for command in view.commands(item):
        verbs = _PROJECT_INSTALLERS.get(program_of(command), ())
        if any(word in verbs for word in command[1:3]):
            return True
    return False


def system_packages(command: Command) -> tuple[str, ...]:
    """The packages that apt-get, apt or apk is told to install."""
    words = list(command[1:] if command[:1] == ("sudo",) else command)
    verb = _PACKAGE_MANAGERS.get(program_of(words))
    if verb is None or verb not in words[1:]:
        return ()
    rest = words[words.index(verb) + 1 :]
    if program_of(words) == "apk":
        # `--virtual .deps` names the group.
        for option in ("-t", "--virtual"):
            if option in rest:
                at = rest.index(option)
                del rest[at : at + 2]
    return tuple(word.partition("=")[0] for word in rest if not word.startswith("-"))
