"""JT2005: compilers or headers in the final stage."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from jettison.dockerfile import Instruction
from jettison.lint.image import ImageView
from jettison.lint.installs import system_packages
from jettison.lint.model import Problem, Rule, Severity
from jettison.lint.view import View, program_of

_BUILD: Final = re.compile(
    r"(?:gcc|g\+\+|cpp|clang|llvm|gfortran)(?:-\d+)?\Z|build-essential\Z|build-base\Z|cmake\Z|make\Z"
    r"|automake\Z|autoconf\Z|rustc\Z|cargo\Z|golang(?:-go)?\Z|.+-dev\Z|linux-headers.*\Z"
)
_PROGRAMS: Final = ("gcc", "g++", "cc", "clang", "rustc", "cargo", "make", "cmake")


def check(view: View) -> Iterator[Problem]:
    """Each RUN of the final stage that installs them and does not remove them again."""
    for _, item in view.in_chain("RUN"):
        packages = [
            package
            for command in view.commands(item)
            for package in system_packages(command)
            if _BUILD.match(package)
        ]
        if packages and not _removes(view, item):
            names = ", ".join(packages[:4])
            message = f"{names} stay in the image: build in a stage of its own, copy what it made"
            yield view.at(item.span, message)


def _removes(view: View, item: Instruction) -> bool:
    commands = view.commands(item)
    verbs = {"apt-get": ("purge", "remove", "autoremove"), "apt": ("purge", "remove")}
    verbs["apk"] = ("del",)
    # Without it what was installed by name stays, unless it is removed by name.
    names_all = any(command[:2] == ("apt-mark", "auto") for command in commands)
    for command in commands:
        words = list(command[1:])
        verb = next((word for word in words if word in verbs.get(program_of(command), ())), None)
        if verb is not None and (names_all or _named(words[words.index(verb) + 1 :])):
            return True
    return False


def _named(words: list[str]) -> bool:
    """Whether a removal names a package; `-o` takes the next word."""
    pairs = zip(["", *words], words, strict=False)
    return any(not word.startswith("-") and before != "-o" for before, word in pairs)


def check_image(view: ImageView) -> Iterator[Problem]:
    """The programs that a command in the image would find."""
    found = [name for name in _PROGRAMS if view.find_program(name)]
    if found:
        yield view.problem(f"the image has {', '.join(found)}: nothing that runs needs them")


RULE: Final = Rule(
    code="JT2005",
    title="Compilers in the image",
    remedy="install them in a stage of its own and copy what it made",
    severity=Severity.WARNING,
    check=check,
    check_image=check_image,
)
