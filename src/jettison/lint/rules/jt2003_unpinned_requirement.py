"""JT2003: a requirement without a version."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from jettison.lint.installs import is_local, without_password
from jettison.lint.model import Problem, Rule, Severity
from jettison.lint.requirements import is_pinned
from jettison.lint.view import View
from jettison.lint.wanted import installs, wanted_lines

# The installers themselves, which are there to be replaced.
_INSTALLERS: Final = frozenset({"pip", "setuptools", "wheel"})


def check(view: View) -> Iterator[Problem]:
    """Each line of the files that are installed, and each name on pip's command line."""
    for _, line in wanted_lines(view):
        if not line.is_pinned:
            name = without_password(line.name)
            message = f"{name} is not pinned: each build may install another version"
            yield view.in_file(line.file, line.line, message)
    for _, item, install in installs(view):
        constrained = {"-c", "--constraint"} & install.options
        loose = [
            package
            for package in install.packages
            if not constrained
            and "$" not in package
            and not is_local(package)
            and package not in _INSTALLERS
            and not is_pinned(package)
        ]
        if loose:
            names = without_password(", ".join(loose[:5]))
            yield view.at(item.span, f"pip installs {names} in whatever version there is")


RULE: Final = Rule(
    code="JT2003",
    title="Requirement without a version",
    remedy="pin it with ==, as pip-compile and uv export do for you",
    severity=Severity.WARNING,
    check=check,
)
